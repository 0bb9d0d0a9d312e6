package tools

import (
	"slices"
	"strconv"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// behind says how to find all calls.
func (out *callStatsOutput) behind(f query.Filters, t *groups) {
	if t.report.Calls > 0 {
		out.Next = &step{Tool: "find_calls", Arguments: answer.Echo[query.Filters]{Args: f}}
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
func (t *groups) narrow(f *query.Filters, d stats.Dimension, v stats.Value) bool {
	switch d {
	case stats.ByStatus:
		f.NarrowStatus(query.Outcomes(v.Key))
		return slices.Contains(talkover.Statuses, v.Key) || v.Key == stats.StatusOther
	case stats.ByDirection:
		f.Direction = query.Direction(v.Key)
		return slices.Contains(talkover.Directions, v.Key)
	case stats.ByAgent:
		if f.Agent = t.label(v); v.Key != "" && !t.listed[v.Key] {
			f.Agent = v.Key // the list does not have its label
		}
		return true
	case stats.ByContact:
		f.Contact = answer.SearchTerm(v.Key)
		return v.Key != ""
	case stats.ByWeekday:
		f.Weekdays = []query.Weekday{query.Weekday(v.Key)}
		return true
	case stats.ByHour:
		hour, err := strconv.Atoi(v.Key)
		f.HourFrom, f.HourTo = hour, &hour
		return err == nil
	case stats.ByDay, stats.ByWeek, stats.ByMonth:
		return f.Within(d, v.Key)
	}
	return false
}
