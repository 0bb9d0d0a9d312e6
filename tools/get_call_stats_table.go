package tools

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
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
func (q *question) newGroups(in callStatsInput, report *stats.Report) *groups {
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
	rest := group{Row: stats.Rest(rows, t.report.Calls), rest: true}
	if t.compared() {
		rest.was = stats.Rest(then, t.report.Before.Calls)
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

// fit puts in as many groups as an answer may take, or a matrix.
func (out *callStatsOutput) fit(in callStatsInput, t *groups) {
	if len(t.by) == 0 {
		out.Legend = legendOf(out.Totals.names())
		return
	}
	out.Order = orderWords(t.by, t.report.Order)
	fits := func(all table) int {
		out.Columns = all.Columns
		bare, _ := json.Marshal(out)
		room := statsSize.estimate - max(tokens(out.text()), tokens(string(bare)))
		return fitting(len(all.Rows), room, func(i int) int {
			structure, _ := json.Marshal(all.Rows[i])
			return max(tokens(string(structure)), tokens(strings.Join(all.Rows[i].text(nil, false), ",")+"\n"))
		})
	}
	if name, ok := in.matrixOf(); ok {
		out.layMatrix(t, name, fits)
		return
	}
	more := ""
	if out.Compare != nil {
		more = "_before and _change: against the window before"
	}
	out.Legend = legendOf(t.metrics, more)
	top := in.Top
	if top == 0 {
		top = mostGroups
	}
	laid, first, left := t.lay(top, fits)
	if out.table = laid; left > 0 {
		out.note("The row (rest) adds up %s more.", plural(left, "group", "groups"))
	}
	if len(t.report.Rows) > 0 {
		out.behindFirst(t, t.by, t.report.Rows[first].Values)
	}
}

// orderWords says how rows are sorted.
func orderWords(by []stats.Dimension, order stats.RowOrder) ours {
	switch {
	case order != stats.ByValue:
		return ours(order) + ", largest first"
	case len(by) == 2:
		return ours(by[0]) + " and " + ours(by[1])
	}
	return ours(by[0])
}

// behind says how to find all calls.
func (out *callStatsOutput) behind(f filters, t *groups) {
	if t.report.Calls > 0 {
		out.Next = &step{Tool: "find_calls", Arguments: echo[filters]{f}}
	}
}

// behindFirst says how to find the calls of the first row instead, which has these values in
// these dimensions, if there are filters for them.
func (out *callStatsOutput) behindFirst(t *groups, by []stats.Dimension, values []stats.Value) {
	if out.Next == nil {
		return
	}
	f := out.Next.Arguments.Args
	for i, d := range by {
		if !t.narrow(&f, d, values[i]) {
			return
		}
	}
	out.Next.Arguments.Args, out.Next.rows = f, true
}

// narrow puts the value of a group into filters. It returns false if no filter can say it.
func (t *groups) narrow(f *filters, d stats.Dimension, v stats.Value) bool {
	switch d {
	case stats.ByStatus:
		f.narrowStatus(outcomes(v.Key))
		return slices.Contains(talkover.Statuses, v.Key) || v.Key == stats.StatusOther
	case stats.ByDirection:
		f.Direction = direction(v.Key)
		return slices.Contains(talkover.Directions, v.Key)
	case stats.ByAgent:
		if f.Agent = t.label(v); v.Key != "" && !t.listed[v.Key] {
			f.Agent = v.Key // the list does not have its label
		}
		return true
	case stats.ByContact:
		f.Contact = needle(v.Key)
		return v.Key != ""
	case stats.ByWeekday:
		f.Weekdays = []weekday{weekday(v.Key)}
		return true
	case stats.ByHour:
		hour, err := strconv.Atoi(v.Key)
		f.HourFrom, f.HourTo = hour, &hour
		return err == nil
	case stats.ByDay, stats.ByWeek, stats.ByMonth:
		return f.within(d, v.Key)
	}
	return false
}

// narrowStatus narrows the status to one, of calls that fit the filters: of those that are
// missed to inbound ones, and of those that are open to such as have no duration.
func (f *filters) narrowStatus(to outcomes) {
	has := func(s outcomes) bool { return slices.Contains(f.Status, s) }
	switch to {
	case talkover.StatusNoAnswer, talkover.StatusBusy, talkover.StatusFailed:
		if has(stats.StatusMissed) && !has(stats.StatusUnanswered) && !has(to) {
			f.Direction = talkover.Inbound
		}
	case talkover.StatusAnswered:
		if has(stats.StatusOpen) && !has(to) {
			f.MaxSeconds = new(int)
		}
	}
	f.Status = []outcomes{to}
}

// within narrows the days to those of a day, a week or a month.
func (f *filters) within(d stats.Dimension, key string) bool {
	from, to, ok := placeDays(d, key)
	f.DateFrom = day(max(from, schema.Date(f.DateFrom)))
	if f.DateTo == "" || to < schema.Date(f.DateTo) {
		f.DateTo = day(to)
	}
	return ok
}

// placeDays returns the first and the last day of a day, a week or a month.
func placeDays(d stats.Dimension, key string) (from, to schema.Date, ok bool) {
	form := time.DateOnly
	if d == stats.ByMonth {
		form = "2006-01"
	}
	first, err := time.Parse(form, key)
	last := first
	switch d {
	case stats.ByWeek:
		last = first.AddDate(0, 0, 6)
	case stats.ByMonth:
		last = first.AddDate(0, 1, -1)
	}
	return schema.Date(first.Format(time.DateOnly)), schema.Date(last.Format(time.DateOnly)), err == nil
}
