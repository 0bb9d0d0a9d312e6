package stats

import (
	"slices"

	"github.com/talkover/talkover-mcp/talkover/scan"
)

// countedReport adds what was read of the window to what was counted.
func countedReport(r *scan.Run, t *tally, q *Question, coverage scan.Coverage, read []scan.Part) *Report {
	over := daysOver(scan.Window{From: coverage.From, To: coverage.To}, &q.Filter, q.By, coverage.AsOf)
	if !holds(over.Window, t.counted) {
		over = overDays{by: q.By}
	}
	g := add(q, read, over)
	report := &Report{Coverage: coverage, By: q.By, Order: q.Order.of(q.By), over: over}
	report.Totals = merged(nil, &t.whole, &g.All, report.Calls, over.all)
	report.Rows = t.rows(g, report)
	report.addAgents(q)
	report.Order.Sort(report.Rows, q.By)
	report.untold("Talkover counts calls, and tells neither their durations, hours nor numbers", TalkSeconds, MeanSeconds, MedianSeconds, P95Seconds,
		ShortCalls, Contacts, Repeat, Withheld, Unreturned, NeverCalledBack, NotReached, WithheldMissed, PeakConcurrent)
	if !report.Totals.M[MeanSeconds].Known {
		report.Read = readPart(r, q)
	}
	r.ReadOn()
	return report
}

// readPart returns what is known of the largest part of the window that was read: counts
// tell neither durations nor contacts. It is nil where nothing was read that has a call.
func readPart(r *scan.Run, q *Question) *ReadPart {
	var largest *ReadPart
	for _, s := range r.Segments() {
		if slices.ContainsFunc(s.Parts, func(p scan.Part) bool { return p.Inexact != "" }) {
			continue
		}
		g := add(q, s.Parts, overDays{})
		if g.All.Calls == 0 || largest != nil && largest.Calls >= g.All.Calls {
			continue
		}
		g.Count()
		w := r.Bounds(s.Window)
		largest = &ReadPart{From: w.From, To: w.To, Calls: g.All.Calls, Totals: exact(nil, &g.All, g.All.Calls, place{})}
		measures(largest.Totals.M).contacts(&g.All)
	}
	return largest
}

// rows adds the groups that were read to the cells that were counted.
func (t *tally) rows(g *Groups, report *Report) []Row {
	var rows []Row
	used := map[*Group]bool{}
	for _, c := range t.cells {
		read := new(Figures)
		for group := range g.Each() {
			if sameCell(c, group, t.by) {
				used[group] = true
				read.Merge(&group.Figures)
			}
		}
		if c.calls+read.Calls > 0 {
			rows = append(rows, merged(c.values, c, read, report.Calls, report.over.of(c.values)))
		}
	}
	for group := range g.Each() {
		if !used[group] {
			rows = append(rows, merged(group.Values, &cell{byStatus: map[string]int{}}, &group.Figures, report.Calls, report.over.of(group.Values)))
		}
	}
	return rows
}

// sameCell reports whether a group is that of a cell. What the API cannot filter by
// is in the cell of the others, if there is one.
func sameCell(c *cell, g *Group, by []Dimension) bool {
	have := slices.Clone(g.Values)
	for i, v := range have {
		if by[i] == ByStatus && v == Other || by[i] == ByAgent && len(by) > 1 && v == Deleted {
			for j := range have {
				have[j] = Other
			}
		}
	}
	return slices.EqualFunc(c.values, have, func(x, y Value) bool { return x.Key == y.Key })
}

// merged returns the row of calls that were counted and others that were read. What counts
// do not tell is not known, unless all calls were read.
func merged(values []Value, c *cell, read *Figures, of int, over place) Row {
	if c.calls == 0 {
		return exact(values, read, of, over)
	}
	m := measures{}
	row := Row{Values: values, M: m, over: over}
	m.share(PerDay, c.calls+read.ofDays, over.days)
	if c.byStatus == nil {
		if missed, known := c.missed(); known {
			m.count(Missed, missed+read.Missed)
		}
		m.count(Calls, c.calls+read.Calls)
		m.share(Share, c.calls+read.Calls, of)
		return row
	}
	n := func(statuses ...string) (n int) {
		for _, s := range statuses {
			n += c.byStatus[s]
		}
		return n
	}
	answered := n("answered", "completed") // in closed days they are over
	m.counts(&counted{
		calls: c.calls + read.Calls, answered: answered + read.Answered, open: n("initiated", "ringing") + read.Open,
		noAnswer: n("no-answer") + read.NoAnswer, busy: n("busy") + read.Busy, failed: n("failed") + read.Failed,
		other: c.calls - n(Statuses...) + read.Other,
	}, of)
	if missed, known := c.missed(); known {
		m.count(Missed, missed+read.Missed)
	}
	if answered == 0 { // all talk was read
		talk := exact(nil, read, of, over).M
		for _, name := range []Metric{TalkSeconds, MeanSeconds, MedianSeconds, P95Seconds, ShortCalls} {
			if v, ok := talk[name]; ok {
				m[name] = v
			}
		}
	}
	return row
}

// holds reports whether a window holds another, which has a beginning and an end.
func holds(w, o scan.Window) bool {
	return !w.From.IsZero() && !o.From.Before(w.From) && !o.To.After(w.To)
}
