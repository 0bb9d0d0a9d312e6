package stats

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// settledAfter is how long after its last day a window gets no new calls. It leaves
// room for the zone in which the API cuts days, which is not documented.
const settledAfter = 24 * time.Hour

// window is a stretch of time, from a moment on and before another. A bound that is
// zero is none.
type window struct{ from, to time.Time }

// windowOf returns the window of the days of a query, as they are in a zone.
func windowOf(q talkover.CallQuery, zone *time.Location) (w window) {
	if t, err := time.Parse(time.DateOnly, q.DateFrom); err == nil {
		w.from = startOf(t, zone).UTC()
	}
	if t, err := time.Parse(time.DateOnly, q.DateTo); err == nil {
		w.to = startOf(t.AddDate(0, 0, 1), zone).UTC()
	}
	return w
}

// days returns the UTC days that hold the window; of one without an end, until
// tomorrow, which wherever the API cuts days has begun or not.
func (w window) days(now time.Time) (from, to cache.Date) {
	if !w.from.IsZero() {
		from = cache.DateOf(w.from)
	}
	to = cache.DateOf(now) + 1
	if !w.to.IsZero() {
		to = min(to, cache.DateOf(w.to.Add(-1)))
	}
	return from, to
}

// within cuts the window at the ends of another.
func (w window) within(o window) window {
	if w.from.Before(o.from) {
		w.from = o.from
	}
	if w.to.IsZero() || !o.to.IsZero() && o.to.Before(w.to) {
		w.to = o.to
	}
	return w
}

// empty reports whether no moment lies in the window.
func (w window) empty() bool { return !w.to.IsZero() && !w.from.Before(w.to) }

// holds reports whether a moment lies in the window.
func (w window) holds(t time.Time) bool {
	return !t.Before(w.from) && (w.to.IsZero() || t.Before(w.to))
}

// ofDays returns the window of UTC days.
func ofDays(from, to cache.Date) window { return window{from.Start(), to.End()} }

// closedBefore returns the last UTC day that ended so long ago that no call is added
// to it.
func closedBefore(now time.Time) cache.Date {
	return cache.DateOf(now.Add(-settledAfter-clockError)) - 1
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
