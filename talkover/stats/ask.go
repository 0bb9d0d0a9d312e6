package stats

import (
	"context"
	"fmt"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Ask answers a question in the fewest requests. It reads every call where that
// fits the budget ([Scan]); else it has the API count by filters, where each
// dimension is one that the API can filter by ([Counts]); else it takes a sample
// from all over the log ([Sample]).
func Ask(ctx context.Context, api API, q Question) (*Report, error) {
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	p := &plan{Question: q, api: api}
	first, err := p.first(ctx)
	if err != nil {
		return nil, err
	}
	p.size = pageSize(first)
	if first.Pagination == nil || p.pages(first.Pagination.Total)+1 <= p.Budget { // and the first once more
		return p.scan(ctx, first)
	}
	p.matched = first.Pagination.Total
	if q, _, _ := wide(q.Query, q.Zone); q != p.Query { // which is counted as the API cuts days
		if p.matched, err = p.countOf(ctx, p.Query); err != nil {
			return nil, err
		}
	}
	return p.count(ctx)
}

// scan reads every call.
func (p *plan) scan(ctx context.Context, first talkover.Page[talkover.Call]) (*Report, error) {
	q, from, to := wide(p.Query, p.Zone)
	g := &Groups{By: p.By, Zone: p.Zone, From: from, To: to, ExcludeTests: p.ExcludeTests}
	r := &Reader{Calls: p.api, Query: q, Budget: p.Budget, Now: p.Now, First: &first, Progress: func(page, pages int) {
		p.mu.Lock()
		p.total = pages
		p.mu.Unlock()
		p.tell(fmt.Sprintf("page %d of %d", page, pages))
	}}
	c, err := r.Read(ctx, g)
	if err != nil {
		return nil, err
	}
	if c.Complete && (!from.IsZero() || !to.IsZero()) {
		c.Matched = g.InWindow // the API counted a wider window
	}
	report := &Report{Coverage: c, Totals: exact(nil, &g.All, g.All.Calls)}
	for _, group := range g.Sorted() {
		report.Rows = append(report.Rows, exact(group.Values, &group.Figures, g.All.Calls))
	}
	report.Tests = &g.Tests
	if c.Complete {
		contacts := g.ContactFigures()
		report.Contacts, report.Short = &contacts, &g.All.Short
	}
	return report, nil
}
