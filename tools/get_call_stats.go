package tools

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// getCallStats makes the tool that counts and adds up over any number of calls.
func getCallStats() tool[callStatsInput, *callStatsOutput] {
	return tool[callStatsInput, *callStatsOutput]{
		name:  "get_call_stats",
		title: "Call statistics",
		description: "Counts calls and adds up rates, outcomes, talk time and contacts over all calls that fit, also by one or two dimensions and against another window. " +
			"The first line says what the figures are exact about. Use it for every \"how many\", share, rate, trend, ranking or busiest hour.",
		limit: longTime,
		run:   answerCallStats,
	}
}

func answerCallStats(ctx context.Context, q *question, in callStatsInput) (*callStatsOutput, error) {
	ctx, meter := talkover.WithMeter(ctx)
	asked, err := q.narrow(ctx, in.filters)
	if err != nil {
		return nil, err
	}
	wanted := stats.Question{
		Filter: asked.filter(), By: in.GroupBy, Metrics: in.asked(), Order: in.order(), Compare: in.Compare,
		Now:      q.clock,
		Progress: func(done, total int, what string) { progress(ctx, done, total, what) },
	}
	if slices.Contains(in.GroupBy, stats.ByAgent) {
		// Without the list there are no rows of agents without a call, and labels are told
		// apart as far as calls name them.
		agents, _ := q.readAgents(ctx)
		wanted.Agents = agentsOf(agents.Rows)
	}
	report, err := stats.Ask(ctx, q.calls, wanted)
	if err != nil {
		return nil, err
	}
	out := &callStatsOutput{
		Coverage: newCoverage(report.Coverage, asked.window, q.now, meter.Requests()),
		Window:   asked.shown(), Filters: echo[filters]{asked.filters}, TestCalls: report.Tests,
		table: table{Columns: []string{}, Rows: []row{}}, frame: q.frame(),
	}
	t := newGroups(q, in, report)
	out.total(in, in.isFree(asked, q.now), t, report)
	q.noteLines(ctx, &out.frame, in.Search)
	out.explain(q, in, asked, report)
	out.behind(asked.filters, t)
	out.fit(in, t)
	return out, nil
}

// freeMetrics cost no request more where a question is about all calls of a window that goes
// on to now: what became of its missed calls is in it.
var freeMetrics = []stats.Metric{stats.Unreturned, stats.NeverCalledBack, stats.NotReached, stats.WithheldMissed}

// isFree reports whether those are told without being asked for. That hangs on the question alone,
// never on what is kept, so that its answer keeps its shape.
func (in callStatsInput) isFree(a asked, now time.Time) bool {
	all := filters{DateFrom: a.DateFrom, DateTo: a.DateTo, TestCalls: a.TestCalls, Timezone: a.Timezone}
	return len(in.Metrics) == 0 && len(in.GroupBy) == 0 && in.Compare == "" && reflect.DeepEqual(a.filters, all) && (a.to == "" || a.ends().After(now))
}

// seldomMetrics are not told where they are 0, unless they are asked for.
var seldomMetrics = []stats.Metric{stats.OtherStatus, stats.Withheld, stats.WithheldMissed}

