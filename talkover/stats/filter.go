package stats

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Filter says which calls a question is about. The zero value asks for all of them. What is
// known of each field stands in filterRows.
type Filter struct {
	Days Days           // when they began
	Zone *time.Location // of days, weekdays and hours; UTC if nil
	// Statuses asks for calls of any of these: those of [Statuses], spelled as there,
	// and [StatusOpen], [StatusUnanswered], [StatusMissed] and [StatusOther]. A status of
	// the API means the status alone: answered is also that of calls under way.
	Statuses  []string
	Direction string // inbound or outbound; "" for both
	AgentID   string // "" for any; [DeletedAgent] for those of none
	// Contact is the other party's number or its beginning, in international form; only
	// its digits count. Without a digit it is the beginning of a text such as client:alice, or
	// the key of [WithheldNumber].
	Contact    string
	Line       string         // likewise of our number
	Search     string         // part of either number or of the SID
	MinSeconds int            // of duration
	MaxSeconds *int           // likewise, included; nil for no bound
	Hours      Hours          // in which calls begin
	Weekdays   []time.Weekday // none for all
	Tests      TestCalls
}

// Days are the days of a zone from From to To, both included, as YYYY-MM-DD; "" for no
// bound. Where Until is not zero, the last of them ends then, within it.
type Days struct {
	From, To string
	Until    time.Time
}

// What a filter takes for a status besides those of the API.
const (
	StatusOpen       = "open"       // still going on, see [talkover.IsOpen]
	StatusUnanswered = "unanswered" // no-answer, busy or failed
	StatusMissed     = "missed"     // inbound and unanswered
	StatusOther      = "other"      // one that the API does not document
)

// DeletedAgent stands for the id of agents that were deleted: their calls have none.
const DeletedAgent = "(deleted)"

// TestCalls says what becomes of test calls; "" is IncludeTests.
type TestCalls string

// What may become of test calls.
const (
	IncludeTests TestCalls = "include"
	ExcludeTests TestCalls = "exclude"
	OnlyTests    TestCalls = "only"
)

// Window returns the moments between which calls begin that are asked for.
func (f *Filter) Window() (w calls.Window) {
	zone := zoneOf(f.Zone)
	if day, ok := parseDay(f.Days.From); ok {
		w.From = startOf(day, zone).UTC()
	}
	if day, ok := parseDay(f.Days.To); ok {
		w.To = startOf(day.AddDate(0, 0, 1), zone).UTC()
	}
	w.To = earlier(w.To, f.Days.Until.UTC())
	return w
}

// Given lists the filters that ask for anything, by their names.
func (f *Filter) Given() (names []string) {
	for i := range filterRows {
		if filterRows[i].given(f) {
			names = append(names, filterRows[i].name)
		}
	}
	return names
}

// want returns the calls that the filter asks for, as a log takes it; or with all calls since, up
// to now, of the same contacts at least.
func (f *Filter) want(since bool) calls.Want {
	var w calls.Want
	for i := range filterRows {
		if r := &filterRows[i]; r.narrow != nil && r.given(f) {
			r.narrow(f, &w)
		}
	}
	w.Windows = []calls.Window{f.Window()}
	if since {
		w.Windows = append(w.Windows, calls.Window{From: w.Windows[0].From})
		w.Query, w.Search = talkover.CallQuery{}, ""
	}
	searched := w.Number+w.Search != ""
	w.Fits = func(t *calls.Tables) test {
		// What a search does not find is told from what other filters leave out.
		return f.test(t, func(r *filterRow) bool { return r != dates && (r.sought || !searched) })
	}
	return w
}

// countable returns what the API must count to tell how many calls the filter asks for, where it
// lists them by a query; nil where its counts do not tell.
func (f *Filter) countable(q talkover.CallQuery) *calls.Count {
	c := &calls.Count{Statuses: Statuses, Directions: talkover.Directions}
	if q.Direction != "" {
		c.Directions = []string{q.Direction}
	}
	for i := range filterRows {
		if r := &filterRows[i]; r.given(f) && (r.count == nil || !r.count(f, c)) {
			return nil
		}
	}
	return c
}

// test returns the test of those filters that ask for anything.
func (f *Filter) test(t *calls.Tables, those func(*filterRow) bool) test {
	var tests []test
	for i := range filterRows {
		if r := &filterRows[i]; r.given(f) && those(r) {
			tests = append(tests, r.test(f, t))
		}
	}
	return func(c *calls.Call) bool {
		for _, fits := range tests {
			if !fits(c) {
				return false
			}
		}
		return true
	}
}

// counts returns the test of test calls: which of them count is a question of its own, since
// answers tell how many there are, and the others did not happen.
func (f *Filter) counts(t *calls.Tables) test {
	return f.test(t, func(r *filterRow) bool { return r == testCalls })
}

// picks returns the test of all other filters.
func (f *Filter) picks(t *calls.Tables) test {
	return f.test(t, func(r *filterRow) bool { return r != testCalls })
}
