package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
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

// zone returns the zone that was asked for, or nil.
func (in callStatsInput) zone() *time.Location { return in.Timezone.Location() }

type callStatsOutput struct {
	Coverage coverage          `json:"coverage"`
	Window   statsWindow       `json:"window"`
	Filters  echo[callFilters] `json:"filters"`
	Totals   measures          `json:"totals" jsonschema_description:"Rates are fractions of 1."`
	Previous measures          `json:"previous,omitempty"`
	Change   measures          `json:"change,omitempty" jsonschema_description:"totals less previous."`
	table
	Next ours `json:"next" jsonschema_description:"How to see the calls behind the numbers."`
	frame
}

// Measured tells metrics how exact the answer is; see coverage.
func (out *callStatsOutput) Measured() (exactness string, cached, read, counted int) {
	return out.Coverage.measured()
}

// total fills in the totals, and those of the period before.
func (out *callStatsOutput) total(in callStatsInput, report, before *stats.Report) {
	out.Totals = measures{}
	for _, name := range stats.Metrics {
		out.put(out.Totals, name, report.Totals.M[name])
	}
	delete(out.Totals, string(stats.Share)) // of the totals it is 1
	if k := report.Contacts; k != nil {
		out.Totals[contactsMeasure] = float64(k.Contacts)
		out.Totals[repeatMeasure] = float64(k.Repeat)
		out.Totals[peakMeasure] = float64(k.PeakConcurrent)
		out.Totals[shortMeasure] = float64(*report.Short)
		if m := report.Totals.M[stats.Unreturned]; m.Known {
			out.Totals[unreturnedMeasure] = m.Value
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

// put adds a measure, if it is known.
func (out *callStatsOutput) put(into measures, name stats.Metric, m stats.Measure) {
	if m.Known {
		into[string(name)] = round(name, m.Value)
	}
}

// getCallStats makes the tool that counts and adds up over any number of calls.
func getCallStats() tool[callStatsInput, *callStatsOutput] {
	return tool[callStatsInput, *callStatsOutput]{
		name:  "get_call_stats",
		title: "Call statistics",
		description: "Counts calls and adds up answer rates, outcomes and talk time over all matching calls, also by one or two dimensions and against the period before. " +
			"The first line says what the numbers rest on. Use it for every \"how many\", share, rate, trend or busiest hour.",
		limit: longTime,
		run:   answerCallStats,
	}
}

func answerCallStats(ctx context.Context, q *question, in callStatsInput) (*callStatsOutput, error) {
	ctx, meter := talkover.WithMeter(ctx)
	asked := stats.Question{
		Query: in.query(), By: in.GroupBy, Zone: q.zone, ExcludeTests: in.ExcludeTestCalls, Now: q.clock, Account: q.kept,
		Progress: func(done, total int, what string) { progress(ctx, done, total, what) },
	}
	if in.Compare != "" {
		left, _ := q.client.Allowance(0)
		asked.Reserve = left / 3 // for the period before
	}
	report, err := stats.Ask(ctx, q.client, asked)
	if err != nil {
		return nil, err
	}
	out := &callStatsOutput{
		Window:  statsWindow{DateFrom: string(in.DateFrom), DateTo: string(in.DateTo), Timezone: q.zone.String()},
		Filters: echo[callFilters]{in.callFilters}, table: table{Columns: []string{}, Rows: []row{}}, frame: q.frame(),
	}
	var before *stats.Report
	var shift int
	if in.Compare != "" {
		if before, shift, err = out.askBefore(ctx, q, asked, report, meter); err != nil {
			return nil, err
		}
	}
	out.Coverage = newCoverage(q, report.Coverage, in.DateFrom, in.DateTo, meter.Requests())
	out.Coverage.TestCalls = report.Tests
	out.total(in, report, before)
	out.explain(q, in, report, before)
	if report.Calls == 0 {
		q.noteAgent(ctx, &out.frame, string(in.AgentID))
	}
	out.Next = in.behind(q, report)
	out.fit(newGroups(in.GroupBy, report, before, shift))
	return out, nil
}

// askBefore asks for the equal window just before, which lies shift days back. Its report
// is nil where one of the two is not whole: parts of periods are never compared.
func (out *callStatsOutput) askBefore(ctx context.Context, q *question, asked stats.Question, report *stats.Report, meter *talkover.Meter) (*stats.Report, int, error) {
	previous, shift := equalBefore(asked, q.now)
	previous.Reserve = 0
	spent := meter.Requests()
	previous.Progress = func(done, total int, what string) {
		progress(ctx, spent+done, spent+total, "previous period, "+what)
	}
	out.Window.PreviousFrom, out.Window.PreviousTo = previous.Query.DateFrom, previous.Query.DateTo
	before, err := stats.Ask(ctx, q.client, previous)
	var limited *talkover.Error
	switch {
	case errors.As(err, &limited) && limited.Reason == talkover.RateLimited:
		out.note("The previous period could not be read: the plan's requests are used up. Ask again in %d s to compare.", int(limited.Wait.Seconds())+1)
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	case !report.Whole || !before.Whole || !before.Exact:
		of := newCoverage(q, before.Coverage, schema.Date(previous.Query.DateFrom), schema.Date(previous.Query.DateTo), 0)
		out.note("The periods are not compared, for parts of them would be. The previous period: %s.", ours(of.String()))
		return nil, 0, nil
	}
	return before, shift, nil
}

// equalBefore returns the question of the equal window just before, and by how many days
// that is earlier. A window without an end ends today.
func equalBefore(q stats.Question, now time.Time) (stats.Question, int) {
	from, to := schema.Date(q.Query.DateFrom).Time(), schema.Date(q.Query.DateTo).Time()
	if to.IsZero() {
		to = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	}
	days := max(int(to.Sub(from).Hours()/24)+1, 1)
	q.Query.DateFrom = from.AddDate(0, 0, -days).Format(time.DateOnly)
	q.Query.DateTo = from.AddDate(0, 0, -1).Format(time.DateOnly)
	return q, days
}

// behind says how to see the calls behind the numbers: those of the largest group, as
// far as the API can filter for it.
func (in callStatsInput) behind(q *question, report *stats.Report) ours {
	f := in.callFilters
	if report.Calls == 0 {
		return f.loosen()
	}
	if len(report.Rows) == 0 {
		return say(q.masked, "Calls behind these numbers: list_calls %s", written{f})
	}
	for i, d := range in.GroupBy {
		switch v := report.Rows[0].Values[i]; {
		case v.Key == "":
		case d == stats.ByStatus && slices.Contains(talkover.Statuses, v.Key):
			f.Status = callStatus(v.Key)
		case d == stats.ByDirection:
			f.Direction = direction(v.Key)
		case d == stats.ByAgent:
			f.AgentID = needle(v.Key)
		case d == stats.ByDay:
			f.DateFrom, f.DateTo = schema.Date(v.Key), schema.Date(v.Key)
		}
	}
	return say(q.masked, "Calls behind the first row: list_calls %s", written{f})
}

// explain notes what to know before relying on the numbers.
func (out *callStatsOutput) explain(q *question, in callStatsInput, report, before *stats.Report) {
	switch {
	case in.ExcludeTestCalls:
		out.note("Test calls are left out of the figures, and are part of coverage.calls.")
	case report.Tests == nil:
		out.note("Test calls are part of all figures: Talkover cannot count them.")
	}
	switch {
	case report.Read != nil:
		out.note("Talkover counts calls, but not their durations and contacts. Those are of %s alone: %s.", partOf(q, report.Read), partMeasures(report.Read))
	case report.Method == scan.Counts:
		out.note("Talkover counts calls, but not their durations, hours and contacts: ask for fewer days, or again in some minutes, for those.")
	}
	if before != nil && (in.DateTo == "" || string(in.DateTo) >= q.now.Format(time.DateOnly)) {
		out.note("The current period is not over yet.")
	}
}

// partOf names the calls of a part of the window.
func partOf(q *question, p *stats.ReadPart) ours {
	c := newCoverage(q, scan.Coverage{From: p.From, To: p.To, Calls: p.Calls}, "", "", 0)
	return "the " + plural(c.Calls, "call", "calls") + ours(c.about())
}

// partMeasures writes what is known of a part of the window alone.
func partMeasures(p *stats.ReadPart) ours {
	m := measures{contactsMeasure: float64(p.Contacts.Contacts), repeatMeasure: float64(p.Contacts.Repeat)}
	for _, name := range []stats.Metric{stats.TalkSeconds, stats.MeanSeconds, stats.MedianSeconds, stats.P95Seconds} {
		if known := p.Totals.M[name]; known.Known {
			m[string(name)] = round(name, known.Value)
		}
	}
	return ours(m.words())
}

// head writes the text above the table.
func (out *callStatsOutput) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s); %s", out.Coverage, out.Filters, plural(out.Coverage.Requests, "request", "requests"))
	if out.Coverage.TestCalls != nil {
		fmt.Fprintf(&b, "; %s", plural(*out.Coverage.TestCalls, "test call", "test calls"))
	}
	fmt.Fprintf(&b, "; days and hours in %s; now %s.\n", out.Window.Timezone, out.Now)
	fmt.Fprintf(&b, "Totals: %s.\n", out.Totals.words())
	if out.Previous != nil {
		fmt.Fprintf(&b, "Previous period (%s to %s): %s.\n", out.Window.PreviousFrom, out.Window.PreviousTo, out.Previous.words())
		fmt.Fprintf(&b, "Change: %s.\n", out.Change.words())
	}
	out.writeNotes(&b)
	return b.String()
}

func (out *callStatsOutput) text() string {
	var b strings.Builder
	b.WriteString(out.head())
	out.write(&b, false)
	b.WriteString(string(out.Next))
	return b.String()
}

// fit puts in as many groups as an answer may take.
func (out *callStatsOutput) fit(groups *groups) {
	laid, rest := groups.lay(func(all table) int {
		out.Columns = all.Columns
		bare, _ := json.Marshal(out)
		room := statsSize.estimate - max(tokens(out.text()), tokens(string(bare)))
		return fitting(len(all.Rows), room, func(i int) int {
			structure, _ := json.Marshal(all.Rows[i])
			return max(tokens(string(structure)), tokens(strings.Join(all.Rows[i].text(nil, false), ",")+"\n"))
		})
	})
	out.table = laid
	if rest > 0 {
		out.note("The row (rest) adds up %d more groups; filter or narrow the dates to see them.", rest)
	}
}
