package stats

import (
	"slices"
	"strconv"
	"time"
)

// daySpan is the days of a window, in which rows have their places.
type daySpan struct{ first, last time.Time }

// spanOf returns the days that have begun when a window ends: at until, if that is not zero.
func spanOf(d Days, until time.Time, zone *time.Location) daySpan {
	zone = zoneOf(zone)
	var s daySpan
	s.first, _ = parseDay(d.From)
	s.last, _ = parseDay(d.To)
	if !until.IsZero() {
		if begun := dayOf(until.Add(-1).In(zone)); s.last.IsZero() || begun.Before(s.last) {
			s.last = begun
		}
	}
	return s
}

// place returns which day, week or month of the window a value is; of other dimensions the
// value's own key.
func (s daySpan) place(d Dimension, v Value) string {
	day, _ := parseDay(v.Key)
	switch d {
	case ByDay:
		return strconv.Itoa(daysBetween(s.first, day))
	case ByWeek:
		return strconv.Itoa(daysBetween(monday(s.first), day) / 7)
	case ByMonth:
		month, _ := time.Parse("2006-01", v.Key)
		return strconv.Itoa(monthsBetween(s.first, month))
	}
	return v.Key
}

// at returns the value at the place that another has in another window. It reports false
// where this window has no such place.
func (s daySpan) at(d Dimension, v Value, of daySpan) (Value, bool) {
	n, err := strconv.Atoi(of.place(d, v))
	var day time.Time
	switch {
	case d == ByDay && err == nil:
		day = s.first.AddDate(0, 0, n)
	case d == ByWeek && err == nil:
		day = monday(s.first).AddDate(0, 0, 7*n)
	case d == ByMonth && err == nil:
		day = firstOfMonth(s.first, n)
	default:
		return v, true
	}
	return d.ofTime(day), !day.After(s.last)
}

// all returns the values at the places of a row of another window.
func (s daySpan) all(by []Dimension, values []Value, of daySpan) ([]Value, bool) {
	values = slices.Clone(values)
	for i, d := range by {
		var ok bool
		if values[i], ok = s.at(d, values[i], of); !ok {
			return nil, false
		}
	}
	return values, true
}

// pair puts beside each row what it was in another report, and adds rows for what was
// there alone.
func (r *Report) pair(was *Report, here, there daySpan) {
	key := func(values []Value) (k [2]string) {
		for i, v := range values {
			k[i] = v.Key
		}
		return k
	}
	have := map[[2]string]bool{}
	for _, row := range r.Rows {
		have[key(row.Values)] = true
	}
	then := map[[2]string]Row{}
	added := slices.Clone(r.Rows)
	for _, row := range was.Rows {
		then[key(row.Values)] = row
		values, ok := here.all(r.By, row.Values, there)
		if !ok {
			r.Before.Beyond = append(r.Before.Beyond, row)
		} else if !have[key(values)] {
			added = append(added, r.none(values))
		}
	}
	r.Rows = added
	r.Order.Sort(r.Rows, r.By)
	held := func(s daySpan) func([]Value) int {
		all := countDays(s.first, s.last.AddDate(0, 0, 1), r.By, func(time.Time) bool { return true })
		return func(values []Value) int {
			if key, days := all.place(values); key != [2]string{} {
				return days
			}
			return 0
		}
	}
	heldHere, heldThere := held(here), held(there)
	for _, row := range r.Rows {
		var before Row
		if values, ok := there.all(r.By, row.Values, here); ok {
			if before, ok = then[key(values)]; !ok {
				before = was.none(values)
			}
		}
		r.Before.Rows = append(r.Before.Rows, before)
		r.Before.HeldDays = append(r.Before.HeldDays, [2]int{heldHere(row.Values), heldThere(before.Values)})
	}
}
