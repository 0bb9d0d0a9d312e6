package stats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	// mostCounted bounds the requests of counts and samples, which need no more
	// however large the log is.
	mostCounted = 60
	// leastSample is the fewest pages that a sample is worth; with enoughSample,
	// the error of a mean talk time is some 2 %.
	leastSample  = 4
	enoughSample = 30
)

// cell is a group that the API can count.
type cell struct {
	values   []Value
	queries  []talkover.CallQuery // whose counts add up to it
	derived  bool                 // not asked for: what the other cells leave
	calls    int
	byStatus map[string]int // its calls by status, where these were counted too
}

// errTooMany says that groups cannot be counted with the requests there are.
var errTooMany = errors.New("too many groups to count")

// count has the API count each group, and takes a sample for what it cannot
// count. Where the groups themselves cannot be counted, the sample is all there
// is for them.
func (p *plan) count(ctx context.Context) (*Report, error) {
	budget := min(p.Budget, mostCounted)
	p.total = budget
	all := &cell{queries: []talkover.CallQuery{p.Query}, calls: p.matched}
	cells, err := p.cells(ctx)
	if err != nil && !errors.Is(err, errTooMany) {
		return nil, err
	}
	counts := new(batch)
	countable := err == nil && !p.ExcludeTests
	if countable {
		for _, c := range cells {
			counts.calls(c)
		}
		countable = p.spent+len(counts.queries)+leastSample+1 <= budget
	}
	report := &Report{Coverage: Coverage{Method: Counts, Matched: p.matched}, UTCDays: countable}
	if !countable {
		report.Method, cells, counts = Sample, nil, new(batch)
	}
	left := func() int { return budget - p.spent - len(counts.queries) - 1 } // 1 for the last look
	// The totals by status; and those of each group, if a good sample is left.
	switch {
	case p.ExcludeTests || p.Query.Status != "" || slices.Contains(p.By, ByStatus):
	case left() >= len(Statuses)+leastSample:
		counts.statuses(all)
		if each := len(cells) * len(Statuses); countable && left() >= each+enoughSample {
			for _, c := range cells {
				counts.statuses(c)
			}
		}
	}
	if err := p.ask(ctx, counts); err != nil {
		return nil, err
	}
	counts = new(batch) // spent
	zone := p.Zone
	if countable {
		zone = time.UTC // as the days are that were counted
	}
	sample, err := p.sample(ctx, left(), zone)
	if err != nil {
		return nil, err
	}
	report.Scanned = sample.calls
	now, err := p.countOf(ctx, p.Query)
	switch {
	case err != nil:
		return nil, err
	case now != p.matched:
		report.Reason = fmt.Sprintf("the log went from %d to %d calls meanwhile, so counts may be off by some", p.matched, now)
	case report.Method == Sample:
		report.Reason = fmt.Sprintf("%d of %d calls were read, from all over the log", sample.calls, p.matched)
	default:
		report.Complete = true
	}
	if countable {
		cells = p.settle(all, cells)
	} else {
		for _, values := range sample.found() {
			cells = append(cells, &cell{values: values, calls: unknown})
		}
	}
	if p.ExcludeTests {
		all.calls = unknown // the API counts test calls too
	}
	report.Totals = sample.row(all, p)
	of := report.Totals.M[Calls]
	for _, c := range cells {
		row := sample.row(c, p)
		if share := row.M[Calls]; c.calls != unknown && of.Value > 0 && !of.Estimate {
			row.M[Share] = Measure{Value: share.Value / of.Value, Known: true}
		}
		if row.M[Calls].Value > 0 {
			report.Rows = append(report.Rows, row)
		}
	}
	report.Totals.M[Share] = Measure{Value: 1, Known: of.Value > 0}
	SortRows(report.Rows, p.By)
	return report, nil
}

const unknown = -1

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
		if !c.derived {
			b.add(q, func(n int) { c.calls += n })
		}
	}
}

