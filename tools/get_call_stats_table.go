package tools

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover/scan"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// mostGroups bounds the rows of an answer, but for the one that adds up the rest.
const mostGroups = 50

// groups holds what the rows of an answer are made of.
type groups struct {
	by       []stats.Dimension
	columns  []column[group]
	all      []group
	calls    int  // of all groups
	compared bool // with the period before
}

// group holds one row, and what it was in the period before.
type group struct {
	stats.Row
	was   stats.Row
	known bool // the group had calls then
}

// value returns the value of the group in its dimension i. The rest has one in the first
// dimension alone.
func (g group) value(i int) stats.Value {
	if i < len(g.Values) {
		return g.Values[i]
	}
	return stats.Value{}
}

// newGroups makes groups of a report and of that of the period before, which is shift days
// earlier; before is nil if there is none.
func newGroups(by []stats.Dimension, report, before *stats.Report, shift int) *groups {
	t := &groups{by: by, calls: int(report.Totals.M[stats.Calls].Value), compared: before != nil}
	if len(by) == 0 {
		return t
	}
	t.match(report.Rows, before, shift)
	for i, d := range by {
		t.columns = append(t.columns, valueColumns(i, d)...)
	}
	for _, name := range stats.Metrics {
		if report.Method == scan.Counts && !slices.ContainsFunc(t.all, func(g group) bool { return g.M[name].Known }) {
			continue // which cannot be counted
		}
		t.columns = append(t.columns, metricColumn(name))
	}
	if before != nil {
		t.columns = append(t.columns, changeColumns...)
	}
	return t
}

// lay makes a table of the first groups, and of one more row that adds up the rest. fits
// says how many rows of a table there is room for. Of days and weeks the last ones stay
// instead, in their order. rest is how many groups the last row adds up.
func (t *groups) lay(fits func(table) int) (laid table, rest int) {
	latest := len(t.by) > 0 && (t.by[0] == stats.ByDay || t.by[0] == stats.ByWeek) && t.by[len(t.by)-1].InOrder()
	all := slices.Clone(t.all)
	if latest {
		slices.Reverse(all)
	}
	laid = newTable(t.columns, all[:min(len(all), mostGroups)])
	keep := fits(laid)
	laid.cut(keep)
	if latest {
		slices.Reverse(laid.Rows)
	}
	cut := all[keep:]
	if len(cut) > 0 {
		laid.Rows = append(laid.Rows, appendCells(nil, t.columns, t.rest(cut)))
	}
	return laid, len(cut)
}

// valueColumns show the value of a group in its dimension i.
func valueColumns(i int, d stats.Dimension) []column[group] {
	name := column[group]{string(d), func(g group) cell {
		if d.InOrder() { // days, hours and the like are ours
			return ours(g.value(i).Name)
		}
		return words(g.value(i).Name)
	}}
	switch d {
	case stats.ByContact, stats.ByLine:
		name.cell = func(g group) cell { return phone(g.value(i).Name) }
	case stats.ByAgent:
		return []column[group]{name, {"agent_id", func(g group) cell { return handle(g.value(i).Key) }}}
	}
	return []column[group]{name}
}

// metricColumn shows a figure.
func metricColumn(name stats.Metric) column[group] {
	return column[group]{string(name), func(g group) cell { return measureCell(name, g.M[name]) }}
}

// changeColumns compare a group with the period before. A group that is not in the report
// of that period had no calls then.
var changeColumns = []column[group]{
	{"previous_calls", func(g group) cell {
		if !g.known {
			return newFigure(stats.Calls, 0)
		}
		return measureCell(stats.Calls, g.was.M[stats.Calls])
	}},
	{"calls_change", func(g group) cell {
		m := g.change(stats.Calls)
		m.Known = true
		return measureCell(stats.Calls, m)
	}},
	{"answer_rate_change", func(g group) cell { return measureCell(stats.AnswerRate, g.change(stats.AnswerRate)) }},
}

// change returns what became of a figure, to the digits that answers show.
func (g group) change(name stats.Metric) stats.Measure {
	is, was := g.M[name], g.was.M[name]
	return stats.Measure{
		Value: round(name, is.Value) - round(name, was.Value),
		Known: is.Known && was.Known,
	}
}

// match finds what each group was in the period before, and adds the groups that had
// calls only then.
func (t *groups) match(rows []stats.Row, before *stats.Report, shift int) {
	var was map[[2]string]stats.Row
	if before != nil {
		was = map[[2]string]stats.Row{}
		have := map[[2]string]bool{}
		for _, r := range rows {
			have[keyOf(r)] = true
		}
		rows = slices.Clone(rows)
		for _, r := range before.Rows {
			r = shifted(r, t.by, shift)
			was[keyOf(r)] = r
			if !have[keyOf(r)] {
				rows = append(rows, stats.None(r.Values, t.calls))
			}
		}
		stats.SortRows(rows, t.by)
	}
	for _, r := range rows {
		then, ok := was[keyOf(r)]
		t.all = append(t.all, group{Row: r, was: then, known: ok})
	}
}

// keyOf returns what tells the rows of a report apart.
func keyOf(r stats.Row) (key [2]string) {
	for i, v := range r.Values {
		key[i] = v.Key
	}
	return key
}

// shifted moves a row of the previous period to the day or week that it is compared with.
func shifted(r stats.Row, by []stats.Dimension, days int) stats.Row {
	r.Values = slices.Clone(r.Values)
	for i, d := range by {
		t := schema.Date(r.Values[i].Key).Time()
		if !t.IsZero() && (d == stats.ByDay || d == stats.ByWeek && days%7 == 0) {
			s := t.AddDate(0, 0, days).Format(time.DateOnly)
			r.Values[i] = stats.Value{Key: s, Name: s}
		}
	}
	return r
}

// rest adds groups up in one row.
func (t *groups) rest(cut []group) group {
	var rows, then []stats.Row
	for _, g := range cut {
		rows = append(rows, g.Row)
		if g.known {
			then = append(then, g.was)
		}
	}
	rest := group{Row: stats.Rest(rows, t.calls), was: stats.Rest(then, 0), known: t.compared}
	rest.Values = []stats.Value{{Name: "(rest)"}} // it has no key, such as an agent's id
	return rest
}
