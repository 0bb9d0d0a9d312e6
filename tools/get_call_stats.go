package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

type callStatsInput struct {
	callFilters
	GroupBy          []stats.Dimension `json:"group_by,omitempty" jsonschema:"maxItems=2,enum=status,enum=direction,enum=agent,enum=day,enum=week,enum=month,enum=weekday,enum=hour,enum=contact,enum=line" jsonschema_description:"Up to two. contact is the other party's number, line is ours." alias:"group,groups,by,dimensions,breakdown,split_by,dimension"`
	Compare          string            `json:"compare,omitempty" jsonschema:"enum=previous_period" jsonschema_description:"Also the equal window just before date_from." alias:"compare_to,comparison,versus"`
	Timezone         schema.Zone       `json:"timezone,omitempty" jsonschema_description:"IANA zone of days, weekdays and hours." alias:"tz,zone,time_zone"`
	ExcludeTestCalls bool              `json:"exclude_test_calls,omitempty" jsonschema_description:"Leave test calls out." alias:"exclude_tests,no_tests,is_testing"`
}

// Validate implements [schema.Validator].
func (in *callStatsInput) Validate() []schema.Fault {
	faults := in.callFilters.Validate()
	if in.Compare != "" && in.DateFrom == "" {
		faults = append(faults, schema.Fault{Argument: "compare", Problem: "it needs date_from, before which the previous period ends"})
	}
	if len(in.GroupBy) == 2 && in.GroupBy[0] == in.GroupBy[1] {
		faults = append(faults, schema.Fault{Argument: "group_by", Problem: "it names one dimension twice; give each once"})
	}
	return faults
}

// coverage says which calls an answer rests on, and how far it may be relied on.
type coverage struct {
	Method    string `json:"method" jsonschema:"enum=scan,enum=counts,enum=sample"`
	Complete  bool   `json:"complete"`
	Matched   int    `json:"matched"`
	Scanned   int    `json:"scanned" jsonschema_description:"Calls that were read."`
	Requests  int    `json:"requests"`
	TestCalls *int   `json:"test_calls,omitempty"`
	Reason    string `json:"reason,omitempty" jsonschema_description:"Why it is not complete."`
}

func newCoverage(c stats.Coverage, requests int) coverage {
	return coverage{
		Method: string(c.Method), Complete: c.Complete, Matched: c.Matched,
		Scanned: c.Scanned, Requests: requests, Reason: c.Reason,
	}
}

func (c coverage) String() string {
	var s string
	switch {
	case c.Method == string(stats.Counts):
		s = fmt.Sprintf("Counted by Talkover: %s; figures marked ~ are estimates from %d calls", plural(c.Matched, "call matches", "calls match"), c.Scanned)
	case c.Method == string(stats.Sample):
		s = fmt.Sprintf("Estimated: %s; figures marked ~ are estimates from %d of them", plural(c.Matched, "call matches", "calls match"), c.Scanned)
	case c.Complete:
		s = fmt.Sprintf("Exact: %s and all were read", plural(c.Matched, "call matches", "calls match"))
	default:
		s = fmt.Sprintf("NOT COMPLETE: %s, %d read", plural(c.Matched, "call matches", "calls match"), c.Scanned)
	}
	if c.Reason != "" {
		s += ": " + c.Reason
	}
	return s
}

type statsWindow struct {
	DateFrom     string `json:"date_from,omitempty"`
	DateTo       string `json:"date_to,omitempty"`
	Timezone     string `json:"timezone"`
	PreviousFrom string `json:"previous_from,omitempty"`
	PreviousTo   string `json:"previous_to,omitempty"`
}

// measures are figures by name; an estimate has its 95 % interval beside it, as
// name_low and name_high.
type measures map[string]float64

