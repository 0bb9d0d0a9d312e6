package stats

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Search says which calls [Find] looks for. A zero field asks for nothing.
type Search struct {
	Filter     Filter             // in place of the eight fields that follow
	Query      talkover.CallQuery // what the API can filter by, but for Status
	Statuses   []string           // any of these, of Statuses
	Open       bool               // or calls that are still going on
	MinSeconds int
	MaxSeconds *int  // nil for no bound
	Hours      []int // of the day, in Zone
	Weekdays   []time.Weekday
	Zone       *time.Location // UTC if nil
	Order      Order
	Only       Only
	Limit      int
	After      Cursor // goes on after the last row of another answer to the same search
	Now        func() time.Time
	Account    *cache.Account // keeps days that were read; nil for none
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

	OnlyNeverCalledBack Only = "never_called_back" // missed calls with no later call with that number up to now
	OnlyNotReached      Only = "not_reached"       // missed calls with later calls, of which none was answered
	OnlyUnreturned      Only = "unreturned"        // both
)

// Found is the answer to a Search.
type Found struct {
	scan.Coverage
	Calls []talkover.Call // the first Limit of them
	Total int             // how many there are in the window of the coverage
	// All is false where the window of the coverage is not all that was asked, so
	// that there may be more.
	All     bool
	Skipped int    // how many of them come before Calls
	Next    Cursor // for the very next ones; zero where there are none
}

// Find looks for calls that the API's own filters cannot name, in the calls that
// [Ask] would read, and stops early where the order allows.
func Find(ctx context.Context, api scan.API, s Search) (*Found, error) {
	query := s.Query
	if len(s.Statuses) == 1 && !s.Open {
		query.Status = s.Statuses[0]
	}
	if s.Only != "" { // calls of any kind may have returned a missed one
		query = talkover.CallQuery{DateFrom: query.DateFrom, DateTo: query.DateTo}
	}
	f := &finder{Search: s, zone: cmp.Or(s.Zone, time.UTC)}
	w := scan.Wanted{Window: windowOf(query, f.zone), Query: query, Now: s.Now, Account: s.Account, Progress: s.Progress, OldestFirst: s.Order == Oldest}
	if s.Only == "" && (s.Order == Newest || s.Order == Oldest) {
		w.Enough, w.Matches = s.Limit, f.matcher
	}
	r, err := scan.Gather(ctx, api, w)
	if err != nil {
		return nil, err
	}
	seg, err := r.Best()
	if err != nil {
		return nil, err
	}
	found := &Found{Coverage: r.Coverage(seg)}
	found.All = found.Whole
	rows := f.search(r, seg)
	found.Total = len(rows)
	f.sort(rows)
	for _, row := range rows[:min(len(rows), s.Limit)] {
		found.Calls = append(found.Calls, row.Call())
	}
	if !found.Whole {
		r.ReadOn()
	}
	return found, nil
}

// finder finds calls among those that were read.
type finder struct {
	Search
	zone *time.Location
}

// search returns the calls of a segment that match, newest first.
func (f *finder) search(r *scan.Run, s scan.Segment) []cache.Row {
	var rows []cache.Row
	var fits func(cache.Row) bool
	if f.Only != "" {
		fits = f.only(r, s)
	}
	for _, p := range s.Parts {
		picks, matches := r.Selection(p.Window).Test(p.Calls), f.matcher(p.Calls)
		for row := range p.Calls.Rows() {
			if picks(row) && matches(row) && (fits == nil || fits(row)) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// only returns the test of Only, by all calls of a segment.
func (f *finder) only(r *scan.Run, s scan.Segment) func(cache.Row) bool {
	calls, latest := map[string]int{}, map[string]int64{}
	for _, p := range s.Parts {
		picks := r.Selection(p.Window).Test(p.Calls)
		for row := range p.Calls.Rows() {
			if picks(row) {
				k := row.Contact()
				calls[k]++
				latest[k] = max(latest[k], row.Created())
			}
		}
	}
	if f.Only == RepeatContacts {
		return func(row cache.Row) bool { return calls[row.Contact()] > 1 }
	}
	return func(row cache.Row) bool {
		if latest[row.Contact()] > row.Created() {
			return false
		}
		c := row.Call()
		return c.Direction == "inbound" && IsMissed(c)
	}
}

// matcher returns the test of calls of some columns, without unpacking them.
func (f *finder) matcher(c *cache.Columns) func(cache.Row) bool {
	return func(r cache.Row) bool {
		return f.fits(c.Statuses()[r.Status()], c.Directions()[r.Direction()], c.Agents()[r.Agent()].ID, r.Seconds(), time.UnixMicro(r.Created())) &&
			(f.Only == "" || f.Query.Search == "" || holds(r.Call(), f.Query.Search))
	}
}

func (f *finder) fits(status, direction, agent string, seconds int, at time.Time) bool {
	return (f.Query.Direction == "" || direction == f.Query.Direction) && (f.Query.AgentID == "" || agent == f.Query.AgentID) &&
		seconds >= f.MinSeconds && (f.MaxSeconds == nil || seconds <= *f.MaxSeconds) && f.fitsStatus(status, seconds) &&
		(len(f.Hours) == 0 && len(f.Weekdays) == 0 || f.inTime(at))
}

func (f *finder) fitsStatus(status string, seconds int) bool {
	if len(f.Statuses) == 0 && !f.Open || slices.Contains(f.Statuses, talkover.PlainStatus(status)) {
		return true
	}
	o := outcomeOf(status)
	return f.Open && (o.open || o.mayBeOpen && seconds == 0)
}

func (f *finder) inTime(t time.Time) bool {
	at := t.In(f.zone)
	return (len(f.Hours) == 0 || slices.Contains(f.Hours, at.Hour())) &&
		(len(f.Weekdays) == 0 || slices.Contains(f.Weekdays, at.Weekday()))
}

// holds reports whether a number or the SID of a call holds a text.
func holds(c talkover.Call, text string) bool {
	return strings.Contains(strings.ToLower(c.From+"\n"+c.To+"\n"+c.SID), strings.ToLower(text))
}

// sort puts rows, which are newest first, into the order that is asked.
func (f *finder) sort(rows []cache.Row) {
	slices.SortStableFunc(rows, func(x, y cache.Row) int {
		newest := cmp.Compare(y.Created(), x.Created())
		switch f.Order {
		case Oldest:
			return -newest
		case Longest:
			return cmp.Or(cmp.Compare(y.Seconds(), x.Seconds()), newest)
		case Shortest:
			return cmp.Or(cmp.Compare(x.Seconds(), y.Seconds()), newest)
		}
		return newest
	})
}
