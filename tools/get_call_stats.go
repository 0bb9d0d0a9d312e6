package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
	budget := question.Budget
	if in.Compare != "" {
		question.Budget -= budget / 3 // which is left for the period before
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
		previous.Budget = budget - meter.Requests()
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
	table := out.table(in, report, before, shift, m)
	out.explain(in, report, before, zone)
	if report.Matched == 0 {
		c.noteAgent(ctx, &out.frame, in.AgentID)
	}
	out.Next = in.behind(report, asked)
	out.fit(table)
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
