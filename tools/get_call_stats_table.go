package tools

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// mostGroups bounds the rows of an answer, but for the one that adds up the rest.
const mostGroups = 50

// groups holds what the rows of an answer are made of.
type groups struct {
	by       []stats.Dimension
	metrics  []stats.Metric // that the table shows
	report   *stats.Report
	agents   answer.Labels
	listed   map[string]bool // ids of agents that the API lists
	zone     *time.Location
	business stats.Hours
	chosen   bool // the metrics were asked for
}

// group holds one row, and what it was in the other window.
type group struct {
	stats.Row
	was  stats.Row
	rest bool // it adds up others, and has no values
}

// newGroups makes groups of a report.
func newGroups(q *query.Question, in callStatsInput, report *stats.Report) *groups {
	t := &groups{
		by: in.GroupBy, report: report, zone: q.Zone, business: q.Business, metrics: in.chosen(),
		chosen: len(in.Metrics) > 0, listed: map[string]bool{},
	}
	var agents []talkover.Agent
	for _, a := range q.Agents.Latest(q.Client) {
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
	t.agents = answer.NewLabels(agents...)
	if len(t.metrics) == 0 {
		t.metrics = t.usual()
	}
	return t
}

// compared reports whether the rows are paired with those of another window.
func (t *groups) compared() bool { return t.report.Before != nil && t.report.Before.Reason == "" }

// ofCalendar reports whether the groups of a dimension are parts of the calendar, which another
// Window has under other names.
func ofCalendar(d stats.Dimension) bool {
	return d == stats.ByDay || d == stats.ByWeek || d == stats.ByMonth
}

// usual returns the metrics to show where none are asked for.
func (t *groups) usual() []stats.Metric {
	where := stats.InTables
	switch {
	case t.compared():
		where = stats.InPairs
	case slices.Contains(t.by, stats.ByStatus):
		where = stats.InStatuses
	}
	return slices.DeleteFunc(stats.In(where), func(name stats.Metric) bool {
		total := t.report.Totals.M[name]
		return name.Is(stats.SeldomInRows) && total.Value == 0 && total.Known
	})
}

// columns tells the columns of a group: its values, beside those of the group that it is paired
// with, and its metrics.
func (t *groups) columns(g group, add func(string, answer.Cell)) {
	for i, d := range t.by {
		add(string(d), t.value(g, i, false))
		if t.compared() && ofCalendar(d) {
			add(string(d)+"_before", t.value(g, i, true))
		}
	}
	for _, name := range t.metrics {
		t.metric(g, name, add)
	}
}

// value shows the value of a group in its dimension i, or that of the group that it is paired
// with.
func (t *groups) value(g group, i int, before bool) answer.Cell {
	r := g.Row
	if before {
		r = g.was
	}
	d := t.by[i]
	switch {
	case g.rest && i == 0 && !before:
		return answer.SafeText("(rest)")
	case g.rest:
		return answer.SafeText("")
	case i >= len(r.Values):
		return answer.Unknown{} // the other window has no such place
	case d.InOrder(), d == stats.ByShift, d == stats.ByCountry, r.Values[i] == stats.WithheldNumber:
		return answer.SafeText(r.Values[i].Name) // these words are ours
	case d == stats.ByAgent:
		return answer.ForeignText(t.label(r.Values[i]))
	case d == stats.ByContact || d == stats.ByLine:
		return answer.Phone(r.Values[i].Name)
	}
	return answer.ForeignText(r.Values[i].Name)
}

// label returns how answers show an agent.
func (t *groups) label(v stats.Value) string {
	if label, ok := t.agents[v.Key]; ok {
		return label
	}
	return v.Name
}

// metric shows a metric, and where windows are compared what it was and how it has changed. Of
// the usual metrics calls and answer_rate alone are compared.
func (t *groups) metric(g group, name stats.Metric, add func(string, answer.Cell)) {
	is, was := g.M[name], g.was.M[name]
	add(string(name), answer.MeasureCell(name, is))
	if !t.compared() || !t.chosen && name != stats.Calls && name != stats.AnswerRate {
		return
	}
	add(string(name)+"_before", answer.MeasureCell(name, was))
	var change answer.Cell = answer.Unknown{}
	if is.Known && was.Known {
		change = answer.NewFigure(name, is.Value).Changed(answer.NewFigure(name, was.Value))
	}
	add(string(name)+"_change", change)
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

// lay puts in so many groups at most, as there is room for, and one more row that adds up the rest.
// first is the row of the report that is shown first, and rest is the last row, if there is one that
// adds up others.
func (out *callStatsOutput) lay(t *groups, top int) (first int, rest group) {
	all := t.groups()
	for room := min(top, len(all)); ; {
		var end int
		first, end = t.report.Shown(room)
		out.Table = answer.NewTable(t.columns, all[first:end])
		if more := answer.StatsSize.Fit(&out.Table, false, out.Text, out); more > 0 {
			room -= more
			continue
		}
		if cut := append(slices.Clone(all[:first]), all[end:]...); len(cut) > 0 {
			rest = t.restOf(cut)
			out.Rows = append(out.Rows, answer.Columns[group](t.columns).Cells(nil, rest))
		}
		return first, rest
	}
}
