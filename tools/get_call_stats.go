package tools

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

type callStatsInput struct {
	filters
	GroupBy []stats.Dimension `json:"group_by,omitempty" jsonschema:"maxItems=2,enum=status,enum=direction,enum=agent,enum=day,enum=week,enum=month,enum=weekday,enum=hour,enum=contact,enum=line" jsonschema_description:"Up to two; line is our number. Two of time make a matrix of one metric." alias:"group,groups,by,dimensions,breakdown,split_by,dimension"`
	Compare stats.Compare     `json:"compare,omitempty" jsonschema:"enum=previous_period,enum=week_before,enum=month_before,enum=year_before" jsonschema_description:"Another window to compare with, cut alike where this one is not over." alias:"compare_to,comparison,versus"`
	Top     int               `json:"top,omitempty" jsonschema:"minimum=1,maximum=50" jsonschema_description:"Rows to show, those of most calls first." alias:"limit,n,count,max_results,per_page"`
	Order   rowOrder          `json:"order,omitempty" jsonschema_description:"Of rows: value, or a metric, largest first. Time goes by value, else calls." alias:"sort,order_by,sort_by"`
	Metrics []metric          `json:"metrics,omitempty" jsonschema_description:"Figures to show, in place of the usual ones." takes:"metric" alias:"columns,figures,measures,fields"`
}

// metric is one of stats.AllMetrics.
type metric string

// JSONSchema implements the hook of invopop/jsonschema.
func (metric) JSONSchema() *jsonschema.Schema { return oneOf(stats.AllMetrics) }

// rowOrder is a stats.RowOrder. Its schema does not list the metrics once more.
type rowOrder string

// JSONSchema implements the hook of invopop/jsonschema.
func (rowOrder) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Check implements [schema.Checker].
func (o rowOrder) Check(string) error {
	if o == rowOrder(stats.ByValue) || slices.Contains(stats.AllMetrics, stats.Metric(o)) {
		return nil
	}
	return fmt.Errorf("it is none of value, %s", joined(stats.AllMetrics))
}

// Validate implements [schema.Validator].
func (in *callStatsInput) Validate() []schema.Fault {
	faults := in.filters.Validate()
	if in.Compare != "" && in.DateFrom == "" && in.Period == "" {
		faults = append(faults, schema.Fault{Argument: "compare", Problem: "it needs period or date_from, or there is nothing before"})
	}
	if len(in.GroupBy) == 2 && in.GroupBy[0] == in.GroupBy[1] {
		faults = append(faults, schema.Fault{Argument: "group_by", Problem: "it names one dimension twice; give each once"})
	}
	return faults
}

// order returns how rows are sorted. Where some rows alone are to be shown, those of most calls
// are meant, also of days and hours.
func (in callStatsInput) order() stats.RowOrder {
	if in.Order == "" && in.Top > 0 {
		return stats.ByCalls
	}
	return stats.RowOrder(in.Order)
}

// asked returns the metrics that were asked for, in the order of answers; none for the usual
// ones.
func (in callStatsInput) asked() (names []stats.Metric) {
	for _, name := range stats.AllMetrics {
		if slices.Contains(in.Metrics, metric(name)) {
			names = append(names, name)
		}
	}
	return names
}

// freeMetrics cost no request more where a question is about all calls of a window that goes
// on to now: what became of its missed calls is in it.
var freeMetrics = []stats.Metric{stats.Unreturned, stats.NeverCalledBack, stats.NotReached, stats.WithheldMissed}

// seldomMetrics are not told where they are 0, unless they are asked for.
var seldomMetrics = []stats.Metric{stats.OtherStatus, stats.Withheld, stats.WithheldMissed}

// wanted returns the metrics to ask for. Those that are told without being asked for hang on
// the question alone, never on what is cached, so that its answer keeps its shape.
func (in callStatsInput) wanted(a asked, now time.Time) []stats.Metric {
	all := filters{DateFrom: a.DateFrom, DateTo: a.DateTo, TestCalls: a.TestCalls, Timezone: a.Timezone}
	if len(in.Metrics) > 0 || len(in.GroupBy) > 0 || in.Compare != "" || !reflect.DeepEqual(a.filters, all) || a.to != "" && !a.ends().After(now) {
		return in.asked()
	}
	return freeMetrics
}

type callStatsOutput struct {
	Coverage  coverage      `json:"coverage"`
	Window    statsWindow   `json:"window"`
	Filters   echo[filters] `json:"filters"`
	TestCalls *int          `json:"test_calls,omitempty"`
	Totals    measures      `json:"totals" jsonschema_description:"Rates are fractions of 1; what is not known is missing."`
	Compare   *compared     `json:"compare,omitempty"`
	Order     ours          `json:"order,omitempty"`
	table
	Matrix *matrix `json:"matrix,omitempty"`
	Legend ours    `json:"legend,omitempty"`
	Next   *step   `json:"next,omitempty" jsonschema_description:"Finds the calls of the first row, or of all."`
	frame

	unknown ours // totals that were asked for and cannot be told
}

// compared holds what was in the other window, and what has changed since.
type compared struct {
	With    stats.Compare `json:"with"`
	From    string        `json:"from"`
	To      string        `json:"to"`
	Cut     bool          `json:"cut" jsonschema_description:"The window is not over; both end at the same point."`
	Totals  measures      `json:"totals"`
	Change  measures      `json:"change"`
	Percent measures      `json:"percent"`

	about   ours
	until   ours // of the window that was asked for, where it is cut
	unknown ours // like that of callStatsOutput
}