// statuses asks for the calls of a cell by status, if one query names it.
func (b *batch) statuses(c *cell) {
	if len(c.queries) != 1 || c.derived {
		return
	}
	c.byStatus = map[string]int{}
	for _, s := range Statuses {
		q := c.queries[0]
		q.Status = s
		b.add(q, func(n int) { c.byStatus[s] = n })
	}
}

// ask sends a batch, some requests at a time.
func (p *plan) ask(ctx context.Context, b *batch) error {
	counted := make([]int, len(b.queries))
	err := each(ctx, len(b.queries), func(ctx context.Context, i int) (err error) {
		counted[i], err = p.countOf(ctx, b.queries[i])
		return err
	})
	if err == nil {
		for i, n := range counted {
			b.take[i](n)
		}
	}
	return err
}

// settle fills in what was not asked for, and adds a cell for the calls that no
// filter names: those without an agent, or in a status that is not documented.
func (p *plan) settle(all *cell, cells []*cell) []*cell {
	if len(p.By) == 0 {
		return nil
	}
	rest := &cell{calls: all.calls, byStatus: map[string]int{}}
	for s, n := range all.byStatus {
		rest.byStatus[s] = n
	}
	known := all.byStatus != nil
	for _, c := range cells {
		if c.derived {
			continue
		}
		if i := slices.Index(p.By, ByStatus); i >= 0 {
			c.byStatus = map[string]int{c.values[i].Key: c.calls}
		} else if p.Query.Status != "" {
			c.byStatus = map[string]int{p.Query.Status: c.calls}
		}
		rest.calls -= c.calls
		known = known && c.byStatus != nil
		for s, n := range c.byStatus {
			rest.byStatus[s] -= n
		}
	}
	if p.Query.Status != "" {
		all.byStatus = map[string]int{p.Query.Status: all.calls}
	} else if slices.Contains(p.By, ByStatus) {
		all.byStatus = map[string]int{}
		for _, c := range cells {
			for s, n := range c.byStatus {
				all.byStatus[s] += n
			}
		}
	}
	if !known {
		rest.byStatus = nil
	}
	rest.calls = max(rest.calls, 0)
	for _, c := range cells {
		if c.derived {
			c.calls, c.byStatus = rest.calls, rest.byStatus
			return cells
		}
	}
	if rest.calls > 0 {
		for _, d := range p.By {
			v := Value{"", "(other)"}
			if d == ByAgent && len(p.By) == 1 {
				v = NoAgent
			}
			rest.values = append(rest.values, v)
		}
		cells = append(cells, rest)
	}
	return cells
}

// cells lists the groups that the API can count, by all dimensions at once.
func (p *plan) cells(ctx context.Context) ([]*cell, error) {
	cells := []*cell{{queries: []talkover.CallQuery{p.Query}}}
	for _, d := range p.By {
		places, err := p.places(ctx, d)
		if err != nil {
			return nil, err
		}
		var next []*cell
		for _, c := range cells {
			for _, pl := range places {
				n := &cell{values: append(slices.Clone(c.values), pl.value)}
				for _, q := range c.queries {
					for _, narrow := range pl.narrow {
						narrowed := q
						narrow(&narrowed)
						n.queries = append(n.queries, narrowed)
					}
				}
				next = append(next, n)
			}
		}
		if cells = next; len(cells) > mostCounted {
			return nil, errTooMany
		}
	}
	switch {
	case len(p.By) == 0:
		return nil, nil
	case len(p.By) == 1 && len(cells) > 1 && p.By[0] != ByStatus && p.By[0] != ByAgent:
		cells[len(cells)-1].derived = true // every call has a direction and a day
	}
	return cells, nil
}

// filter is one place in a dimension, and the queries that together name it.
type filter struct {
	value  Value
	narrow []func(*talkover.CallQuery)
}

