package calls

import "time"

// Window is a stretch of time, from a moment on and before another. A bound that is zero is
// none.
type Window struct{ From, To time.Time }

// Holds reports whether a moment lies in the window.
func (w Window) Holds(t time.Time) bool {
	return !t.Before(w.From) && (w.To.IsZero() || t.Before(w.To))
}

// empty reports whether the window holds no moment.
func (w Window) empty() bool { return !w.To.IsZero() && !w.From.Before(w.To) }

// micro returns the bounds in microseconds since 1970, from the first on and before the last.
func (w Window) micro() (from, to int64) {
	from, to = -1<<62, 1<<62
	if !w.From.IsZero() {
		from = w.From.UnixMicro()
	}
	if !w.To.IsZero() {
		to = w.To.UnixMicro()
	}
	return from, to
}

// Date is a date of the calendar, as the days since 1970-01-01. What is sent to the API is a
// Date, and where on earth it begins is not known.
type Date int32

// DateOf returns the date of a moment in UTC, since 1970.
func DateOf(t time.Time) Date { return Date(t.Unix() / 86400) }

// Start returns when the date begins in UTC.
func (d Date) Start() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String returns YYYY-MM-DD.
func (d Date) String() string { return d.Start().Format(time.DateOnly) }
