package stats

import (
	"context"

	"github.com/talkover/talkover-mcp/talkover/scan"
)

// ask answers a question about one window.
func ask(ctx context.Context, api scan.API, q Question) (*Report, error) {
	f := &q.Filter
	s := newSelection(f)
	w := scan.Wanted{Window: f.Window(), Query: f.query(), Fits: s.test, Now: q.Now, Account: q.Account, Reserve: q.Reserve, Progress: q.Progress}
	t := newTally(&q)
	if t != nil {
		w.Counter = t
	}
	r, err := scan.Gather(ctx, api, w)
	if err != nil {
		return nil, err
	}
	if coverage, read, ok := r.Counted(); ok {
		return countedReport(r, t, &q, coverage, read), nil
	}
	segment, err := r.Best()
	if err != nil {
		return nil, err
	}
	coverage := r.Coverage(segment)
	over := daysOver(scan.Window{From: coverage.From, To: segment.To}, f, q.By, coverage.AsOf)
	g := add(&q, segment.Parts, over)
	l := later{api: api, w: w, pay: q.wants(Unreturned, NeverCalledBack, NotReached, WithheldMissed)}
	since, err := l.since(ctx, g.follow.firstMissed(), segment)
	if err != nil {
		return nil, err
	}
	report := newReport(&q, g, coverage, over, since)
	if !report.Whole {
		r.ReadOn()
	}
	return report, nil
}
