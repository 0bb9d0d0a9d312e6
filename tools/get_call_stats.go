package tools

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// getCallStats is the tool that counts and adds up over any number of calls.
var getCallStats = tool[callStatsInput, *callStatsOutput]{
	name:  "get_call_stats",
	chart: true,
	title: "Call statistics",
	description: "Counts calls and adds up rates, outcomes, talk time and contacts over all calls that fit, " +
		"also by one or two dimensions and against another window. " +
		"The first line says what the figures are exact about. Use it for every \"how many\", share, rate, " +
		"trend, ranking or busiest hour.",
	limit: longTime,
	run:   answerCallStats,
}

func answerCallStats(ctx context.Context, q *query.Question, in callStatsInput) (*callStatsOutput, error) {
	if slices.Contains(in.GroupBy, stats.ByShift) && q.Business.IsZero() {
		return nil, schema.Faults{query.NoBusinessHours("group_by")}
	}
	ctx, meter := talkover.WithMeter(ctx)
	narrowed, err := q.Narrow(ctx, in.Filters)
	if err != nil {
		return nil, err
	}
	out, report, err := statsOf(ctx, q, meter, narrowed, in, in.GroupBy)
	for folded := in; err == nil && folded.fold(out, report, in.GroupBy); {
		// Where there is no request left, the answer is that of so many days as it has room for.
		coarse, over, failed := statsOf(ctx, q, meter, narrowed, folded, in.GroupBy)
		if failed != nil {
			break
		}
		out, report = coarse, over
	}
	return out, err
}

// coarser tells what a long time is grouped by where an answer has no room for a row for each
// day or week.
var coarser = map[stats.Dimension]stats.Dimension{stats.ByDay: stats.ByWeek, stats.ByWeek: stats.ByMonth}

// longSpan is how many days or weeks are a long time: no month has more days.
const longSpan = 31

// fold groups by weeks in place of days, or by months in place of weeks, where out leaves out
// rows of a long time, all of which is known. by is what was asked for. It reports whether it did.
func (in *callStatsInput) fold(out *callStatsOutput, report *stats.Report, by []stats.Dimension) bool {
	if out.Others == 0 || out.Matrix != nil || !report.Complete || report.Method == calls.ByCounts ||
		in.costed() || in.Top > 0 || in.Order != "" {
		return false
	}
	for i, d := range in.GroupBy {
		times := map[string]bool{}
		for _, r := range report.Rows {
			times[r.Values[i].Key] = true
		}
		if coarser[d] != "" && !slices.Contains(in.GroupBy, coarser[d]) && (len(times) > longSpan || d != by[i]) {
			in.GroupBy = slices.Clone(in.GroupBy)
			in.GroupBy[i] = coarser[d]
			return true
		}
	}
	return false
}

// statsOf answers a question. by is what it was asked to be grouped by.
func statsOf(ctx context.Context, q *query.Question, meter *talkover.Meter, narrowed query.Narrowed, in callStatsInput,
	by []stats.Dimension) (*callStatsOutput, *stats.Report, error) {
	wanted := stats.Question{
		Filter: narrowed.Filter(), By: in.GroupBy, Business: q.Business, Metrics: in.chosen(), Order: in.order(),
		MinCalls: in.MinCalls, Compare: in.with(), Hidden: q.Masked,
		Now:      q.Clock,
		Progress: progress(ctx),
	}
	if slices.Contains(in.GroupBy, stats.ByAgent) {
		// Without the list there are no rows of agents without a call, and labels are told
		// apart as far as calls name them.
		agents, _ := q.ReadAgents(ctx)
		wanted.Agents = answer.AgentsOf(agents.Rows)
	}
	held := &sameCalls{Log: q.Calls}
	report, err := stats.Ask(ctx, held, wanted)
	if err != nil {
		return nil, nil, err
	}
	out := &callStatsOutput{
		Coverage: answer.NewCoverage(report.Coverage, narrowed.Window, q.Now, meter.Requests()),
		Window:   narrowed.Shown(), Filters: answer.Arguments[query.Filters]{Args: narrowed.Filters},
		TestCalls: report.Tests,
		Table:     answer.Table{Columns: []string{}, Rows: []answer.Row{}}, Frame: q.Frame(),
	}
	t := newGroups(q, in, report)
	out.total(in, t, in.totalled(t, in.followsAll(narrowed, q.Now)))
	out.explain(q, in, narrowed, report)
	for i, d := range by {
		if d != in.GroupBy[i] {
			out.Note("By %s in place of %s: an answer has no room for each %[2]s of so long a time.", in.GroupBy[i], d)
		}
	}
	out.behind(narrowed.Filters, t)
	if in.costed() {
		if err := out.estimate(ctx, q, held, in, narrowed); err != nil {
			return nil, nil, err
		}
		out.Coverage.Requests = meter.Requests()
	}
	out.fit(in, t)
	return out, report, nil
}

