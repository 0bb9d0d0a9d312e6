package stats

import (
	"math"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
)

// A day of the calendar is held as its midnight in UTC, whatever zone it is a day of.

// parseDay reads YYYY-MM-DD. It reports false for anything else.
func parseDay(s string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, s)
	return day, err == nil
}

// dayOf returns the day of a moment in the moment's zone.
func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// monday returns the first day of the week of t.
func monday(t time.Time) time.Time {
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

// firstOfMonth returns the first day of the month that is so many after that of a day.
func firstOfMonth(day time.Time, months int) time.Time {
	return time.Date(day.Year(), day.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
}

// daysBetween returns how many days after one day another is.
func daysBetween(day, later time.Time) int { return int(later.Sub(day) / (24 * time.Hour)) }

// monthsBetween returns how many months after that of one day that of another is.
func monthsBetween(day, later time.Time) int {
	return 12*(later.Year()-day.Year()) + int(later.Month()-day.Month())
}

// wholeMonths returns how many calendar months the days from one to another are; 0 where
// they do not begin and end with a month.
func wholeMonths(from, to time.Time) int {
	if next := to.AddDate(0, 0, 1); from.Day() == 1 && next.Day() == 1 {
		return monthsBetween(from, next)
	}
	return 0
}

// startOf returns the first moment of a day in a zone. Where clocks go forward at
// midnight, that is later than 00:00; where they skip the day, it is that of the next.
func startOf(day time.Time, zone *time.Location) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone).Add(-3 * time.Hour)
	for dayOf(t).Before(dayOf(day)) {
		t = t.Add(15 * time.Minute)
	}
	return t
}

// atClock returns the first moment of a day at which the clocks of a zone show the time of
// day of another moment, or a later one; the end of the day where they never do.
func atClock(day, like time.Time, zone *time.Location) time.Time {
	like = like.In(zone)
	want := clockOf(like)
	end := startOf(day.AddDate(0, 0, 1), zone)
	for t := startOf(day, zone); t.Before(end); t = t.Add(15 * time.Minute) { // clocks change at quarters
		if last := clockOf(t) + 15*time.Minute; want < last {
			return t.Add(max(want-clockOf(t), 0))
		}
	}
	return end
}

// clockOf returns the time of day that the clocks of a moment's zone show.
func clockOf(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h*3600+m*60+s)*time.Second + time.Duration(t.Nanosecond())
}

// earlier returns the earlier one of two ends; zero stands for none.
func earlier(x, y time.Time) time.Time {
	if x.IsZero() || !y.IsZero() && y.Before(x) {
		return y
	}
	return x
}

// zoneOf returns a zone, UTC if it is nil.
func zoneOf(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// clock tells what holds for whole quarters of an hour, of which the hours and days of all zones
// are multiples, of moments that come in order mostly.
type clock[T any] struct {
	tell    func(time.Time) T // of a moment in the zone
	zone    *time.Location
	quarter int64 // that was met last
	told    T     // and what holds for it
}

// newClock returns a clock of a zone.
func newClock[T any](zone *time.Location, tell func(time.Time) T) *clock[T] {
	return &clock[T]{tell: tell, zone: zoneOf(zone), quarter: math.MinInt64}
}

// of tells what holds for a moment, in microseconds since 1970.
func (c *clock[T]) of(at int64) T {
	if q := at / (15 * time.Minute).Microseconds(); q != c.quarter {
		c.quarter, c.told = q, c.tell(time.UnixMicro(at).In(c.zone))
	}
	return c.told
}

// dayCounts are days, counted by their places in the dimensions that divide them.
type dayCounts struct {
	calls.Window // of all of them
	by           []Dimension
	days         map[[2]string]int
}

// countDays counts the days from one on and before another.
func countDays(first, end time.Time, by []Dimension, fits func(day time.Time) bool) dayCounts {
	d := dayCounts{by: by, days: map[[2]string]int{}}
	for day := first; day.Before(end); day = day.AddDate(0, 0, 1) {
		if !fits(day) {
			continue
		}
		var values []Value
		for _, dimension := range by {
			values = append(values, dimension.Of(day))
		}
		k, _ := d.place(values)
		for k := range map[[2]string]bool{k: true, {k[0]}: true, {"", k[1]}: true, {}: true} {
			d.days[k]++
		}
	}
	return d
}

// place returns the place of a row, or of all rows with one of its values where the other is
// Value{}, and how many days it has. Its key is "" where a dimension divides no days.
func (d *dayCounts) place(values []Value) (key [2]string, days int) {
	for i, dimension := range d.by {
		if i < len(values) && dimension.dividesDays() {
			key[i] = values[i].Key
		}
	}
	return key, d.days[key]
}

// daysOver counts the days that lie wholly in a window, were over at a moment and have a weekday
// that a filter asks for. Without a first day there are none.
func daysOver(w calls.Window, f *Filter, by []Dimension, at time.Time) dayCounts {
	zone := zoneOf(f.Zone)
	if w.To.IsZero() || at.Before(w.To) {
		w.To = at
	}
	first, end := dayOf(w.From.In(zone)), dayOf(w.To.In(zone))
	if startOf(first, zone).Before(w.From) {
		first = first.AddDate(0, 0, 1)
	}
	if w.From.IsZero() {
		first = end
	}
	d := countDays(first, end, by, func(day time.Time) bool {
		return len(f.Weekdays) == 0 || slices.Contains(f.Weekdays, day.Weekday())
	})
	d.Window = calls.Window{From: startOf(first, zone), To: startOf(end, zone)}
	return d
}
