package stats

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Coverage says which calls an answer rests on.
type Coverage struct {
	calls.Coverage
	AsOf  time.Time // the one moment of all of it
	Calls int       // of a [Report] those that fit the filters, of [Found] those that were looked through
}

// Report is the answer to a [Question].
type Report struct {
	Coverage
	By       []Dimension
	Totals   Row
	Rows     []Row
	Order    RowOrder  // of the rows; never ""
	MinCalls int       // of a row that ranks
	Ranked   int       // rows that do, the first ones
	Told     int       // rows of which the metric of the order is known, the first ones
	PeakAt   time.Time // when the calls of peak_concurrent were, for the first time; zero if it is not known
	BusyHour *BusyHour // nil where not all calls were read, or there is none
	Tests    *int      // test calls that fit all but Filter.Tests; nil where not all calls were read
	Before   *Before   // nil where the question compares with nothing

	over  dayCounts
	lacks []lack // of all rows, and of the totals
	rows  need   // what is not known of rows besides
}

// BusyHour is the hour of the day with most calls (ITU-T E.600); the earliest of several.
type BusyHour struct{ Hour, Calls int }

// Row is the measures of a set of calls; Values is empty for the totals. A metric that M
// does not hold is not known.
type Row struct {
	Values  []Value
	M       map[Metric]Measure
	figures *figures
}

// row returns the row of figures with these values.
func (r *Report) row(values []Value, f figures) Row {
	f.key, f.n[nDays] = r.over.place(values)
	f.n[nOf] = r.Calls
	f.lacks &^= overDays
	for _, l := range r.lacks {
		f.lacks |= l.need
	}
	return Row{values, f.measures(), &f}
}

// none returns the row of a place without calls.
func (r *Report) none(values []Value) Row { return r.row(values, figures{lacks: r.rows}) }

// Rest adds up other rows of one report. What cannot be added up without the calls, such as
// distinct contacts, is not known of several, nor calls a day of different days.
func Rest(rows []Row) Row {
	if len(rows) == 1 {
		return rows[0]
	}
	all := new(figures)
	for i, r := range rows {
		if i == 0 {
			all.key = r.figures.key
		}
		all.merge(r.figures)
		all.n[nOf], all.n[nDays] = r.figures.n[nOf], r.figures.n[nDays]
	}
	return Row{M: all.measures(), figures: all}
}

// fill takes in what was added up.
func (r *Report) fill(s *sums) {
	r.Calls = s.all.n[nCalls]
	if !slices.ContainsFunc(r.lacks, func(l lack) bool { return l.need&numbers != 0 }) {
		r.BusyHour, r.Tests = s.busyHour(), &s.tests
	}
	r.Totals = r.row(nil, s.all)
	if s.wanted&numbers == 0 {
		r.rows |= numbers
	}
	if s.peaks == nil {
		r.rows |= moments
	} else {
		r.PeakAt = s.peaks.at
	}
	for _, g := range s.groups {
		if len(r.By) > 0 && g.n[nCalls] > 0 {
			r.Rows = append(r.Rows, r.row(g.values, g.figures))
		}
	}
}

// Untold says why a metric of the totals is not known, in words; "" where nothing is to be said.
func (r *Report) Untold(name Metric) string {
	needs := name.row().needs
	if r.Totals.M[name].Known {
		return ""
	}
	for _, l := range r.lacks {
		if needs&l.need != 0 {
			return l.why
		}
	}
	if needs&overDays != 0 {
		return "no day is over, or the first one is not given"
	}
	return ""
}

// addAgents adds the agents without a call.
func (r *Report) addAgents(q *Question) {
	if !slices.Equal(q.By, []Dimension{ByAgent}) {
		return
	}
	for _, a := range q.Agents {
		v := ofAgent(a)
		is := func(row Row) bool { return row.Values[0].Key == v.Key }
		if q.Filter.fitsAgent(a) && !slices.ContainsFunc(r.Rows, is) {
			r.Rows = append(r.Rows, r.none([]Value{v}))
		}
	}
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
