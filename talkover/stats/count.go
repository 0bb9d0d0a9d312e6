package stats

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

const (
	// usualAgents is how many agents are expected before they are listed.
	usualAgents = 10
)

// Other is the place of calls that no filter names: in a status that is not
// documented, or in none of the groups that were counted.
var Other = Value{"other", "other"}

// tally is what the API counted of closed days. It is a [scan.Counter].
type tally struct {
	by     []Dimension
	zone   *time.Location
	status string // of the calls that are asked for; empty for any

	calls    int
	byStatus map[string]int // nil where it was not counted
	cells    []*cell
	batch    batch
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
			cells *= len(Statuses)
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
	if cells > mostCounted {
		return 0
	}
	if t.status == "" && !slices.Contains(t.by, ByStatus) {
		cells += len(Statuses)
	}
	return cells
}

// Groups implements [scan.Counter].
func (t *tally) Groups(ctx context.Context, base talkover.CallQuery, from, to cache.Date, agents scan.Agents) (n int, err error) {
	t.batch.base = base
	t.cells, err = cellsOf(ctx, t.by, base, from, to, agents)
	return len(t.cells), err
}

// Queries implements [scan.Counter]: each group, and as far as that can be paid for, its
// statuses.
func (t *tally) Queries(total, left int) []talkover.CallQuery {
	t.calls = total
	b := &t.batch
	for _, c := range t.cells {
		b.calls(c)
	}
	fits := func(more int) bool { return len(b.queries)+more <= left }
	switch {
	case t.status != "":
		t.byStatus = map[string]int{t.status: total}
	case slices.Contains(t.by, ByStatus):
		t.byStatus = map[string]int{} // from the groups
	case fits(len(Statuses)):
		t.byStatus = b.statuses(b.base)
		if fits(len(t.cells) * len(Statuses)) {
			for _, c := range t.cells {
				if len(c.queries) == 1 {
					c.byStatus = b.statuses(c.queries[0])
				}
			}
		}
	}
	return b.queries
}

// Take implements [scan.Counter]. Groups that add up to more than the total are not of
// one moment.
func (t *tally) Take(counts []int) bool {
	for i, n := range counts {
		t.batch.take[i](n)
	}
	t.settle()
	return !t.overflows()
}

// batch is counts to ask for, and where they go.
type batch struct {
	base    talkover.CallQuery
	queries []talkover.CallQuery
	take    []func(int)
}

func (b *batch) add(q talkover.CallQuery, take func(int)) {
	b.queries, b.take = append(b.queries, q), append(b.take, take)
}

// calls asks for all calls of a cell.
func (b *batch) calls(c *cell) {
	for _, q := range c.queries {
		b.add(q, func(n int) { c.calls += n })
	}
}

// statuses asks for the calls of a query by status.
func (b *batch) statuses(q talkover.CallQuery) map[string]int {
	byStatus := map[string]int{}
	for _, s := range Statuses {
		q.Status = s
		b.add(q, func(n int) { byStatus[s] = n })
	}
	return byStatus
}

// settle fills in what follows from the counts, and adds a cell for the calls that
// no filter names: those without an agent, or in a status that is not documented.
func (t *tally) settle() {
	by := t.by
	if len(by) == 0 {
		return
	}
	rest := &cell{calls: t.calls, byStatus: maps.Clone(t.byStatus)}
	for _, c := range t.cells {
		if i := slices.Index(by, ByStatus); i >= 0 {
			c.byStatus = map[string]int{c.values[i].Key: c.calls}
			t.byStatus[c.values[i].Key] += c.calls
		} else if t.status != "" {
			c.byStatus = map[string]int{t.status: c.calls}
		}
		rest.calls -= c.calls
		for s, n := range c.byStatus {
			if rest.byStatus != nil {
				rest.byStatus[s] -= n
			}
		}
		if c.byStatus == nil {
			rest.byStatus = nil
		}
	}
	if slices.Contains(by, ByStatus) {
		rest.byStatus = map[string]int{}
	}
	for _, d := range by {
		v := Other
		if d == ByAgent && len(by) == 1 {
			v = Deleted
		}
		rest.values = append(rest.values, v)
	}
	if rest.calls != 0 {
		t.cells = append(t.cells, rest)
	}
}

// overflows reports whether groups add up to more than the total.
func (t *tally) overflows() bool {
	over := func(c *cell) bool {
		n := 0
		for _, k := range c.byStatus {
			n += k
		}
		return c.calls < 0 || n > c.calls
	}
	return over(&cell{calls: t.calls, byStatus: t.byStatus}) || slices.ContainsFunc(t.cells, over)
}
