package stats

import (
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Ask answers a question by the plan of the fewest requests ([scan.State.Plan]), within
// the time of ctx and what the limiter lets through. What cannot be read in time is
// left out, and the answer is about the rest; where nothing can be answered, the
// error is an [*talkover.Error] with the wait. A question that compares days without a first
// one fails with [ErrNoBeginning].
func Ask(ctx context.Context, api scan.API, q Question) (*Report, error) {
	q.adopt()
	if q.Compare != "" {
		return askBoth(ctx, api, q)
	}
	return ask(ctx, api, q)
}

// adopt takes the fields that stand for a filter into it.
func (q *Question) adopt() {
	f := &q.Filter
	if q.Now == nil {
		q.Now = time.Now
	}
	if q.Query != (talkover.CallQuery{}) {
		f.adopt(q.Query)
	}
	if q.Zone != nil {
		f.Zone = q.Zone
	}
	if q.ExcludeTests {
		f.Tests = ExcludeTests
	}
}

func (f *Filter) adopt(q talkover.CallQuery) {
	f.Days = Days{From: q.DateFrom, To: q.DateTo}
	f.Direction, f.AgentID, f.Search = q.Direction, q.AgentID, q.Search
	if q.Status != "" {
		f.Statuses = []string{q.Status}
	}
}

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

// test is the [scan.Test] of the whole filter.
func (s *selection) test(c *cache.Columns) func(cache.Row) bool {
	t := s.of(c, scan.Window{})
	return func(r cache.Row) bool { return t.picks(r) && s.counts(r.IsTesting()) }
}

// add adds up the calls of parts.
func add(q *Question, parts []scan.Part, over overDays) *Groups {
	g := &Groups{By: q.By, Filter: q.Filter, EachContacts: q.wants(Contacts, Repeat, Withheld), over: over.Window}
	for _, p := range parts {
		g.From, g.To = p.From, p.To
		g.Add(p.Calls)
	}
	return g
}

// newReport reports what was added up, with what became of missed calls if it is known.
func newReport(q *Question, g *Groups, coverage scan.Coverage, over overDays, since since) *Report {
	for _, p := range since.parts {
		g.Follow(p.Calls)
	}
	if since.known {
		g.Unreturned()
	}
	g.Count()
	report := &Report{Coverage: coverage, By: q.By, Order: q.Order.of(q.By), BusyHour: g.BusyHour(), Tests: &g.Tests, over: over}
	of := g.All.Calls
	report.Totals = exact(nil, &g.All, of, over.all)
	totals := measures(report.Totals.M)
	totals.contacts(&g.All)
	totals.count(PeakConcurrent, g.PeakConcurrent())
	if since.known {
		totals.unreturned(&g.All)
	} else {
		report.untold(since.reason, Unreturned, NeverCalledBack, NotReached, WithheldMissed)
	}
	if over.all.days == 0 {
		report.untold("no day is over, or the first one is not given", PerDay)
	}
	for _, group := range g.groups {
		row := exact(group.Values, &group.Figures, of, over.of(group.Values))
		if g.EachContacts {
			measures(row.M).contacts(&group.Figures)
		}
		if since.known {
			measures(row.M).unreturned(&group.Figures)
		}
		report.Rows = append(report.Rows, row)
	}
	report.addAgents(q)
	report.Order.Sort(report.Rows, q.By)
	report.Contacts = &ContactFigures{g.All.contacts, g.All.repeat, g.All.neverCalledBack, g.PeakConcurrent()}
	report.Short = &g.All.Short
	return report
}

// untold notes why metrics are not known.
func (r *Report) untold(reason string, names ...Metric) {
	if r.Untold == nil {
		r.Untold = map[Metric]string{}
	}
	for _, name := range names {
		r.Untold[name] = reason
	}
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
