package stats

import (
	"slices"
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

// days is how many there are.
func (s daySpan) days() int { return max(daysBetween(s.first, s.last)+1, 0) }

// months is how many whole months they are; 0 where they are none.
func (s daySpan) months() int { return wholeMonths(s.first, s.last) }

// at returns the value at the place that another has in another window: which of its days, weeks or
// months it is; of other dimensions it is the same. It reports false where this window has no such
// place.
func (s daySpan) at(d Dimension, v Value, of daySpan) (Value, bool) {
	there, _ := parseDay(v.Key)
	var day time.Time
	switch d {
	case ByDay:
		day = s.first.AddDate(0, 0, daysBetween(of.first, there))
	case ByWeek:
		day = monday(s.first).AddDate(0, 0, daysBetween(monday(of.first), there))
	case ByMonth:
		there, _ = parseDay(v.Key + "-01")
		day = firstOfMonth(s.first, monthsBetween(of.first, there))
	default:
		return v, true
	}
	return d.Of(day), !day.After(s.last)
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
func (r *Report) pair(was *Report, here, there daySpan, q *Question) {
	have, then := byKeys(r.Rows), byKeys(was.Rows)
	for _, row := range was.Rows {
		values, ok := here.all(r.By, row.Values, there)
		if _, paired := have[keysOf(values)]; !ok {
			r.Before.Beyond = append(r.Before.Beyond, row)
		} else if !paired {
			r.Rows = append(r.Rows, r.none(values))
		}
	}
	r.rank(q)
	heldHere, heldThere := here.held(r.By), there.held(r.By)
	for _, row := range r.Rows {
		var before Row
		if values, ok := there.all(r.By, row.Values, here); ok {
			if before, ok = then[keysOf(values)]; !ok {
				before = was.none(values)
			}
		}
		r.Before.Rows = append(r.Before.Rows, before)
		r.Before.HeldDays = append(r.Before.HeldDays, [2]int{heldHere(row.Values), heldThere(before.Values)})
	}
}

// keysOf returns the keys of up to two values.
func keysOf(values []Value) (k [2]string) {
	for i, v := range values {
		k[i] = v.Key
	}
	return k
}

// byKeys returns rows by their keys.
func byKeys(rows []Row) map[[2]string]Row {
	all := make(map[[2]string]Row, len(rows))
	for _, row := range rows {
		all[keysOf(row.Values)] = row
	}
	return all
}

// held tells how many days of the window a row holds; 0 where dimensions divide no days.
func (s daySpan) held(by []Dimension) func([]Value) int {
	all := countDays(s.first, s.last.AddDate(0, 0, 1), by, func(time.Time) bool { return true })
	return func(values []Value) int {
		key, days := all.place(values)
		if key == [2]string{} {
			return 0
		}
		return days
	}
}