// places lists the places of a dimension that the API can filter by.
func (p *plan) places(ctx context.Context, d Dimension) ([]filter, error) {
	var all []filter
	add := func(v Value, narrow func(*talkover.CallQuery)) {
		all = append(all, filter{v, []func(*talkover.CallQuery){narrow}})
	}
	switch d {
	case ByStatus:
		for _, s := range Statuses {
			if p.Query.Status == "" || p.Query.Status == s {
				add(Value{s, s}, func(q *talkover.CallQuery) { q.Status = s })
			}
		}
	case ByDirection:
		for _, s := range []string{"inbound", "outbound"} {
			if p.Query.Direction == "" || p.Query.Direction == s {
				add(Value{s, s}, func(q *talkover.CallQuery) { q.Direction = s })
			}
		}
	case ByAgent:
		agents, err := p.agents(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range agents {
			if p.Query.AgentID == "" || p.Query.AgentID == a.ID {
				add(Value{a.ID, a.Display()}, func(q *talkover.CallQuery) { q.AgentID = a.ID })
			}
		}
	case ByDay, ByWeek, ByMonth, ByWeekday:
		return p.days(ctx, d)
	default:
		return nil, errTooMany
	}
	return all, nil
}

// agents lists all agents that there are; deleted ones are not among them.
func (p *plan) agents(ctx context.Context) ([]talkover.AgentInfo, error) {
	all, err := talkover.ReadAll(talkover.Bulk(ctx), func(ctx context.Context, q talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error) {
		p.tell("agents")
		return p.api.ListAgents(ctx, q)
	}, talkover.AgentQuery{}, mostCounted)
	var refused *talkover.Error
	switch {
	case errors.As(err, &refused) && refused.Reason == talkover.Refused && refused.Status != 401:
		return nil, errTooMany // the calls may be listed, but not the agents
	case err != nil:
		return nil, err
	case !all.Complete || len(all.Rows) > mostCounted: // the calls of one that is missing would count as nobody's
		return nil, errTooMany
	}
	return all.Rows, nil
}

// days cuts the window into days, weeks, months or weekdays, of UTC.
func (p *plan) days(ctx context.Context, d Dimension) ([]filter, error) {
	from, to, err := p.span(ctx)
	if err != nil {
		return nil, err
	}
	var all []filter
	at := map[string]int{}
	queries := 0
	for day := from; !day.After(to); {
		end := day
		switch d {
		case ByWeek:
			end = monday(day).AddDate(0, 0, 6)
		case ByMonth:
			end = time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC)
		}
		if end.After(to) {
			end = to
		}
		first, last := day.Format(time.DateOnly), end.Format(time.DateOnly)
		narrow := func(q *talkover.CallQuery) { q.DateFrom, q.DateTo = first, last }
		v := d.Of(talkover.Call{CreatedAt: day}, time.UTC)
		i, ok := at[v.Key]
		if !ok {
			i = len(all)
			at[v.Key] = i
			all = append(all, filter{value: v})
		}
		all[i].narrow = append(all[i].narrow, narrow)
		if queries++; queries > mostCounted {
			return nil, errTooMany
		}
		day = end.AddDate(0, 0, 1)
	}
	return all, nil
}

// span is the first and the last day of the window; without date_from, the day
// of the oldest call, which the last page of one holds.
func (p *plan) span(ctx context.Context) (from, to time.Time, err error) {
	tomorrow := p.Now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1) // wherever the API cuts days
	if to, err = time.Parse(time.DateOnly, p.Query.DateTo); err != nil || to.After(tomorrow) {
		to = tomorrow
	}
	if from, err = time.Parse(time.DateOnly, p.Query.DateFrom); err == nil {
		return from, to, nil
	}
	q := p.Query
	q.Page, q.PerPage = p.matched, 1
	p.tell("the oldest call")
	page, err := p.api.ListCalls(talkover.Bulk(ctx), q)
	switch {
	case err != nil:
		return from, to, err
	case len(page.Rows) == 0 || page.Rows[0].CreatedAt.IsZero():
		return from, to, errTooMany
	}
	return page.Rows[0].CreatedAt.Truncate(24 * time.Hour), to, nil
}
