package query

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// NarrowStatus narrows the status to one, of calls that fit the filters: of those that are
// missed to inbound ones, and of those that are open to such as have no duration.
func (f *Filters) NarrowStatus(to Outcomes) {
	has := func(s Outcomes) bool { return slices.Contains(f.Status, s) }
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
	f.Status = []Outcomes{to}
}

// Within narrows the days to those of a day, a week or a month.
func (f *Filters) Within(d stats.Dimension, key string) bool {
	from, to, ok := placeDays(d, key)
	f.DateFrom = Day(max(from, schema.Date(f.DateFrom)))
	if f.DateTo == "" || to < schema.Date(f.DateTo) {
		f.DateTo = Day(to)
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
