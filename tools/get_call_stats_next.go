package tools

import (
	"slices"
	"strconv"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

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
