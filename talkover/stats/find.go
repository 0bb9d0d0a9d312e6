package stats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Search says which calls [Find] looks for. A zero field asks for nothing.
type Search struct {
	Query      talkover.CallQuery // what the API can filter by, but for Status
	Statuses   []string           // any of these, of Statuses
	Open       bool               // or calls that are still going on
	MinSeconds int
	MaxSeconds *int  // nil for no bound
	Hours      []int // of the day, in Zone
	Weekdays   []time.Weekday
	Zone       *time.Location
	Order      Order
	Only       Only
	Limit      int
	Now        time.Time
	Budget     int
	Progress   func(done, total int, what string)
}

// Order is how found calls are sorted; those of the same length are newest first.
type Order string

// The orders.
const (
	Newest   Order = "newest"
	Oldest   Order = "oldest"
	Longest  Order = "longest"
	Shortest Order = "shortest"
)

// Only narrows a search by what other calls of the window say.
type Only string

// What a search may be narrowed to.
const (
	UnreturnedMissed Only = "unreturned_missed" // inbound missed calls, with no later call with that number
	RepeatContacts   Only = "repeat_contacts"   // calls with numbers that have two calls or more
)

// Found is the answer to a Search.
type Found struct {
	Coverage
	Calls []talkover.Call // the first Limit of them
	Total int             // how many there are among the calls that were read
	// All is false where more calls may be found beyond those that were read.
	All bool
	// LookedBackTo is the moment of the oldest call that was read.
	LookedBackTo time.Time
}

// mostStatuses is how many statuses are asked for one by one: each costs a
// request or two more than its share of reading all of them.
const mostStatuses = 3

// Find looks for calls that the API's own filters cannot name. It asks for the
// narrowest filters that hold all of them, each status alone where they are few,
// and stops early where the order allows.
func Find(ctx context.Context, api Lister, s Search) (*Found, error) {
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	query, from, to := wide(s.Query, s.Zone)
	f := &finder{Search: s, from: from, to: to}
	queries := f.queries(query)
	found := &Found{Coverage: Coverage{Method: Scan, Complete: true}, All: true}
	spent := 0
	for i, q := range queries {
		f.next()
		r := &Reader{
			Calls: api, Query: q, Now: s.Now, Backwards: s.Order == Oldest && s.Only == "",
			Budget: max((s.Budget-spent)/(len(queries)-i), 2),
		}
		r.Progress = func(page, pages int) {
			if s.Progress != nil {
				s.Progress(spent+page, max(spent+pages, spent+page), fmt.Sprintf("page %d of %d", page, pages))
			}
		}
		c, err := r.Read(ctx, f)
		if err != nil {
			return nil, err
		}
		spent += r.requests
		found.Matched += c.Matched
		found.Scanned += c.Scanned
		switch {
		case f.stopped && f.exact():
			f.total += c.Matched - f.here // the API's own count of what it was asked for
		case f.stopped: // the first are found, and how many there are is not known
			found.All = false
		case !c.Complete:
			found.All, found.Complete, found.Reason = false, false, c.Reason
		}
	}
	f.finish()
	found.Calls, found.Total, found.LookedBackTo = f.best(), f.total, f.oldest
	return found, nil
}

// finder is the [Sink] of a search.
type finder struct {
	Search
	from, to time.Time
	kept     []talkover.Call // matches; cut to the best now and then
	all      []talkover.Call // of the window, where Only needs to see them all
	seen     map[string]bool // ids of earlier queries: a call may change its status
	ids      []string        // of this query
	total    int             // matches
	here     int             // of this query
	stopped  bool
	oldest   time.Time

	before checkpoint
}

// checkpoint is what a query that starts over goes back to.
type checkpoint struct {
	kept  []talkover.Call
	all   []talkover.Call
	total int
}

// queries are the API's filters that together hold every match.
func (f *finder) queries(q talkover.CallQuery) []talkover.CallQuery {
	if f.Only != "" {
		// Calls of any kind may have returned a missed one.
		return []talkover.CallQuery{{DateFrom: q.DateFrom, DateTo: q.DateTo}}
	}
	statuses := slices.Clone(f.Statuses)
	if f.Open {
		for _, s := range []string{"initiated", "ringing", "answered"} {
			if !slices.Contains(statuses, s) {
				statuses = append(statuses, s)
			}
		}
	}
	if len(statuses) == 0 || len(statuses) > mostStatuses {
		return []talkover.CallQuery{q}
	}
	var queries []talkover.CallQuery
	for _, s := range statuses {
		q.Status = s
		queries = append(queries, q)
	}
	return queries
}

