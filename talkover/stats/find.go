package stats

import (
	"context"
	"slices"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Search says which calls [Find] looks for.
type Search struct {
	Filter   Filter
	Order    Order // newest first if ""
	Only     Only  // "" for all
	Limit    int
	After    Cursor // goes on after the last row of another answer to the same search
	Skip     int    // leaves out so many rows; calls that come in shift them, unlike After
	Progress func(done, total int, what string)
}

// Only narrows a search by what other calls say.
type Only string

// What a search may be narrowed to.
const (
	OnlyNotCalledBack      Only = "not_called_back"       // missed calls since which we called nobody, and nobody talked
	OnlyCalledBackNoAnswer Only = "called_back_no_answer" // missed calls since which we called, and nobody talked
	OnlyUnreturned         Only = "unreturned"            // both
	OnlyRepeat             Only = "repeat_contacts"       // calls with numbers that have two calls or more of the search
)

// Found is the answer to a Search.
type Found struct {
	Coverage                 // its Calls are those that were looked through
	Rows     []talkover.Call // Limit of them at most
	Total    int             // how many there are in the window of the coverage
	All      bool            // Total is how many there are; else there may be more
	Skipped  int             // how many of them come before Rows
	Next     Cursor          // for the very next ones; zero where there are none
	Withheld int             // missed calls of withheld numbers, which Only leaves out
}

// Find looks for calls. It stops early where the order allows, unless the rest is cheap to read.
func Find(ctx context.Context, log Log, s Search) (*Found, error) {
	w := s.Filter.want(s.follows())
	w.Progress, w.OldestFirst = s.Progress, s.Order == Oldest
	if s.Only == "" && (s.Order == "" || s.Order == Newest || s.Order == Oldest) && w.Number+w.Search == "" {
		w.Enough = s.Skip + s.Limit + 1 // one more tells whether there is one
		fits := w.Fits
		w.Fits = func(t *calls.Tables) test {
			fits := fits(t)
			return func(c *calls.Call) bool { return fits(c) && s.isAfter(t, c) }
		}
	}
	t, err := take(ctx, log, w)
	if err != nil {
		return nil, err
	}
	found := &Found{Coverage: Coverage{Coverage: t.Parts[0].Coverage, AsOf: t.AsOf}}
	picks, counts := s.Filter.picks(t.Tables), s.Filter.counts(t.Tables)
	var rows []*calls.Call
	for _, run := range t.Parts[0].Runs {
		found.Calls += len(run)
		for i := range run {
			if c := &run[i]; picks(c) && counts(c) {
				rows = append(rows, c)
			}
		}
	}
	switch {
	case s.Only == OnlyRepeat:
		rows = repeated(t.Tables, rows)
	case s.Only != "":
		if rows, err = s.unreturned(t, found, rows); err != nil {
			return nil, err
		}
	}
	found.All = found.Complete
	found.take(&s, t.Tables, rows)
	return found, nil
}

// follows reports whether a search takes all calls up to now.
func (s *Search) follows() bool { return s.Only != "" && s.Only != OnlyRepeat }

// isAfter reports whether a call comes after those that were shown.
func (s *Search) isAfter(t *calls.Tables, c *calls.Call) bool {
	if s.After == (Cursor{}) {
		return true
	}
	if d := s.Order.compare(keyOf(c), Cursor{at: s.After.at, seconds: s.After.seconds}); d != 0 {
		return d > 0
	}
	return CursorOf(t.Whole(c)).tie > s.After.tie
}

// compare compares two calls by the order of the search.
func (s *Search) compare(t *calls.Tables, x, y *calls.Call) int {
	if d := s.Order.compare(keyOf(x), keyOf(y)); d != 0 {
		return d
	}
	return s.Order.compare(CursorOf(t.Whole(x)), CursorOf(t.Whole(y)))
}

// take takes the rows that are shown.
func (found *Found) take(s *Search, t *calls.Tables, rows []*calls.Call) {
	slices.SortFunc(rows, func(x, y *calls.Call) int { return s.compare(t, x, y) })
	found.Total = len(rows)
	found.Skipped = s.Skip
	for _, row := range rows {
		if !s.isAfter(t, row) {
			found.Skipped++
		}
	}
	found.Skipped = min(found.Skipped, len(rows))
	shown := rows[found.Skipped:min(found.Skipped+s.Limit, len(rows))]
	for _, row := range shown {
		found.Rows = append(found.Rows, t.Whole(row))
	}
	if n := len(shown); n > 0 && (found.Skipped+n < len(rows) || !found.All) {
		found.Next = CursorOf(found.Rows[n-1])
	}
}

// repeated returns the calls with numbers that have two calls or more.
func repeated(t *calls.Tables, rows []*calls.Call) []*calls.Call {
	times, person := make([]int, len(t.Contacts)), people(t)
	for _, c := range rows {
		times[person[c.Contact]]++
	}
	return slices.DeleteFunc(rows, func(c *calls.Call) bool {
		return times[person[c.Contact]] < 2 || isWithheld(t.Contacts[c.Contact])
	})
}

// unreturned returns the missed calls that became what Only asks for. It narrows the coverage to
// those since which all calls are known.
func (s *Search) unreturned(t *calls.Taken, found *Found, rows []*calls.Call) ([]*calls.Call, error) {
	kinds := kindsOf(t.Kinds)
	rows = slices.DeleteFunc(rows, func(c *calls.Call) bool { return !kinds[c.Kind].missed() })
	since := &t.Parts[1]
	first := slices.ContainsFunc(rows, func(c *calls.Call) bool { return c.Time().Before(since.From) })
	switch {
	case len(rows) == 0:
	case !since.Exact, isNothing(since.Coverage):
		return nil, since.Unfinished()
	case first:
		rows = slices.DeleteFunc(rows, func(c *calls.Call) bool { return c.Time().Before(since.From) })
		found.From, found.Complete, found.AskAgain, found.Left = since.From, false, since.AskAgain, calls.Unknown
		found.Reason = onlyNewest(since)
	}
	contacts, person := s.Filter.follow(t.Tables, since.Runs), people(t.Tables)
	return slices.DeleteFunc(rows, func(c *calls.Call) bool {
		if isWithheld(t.Contacts[c.Contact]) {
			found.Withheld++
			return true
		}
		became := contacts[person[c.Contact]].became(c.At).what
		return became == "" || s.Only != OnlyUnreturned && s.Only != became
	}), nil
}