// followsAll reports whether what became of missed calls costs no request more, since the question
// is about all calls of a window that goes on to now. Then it is told without being asked for.
// That hangs on the question alone, never on what is kept, so that its answer keeps its shape.
func (in callStatsInput) followsAll(a query.Narrowed, now time.Time) bool {
	all := query.Filters{DateFrom: a.DateFrom, DateTo: a.DateTo, Tests: a.Tests, Timezone: a.Timezone}
	return len(in.Metrics)+len(in.GroupBy) == 0 && in.Compare == "" && reflect.DeepEqual(a.Filters, all) &&
		(a.To == "" || a.Ends().After(now))
}

// totalled returns the metrics of the totals: those that the table shows or that were asked for, or
// all, but for those that are seldom anything but 0.
func (in callStatsInput) totalled(t *groups, follows bool) []stats.Metric {
	name, isMatrix := in.matrixOf()
	switch {
	case isMatrix:
		return []stats.Metric{name}
	case len(in.GroupBy) > 0:
		return t.metrics
	case slices.Equal(in.Metrics, []metric{metric(stats.Share)}):
		return []stats.Metric{stats.Calls}
	case len(in.Metrics) > 0:
		return in.chosen()
	}
	names := slices.Clone(stats.AllMetrics)
	if t.report.Before != nil {
		names = stats.In(stats.InComparisons)
		if t.report.Before.IsUnlike() {
			names = append(names, stats.PerDay)
		}
	}
	return slices.DeleteFunc(names, func(name stats.Metric) bool {
		none := t.report.Totals.M[name].Value == 0 &&
			(t.report.Before == nil || t.report.Before.Totals.M[name].Value == 0)
		return name.Is(stats.OnRequest) || name.Follows() && !follows || name.Is(stats.SeldomInTotal) && none
	})
}

// total fills in the totals, and those of the other window.
func (out *callStatsOutput) total(in callStatsInput, t *groups, names []stats.Metric) {
	report, chosen := t.report, len(in.Metrics) > 0
	out.Totals = answer.MeasuresOf(names, report.Totals)
	if chosen {
		out.unknown = out.Totals.Missing(names)
	}
	if _, ok := out.Totals[stats.PeakConcurrent]; ok && !report.PeakAt.IsZero() {
		at := report.PeakAt.In(t.zone)
		out.PeakAt = &at
	}
	b := report.Before
	if b == nil && report.BusyHour != nil && !chosen && len(in.GroupBy) == 0 {
		out.Totals[answer.BusyHour] = answer.Figure{Value: float64(report.BusyHour.Hour)}
	}
	if b == nil || b.Reason != "" {
		return
	}
	c := &compared{
		With: in.Compare, Cut: !b.Until.IsZero(),
		until:  answer.SafeText(answer.BeginForm(b.Until.In(t.zone), answer.NowForm)),
		Totals: answer.MeasuresOf(names, b.Totals),
	}
	c.Change, c.Percent = out.Totals.ChangedFrom(c.Totals)
	if b.IsUnlike() {
		maps.DeleteFunc(c.Percent, func(name stats.Metric, _ answer.Figure) bool { return name.Unit() == stats.Whole })
		out.Note("Not alike: this window has %s, and the other one %d; rates and figures a day (per_day) can be "+
			"compared.",
			answer.Plural(b.Lengths[0], "day", "days"), b.Lengths[1])
	}
	if chosen {
		c.unknown = c.Totals.Missing(names)
	}
	other := answer.Window{From: schema.Date(b.Days.From), To: schema.Date(b.Days.To), Zone: t.zone}
	begins, ends := other.Begins(), other.Ends()
	if !b.Days.Until.IsZero() {
		ends = b.Days.Until.In(t.zone)
	}
	span := answer.NewSpan(begins, ends)
	c.From, c.To = span.From, span.To
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
			out.Note("Not alike: %s has %s of its window, and %s, with which it is paired, has %d.",
				report.Rows[i].Values[0].Name, answer.Plural(held[0], "day", "days"), before.Values[0].Name, held[1])
			return
		}
	}
}

// explain notes what to know before relying on the figures.
func (out *callStatsOutput) explain(q *query.Question, in callStatsInput, narrowed query.Narrowed,
	report *stats.Report) {
	if b := report.Before; b != nil && b.Reason != "" {
		out.Note("Nothing is compared: %s.", answer.SafeText(b.Reason))
	}
	if b := report.Before; b != nil && b.Reason == "" && len(b.Beyond) > 0 {
		out.Note("The other window has %s that this one has not%s: in its totals, and paired with nothing.",
			answer.Plural(len(b.Beyond), "place", "places"), valuesOf(b.Beyond))
	}
	if !report.Complete && len(report.Rows) > 1 && report.Order != stats.ByValue {
		out.Note("The order of rows is that of this part; the rest may change it.")
	}
	if !report.Complete && !report.From.IsZero() {
		out.notePart(in.GroupBy, report.From.In(q.Zone))
	}
	if report.Method == calls.ByCounts {
		out.Note("Talkover counts calls, but not their durations, hours and contacts. Asked for in metrics alone, " +
			"these are told of the newest calls.")
	}
	for _, name := range in.chosen() {
		if why := report.Untold(name); why != "" {
			out.Note("%s is not known: %s.", name, answer.SafeText(why))
		}
	}
	if report.Calls == 0 {
		out.Note("%s", narrowed.Loosen(q.Now))
	}
}