type callStatsOutput struct {
	Coverage  coverage       `json:"coverage"`
	Window    statsWindow    `json:"window"`
	Filters   appliedFilters `json:"filters"`
	Totals    measures       `json:"totals" jsonschema_description:"Rates are fractions of 1."`
	Previous  measures       `json:"previous,omitempty"`
	Change    measures       `json:"change,omitempty" jsonschema_description:"totals less previous."`
	Estimated []string       `json:"estimated" jsonschema_description:"Figures that are estimates; name_low and name_high are a 95 % interval."`
	Columns   []string       `json:"columns"`
	Rows      []row          `json:"rows"`
	frame

	texts []row // rows as text shows them
	next  string
}

// getCallStats is the tool that counts and adds up over any number of calls.
func getCallStats() tool[callStatsInput, *callStatsOutput] {
	return tool[callStatsInput, *callStatsOutput]{
		name:  "get_call_stats",
		title: "Call statistics",
		description: "Counts calls and adds up answer rates, outcomes and talk time over all matching calls, also by one or two dimensions and against the period before. " +
			"The first line says what the numbers rest on. Use it for every \"how many\", share, rate, trend or busiest hour.",
		limit: longTime,
		run: func(ctx context.Context, c Config, in callStatsInput) (*callStatsOutput, error) {
			return c.callStats(ctx, in)
		},
	}
}

// mostRequests is how many requests a call may send. Sixty of a hundred a minute
// leave room for others; larger plans allow more, and where there is no limit,
// time is.
const (
	mostRequests = 200
	budgetShare  = 60 // of the plan's requests a minute, in per cent
	budgetTime   = 20 * time.Second
)

func (c Config) budget() int {
	allowed, limit := c.Client.Allowance(budgetTime)
	if limit == 0 {
		return mostRequests
	}
	return min(allowed, max(limit*budgetShare/100, 1), mostRequests)
}

func (c Config) callStats(ctx context.Context, in callStatsInput) (*callStatsOutput, error) {
	zone := c.Zone
	if in.Timezone != "" {
		zone, _ = time.LoadLocation(string(in.Timezone)) // it was checked
	}
	ctx, meter := talkover.WithMeter(ctx)
	question := stats.Question{
		Query: in.query(), By: in.GroupBy, Zone: zone, ExcludeTests: in.ExcludeTestCalls,
		Now: c.Now(), Budget: c.budget(),
		Progress: func(done, total int, what string) { progress(ctx, done, total, what) },
	}
	report, err := stats.Ask(ctx, c.Client, question)
	if err != nil {
		return nil, err
	}
	var before *stats.Report
	var shift int
	out := &callStatsOutput{
		Window:  statsWindow{DateFrom: string(in.DateFrom), DateTo: string(in.DateTo), Timezone: zone.String()},
		Columns: []string{}, Rows: []row{}, frame: c.frame(),
	}
	if in.Compare != "" {
		var previous stats.Question
		previous, shift = equalBefore(question, zone)
		previous.Budget = max(question.Budget-meter.Requests(), 2)
		spent := meter.Requests()
		previous.Progress = func(done, total int, what string) {
			progress(ctx, spent+done, spent+total, "previous period, "+what)
		}
		if before, err = stats.Ask(ctx, c.Client, previous); err != nil {
			return nil, err
		}
		out.Window.PreviousFrom, out.Window.PreviousTo = previous.Query.DateFrom, previous.Query.DateTo
		if out.Window.DateTo == "" {
			out.Window.DateTo = question.Query.DateTo
		}
	}
	out.Coverage = newCoverage(report.Coverage, meter.Requests())
	out.Coverage.TestCalls = report.Tests
	m := mask(c.MaskNumbers)
	asked := in.callFilters
	asked.Search, asked.AgentID = m.search(asked.Search), m.search(asked.AgentID)
	out.Filters = appliedFilters(asked)
	out.total(in, report, before)
	out.table(in, report, before, shift, m)
	out.explain(in, report, before, zone)
	out.next = in.behind(report, asked)
	out.fit()
	return out, nil
}

