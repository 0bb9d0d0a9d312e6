package stats

import (
	"slices"

	"github.com/talkover/talkover-mcp/talkover/scan"
)

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
