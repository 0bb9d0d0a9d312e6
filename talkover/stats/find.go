package stats

import (
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Search says which calls [Find] looks for.
type Search struct {
	Filter   Filter
	Order    Order // newest first if ""
	Only     Only  // "" for all
	Limit    int
	After    Cursor           // goes on after the last row of another answer to the same search
	Now      func() time.Time // time.Now if nil
	Account  *cache.Account   // keeps days that were read; nil for none
	Progress func(done, total int, what string)

	// The following stand for a Filter of these.
	Query      talkover.CallQuery
	Statuses   []string
	Open       bool
	MinSeconds int
	MaxSeconds *int
	Hours      []int
	Weekdays   []time.Weekday
	Zone       *time.Location
}

// Found is the answer to a Search.
type Found struct {
	scan.Coverage                 // its Calls are those that were looked through
	Calls         []talkover.Call // Limit of them at most
	Total         int             // how many there are in the window of the coverage
	All           bool            // Total is how many there are; else there may be more
	Skipped       int             // how many of them come before Calls
	Next          Cursor          // for the very next ones; zero where there are none
	Withheld      int             // missed calls of withheld numbers, which Only leaves out
}

// Find looks for calls in those that [Ask] would read. It stops early where the order
// allows, unless the rest is cheap to read.
func Find(ctx context.Context, api scan.API, s Search) (*Found, error) {
	s.adopt()
	f := &finder{Search: s, selection: newSelection(&s.Filter)}
	w := scan.Wanted{Window: s.Filter.Window(), Query: s.Filter.query(), Now: s.Now, Account: s.Account, Progress: s.Progress, OldestFirst: s.Order == Oldest}
	if s.Only == "" && (s.Order == Newest || s.Order == Oldest) {
		w.Enough, w.Matches = s.Limit+1, f.next // one more tells whether there is one
	}
	r, err := scan.Gather(ctx, api, w)
	if err != nil {
		return nil, err
	}
	segment, err := r.Best()
	if err != nil {
		return nil, err
	}
	found := &Found{Coverage: r.Coverage(segment)}
	rows := f.rows(segment)
	if s.Only != "" {
		l := later{api: api, w: w, pay: true}
		if rows, err = f.only(ctx, &l, found, segment, rows); err != nil {
			return nil, err
		}
	}
	found.All = found.Whole
	found.take(f, rows)
	if !found.Whole {
		r.ReadOn()
	}
	return found, nil
}

// take takes the rows that are shown.
func (found *Found) take(f *finder, rows []cache.Row) {
	slices.SortFunc(rows, f.Order.compare)
	found.Total = len(rows)
	found.Skipped, _ = slices.BinarySearchFunc(rows, f.After, func(row cache.Row, c Cursor) int {
		if f.after(row) {
			return 1
		}
		return -1
	})
	shown := rows[found.Skipped:min(found.Skipped+f.Limit, len(rows))]
	for _, row := range shown {
		found.Calls = append(found.Calls, row.Call())
	}
	if n := len(shown); n > 0 && (found.Skipped+n < len(rows) || !found.All) {
		found.Next = CursorOf(found.Calls[n-1])
	}
}

// adopt takes the fields that stand for a filter into it.
func (s *Search) adopt() {
	f := &s.Filter
	if s.Query != (talkover.CallQuery{}) {
		f.adopt(s.Query)
	}
	f.Statuses = append(slices.Clone(f.Statuses), s.Statuses...)
	if s.Open {
		f.Statuses = append(f.Statuses, StatusOpen)
	}
	f.MinSeconds = max(f.MinSeconds, s.MinSeconds)
	if s.MaxSeconds != nil {
		f.MaxSeconds = s.MaxSeconds
	}
	if n := len(s.Hours); n > 0 {
		f.Hours = Hours{s.Hours[0], (s.Hours[n-1] + 1) % 24}
	}
	if len(s.Weekdays) > 0 {
		f.Weekdays = s.Weekdays
	}
	if s.Zone != nil {
		f.Zone = s.Zone
	}
	if s.Order == "" {
		s.Order = Newest
	}
	if s.Only == UnreturnedMissed {
		s.Only = OnlyNeverCalledBack
	}
	if s.Now == nil {
		s.Now = time.Now
	}
}

// finder finds calls among those that were read.
type finder struct {
	Search
	selection *selection
}

// next tests whether calls are those that are shown, or come after them.
func (f *finder) next(c *cache.Columns) func(cache.Row) bool {
	fits := f.selection.test(c)
	return func(r cache.Row) bool { return fits(r) && f.after(r) }
}

// after reports whether a row comes after those that were shown.
func (f *finder) after(r cache.Row) bool { return f.After == Cursor{} || f.Order.isAfter(r, f.After) }

// rows returns the calls of a segment that fit.
func (f *finder) rows(s scan.Segment) []cache.Row {
	var rows []cache.Row
	for _, p := range s.Parts {
		test := f.selection.of(p.Calls, p.Window)
		for row := range p.Calls.Rows() {
			if test.picks(row) && f.selection.counts(row.IsTesting()) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}