// equalBefore is the question of the equal window just before, and how many days
// that lies back. A window without an end ends today.
func equalBefore(q stats.Question, zone *time.Location) (stats.Question, int) {
	from, _ := time.Parse(time.DateOnly, q.Query.DateFrom) // it was checked
	to, err := time.Parse(time.DateOnly, q.Query.DateTo)
	if err != nil {
		to, _ = time.Parse(time.DateOnly, q.Now.In(zone).Format(time.DateOnly))
	}
	days := max(int(to.Sub(from).Hours()/24)+1, 1)
	q.Query.DateFrom = from.AddDate(0, 0, -days).Format(time.DateOnly)
	q.Query.DateTo = from.AddDate(0, 0, -1).Format(time.DateOnly)
	return q, days
}

// total puts the totals in.
func (out *callStatsOutput) total(in callStatsInput, report, before *stats.Report) {
	out.Totals, out.Estimated = measures{}, []string{}
	for _, name := range stats.Metrics {
		out.put(out.Totals, name, report.Totals.M[name])
	}
	delete(out.Totals, string(stats.Share)) // of the totals it is 1
	if k := report.Contacts; k != nil {
		out.Totals["contacts"] = float64(k.Contacts)
		out.Totals["repeat_contacts"] = float64(k.Repeat)
		out.Totals["peak_concurrent"] = float64(k.PeakConcurrent)
		out.Totals["short_calls"] = float64(*report.Short)
		// These filters hide the very calls that may have returned others.
		if in.Status == "" && in.Direction == "" && in.AgentID == "" && in.Search == "" {
			out.Totals["unreturned_missed"] = float64(k.UnreturnedMissed)
		} else {
			out.note("unreturned_missed is told only without filters other than dates, which would hide the calls that returned others.")
		}
	}
	if before == nil {
		return
	}
	out.Previous, out.Change = measures{}, measures{}
	for _, name := range stats.Metrics {
		was, is := before.Totals.M[name], report.Totals.M[name]
		out.put(out.Previous, name, was)
		if was.Known && is.Known {
			out.Change[string(name)] = round(name, round(name, is.Value)-round(name, was.Value))
		}
	}
	delete(out.Previous, string(stats.Share))
	delete(out.Change, string(stats.Share))
}

// put adds a measure, if it is known, with its interval.
func (out *callStatsOutput) put(into measures, name stats.Metric, m stats.Measure) {
	if !m.Known {
		return
	}
	into[string(name)] = round(name, m.Value)
	if m.Estimate {
		into[string(name)+"_low"], into[string(name)+"_high"] = round(name, m.Low), round(name, m.High)
		if !slices.Contains(out.Estimated, string(name)) {
			out.Estimated = append(out.Estimated, string(name))
		}
	}
}

// round gives a figure the digits that it is worth.
func round(name stats.Metric, v float64) float64 {
	scale := 1.0
	switch name {
	case stats.Share, stats.AnswerRate:
		scale = 10_000
	case stats.MeanSeconds:
		scale = 10
	}
	return math.Round(v*scale) / scale
}

// withInterval are the figures whose interval a row has beside them.
var withInterval = []stats.Metric{stats.Calls, stats.AnswerRate, stats.MeanSeconds}

