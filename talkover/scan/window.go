package scan

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// settledAfter is how long after its last day a window gets no new calls. It leaves
// room for the zone in which the API cuts days, which is not documented.
const settledAfter = 24 * time.Hour

// Window is a stretch of time, from a moment on and before another. A bound that is
// zero is none.
type Window struct{ From, To time.Time }

// days returns the UTC days that hold the window; of one without an end, until
// tomorrow, which wherever the API cuts days has begun or not.
func (w Window) days(now time.Time) (from, to cache.Date) {
	if !w.From.IsZero() {
		from = cache.DateOf(w.From)
	}
	to = cache.DateOf(now) + 1
	if !w.To.IsZero() {
		to = min(to, cache.DateOf(w.To.Add(-1)))
	}
	return from, to
}

// within cuts the window at the ends of another.
func (w Window) within(o Window) Window {
	if w.From.Before(o.From) {
		w.From = o.From
	}
	if w.To.IsZero() || !o.To.IsZero() && o.To.Before(w.To) {
		w.To = o.To
	}
	return w
}

// empty reports whether no moment lies in the window.
func (w Window) empty() bool { return !w.To.IsZero() && !w.From.Before(w.To) }

// holds reports whether a moment lies in the window.
func (w Window) holds(t time.Time) bool {
	return !t.Before(w.From) && (w.To.IsZero() || t.Before(w.To))
}

// ofDays returns the window of UTC days.
func ofDays(from, to cache.Date) Window { return Window{from.Start(), to.End()} }

// closedBefore returns the last UTC day that ended so long ago that no call is added
// to it.
func closedBefore(now time.Time) cache.Date {
	return cache.DateOf(now.Add(-settledAfter-clockError)) - 1
}
