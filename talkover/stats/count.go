package stats

import (
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// usualAgents is how many agents are expected before they are listed.
const usualAgents = 10

// tally is what the API counted of closed days. It is a [scan.Counter].
type tally struct {
	by       []Dimension
	zone     *time.Location
	statuses []string // of the calls that are asked for; none for any

	counted scan.Window
	whole   cell // all groups together
	cells   []*cell
	batch   batch
}

// newTally returns a tally of the groups of a question; nil where the API cannot count
// them.
func newTally(q *Question) *tally {
	statuses, ok := q.Filter.countable()
	if !ok {
		return nil
	}
	return &tally{by: q.By, zone: zoneOf(q.Filter.Zone), statuses: statuses}
}

// Cost implements [scan.Counter].
func (t *tally) Cost(from, to cache.Date, unbounded bool) int {
	if unbounded && len(t.by) > 0 && t.by[0].InOrder() {
		return 0
	}
	cells := 1
	for _, d := range t.by {
		switch d {
		case ByStatus:
			cells *= len(t.asked())
		case ByDirection:
			cells *= 2
		case ByAgent:
			cells *= usualAgents
		case ByDay, ByWeek, ByMonth, ByWeekday:
			if t.zone.String() != time.UTC.String() || unbounded {
				return 0
			}
			n := 0
			for _, f := range spans(d, from, to) {
				n += len(f.narrow)
			}
			cells *= n
		default:
			return 0
		}
	}
	if !slices.Contains(t.by, ByStatus) {
		switch n := len(t.statuses); {
		case n > 1:
			cells = (cells + min(len(t.by), 1)) * n
		case n == 0 && cells <= mostCounted:
			cells += len(Statuses)
		}
	}
	if cells > mostCounted+len(Statuses) {
		return 0
	}
	return cells
}

// asked returns the statuses of the API that are asked for.
func (t *tally) asked() []string {
	if len(t.statuses) == 0 {
		return Statuses
	}
	return t.statuses
}

// Groups implements [scan.Counter].
func (t *tally) Groups(ctx context.Context, base talkover.CallQuery, from, to cache.Date, agents scan.Agents) (n int, err error) {
	t.whole.queries = []talkover.CallQuery{base}
	t.counted = scan.Window{To: to.End()}
	if base.DateFrom != "" {
		t.counted.From = from.Start()
	}
	t.cells, err = cellsOf(ctx, t.by, t.asked(), base, from, to, agents)
	return len(t.cells), err
}

// Queries implements [scan.Counter]: each group, and as far as that can be paid for, its
// statuses and those of its inbound calls.
func (t *tally) Queries(total, left int) []talkover.CallQuery {
	b := &t.batch
	all := append([]*cell{&t.whole}, t.cells...)
	fits := func(more int) bool { return len(b.queries)+more <= left }
	byStatus := slices.Contains(t.by, ByStatus)
	switch {
	case len(t.statuses) > 1 && !byStatus:
		for _, c := range all {
			b.statuses(c, t.statuses)
		}
	default:
		t.whole.calls = total
		for _, c := range t.cells {
			b.calls(c)
		}
	}
	if len(t.statuses) == 0 && !byStatus && fits(len(Statuses)) {
		b.statuses(&t.whole, Statuses)
		if single := t.single(); fits(len(single) * len(Statuses)) {
			for _, c := range single {
				b.statuses(c, Statuses)
			}
		}
	}
	for _, c := range all {
		missed := t.unanswered(c, byStatus)
		if c.direction() == "" && len(missed) > 0 && fits(len(missed)*len(c.queries)) && !(byStatus && c == &t.whole) {
			b.missed(c, missed)
		}
	}
	return b.queries
}

// unanswered returns the statuses in which calls of a cell may be missed.
func (t *tally) unanswered(c *cell, byStatus bool) []string {
	asked := t.asked()
	if byStatus && len(c.queries) > 0 {
		asked = []string{c.queries[0].Status}
	}
	return slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return !outcomeOf(s).unanswered() })
}

// single returns the cells that one query names.
func (t *tally) single() []*cell {
	return slices.DeleteFunc(slices.Clone(t.cells), func(c *cell) bool { return len(c.queries) != 1 })
}

// Take implements [scan.Counter]. Groups that add up to more than the total are not of
// one moment.
func (t *tally) Take(counts []int) (calls int, ok bool) {
	for i, n := range counts {
		t.batch.take[i](n)
	}
	ok = t.settle()
	return t.whole.calls, ok
}

// settle fills in what follows from the counts, and adds a cell for the calls that
// no filter names: those without an agent, or in a status that is not documented. It
// reports whether the groups add up to no more than the total.
func (t *tally) settle() bool {
	byStatus := slices.Index(t.by, ByStatus)
	for _, c := range append([]*cell{&t.whole}, t.cells...) {
		switch {
		case byStatus >= 0 && len(c.values) > 0:
			c.byStatus = map[string]int{c.values[byStatus].Key: c.calls}
		case byStatus < 0 && len(t.statuses) == 1:
			c.byStatus = map[string]int{t.statuses[0]: c.calls}
		case byStatus < 0 && len(t.statuses) > 1:
			c.calls = c.inStatuses()
		}
		if c.byStatus != nil && c.inStatuses() > c.calls {
			return false
		}
	}
	if len(t.by) == 0 {
		return true
	}
	if byStatus >= 0 {
		t.whole.byStatus, t.whole.inbound = map[string]int{}, map[string]int{}
		for _, c := range t.cells {
			for s, n := range c.byStatus {
				t.whole.byStatus[s] += n
			}
			n, known := c.missed()
			if !known {
				t.whole.inbound = nil
			} else if t.whole.inbound != nil {
				t.whole.inbound[c.values[byStatus].Key] += n
			}
		}
		if len(t.statuses) > 0 { // the total is of other statuses too
			t.whole.calls = t.whole.inStatuses()
		}
	}
	rest := t.whole.less(t.cells)
	if byStatus >= 0 {
		rest.byStatus = map[string]int{} // in statuses that are not documented
	}
	for _, d := range t.by {
		v := Other
		if d == ByAgent && len(t.by) == 1 {
			v = Deleted
		}
		rest.values = append(rest.values, v)
	}
	if rest.calls != 0 {
		t.cells = append(t.cells, rest)
	}
	return rest.calls >= 0 && t.whole.inStatuses() <= t.whole.calls
}