// exact reports whether the API's filters alone name the calls.
func (f *finder) exact() bool {
	return f.MinSeconds == 0 && f.MaxSeconds == nil && len(f.Hours) == 0 && len(f.Weekdays) == 0 &&
		f.from.IsZero() && f.to.IsZero() && f.Only == "" && !f.Open && len(f.Statuses) <= mostStatuses
}

// next begins another query.
func (f *finder) next() {
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	for _, id := range f.ids {
		f.seen[id] = true
	}
	f.ids = nil
	f.before = checkpoint{slices.Clone(f.kept), slices.Clone(f.all), f.total}
}

// Reset implements [Sink].
func (f *finder) Reset() {
	f.kept, f.all, f.total = slices.Clone(f.before.kept), slices.Clone(f.before.all), f.before.total
	f.ids, f.here, f.stopped = nil, 0, false
}

// Add implements [Sink].
func (f *finder) Add(c talkover.Call) bool {
	id := c.Key()
	f.ids = append(f.ids, id)
	if f.oldest.IsZero() || c.CreatedAt.Before(f.oldest) {
		f.oldest = c.CreatedAt
	}
	if f.seen[id] || !inWindow(c, f.from, f.to) {
		return true
	}
	if f.Only != "" {
		f.all = append(f.all, c)
		return true
	}
	f.take(c)
	// In the order of reading, the first matches are the best; each query brings
	// its own.
	byTime := f.Order == Newest || f.Order == Oldest
	f.stopped = byTime && f.here >= f.Limit
	return !f.stopped
}

// take keeps a call that matches.
func (f *finder) take(c talkover.Call) {
	if !f.matches(c) {
		return
	}
	f.total++
	f.here++
	f.kept = append(f.kept, c)
	if len(f.kept) > 4*f.Limit+100 {
		f.kept = f.best()
	}
}

// finish picks, out of all calls of the window, those that Only names.
func (f *finder) finish() {
	if f.Only == "" {
		return
	}
	calls, latest := map[string]int{}, map[string]time.Time{}
	for _, c := range f.all {
		k := Contact(c)
		calls[k]++
		if c.CreatedAt.After(latest[k]) {
			latest[k] = c.CreatedAt
		}
	}
	for _, c := range f.all {
		k := Contact(c)
		switch f.Only {
		case UnreturnedMissed:
			if c.Direction != "inbound" || !IsMissed(c) || latest[k].After(c.CreatedAt) {
				continue
			}
		case RepeatContacts:
			if calls[k] < 2 {
				continue
			}
		}
		f.take(c)
	}
}

// matches reports whether a call is one that is looked for.
func (f *finder) matches(c talkover.Call) bool {
	at := c.CreatedAt.In(f.Zone)
	text := strings.ToLower(f.Query.Search)
	return (len(f.Statuses) == 0 && !f.Open || slices.Contains(f.Statuses, c.Status) || f.Open && IsOpen(c)) &&
		(f.Query.Direction == "" || c.Direction == f.Query.Direction) &&
		(f.Query.AgentID == "" || c.Agent.ID == f.Query.AgentID) &&
		(text == "" || f.Only == "" || strings.Contains(strings.ToLower(c.From+"\n"+c.To+"\n"+c.SID), text)) &&
		c.Duration >= f.MinSeconds && (f.MaxSeconds == nil || c.Duration <= *f.MaxSeconds) &&
		(len(f.Hours) == 0 || slices.Contains(f.Hours, at.Hour())) &&
		(len(f.Weekdays) == 0 || slices.Contains(f.Weekdays, at.Weekday()))
}

// best is the first matches in the order that is asked.
func (f *finder) best() []talkover.Call {
	slices.SortStableFunc(f.kept, func(x, y talkover.Call) int {
		newest := y.CreatedAt.Compare(x.CreatedAt)
		switch f.Order {
		case Oldest: // may be read from either end
			return cmp.Or(-newest, cmp.Compare(x.Key(), y.Key()))
		case Longest:
			return cmp.Or(cmp.Compare(y.Duration, x.Duration), newest)
		case Shortest:
			return cmp.Or(cmp.Compare(x.Duration, y.Duration), newest)
		}
		return newest
	})
	return f.kept[:min(len(f.kept), f.Limit)]
}
