package tools

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// mostGroups bounds the rows of an answer, but for the one that adds up the rest.
const mostGroups = 50

// groups holds what the rows of an answer are made of.
type groups struct {
	by      []stats.Dimension
	metrics []stats.Metric // that the table shows
	report  *stats.Report
	agents  labels
	listed  map[string]bool // ids of agents that the API lists
	zone    *time.Location
	columns []column[group]
}

// group holds one row, and what it was in the other window.
type group struct {
	stats.Row
	was  stats.Row
	rest bool // it adds up others, and has no values
}

// The metrics that tables and comparisons show, if none are asked for. Those that are rare
// are shown where there are any.
var (
	usualMetrics    = []stats.Metric{stats.Calls, stats.Share, stats.Answered, stats.Unanswered, stats.Missed, stats.Open, stats.OtherStatus, stats.AnswerRate, stats.MeanSeconds}
	comparedMetrics = []stats.Metric{stats.Calls, stats.Answered, stats.Unanswered, stats.Missed, stats.Open, stats.OtherStatus, stats.AnswerRate, stats.TalkSeconds, stats.MeanSeconds}
	pairedMetrics   = []stats.Metric{stats.Calls, stats.Answered, stats.Unanswered, stats.Open, stats.OtherStatus, stats.AnswerRate}
	statusMetrics   = []stats.Metric{stats.Calls, stats.Share, stats.MeanSeconds}
	rareMetrics     = []stats.Metric{stats.Open, stats.OtherStatus}
)

// newGroups makes groups of a report.
func newGroups(q *question, in callStatsInput, report *stats.Report) *groups {
	t := &groups{by: in.GroupBy, report: report, zone: q.zone, metrics: in.asked(), listed: map[string]bool{}}
	var agents []talkover.Agent
	for _, a := range q.agents.latest(q.client) {
		agents = append(agents, a.Agent)
		t.listed[a.ID] = true
	}
	for i, d := range t.by {
		for _, r := range report.Rows {
			if d == stats.ByAgent && r.Values[i] != stats.Deleted {
				agents = append(agents, talkover.Agent{ID: r.Values[i].Key, Label: r.Values[i].Name})
			}
		}
	}
	t.agents = newLabels(agents...)
	if len(t.metrics) == 0 {
		t.metrics = t.usual()
	}
	for i, d := range t.by {
		t.columns = append(t.columns, t.valueColumn(i, d, false))
		if t.compared() && ofCalendar(d) {
			t.columns = append(t.columns, t.valueColumn(i, d, true))
		}
	}
	for _, name := range t.metrics {
		t.columns = append(t.columns, t.metricColumns(name, len(in.Metrics) > 0)...)
	}
	return t
}

// compared reports whether the rows are paired with those of another window.
func (t *groups) compared() bool { return t.report.Before != nil && t.report.Before.Reason == "" }

// ofCalendar reports whether the groups of a dimension are parts of the calendar, which another
// window has under other names.
func ofCalendar(d stats.Dimension) bool {
	return d == stats.ByDay || d == stats.ByWeek || d == stats.ByMonth
}

// usual returns the metrics to show where none are asked for.
func (t *groups) usual() []stats.Metric {
	names := usualMetrics
	switch {
	case t.compared():
		names = pairedMetrics
	case slices.Contains(t.by, stats.ByStatus):
		names = statusMetrics
	}
	return slices.DeleteFunc(slices.Clone(names), func(name stats.Metric) bool {
		total := t.report.Totals.M[name]
		return slices.Contains(rareMetrics, name) && total.Value == 0 && total.Known
	})
}

// valueColumn shows the value of a group in its dimension i, or that of the group that it is
// paired with.
func (t *groups) valueColumn(i int, d stats.Dimension, before bool) column[group] {
	name := string(d)
	if before {
		name += "_before"
	}
	return column[group]{name, func(g group) cell {
		r := g.Row
		if before {
			r = g.was
		}
		switch {
		case g.rest && i == 0 && !before:
			return ours("(rest)")
		case g.rest:
			return ours("")
		case i >= len(r.Values):
			return unknown{} // the other window has no such place
		case d.InOrder():
			return ours(r.Values[i].Name) // days, hours and the like are ours
		case d == stats.ByAgent:
			return words(t.label(r.Values[i]))
		case d == stats.ByContact || d == stats.ByLine:
			return phone(r.Values[i].Name)
		}
		return words(r.Values[i].Name)
	}}
}

// label returns how answers show an agent.
func (t *groups) label(v stats.Value) string {
	if label, ok := t.agents[v.Key]; ok {
		return label
	}
	return v.Name
}

// metricColumns show a metric, and where windows are compared what it was and how it has
// changed. Of the usual metrics calls and answer_rate alone are compared.
func (t *groups) metricColumns(name stats.Metric, asked bool) []column[group] {
	is := column[group]{string(name), func(g group) cell { return measureCell(name, g.M[name]) }}
	if !t.compared() || !asked && name != stats.Calls && name != stats.AnswerRate {
		return []column[group]{is}
	}
	return []column[group]{
		is,
		{string(name) + "_before", func(g group) cell { return measureCell(name, g.was.M[name]) }},
		{string(name) + "_change", func(g group) cell {
			a, b := g.M[name], g.was.M[name]
			if !a.Known || !b.Known {
				return unknown{}
			}
			return newFigure(name, a.Value).changed(newFigure(name, b.Value))
		}},
	}
}

// groups lists the rows of the report with those that they are paired with.
func (t *groups) groups() []group {
	all := make([]group, len(t.report.Rows))
	for i, r := range t.report.Rows {
		all[i].Row = r
		if t.compared() {
			all[i].was = t.report.Before.Rows[i]
		}
	}
	return all
}

// rest adds groups up in one row.
func (t *groups) restOf(cut []group) group {
	var rows, then []stats.Row
	for _, g := range cut {
		rows = append(rows, g.Row)
		if g.was.M != nil {
			then = append(then, g.was)
		}
	}
	rest := group{Row: stats.Rest(rows), rest: true}
	if t.compared() {
		rest.was = stats.Rest(then)
	}
	return rest
}

// lay makes a table of so many groups at most, and of one more row that adds up the rest.
// fits says how many rows of a table there is room for. first is the row of the report that
// is shown first, and left is how many groups the last row adds up.
func (t *groups) lay(top int, fits func(table) int) (laid table, first, left int) {
	all := t.groups()
	for room := min(top, len(all)); ; {
		var end int
		first, end = t.report.Shown(room)
		laid = newTable(t.columns, all[first:end])
		keep := fits(laid)
		if keep < laid.size() {
			room = keep
			continue
		}
		if cut := append(slices.Clone(all[:first]), all[end:]...); len(cut) > 0 {
			laid.Rows = append(laid.Rows, appendCells(nil, t.columns, t.restOf(cut)))
			left = len(cut)
		}
		return laid, first, left
	}
}
