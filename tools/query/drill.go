package query

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// pickStatus narrows the status to one, of calls that fit the filters: of those that are
// missed to inbound ones, and of those that are open to such as have no duration.
func pickStatus(f *Filters, _ stats.Dimension, key string) bool {
	has := func(s Outcomes) bool { return slices.Contains(f.Status, s) }
	to := Outcomes(key)
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
	return slices.Contains(outcomes, key)
}

// pickDays narrows the days to those of a day, a week or a month.
func pickDays(f *Filters, by stats.Dimension, key string) bool {
	form := time.DateOnly
	if by == stats.ByMonth {
		form = "2006-01"
	}
	first, err := time.Parse(form, key)
	last := first
	switch by {
	case stats.ByWeek:
		last = first.AddDate(0, 0, 6)
	case stats.ByMonth:
		last = first.AddDate(0, 1, -1)
	}
	f.DateFrom = max(f.DateFrom, Day(first.Format(time.DateOnly)))
	if to := Day(last.Format(time.DateOnly)); f.DateTo == "" || to < f.DateTo {
		f.DateTo = to
	}
	return err == nil
}
