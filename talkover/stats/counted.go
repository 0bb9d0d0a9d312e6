package stats

import (
	"slices"

	"github.com/talkover/talkover-mcp/talkover/scan"
)

// countedReport adds what was read of the window to what was counted.
func countedReport(r *scan.Run, t *tally, q Question, coverage scan.Coverage, read []scan.Part) *Report {
	g := add(r, q, read)
	report := &Report{Coverage: coverage}
	report.Totals = merged(nil, &cell{calls: t.calls, byStatus: t.byStatus}, &g.All, report.Calls)
	report.Rows = t.rows(g, q.By, report.Calls)
	if !report.Totals.M[MeanSeconds].Known {
		report.Read = readPart(r, q)
	}
	r.ReadOn()
	return report
}

// readPart returns what is known of the largest part of the window that was read: counts
// tell neither durations nor contacts. It is nil where nothing was read that has a call.
func readPart(r *scan.Run, q Question) *ReadPart {
	var largest *ReadPart
	for _, s := range r.Segments() {
		if slices.ContainsFunc(s.Parts, func(p scan.Part) bool { return p.Inexact != "" }) {
			continue
		}
		g := add(r, q, s.Parts)
		if g.All.Calls == 0 || largest != nil && largest.Calls >= g.All.Calls {
			continue
		}
		w := r.Bounds(s.Window)
		largest = &ReadPart{From: w.From, To: w.To, Calls: g.All.Calls, Totals: exact(nil, &g.All, g.All.Calls), Contacts: g.ContactFigures()}
	}
	return largest
}

// rows adds the groups that were read to the cells that were counted.
func (t *tally) rows(g *Groups, by []Dimension, of int) []Row {
	var rows []Row
	used := map[*Group]bool{}
	for _, c := range t.cells {
		read := new(Figures)
		for _, group := range g.groups {
			if sameCell(c, group, by) {
				used[group] = true
				read.Merge(&group.Figures)
			}
		}
		if c.calls+read.Calls > 0 {
			rows = append(rows, merged(c.values, c, read, of))
		}
	}
	for _, group := range g.groups {
		if !used[group] {
			rows = append(rows, merged(group.Values, &cell{byStatus: map[string]int{}}, &group.Figures, of))
		}
	}
	SortRows(rows, by)
	return rows
}

// sameCell reports whether a group is that of a cell. What the API cannot filter by
// is in the cell of the others, if there is one.
func sameCell(c *cell, g *Group, by []Dimension) bool {
	have := slices.Clone(g.Values)
	for i, v := range have {
		if by[i] == ByStatus && !slices.Contains(Statuses, v.Key) || by[i] == ByAgent && len(by) > 1 && v == Deleted {
			for j := range have {
				have[j] = Other
			}
		}
	}
	return slices.EqualFunc(c.values, have, func(x, y Value) bool { return x.Key == y.Key })
}

// merged is the row of calls that were counted and others that were read. What counts
// do not tell is not known, unless all calls were read.
func merged(values []Value, c *cell, read *Figures, of int) Row {
	if c.calls == 0 {
		return exact(values, read, of)
	}
	m := map[Metric]Measure{}
	calls := c.calls + read.Calls
	set := func(name Metric, v float64, known bool) { m[name] = Measure{v, known} }
	set(Calls, float64(calls), true)
	set(Share, ratio(calls, of), of > 0)
	if c.byStatus == nil {
		return Row{Values: values, M: m}
	}
	answered := c.byStatus["answered"] + c.byStatus["completed"]
	open := c.byStatus["initiated"] + c.byStatus["ringing"]
	final := calls - open - read.Open
	set(Answered, float64(answered+read.Answered), true)
	set(AnswerRate, ratio(answered+read.Answered-read.openAnswered, final), final > 0)
	set(NoAnswer, float64(c.byStatus["no-answer"]+read.NoAnswer), true)
	set(Busy, float64(c.byStatus["busy"]+read.Busy), true)
	set(Failed, float64(c.byStatus["failed"]+read.Failed), true)
	set(Open, float64(open+read.Open), true)
	if answered == 0 { // all talk was read
		talk := exact(nil, read, of).M
		for _, name := range []Metric{TalkSeconds, MeanSeconds, MedianSeconds, P95Seconds} {
			m[name] = talk[name]
		}
	}
	return Row{Values: values, M: m}
}
