package stats

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
)

// Compare names the window that another one is compared with.
type Compare string

// The windows to compare with, besides days by their names, such as 2026-05 or
// 2026-05-01..2026-05-31, which are never cut. Whole calendar months are compared with whole calendar
// months, but by WeekBefore and PreviousDays.
const (
	PreviousPeriod Compare = "previous_period" // as many days, or months, just before
	PreviousDays   Compare = "previous_days"   // as many days just before, also where they are a month
	WeekBefore     Compare = "week_before"     // seven days earlier
	MonthBefore    Compare = "month_before"    // the same days of the month before
	YearBefore     Compare = "year_before"     // the same days of the year before
)

// Named returns the days that are compared with by their names. It reports false for any other window.
func (how Compare) Named() (Days, bool) {
	first, last, _ := strings.Cut(string(how), "..")
	if month, err := time.Parse("2006-01", first); err == nil && last == "" {
		return Days{From: month.Format(time.DateOnly), To: month.AddDate(0, 1, -1).Format(time.DateOnly)}, true
	}
	from, isDay := parseDay(first)
	to, ends := parseDay(cmp.Or(last, first))
	return Days{From: first, To: cmp.Or(last, first)}, isDay && ends && !to.Before(from)
}

// Valid reports whether there is such a window.
func (how Compare) Valid() bool {
	_, isNamed := how.Named()
	return isNamed || slices.Contains([]Compare{PreviousPeriod, PreviousDays, WeekBefore, MonthBefore, YearBefore}, how)
}

// ErrNoBeginning says that a window without a first day has nothing before it.
var ErrNoBeginning = errors.New("stats: days without a first one have no others before them")

// Before returns the days that others are compared with. Of a month that lacks a day, its
// last day takes the place. Days without a last one go on to today.
//
// Days that are not over now are compared up to now, which until says, and the others up
// to the same point, which their Until says: as many days on from the first one at the
// same time of day, or of months the same day of the month. A month that has no such day
// is compared to its end. The error is [ErrNoBeginning].
func (how Compare) Before(d Days, zone *time.Location, now time.Time) (others Days, until time.Time, err error) {
	zone = zoneOf(zone)
	now = now.Truncate(time.Second).In(zone)
	from, ok := parseDay(d.From)
	if named, isNamed := how.Named(); isNamed && ok {
		return named, time.Time{}, nil
	}
	if !ok {
		return others, until, ErrNoBeginning
	}
	to, ok := parseDay(d.To)
	if !ok {
		to = dayOf(now)
	}
	if to.Before(from) {
		to = from
	}
	back := how.back(from, to)
	first, _ := back.of(from)
	last, _ := back.of(to)
	if back.months > 0 && wholeMonths(from, to) > 0 {
		last = firstOfMonth(last, 1).AddDate(0, 0, -1)
	}
	others = Days{From: first.Format(time.DateOnly), To: last.Format(time.DateOnly)}
	if !now.Before(startOf(to.AddDate(0, 0, 1), zone)) {
		return others, time.Time{}, nil
	}
	if until = now; until.Before(startOf(from, zone)) {
		until = startOf(from, zone)
	}
	day, exists := back.of(dayOf(until))
	cut := startOf(day.AddDate(0, 0, 1), zone)
	if exists {
		cut = atClock(day, until, zone)
	}
	if cut.Before(startOf(last.AddDate(0, 0, 1), zone)) {
		others.Until = cut
	}
	return others, until, nil
}

// back says how far back the days lie that others are compared with.
type back struct{ months, days int }

func (how Compare) back(from, to time.Time) back {
	switch months := wholeMonths(from, to); {
	case how == MonthBefore:
		return back{months: 1}
	case how == YearBefore:
		return back{months: 12}
	case how == WeekBefore:
		return back{days: 7}
	case months > 0 && how != PreviousDays:
		return back{months: months}
	}
	return back{days: daysBetween(from, to) + 1}
}

// of returns the day that lies so far back. exists is false where the month has no such
// day; then it is its last one.
func (b back) of(day time.Time) (other time.Time, exists bool) {
	if b.months == 0 {
		return day.AddDate(0, 0, -b.days), true
	}
	next := firstOfMonth(day, 1-b.months)
	other = firstOfMonth(day, -b.months).AddDate(0, 0, day.Day()-1)
	if other.Before(next) {
		return other, true
	}
	return next.AddDate(0, 0, -1), false
}
