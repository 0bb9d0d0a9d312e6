package stats

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// sample is pages from all over the log.
type sample struct {
	pages []pageOf
	share float64 // of the log's pages
	calls int
}

// pageOf is what one page of a sample adds up to.
type pageOf struct {
	calls  int // of the page, whatever groups count
	all    Figures
	groups map[[2]string]*Group
}

// sample reads n pages, one at random out of each n-th part of the log, so that
// it is spread evenly and follows no rhythm of the log. The same log gives the
// same pages.
func (p *plan) sample(ctx context.Context, n int, zone *time.Location) (*sample, error) {
	pages := p.pages(p.matched)
	n = min(n, pages)
	if n < 2 {
		return &sample{}, nil
	}
	r := rand.New(rand.NewPCG(uint64(p.matched), uint64(n))) //nolint:gosec // no secret
	numbers := make([]int, n)
	for i := range numbers {
		from, to := i*pages/n, (i+1)*pages/n
		numbers[i] = from + r.IntN(to-from) + 1
	}
	s := &sample{pages: make([]pageOf, n), share: float64(n) / float64(pages)}
	err := each(ctx, n, func(ctx context.Context, i int) error {
		q := p.Query
		q.Page, q.PerPage = numbers[i], talkover.MaxPerPage
		p.tell("sampling")
		page, err := p.api.ListCalls(talkover.Bulk(ctx), q)
		if err != nil {
			return err
		}
		g := &Groups{By: p.By, Zone: zone, ExcludeTests: p.ExcludeTests}
		g.Reset()
		for _, c := range page.Rows {
			g.Add(c)
		}
		s.pages[i] = pageOf{len(page.Rows), g.All, g.groups}
		return nil
	})
	for _, page := range s.pages {
		s.calls += page.calls
	}
	return s, err
}

// counted is the share of the sample's calls that figures count: all, or those
// that are no test calls.
func (s *sample) counted() float64 {
	n := 0
	for _, page := range s.pages {
		n += page.all.Calls
	}
	return ratio(n, s.calls)
}

// found lists the groups of which there is a call in the sample.
func (s *sample) found() [][]Value {
	var all [][]Value
	seen := map[[2]string]bool{}
	for _, page := range s.pages {
		for k, g := range page.groups {
			if !seen[k] {
				seen[k] = true
				all = append(all, g.Values)
			}
		}
	}
	return all
}

// row is the measures of a cell: what was counted exactly, the rest estimated.
func (s *sample) row(c *cell, p *plan) Row {
	var key [2]string
	for i, v := range c.values {
		key[i] = v.Key
	}
	figures := make([]*Figures, len(s.pages)) // of the cell, on each page
	var none Figures
	for i := range s.pages {
		figures[i] = &none
		if c.values == nil {
			figures[i] = &s.pages[i].all
		} else if g := s.pages[i].groups[key]; g != nil {
			figures[i] = &g.Figures
		}
	}
	parts := func(y, x func(*Figures) int) []part {
		list := make([]part, len(s.pages))
		for i, f := range figures {
			page := &s.pages[i]
			list[i].y, list[i].x = float64(y(f)), float64(page.calls)
			switch {
			case x != nil:
				list[i].x = float64(x(f))
			case c.values != nil: // a group is a share of what is left of test calls
				list[i].x = float64(page.all.Calls)
			}
		}
		return list
	}
	calls := func(f *Figures) int { return f.Calls }
	m := map[Metric]Measure{}
	// The calls of the cell, and what its other counts are a share of.
	base, baseOf := float64(c.calls), calls
	if c.calls != unknown {
		m[Calls] = Measure{Value: base, Known: true}
	} else {
		base, baseOf = float64(p.matched), nil
		if c.values != nil {
			base *= s.counted()
		}
		share, i, ok := estimateShare(parts(calls, nil), s.share)
		m[Share] = Measure{share, ok, true, i}
		m[Calls] = m[Share].times(base)
	}
	for name, count := range map[Metric]func(*Figures) int{
		Answered: func(f *Figures) int { return f.Answered },
		NoAnswer: func(f *Figures) int { return f.NoAnswer },
		Busy:     func(f *Figures) int { return f.Busy },
		Failed:   func(f *Figures) int { return f.Failed },
		Open:     func(f *Figures) int { return f.Open },
	} {
		share, i, ok := estimateShare(parts(count, baseOf), s.share)
		m[name] = Measure{share, ok, true, i}.times(base)
	}
	rate, i, ok := estimateShare(parts(func(f *Figures) int { return f.Answered - f.openAnswered }, (*Figures).Final), s.share)
	m[AnswerRate] = Measure{rate, ok, true, i}
	mean, i, ok := estimateRatio(parts(func(f *Figures) int { return f.Talk }, func(f *Figures) int { return f.Answered }), s.share)
	m[MeanSeconds] = Measure{mean, ok, true, i}
	talk, i, ok := estimateRatio(parts(func(f *Figures) int { return f.Talk }, baseOf), s.share)
	m[TalkSeconds] = Measure{talk, ok, true, i}.times(base)
	if c.byStatus != nil {
		c.exact(m)
	}
	return Row{Values: c.values, M: m}
}

// exact puts in what follows from counts by status. The API cannot tell answered
// calls that are still going on, so open ones are those not answered yet.
func (c *cell) exact(m map[Metric]Measure) {
	set := func(name Metric, n int) { m[name] = Measure{Value: float64(n), Known: true} }
	open := c.byStatus["initiated"] + c.byStatus["ringing"]
	answered := c.byStatus["answered"] + c.byStatus["completed"]
	set(Answered, answered)
	set(NoAnswer, c.byStatus["no-answer"])
	set(Busy, c.byStatus["busy"])
	set(Failed, c.byStatus["failed"])
	set(Open, open)
	m[AnswerRate] = Measure{Value: ratio(answered, c.calls-open), Known: c.calls > open}
	switch mean := m[MeanSeconds]; {
	case answered == 0:
		m[MeanSeconds] = Measure{}
		set(TalkSeconds, 0)
	case mean.Known:
		m[TalkSeconds] = mean.times(float64(answered))
	}
}

// times scales a measure.
func (m Measure) times(n float64) Measure {
	m.Value *= n
	m.Low *= n
	m.High *= n
	return m
}
