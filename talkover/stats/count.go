package stats

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

const (
	// mostCounted bounds the groups that are counted.
	mostCounted = 60
	// usualAgents is how many agents are expected before they are listed.
	usualAgents = 10
	// frames are the totals before and after the counts of groups.
	frames = 2
)

// Other is the place of calls that no filter names: in a status that is not
// documented, or in none of the groups that were counted.
var Other = Value{"other", "other"}

// tally is what the API counted of closed days.
type tally struct {
	window
	calls    int
	byStatus map[string]int // nil where it was not counted
	cells    []*cell
	asOf     time.Time
}

// countsOf returns the fewest requests that count the groups of a question; 0 where
// the API cannot count them.
func countsOf(r *run, q Question) int {
	s := &r.state
	if q.ExcludeTests || q.Query.Search != "" || r.account.Zone().Other || s.Unbounded && len(q.By) > 0 && q.By[0].InOrder() {
		return 0
	}
	from, to := r.countedDays()
	if !s.Unbounded && from > to {
		return 0
	}
	cells := 1
	for _, d := range q.By {
		switch d {
		case ByStatus:
			cells *= len(Statuses)
		case ByDirection:
			cells *= 2
		case ByAgent:
			cells *= usualAgents
		case ByDay, ByWeek, ByMonth, ByWeekday:
			if r.zone.String() != time.UTC.String() || s.Unbounded {
				return 0
			}
			n := 0
			for _, f := range r.spans(d, from, to) {
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
	if q.Query.Status == "" && !slices.Contains(q.By, ByStatus) {
		cells += len(Statuses)
	}
	return cells + frames
}

// countedDays returns the closed UTC days that lie wholly in the window.
func (r *run) countedDays() (from, to cache.Date) {
	from, to = r.state.From, min(r.state.To, r.state.Closed)
	if r.window.from.After(from.Start()) {
		from++
	}
	if !r.window.to.IsZero() && r.window.to.Before(to.End()) {
		to--
	}
	return from, to
}

// countDays has the API count the groups in closed days, framed by equal totals.
// What is left of the window is read, where that can be paid for.
func (r *run) countDays(ctx context.Context) error {
	if err := r.readEdges(ctx); err != nil {
		return err
	}
	from, to := r.countedDays()
	base := r.query
	base.DateFrom, base.DateTo = from.String(), to.String()
	if r.window.from.IsZero() {
		base.DateFrom = ""
	}
	t := &tally{window: window{r.window.from, to.End()}}
	if !r.window.from.IsZero() {
		t.from = from.Start()
	}
	cells, err := r.cells(ctx, base, from, to)
	switch {
	case errors.Is(err, errUncountable):
		r.counts, r.state.Counts, r.state.Counted = nil, 0, false
		return nil
	case err != nil:
		return err
	}
	t.cells = cells
	if t.calls, err = r.countQuery(ctx, base, len(cells)+frames); err != nil {
		return err
	}
	counts := new(batch)
	for _, c := range cells {
		counts.calls(c)
	}
	left := func(more int) bool { return len(counts.queries)+more+1 <= r.left(ctx) }
	switch {
	case r.query.Status != "":
		t.byStatus = map[string]int{r.query.Status: t.calls}
	case slices.Contains(r.groups.By, ByStatus):
		t.byStatus = map[string]int{} // from the groups
	case left(len(Statuses)):
		t.byStatus = counts.statuses(base)
		if left(len(cells) * len(Statuses)) {
			for _, c := range cells {
				if len(c.queries) == 1 {
					c.byStatus = counts.statuses(c.queries[0])
				}
			}
		}
	}
	if err := r.askAll(ctx, counts); err != nil {
		return err
	}
	after, err := r.countQuery(ctx, base, 0)
	if err != nil {
		return err
	}
	t.asOf = r.clock()
	if t.settle(r.groups.By, r.query.Status); after != t.calls || t.overflows() {
		r.counts, r.state.Counts, r.state.Counted = nil, 0, false // calls went meanwhile
		return nil
	}
	r.tally = t
	return nil
}

// readEdges reads what of the window cannot be counted: the live days, and the day
// that a window of another zone begins in. Where that cannot be paid for, the answer
// is about the rest.
func (r *run) readEdges(ctx context.Context) error {
	s := &r.state
	s.Left = r.left(ctx) - s.Counts
	if live := max(s.From, s.Closed+1); s.To > s.Closed && !s.LiveHeld {
		if s.Live == Unknown {
			if err := r.do(ctx, Step{Do: LookAtLive, From: live, To: s.To}); err != nil {
				return err
			}
			s.Left--
		}
		if s.pages(s.Live)+1 <= s.Left {
			if err := r.readLive(ctx, live, s.To); err != nil {
				return err
			}
		}
	}
	from, _ := r.countedDays()
	if _, ok := r.days[s.From]; from == s.From || ok || s.Unbounded {
		return nil
	}
	if n, err := r.count(ctx, s.From, s.From); err != nil || s.pages(n)+2 > r.left(ctx)-s.Counts {
		return err
	}
	s.Left = r.left(ctx) - s.Counts
	if s.Days == nil {
		s.Days = map[cache.Date]DayState{}
	}
	return r.readDays(ctx, s.From, s.From)
}

// batch is counts to ask for, and where they go.
type batch struct {
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

// askAll sends a batch, some requests at a time.
func (r *run) askAll(ctx context.Context, b *batch) error {
	counted := make([]int, len(b.queries))
	err := each(ctx, len(b.queries), func(ctx context.Context, i int) (err error) {
		counted[i], err = r.countQuery(ctx, b.queries[i], len(b.queries)-i)
		return err
	})
	if err == nil {
		for i, n := range counted {
			b.take[i](n)
		}
	}
	return err
}

// settle fills in what follows from the counts, and adds a cell for the calls that
// no filter names: those without an agent, or in a status that is not documented.
func (t *tally) settle(by []Dimension, status string) {
	if len(by) == 0 {
		return
	}
	rest := &cell{calls: t.calls, byStatus: maps.Clone(t.byStatus)}
	for _, c := range t.cells {
		if i := slices.Index(by, ByStatus); i >= 0 {
			c.byStatus = map[string]int{c.values[i].Key: c.calls}
			t.byStatus[c.values[i].Key] += c.calls
		} else if status != "" {
			c.byStatus = map[string]int{status: c.calls}
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
