package stats

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// windowOf returns the window of the days of a query, as they are in a zone.
func windowOf(q talkover.CallQuery, zone *time.Location) (w scan.Window) {
	if t, err := time.Parse(time.DateOnly, q.DateFrom); err == nil {
		w.From = startOf(t, zone).UTC()
	}
	if t, err := time.Parse(time.DateOnly, q.DateTo); err == nil {
		w.To = startOf(t.AddDate(0, 0, 1), zone).UTC()
	}
	return w
}

// startOf returns the first moment of a day in a zone. Where clocks go forward at
// midnight, that is later than 00:00.
func startOf(day time.Time, zone *time.Location) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	for t.Day() != day.Day() {
		t = t.Add(15 * time.Minute)
	}
	return t
}

// monday returns the first day of the week of t.
func monday(t time.Time) time.Time {
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}