// total fills in the totals, and those of the other window: of the metrics that the table
// shows, or that were asked for, or all.
func (out *callStatsOutput) total(in callStatsInput, free bool, t *groups, report *stats.Report) {
	names := in.asked()
	switch {
	case len(names) > 0:
	case len(in.GroupBy) > 0:
		names = t.metrics
		if name, ok := in.matrixOf(); ok {
			names = []stats.Metric{name}
		}
	case report.Before != nil:
		names = comparedMetrics
	default:
		names = slices.DeleteFunc(slices.Clone(stats.AllMetrics), func(name stats.Metric) bool {
			return !free && slices.Contains(freeMetrics, name)
		})
	}
	if len(in.GroupBy) == 0 && slices.Equal(names, []stats.Metric{stats.Share}) {
		names = []stats.Metric{stats.Calls, stats.Share}
	}
	out.Totals = measuresOf(names, report.Totals)
	if len(in.Metrics) > 0 {
		out.unknown = out.Totals.missing(names)
	}
	delete(out.Totals, string(stats.Share)) // of the totals it is 1
	if len(in.GroupBy) == 0 && len(in.Metrics) == 0 {
		names = slices.DeleteFunc(slices.Clone(names), func(name stats.Metric) bool {
			return slices.Contains(seldomMetrics, name) && out.Totals[string(name)].value == 0 && (report.Before == nil || report.Before.Totals.M[name].Value == 0)
		})
		out.Totals = measuresOf(names, report.Totals)
		delete(out.Totals, string(stats.Share))
		if report.BusyHour != nil && report.Before == nil {
			out.Totals[busyHour] = figure{value: float64(report.BusyHour.Hour)}
		}
	}
	b := report.Before
	if b == nil || b.Reason != "" {
		return
	}
	was := measuresOf(names, b.Totals)
	delete(was, string(stats.Share))
	c := &compared{With: in.Compare, Cut: !b.Until.IsZero(), Totals: was, Change: out.Totals.less(was)}
	c.Percent = c.Change.percentOf(was)
	if len(in.Metrics) > 0 {
		c.unknown = was.missing(names)
	}
	other := window{from: schema.Date(b.Days.From), to: schema.Date(b.Days.To), zone: t.zone}
	begins, ends := other.begins(), other.ends()
	if !b.Days.Until.IsZero() {
		ends = b.Days.Until.In(t.zone)
	}
	c.From, c.To, c.about = beginForm(begins, minuteForm), endForm(ends, minuteForm), ours(between(begins, ends))
	if c.Cut {
		c.until = ours(beginForm(b.Until.In(t.zone), nowForm))
	}
	out.Compare = c
	out.noteShort(in, report)
}

// noteShort says that paired weeks or months hold unequal numbers of days of their windows,
// as the first and the last ones do. It names the first such pair.
func (out *callStatsOutput) noteShort(in callStatsInput, report *stats.Report) {
	if len(in.GroupBy) != 1 || in.GroupBy[0] != stats.ByWeek && in.GroupBy[0] != stats.ByMonth {
		return
	}
	for i, held := range report.Before.HeldDays {
		if before := report.Before.Rows[i]; before.M != nil && held[0] != held[1] {
			out.note("Not alike: %s has %s of its window, and %s, with which it is paired, has %d.",
				ours(report.Rows[i].Values[0].Name), plural(held[0], "day", "days"), ours(before.Values[0].Name), held[1])
			return
		}
	}
}

// explain notes what to know before relying on the figures.
func (out *callStatsOutput) explain(q *question, in callStatsInput, asked asked, report *stats.Report) {
	if b := report.Before; b != nil && b.Reason != "" {
		out.note("Nothing is compared: %s.", ours(b.Reason))
	}
	if b := report.Before; b != nil && b.Reason == "" && len(b.Beyond) > 0 {
		out.note("The other window has %s that this one has not%s: in its totals, and paired with nothing.", plural(len(b.Beyond), "place", "places"), valuesOf(b.Beyond))
	}
	if !report.Complete && len(report.Rows) > 1 && report.Order != stats.ByValue {
		out.note("The order of rows is that of this part; the rest may change it.")
	}
	if report.Method == calls.ByCounts {
		out.note("Talkover counts calls, but not their durations, hours and contacts. Asked for in metrics alone, these are told of the newest calls.")
	}
	for _, name := range in.asked() {
		if why := report.Untold(name); why != "" {
			out.note("%s is not known: %s.", ours(name), ours(why))
		}
	}
	if report.Calls == 0 {
		out.note("%s", asked.loosen())
	}
}

// valuesOf lists what rows of one dimension are about.
func valuesOf(rows []stats.Row) ours {
	if len(rows[0].Values) != 1 {
		return ""
	}
	var names []ours
	for _, r := range rows[:min(len(rows), mostAlike)] {
		names = append(names, ours(r.Values[0].Name)) // days, weeks and months alone are beyond a window
	}
	return ours(" (" + joined(names) + ")")
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
