package stats

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Question is what [Ask] answers.
type Question struct {
	Filter Filter      // which calls
	By     []Dimension // none, one or two
	// Metrics are figures that are wanted beyond those that cost nothing: [Unreturned] and
	// its parts, which take reading all calls up to now, and [Contacts], [Repeat] and
	// [Withheld] of each group.
	Metrics  []Metric
	Order    RowOrder         // of the rows
	Agents   []talkover.Agent // by agent alone, those to be among the rows even without a call
	Compare  Compare          // "" for nothing
	Now      func() time.Time // time.Now if nil
	Account  *cache.Account   // keeps days that were read; nil for none
	Reserve  int              // requests to leave for another question
	Progress func(done, total int, what string)
}

// wants reports whether a question is about one of these metrics.
func (q *Question) wants(names ...Metric) bool {
	return slices.ContainsFunc(names, func(name Metric) bool {
		return slices.Contains(q.Metrics, name) || Metric(q.Order) == name
	})
}

// Report is the answer to a Question.
type Report struct {
	scan.Coverage // its Calls are those that fit the filter
	By            []Dimension
	Totals        Row
	Rows          []Row
	Order         RowOrder          // of the rows; never ""
	BusyHour      *BusyHour         // nil where not all calls were read, or there is none
	Untold        map[Metric]string // why a figure of the totals is not known, in words
	Tests         *int              // test calls that fit all but Filter.Tests; nil where not all calls were read
	Read          *ReadPart         // of a counted answer: the largest part that was read; nil for none
	Before        *Before           // nil where the question compares with nothing

	over overDays
}

// BusyHour is the hour of the day with most calls (ITU-T E.600); the earliest of several.
type BusyHour struct{ Hour, Calls int }

// ReadPart holds the figures of a part of the window: what can only be read, where the
// rest was counted.
type ReadPart struct {
	From, To time.Time // zero where the window has no such end
	Calls    int
	Totals   Row
}

// Before is what was, in the window that a question compares with. Rows are paired by
// their place in the window: the first day with the first day, an hour with that hour.
type Before struct {
	Days          Days      // of that window; its Until is the same point as the Until below
	Until         time.Time // up to which the question's window is compared; zero where it is over
	Reason        string    // why nothing is compared, in words; then the following is empty
	scan.Coverage           // its Reason is why the window is not whole
	Totals        Row
	Rows          []Row // what each of the report's Rows was; M is nil where that window has no such place
	Beyond        []Row // of places that the question's window does not have, such as a 31st
	// HeldDays counts for each of the report's Rows the days of either window that its place
	// holds, as far as they have begun: a week at a window's end may be shorter than the one
	// that it is paired with. Both are 0 where the dimensions divide no days.
	HeldDays [][2]int
}

// none returns the row of a place without calls.
func (r *Report) none(values []Value) Row {
	row := exact(values, new(Figures), int(r.Totals.M[Calls].Value), r.over.of(values))
	m := measures(row.M)
	for _, name := range []Metric{Contacts, Repeat, Withheld, Unreturned, NeverCalledBack, NotReached, WithheldMissed} {
		if len(r.Rows) == 0 || known(r.Rows, name) {
			m.set(name, 0)
		}
	}
	return row
}

// Shown returns which of n rows are shown where there is room for so many: from first on
// and before end, the first ones; but of days, weeks and months in their order the last.
func (r *Report) Shown(room int) (first, end int) {
	n := len(r.Rows)
	room = min(room, n)
	if r.Order == ByValue && len(r.By) > 0 && (r.By[0] == ByDay || r.By[0] == ByWeek || r.By[0] == ByMonth) {
		return n - room, n
	}
	return 0, room
}