// step is a call of a tool to go on with.
type step struct {
	Tool      ours          `json:"tool"`
	Arguments echo[filters] `json:"arguments"`

	rows bool // it is about the first row alone
}

// Measured tells metrics how exact the answer is; see coverage.
func (out *callStatsOutput) Measured() (exactness string, cached, read, counted int) {
	return out.Coverage.measured()
}

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
		Filter: asked.filter(), By: in.GroupBy, Metrics: in.wanted(asked, q.now), Order: in.order(), Compare: in.Compare,
		Now: q.clock, Account: q.kept,
		Progress: func(done, total int, what string) { progress(ctx, done, total, what) },
	}
	if slices.Contains(in.GroupBy, stats.ByAgent) {
		// Without the list there are no rows of agents without a call, and labels are told
		// apart as far as calls name them.
		agents, _ := q.readAgents(ctx)
		wanted.Agents = agentsOf(agents.Rows)
	}
	report, err := stats.Ask(ctx, q.client, wanted)
	if err != nil {
		return nil, err
	}
	out := &callStatsOutput{
		Coverage: newCoverage(q, report.Coverage, asked.window, meter.Requests()),
		Window:   asked.shown(), Filters: echo[filters]{asked.filters}, TestCalls: report.Tests,
		table: table{Columns: []string{}, Rows: []row{}}, frame: q.frame(),
	}
	t := q.newGroups(in, report)
	out.total(in, wanted.Metrics, t, report)
	q.noteLines(ctx, &out.frame, in.Search)
	out.explain(q, in, asked, report)
	out.behind(asked.filters, t)
	out.fit(in, t)
	return out, nil
}

// total fills in the totals, and those of the other window: of the metrics that the table
// shows, or that were asked for, or all.
func (out *callStatsOutput) total(in callStatsInput, wanted []stats.Metric, t *groups, report *stats.Report) {
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
			return slices.Contains(freeMetrics, name) && !slices.Contains(wanted, name)
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
	if p := report.Read; p != nil {
		out.note("Talkover counts calls, but not their durations, hours and contacts. Of the %s that were read (%s): %s.",
			plural(p.Calls, "call", "calls"), ours(between(inZone(p.From, q.zone), inZone(p.To, q.zone))), ours(measuresOf(partMetrics, p.Totals).words("")))
	}
	for _, name := range in.asked() {
		if why, ok := report.Untold[name]; ok && !report.Totals.M[name].Known {
			out.note("%s is not known: %s.", ours(name), ours(why))
		}
	}
	if report.Calls == 0 {
		out.note("%s", asked.loosen())
	}
}

// partMetrics are told of the part that was read, where the rest was counted.
var partMetrics = []stats.Metric{
	stats.TalkSeconds, stats.MeanSeconds, stats.MedianSeconds, stats.P95Seconds, stats.ShortCalls, stats.Contacts, stats.Repeat,
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

// head writes the text above the table.
func (out *callStatsOutput) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)", out.Coverage, out.Filters.Args)
	if n := out.TestCalls; n != nil && *n > 0 {
		switch stats.TestCalls(out.Filters.Args.TestCalls) {
		case stats.ExcludeTests:
			fmt.Fprintf(&b, "; %s left out", plural(*n, "test call", "test calls"))
		case stats.IncludeTests, "":
			fmt.Fprintf(&b, "; %d of them test calls", *n)
		}
	}
	if out.Order != "" {
		fmt.Fprintf(&b, "; rows by %s", out.Order)
	}
	fmt.Fprintf(&b, "; %s; now %s.\n", plural(out.Coverage.Requests, "request", "requests"), out.Now)
	if totals := out.Totals.words(out.unknown); totals != "" {
		fmt.Fprintf(&b, "Totals: %s.\n", totals)
	}
	if c := out.Compare; c != nil {
		cut := ""
		if c.Cut {
			cut = "; cut at the same point, since this window is compared until " + string(c.until)
		}
		fmt.Fprintf(&b, "Before (%s, %s%s): %s.\n", c.With, c.about, cut, cmp.Or(c.Totals.words(c.unknown), "nothing is known"))
		if change := c.Change.changes(c.Percent); change != "" {
			fmt.Fprintf(&b, "Change: %s.\n", change)
		}
	}
	out.writeNotes(&b)
	return b.String()
}

func (out *callStatsOutput) text() string {
	var b strings.Builder
	b.WriteString(out.head())
	if m := out.Matrix; m != nil {
		fmt.Fprintf(&b, "Matrix of %s, %s by %s:\n", m.Metric, m.Rows, m.Columns)
	}
	out.write(&b, false)
	if legend := out.legend(); legend != "" {
		b.WriteString(legend + "\n")
	}
	switch {
	case out.Next == nil:
	case out.Next.rows:
		fmt.Fprintf(&b, "Calls of the first row: %s %s", out.Next.Tool, out.Next.Arguments.json())
	default:
		fmt.Fprintf(&b, "These calls: %s %s", out.Next.Tool, out.Next.Arguments.json())
	}
	return b.String()
}

// legend returns the line under the table, with the unit of what text shows otherwise than the
// structure does.
func (out *callStatsOutput) legend() string {
	shown := out.Totals.names()
	for _, c := range out.Columns {
		shown = append(shown, stats.Metric(c))
	}
	if out.Matrix != nil {
		shown = append(shown, out.Matrix.Metric)
	}
	parts := []string{string(out.Legend)}
	if slices.ContainsFunc(shown, isRate) {
		parts = append(parts, "shares and rates in %")
	}
	return strings.TrimPrefix(strings.Join(parts, "; "), "; ")
}
