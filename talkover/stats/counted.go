package stats

import (
	"slices"
)

// countedReport adds what was read of the window to what was counted.
func (r *run) countedReport(q Question) *Report {
	t := r.tally
	w, read := t.window, []part(nil)
	cached, asOf := 0, t.asOf
	for _, s := range r.segments() {
		for _, p := range s.parts { // newest first
			later, earlier := !t.to.IsZero() && !p.from.Before(w.to) && p.from.Equal(w.to), p.to.Equal(w.from)
			if p.inexact != "" || !later && !earlier {
				continue
			}
			if later {
				w.to = p.to
			} else {
				w.from = p.from
			}
			read = append(read, p)
			if p.cached {
				cached += r.picked(p)
			}
			if p.asOf.Before(asOf) {
				asOf = p.asOf
			}
		}
	}
	g := r.add(q, read)
	report := &Report{Coverage: Coverage{Exact: true, Method: Counts, AsOf: asOf, From: w.from, To: w.to, Calls: t.calls + g.InWindow, Cached: cached}}
	r.bound(&report.Coverage, w, 0)
	if !report.Whole {
		report.Missing, report.Requests, report.AskAgain = r.uncounted(), 0, 0
		if report.Reason == "" {
			report.Reason = "the rest can be read only in more requests than the plan lets through"
		}
	}
	report.Totals = merged(nil, &cell{calls: t.calls, byStatus: t.byStatus}, &g.All, report.Calls)
	report.Rows = t.rows(g, q.By, report.Calls)
	if !report.Totals.M[MeanSeconds].Known {
		report.Read = r.readPart(q)
	}
	r.readOn()
	return report
}

// readPart returns what is known of the largest part of the window that was read: counts
// tell neither durations nor contacts. It is nil where nothing was read that has a call.
func (r *run) readPart(q Question) *ReadPart {
	var largest *ReadPart
	for _, s := range r.segments() {
		if slices.ContainsFunc(s.parts, func(p part) bool { return p.inexact != "" }) {
			continue
		}
		g := r.add(q, s.parts)
		if g.All.Calls == 0 || largest != nil && largest.Calls >= g.All.Calls {
			continue
		}
		c := Coverage{From: s.from, To: s.to}
		r.bound(&c, s.window, 0)
		largest = &ReadPart{From: c.From, To: c.To, Calls: g.All.Calls, Totals: exact(nil, &g.All, g.All.Calls), Contacts: g.ContactFigures()}
	}
	return largest
}

// uncounted returns the calls of the window that were neither counted nor read.
func (r *run) uncounted() int {
	if s := r.state; s.To > s.Closed && r.live == nil && s.Live != Unknown {
		return s.Live
	}
	return Unknown
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