// valuesOf lists what rows of one dimension are about.
func valuesOf(rows []stats.Row) answer.SafeText {
	if len(rows[0].Values) != 1 {
		return ""
	}
	var names []string
	for _, r := range rows[:min(len(rows), query.MostAlike)] {
		names = append(names, r.Values[0].Name) // days, weeks and months alone are beyond a window
	}
	return answer.SafeText(" (" + answer.Joined(names) + ")")
}

// fit puts in as many groups as an answer may take, or a matrix.
func (out *callStatsOutput) fit(in callStatsInput, t *groups) {
	if len(t.by) == 0 {
		if t.chosen && len(t.metrics) == 1 {
			out.behindMetric(t.metrics[0])
		}
		var more []string
		if _, ok := out.Totals[answer.BusyHour]; ok {
			more = append(more, "busy_hour: of the day, with most calls")
		}
		out.Legend = answer.SafeText(stats.Legend(out.Totals.Names(), more...))
		return
	}
	out.Order = orderWords(t.by, t.report.Order)
	out.rank(in, t)
	if name, ok := in.matrixOf(); ok {
		out.layMatrix(t, name)
		return
	}
	var more []string
	if out.Compare != nil {
		more = append(more, "_before and _change: against the window before")
	}
	if slices.Contains(t.by, stats.ByShift) {
		more = append(more, "business: "+t.business.String())
	}
	out.Legend = answer.SafeText(stats.Legend(t.metrics, more...))
	most := cmp.Or(in.Top, mostGroups)
	switch {
	case in.MinCalls != nil:
		most = min(most, t.report.Ranked)
	case in.Order != "": // no row that ranks by what nobody knows
		most = min(most, t.report.Told)
	}
	first, rest := out.lay(t, most)
	if rest.rest {
		out.Others = len(t.report.Rows) - out.Size() + 1
		out.Note("%d of %s; the others together, (rest): %s.", out.Size()-1, severalOf(t.by, len(t.report.Rows)),
			answer.Plural(int(rest.M[stats.Calls].Value), "call", "calls"))
	}
	if len(t.report.Rows) > 0 && most > 0 {
		out.behindFirst(t, t.by, t.report.Rows[first].Values)
	}
}

// rank says which rows rank, where that is not all of them.
func (out *callStatsOutput) rank(in callStatsInput, t *groups) {
	r := t.report
	if order := in.order(); order != "" && order != r.Order {
		out.Note("Rows are not by %s, which none of them tells.", order)
	}
	if r.MinCalls > 0 && r.Order != stats.ByValue {
		out.Ranked = &r.Ranked
		switch {
		case r.Ranked == len(r.Rows):
		case in.MinCalls != nil:
			out.Note("%d of %s have %d calls or more (min_calls).", r.Ranked, severalOf(t.by, len(r.Rows)), r.MinCalls)
		default:
			out.Note("%d of %s have %d calls or more and rank; the others follow (min_calls).", r.Ranked,
				severalOf(t.by, len(r.Rows)), r.MinCalls)
		}
	}
}

// notePart says which day, week or month is here from a moment within it on, since those before are not
// read yet.
func (out *callStatsOutput) notePart(by []stats.Dimension, from time.Time) {
	for _, d := range by {
		if !ofCalendar(d) {
			continue
		}
		if v := d.Of(from); v == d.Of(from.Add(-time.Second)) { // else it begins with that moment
			out.Note("The %s %s is a part here: its calls from %s on.", d, v.Name, answer.BeginForm(from, answer.NowForm))
		}
	}
}

// severalOf counts the groups of dimensions, of which there are several.
func severalOf(by []stats.Dimension, n int) answer.SafeText {
	several := answer.SafeText(by[0] + "s")
	switch {
	case len(by) == 2:
		several = answer.SafeText("pairs of " + by[0] + " and " + by[1])
	case by[0] == stats.ByStatus:
		several = "statuses"
	case by[0] == stats.ByCountry:
		several = "countries"
	}
	return answer.Plural(n, several, several)
}

// orderWords says how rows are sorted.
func orderWords(by []stats.Dimension, order stats.RowOrder) string {
	if metric, smallest := strings.CutSuffix(string(order), stats.Ascending); smallest {
		return metric + ", smallest first"
	}
	if order != stats.ByValue {
		return string(order) + ", largest first"
	}
	return answer.JoinedBy(by, " and ")
}