// table puts the groups in: their places, then their figures.
func (out *callStatsOutput) table(in callStatsInput, report, before *stats.Report, shift int, m mask) {
	if len(in.GroupBy) == 0 {
		return
	}
	rows := report.Rows
	was := map[[2]string]stats.Row{}
	if before != nil {
		rows = slices.Clone(rows)
		have := map[[2]string]bool{}
		for _, r := range rows {
			have[placeOf(r)] = true
		}
		for _, r := range before.Rows {
			r = shifted(r, in.GroupBy, shift)
			was[placeOf(r)] = r
			if !have[placeOf(r)] { // a group that is no more
				rows = append(rows, stats.Row{Values: r.Values, M: map[stats.Metric]stats.Measure{stats.Calls: {Known: true}}})
			}
		}
	}
	estimated := map[stats.Metric]bool{}
	for _, r := range rows {
		for name, v := range r.M {
			estimated[name] = estimated[name] || v.Known && v.Estimate
		}
	}
	for _, d := range in.GroupBy {
		out.Columns = append(out.Columns, string(d))
		if d == stats.ByAgent {
			out.Columns = append(out.Columns, "agent_id")
		}
	}
	for _, name := range stats.Metrics {
		if report.Method != stats.Scan && (name == stats.MedianSeconds || name == stats.P95Seconds) {
			continue // a sample of pages says too little of them
		}
		out.Columns = append(out.Columns, string(name))
		if estimated[name] {
			if slices.Contains(withInterval, name) {
				out.Columns = append(out.Columns, string(name)+"_low", string(name)+"_high")
			}
			if !slices.Contains(out.Estimated, string(name)) {
				out.Estimated = append(out.Estimated, string(name))
			}
		}
	}
	if before != nil {
		out.Columns = append(out.Columns, "previous_calls", "calls_change", "answer_rate_change")
	}
	for _, r := range rows {
		values, texts := row{}, row{}
		for i, d := range in.GroupBy {
			name := r.Values[i].Name
			if d == stats.ByContact || d == stats.ByLine {
				name = m.number(name)
			} else {
				name = m.words(name)
			}
			values, texts = append(values, name), append(texts, name)
			if d == stats.ByAgent {
				values, texts = append(values, r.Values[i].Key), append(texts, r.Values[i].Key)
			}
		}
		add := func(name stats.Metric, v float64, known, estimate bool) {
			if !known {
				values, texts = append(values, ""), append(texts, "")
				return
			}
			values, texts = append(values, round(name, v)), append(texts, shown(name, v, estimate))
		}
		for _, column := range out.Columns[len(values):] {
			name, low := strings.CutSuffix(column, "_low")
			name, high := strings.CutSuffix(name, "_high")
			metric := stats.Metric(name)
			v := r.M[metric]
			then, known := was[placeOf(r)]
			switch {
			case low:
				add(metric, v.Low, v.Known && v.Estimate, false)
			case high:
				add(metric, v.High, v.Known && v.Estimate, false)
			case column == "previous_calls":
				add(stats.Calls, then.M[stats.Calls].Value, true, then.M[stats.Calls].Estimate)
			case column == "calls_change":
				add(stats.Calls, math.Round(v0(r, stats.Calls))-math.Round(v0(then, stats.Calls)), true, v.Estimate)
			case column == "answer_rate_change":
				a, b := r.M[stats.AnswerRate], then.M[stats.AnswerRate]
				add(stats.AnswerRate, round(stats.AnswerRate, a.Value)-round(stats.AnswerRate, b.Value), known && a.Known && b.Known, a.Estimate || b.Estimate)
			default:
				add(metric, v.Value, v.Known, v.Estimate)
			}
		}
		out.Rows, out.texts = append(out.Rows, values), append(out.texts, texts)
	}
}

func v0(r stats.Row, name stats.Metric) float64 { return r.M[name].Value }

