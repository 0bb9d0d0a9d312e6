package tools

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// mostGroups bounds the rows of an answer, but for the one that adds up the rest.
const mostGroups = 50

// withInterval are the figures that have their interval beside them in a row.
var withInterval = []stats.Metric{stats.Calls, stats.AnswerRate, stats.MeanSeconds}

// groups are what the rows of an answer are made of.
type groups struct {
	by       []stats.Dimension
	columns  []column[group]
	all      []group
	calls    int  // which shares are of
	compared bool // with the period before
}

// group is one row, and what it was in the period before.
type group struct {
	stats.Row
	was   stats.Row
	known bool // was is of this group; false where it had no calls
}

// place returns where the group stands in a dimension; the rest stands nowhere but in
// the first.
func (g group) place(i int) stats.Value {
	if i < len(g.Values) {
		return g.Values[i]
	}
	return stats.Value{}
}

// group lays the groups out: their columns, and which figures are estimates.
func (out *callStatsOutput) group(in callStatsInput, report, before *stats.Report, shift int) groups {
	t := groups{by: in.GroupBy, calls: int(report.Totals.M[stats.Calls].Value), compared: before != nil}
	if len(in.GroupBy) == 0 {
		return t
	}
	t.match(report.Rows, before, shift)
	estimated := map[stats.Metric]bool{}
	for _, g := range t.all {
		for name, v := range g.M {
			estimated[name] = estimated[name] || v.Known && v.Estimate
		}
	}
	for i, d := range t.by {
		t.columns = append(t.columns, placeColumns(i, d)...)
	}
	for _, name := range stats.Metrics {
		if report.Method != stats.Scan && (name == stats.MedianSeconds || name == stats.P95Seconds) {
			continue // a sample of pages says too little of them
		}
		t.columns = append(t.columns, metricColumns(name, estimated[name])...)
		if estimated[name] && !slices.Contains(out.Estimated, string(name)) {
			out.Estimated = append(out.Estimated, string(name))
		}
	}
	if before != nil {
		t.columns = append(t.columns, changeColumns...)
	}
	return t
}

// placeColumns say where a group stands in its dimension i.
func placeColumns(i int, d stats.Dimension) []column[group] {
	name := column[group]{string(d), func(g group) cell { return words(g.place(i).Name) }}
	switch d {
	case stats.ByContact, stats.ByLine:
		name.cell = func(g group) cell { return phone(g.place(i).Name) }
	case stats.ByAgent:
		return []column[group]{name, {"agent_id", func(g group) cell { return handle(g.place(i).Key) }}}
	}
	return []column[group]{name}
}

// metricColumns hold a figure, and its interval where it is an estimate.
func metricColumns(name stats.Metric, estimated bool) []column[group] {
	columns := []column[group]{{string(name), func(g group) cell { return measureCell(name, g.M[name]) }}}
	if !estimated || !slices.Contains(withInterval, name) {
		return columns
	}
	bound := func(of func(stats.Measure) float64) func(group) cell {
		return func(g group) cell {
			m := g.M[name]
			return measureCell(name, stats.Measure{Value: of(m), Known: m.Known && m.Estimate})
		}
	}
	return append(columns,
		column[group]{string(name) + "_low", bound(func(m stats.Measure) float64 { return m.Low })},
		column[group]{string(name) + "_high", bound(func(m stats.Measure) float64 { return m.High })})
}

// changeColumns compare a group with the period before. One that had no calls then
// had none, for sure or by the sample.
var changeColumns = []column[group]{
	{"previous_calls", func(g group) cell {
		if !g.known {
			return newFigure(stats.Calls, 0, false)
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
		Known: is.Known && was.Known, Estimate: is.Estimate || was.Estimate,
	}
}

// match finds what each group was in the period before, and adds the groups that are
// no more.
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

// keyOf returns what tells a row from others.
func keyOf(r stats.Row) (key [2]string) {
	for i, v := range r.Values {
		key[i] = v.Key
	}
	return key
}

// shifted moves the days and weeks of a row of the previous period to those that
// it is compared with.
func shifted(r stats.Row, by []stats.Dimension, days int) stats.Row {
	r.Values = slices.Clone(r.Values)
	for i, d := range by {
		t, err := time.Parse(time.DateOnly, r.Values[i].Key)
		if err == nil && (d == stats.ByDay || d == stats.ByWeek && days%7 == 0) {
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

// fit puts in as many rows as an answer may take, and a row that adds up the
// rest: the first rows stay, or of days and weeks the last.
func (out *callStatsOutput) fit(t groups) {
	latest := len(t.by) > 0 && (t.by[0] == stats.ByDay || t.by[0] == stats.ByWeek) && t.by[len(t.by)-1].InOrder()
	all := slices.Clone(t.all)
	if latest {
		slices.Reverse(all)
	}
	out.table = newTable(t.columns, all[:min(len(all), mostGroups)])
	rows := out.Rows
	out.cut(0)
	bare, _ := json.Marshal(out)
	room := statsSize.estimate - max(tokens(out.text()), tokens(string(bare)))
	keep := fitting(len(rows), room, func(i int) int {
		structure, _ := json.Marshal(rows[i])
		return max(tokens(string(structure)), tokens(strings.Join(rows[i].text(nil, false), ",")+"\n"))
	})
	out.Rows = rows[:keep]
	if latest {
		slices.Reverse(out.Rows)
	}
	if cut := all[keep:]; len(cut) > 0 {
		out.Rows = append(out.Rows, appendCells(nil, t.columns, t.rest(cut)))
		out.note("The row (rest) adds up %d more groups; filter or narrow the dates to see them.", len(cut))
	}
}
