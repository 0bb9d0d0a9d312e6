package cache

import "time"

// Date is a day of UTC, as the days since 1970-01-01.
type Date int32

// day is the length of a day of UTC.
const day = 24 * time.Hour

// DateOf returns the UTC day of a moment.
func DateOf(t time.Time) Date {
	s := t.Unix()
	d := s / 86400
	if s%86400 < 0 {
		d--
	}
	return Date(d)
}

// ParseDate reads YYYY-MM-DD. It reports false for anything else.
func ParseDate(s string) (Date, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, false
	}
	return DateOf(t), true
}

// Start returns the first moment of the day.
func (d Date) Start() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// End returns the first moment of the next day.
func (d Date) End() time.Time { return (d + 1).Start() }

// String returns YYYY-MM-DD.
func (d Date) String() string { return d.Start().Format(time.DateOnly) }