// placeOf is the key of a row.
func placeOf(r stats.Row) (key [2]string) {
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

// shown writes a figure as text does: rates in per cent, estimates with a ~.
func shown(name stats.Metric, v float64, estimate bool) any {
	digits := 0
	switch name {
	case stats.Share, stats.AnswerRate:
		v, digits = 100*v, 1
	case stats.MeanSeconds:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimSuffix(s, ".0")
	}
	if estimate {
		return "~" + s
	}
	return figure(s)
}

// figure is a number in its text form; it is no formula, though it may begin
// with a minus.
type figure string

// explain notes what to know of the numbers.
func (out *callStatsOutput) explain(in callStatsInput, report, before *stats.Report, zone *time.Location) {
	switch {
	case in.ExcludeTestCalls:
		out.note("Test calls are left out of the figures, and are part of matched.")
	case report.Tests == nil:
		out.note("Test calls are part of all figures: Talkover cannot count them.")
	}
	if report.Method != stats.Scan {
		out.note("Intervals are 95 %%, from the differences between the pages of the sample (ratio estimator; Wilson score for shares).")
		if report.UTCDays && zone.String() != "UTC" && (in.DateFrom != "" || in.DateTo != "" || slices.ContainsFunc(in.GroupBy, func(d stats.Dimension) bool {
			return d.InOrder() && d != stats.ByHour
		})) {
			out.note("Days are UTC days here, not those of %s.", zone)
		}
	}
	if report.Method == stats.Sample && len(in.GroupBy) > 0 {
		out.note("Groups without a call in the sample are missing. Narrow the dates for exact groups.")
	}
	if before != nil && (!before.Complete || before.Method != report.Method) {
		out.note("The previous period: %s.", newCoverage(before.Coverage, 0))
	}
	if before != nil && out.Window.DateTo >= out.today(zone) {
		out.note("The current period is not over yet.")
	}
}

// today is the day of the answer, in a zone.
func (out *callStatsOutput) today(zone *time.Location) string {
	t, err := time.ParseInLocation(nowForm, out.Now, zone)
	if err != nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// behind says how to see the calls behind a number: those of the largest group
// where the API can filter for it.
func (in callStatsInput) behind(report *stats.Report, asked callFilters) string {
	if report.Matched == 0 {
		return asked.loosen()
	}
	tool := "list_calls"
	if len(report.Rows) > 0 {
		for i, d := range in.GroupBy {
			switch v := report.Rows[0].Values[i]; {
			case v.Key == "":
			case d == stats.ByStatus && slices.Contains(stats.Statuses, v.Key):
				asked.Status = v.Key
			case d == stats.ByDirection:
				asked.Direction = v.Key
			case d == stats.ByAgent:
				asked.AgentID = v.Key
			case d == stats.ByDay:
				asked.DateFrom, asked.DateTo = schema.Date(v.Key), schema.Date(v.Key)
			}
		}
	}
	args, _ := json.Marshal(asked)
	if len(report.Rows) > 0 {
		return fmt.Sprintf("Calls behind the first row: %s %s", tool, args)
	}
	return fmt.Sprintf("Calls behind these numbers: %s %s", tool, args)
}

// Bounds on the size of an answer.
const (
	mostGroups  = 50
	statsTokens = 1350
)

// fit cuts the table to what an answer may take, and adds up the rest: the first
// rows stay, or of days the last.
func (out *callStatsOutput) fit() {
	spent := max(tokens(out.head()), tokens(out.bare()))
	keep := 0
	latest := len(out.Columns) > 0 && (out.Columns[0] == string(stats.ByDay) || out.Columns[0] == string(stats.ByWeek))
	n := len(out.Rows)
	for keep < min(n, mostGroups) {
		i := keep
		if latest {
			i = n - 1 - keep
		}
		b, _ := json.Marshal(out.Rows[i])
		if spent += max(tokens(string(b)), tokens(strings.Join(out.texts[i].csv(), ",")+"\n")); spent > statsTokens {
			break
		}
		keep++
	}
	if keep == n {
		return
	}
	cut := out.Rows[keep:]
	if latest {
		cut = out.Rows[:n-keep]
		out.Rows, out.texts = out.Rows[n-keep:], out.texts[n-keep:]
	} else {
		out.Rows, out.texts = out.Rows[:keep], out.texts[:keep]
	}
	rest, restText := out.rest(cut)
	out.Rows, out.texts = append(slices.Clone(out.Rows), rest), append(slices.Clone(out.texts), restText)
	out.note("The row (rest) adds up %d more groups; filter or narrow the dates to see them.", len(cut))
}

// rest adds up the rows that were cut.
func (out *callStatsOutput) rest(cut []row) (values, texts row) {
	sum := map[string]float64{}
	for _, r := range cut {
		for i, column := range out.Columns {
			if v, ok := r[i].(float64); ok {
				sum[column] += v
			}
		}
	}
	final := sum["calls"] - sum["open"]
	for i, column := range out.Columns {
		switch name := stats.Metric(column); {
		case i == 0:
			values, texts = append(values, "(rest)"), append(texts, "(rest)")
		case slices.Contains([]string{"calls", "share", "answered", "no_answer", "busy", "failed", "open", "talk_seconds", "previous_calls", "calls_change"}, column):
			estimate := slices.Contains(out.Estimated, column)
			if column == "previous_calls" || column == "calls_change" {
				name = stats.Calls
			}
			values, texts = append(values, round(name, sum[column])), append(texts, shown(name, sum[column], estimate))
		case name == stats.MeanSeconds && sum["answered"] > 0:
			v := sum["talk_seconds"] / sum["answered"]
			values, texts = append(values, round(name, v)), append(texts, shown(name, v, slices.Contains(out.Estimated, column)))
		case name == stats.AnswerRate && final > 0:
			v := min(sum["answered"]/final, 1)
			values, texts = append(values, round(name, v)), append(texts, shown(name, v, slices.Contains(out.Estimated, column)))
		default:
			values, texts = append(values, ""), append(texts, "")
		}
	}
	return values, texts
}

// bare is the structure without its rows.
func (out *callStatsOutput) bare() string {
	o := *out
	o.Rows = []row{}
	b, _ := json.Marshal(o)
	return string(b)
}

func (out *callStatsOutput) size() int { return len(out.Rows) }

// head is the text without its table.
func (out *callStatsOutput) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s); %s", out.Coverage, callFilters(out.Filters), plural(out.Coverage.Requests, "request", "requests"))
	if out.Coverage.TestCalls != nil {
		fmt.Fprintf(&b, "; %s", plural(*out.Coverage.TestCalls, "test call", "test calls"))
	}
	fmt.Fprintf(&b, "; days and hours in %s; now %s.\n", out.Window.Timezone, out.Now)
	fmt.Fprintf(&b, "Totals: %s.\n", out.Totals.words(out.Estimated))
	if out.Previous != nil {
		fmt.Fprintf(&b, "Previous period (%s to %s): %s.\n", out.Window.PreviousFrom, out.Window.PreviousTo, out.Previous.words(out.Estimated))
		fmt.Fprintf(&b, "Change: %s.\n", out.Change.words(nil))
	}
	for _, note := range out.Notes {
		b.WriteString("Note: " + note + "\n")
	}
	return b.String()
}

func (out *callStatsOutput) text() string {
	var b strings.Builder
	b.WriteString(out.head())
	if len(out.texts) > 0 {
		writeCSV(&b, out.Columns, out.texts, false)
	}
	b.WriteString(out.next)
	return b.String()
}

// words says measures in the order of answers.
func (m measures) words(estimated []string) string {
	order := []string{}
	for _, name := range stats.Metrics {
		order = append(order, string(name))
	}
	order = append(order, "contacts", "repeat_contacts", "short_calls", "unreturned_missed", "peak_concurrent")
	var parts []string
	for _, name := range order {
		v, ok := m[name]
		if !ok {
			continue
		}
		s := fmt.Sprintf("%s %v", name, shown(stats.Metric(name), v, slices.Contains(estimated, name)))
		if name == string(stats.AnswerRate) {
			s += " %"
		}
		if low, ok := m[name+"_low"]; ok {
			s += fmt.Sprintf(" (%v to %v)", shown(stats.Metric(name), low, false), shown(stats.Metric(name), m[name+"_high"], false))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}
