package stats

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// settledAfter is how long after its last day a window gets no new calls. It leaves
// room for the zone in which the API cuts days, which is not documented.
const settledAfter = 24 * time.Hour

// wide returns the query to send for the days of a zone. The API cuts days in UTC, so
// the query is wider by up to a day at each end, and its calls must be cut at from
// (included) and to (excluded). Both are zero where nothing is to be cut.
func wide(q talkover.CallQuery, zone *time.Location) (wider talkover.CallQuery, from, to time.Time) {
	if zone.String() == "UTC" {
		return q, from, to
	}
	if t, err := time.Parse(time.DateOnly, q.DateFrom); err == nil {
		from = startOf(t, zone)
		q.DateFrom = from.UTC().Format(time.DateOnly)
	}
	if t, err := time.Parse(time.DateOnly, q.DateTo); err == nil {
		to = startOf(t.AddDate(0, 0, 1), zone)
		q.DateTo = to.Add(-time.Nanosecond).UTC().Format(time.DateOnly)
	}
	return q, from, to
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

// inWindow reports whether a call lies between from and to.
func inWindow(c talkover.Call, from, to time.Time) bool {
	return (from.IsZero() || !c.CreatedAt.Before(from)) && (to.IsZero() || c.CreatedAt.Before(to))
}

// Settled reports whether a window ended so long ago that no call is added to it.
func Settled(q talkover.CallQuery, now time.Time) bool {
	last, err := time.Parse(time.DateOnly, q.DateTo)
	return err == nil && now.Sub(last.AddDate(0, 0, 1)) > settledAfter
}

// monday returns the first day of the week of t.
func monday(t time.Time) time.Time {
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}
