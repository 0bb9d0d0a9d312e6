package exam_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// The dates of the truth are computed here, from the rules of the calendar, since those of
// the product use package time.

// moment counts seconds since 1970, UTC.
type moment int64

// date counts days since 1970-01-01, a Thursday.
type date int64

const daySeconds = 86400

// zone tells by how many seconds clocks are ahead of UTC.
type zone func(moment) int64

func utc(moment) int64 { return 0 }

// newYork has summer time from the second Sunday of March to the first of November, 2 o'clock
// of its clocks each.
func newYork(m moment) int64 {
	if y := m.year(); m >= newYorkSpring[y] && m < newYorkAutumn[y] {
		return -4 * 3600
	}
	return -5 * 3600
}

// berlin has summer time from the last Sunday of March to that of October, 1 o'clock UTC.
func berlin(m moment) int64 {
	if y := m.year(); m >= berlinSpring[y] && m < berlinAutumn[y] {
		return 2 * 3600
	}
	return 3600
}

// The changes of clocks, by year.
var (
	newYorkSpring, newYorkAutumn = changes(3, 8, 7), changes(11, 1, 6)
	berlinSpring, berlinAutumn   = changes(3, 25, 1), changes(10, 25, 1)
)

// changes returns the first Sunday from a day of a month on, in each year, at an hour of UTC.
func changes(month, day, hour int) map[int]moment {
	all := map[int]moment{}
	for year := 2020; year < 2032; year++ {
		d := dateOf(year, month, day)
		for d.weekday() != 6 {
			d++
		}
		all[year] = moment(int64(d)*daySeconds + int64(hour)*3600)
	}
	return all
}

// year returns the year of a moment, but for some hours about New Year's Eve.
func (m moment) year() int { return 1970 + int(float64(m)/(365.2425*daySeconds)) }

// floor divides, rounding down.
func floor(a, b int64) int64 {
	if a%b != 0 && a < 0 {
		return a/b - 1
	}
	return a / b
}

// in returns what calendars and clocks of a zone show.
func (m moment) in(z zone) (day date, secondOfDay int64) {
	local := int64(m) + z(m)
	d := floor(local, daySeconds)
	return date(d), local - d*daySeconds
}

// hour returns the hour that clocks show, 0 to 23.
func (m moment) hour(z zone) int {
	_, s := m.in(z)
	return int(s / 3600)
}

// clock returns what calendars and clocks show, to the minute.
func (m moment) clock(z zone) string {
	d, s := m.in(z)
	return fmt.Sprintf("%s %02d:%02d", d, s/3600, s/60%60)
}

// day returns the day that calendars show.
func (m moment) day(z zone) date { d, _ := m.in(z); return d }

// weekday returns 0 for Monday, up to 6.
func (d date) weekday() int { return int(d+3+7*1_000_000) % 7 }

var weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// daysIn returns the length of a month.
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// newYears lists the first days of the years from 1970 on, each 365 days after the other or 366.
var newYears = func() (days []date) {
	d := date(0)
	for year := 1970; year < 2060; year++ {
		days = append(days, d)
		d += date(337 + daysIn(year, 2))
	}
	return days
}()

// dateOf counts the days up to a date, month by month.
func dateOf(year, month, day int) date {
	d := newYears[year-1970]
	for m := 1; m < month; m++ {
		d += date(daysIn(year, m))
	}
	return d + date(day-1)
}

// civil is the inverse of dateOf.
func (d date) civil() (year, month, day int) {
	year, month = 1970+int(d)/366, 1 // or a later year
	for newYears[year+1-1970] <= d {
		year++
	}
	for month < 12 && dateOf(year, month+1, 1) <= d {
		month++
	}
	return year, month, int(d-dateOf(year, month, 1)) + 1
}

func (d date) String() string {
	y, m, day := d.civil()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
}

// number reads digits.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// on reads a date, such as 2026-11-05.
func on(s string) date { return dateOf(number(s[:4]), number(s[5:7]), number(s[8:10])) }

// clockTime returns the moment at which the clocks of a zone show a time, such as
// "2026-11-05 13:00", for the first time.
func clockTime(z zone, s string) moment {
	local := moment(int64(on(s[:10]))*daySeconds + int64(number(s[11:13]))*3600 + int64(number(s[14:16]))*60)
	for ahead := int64(15 * 3600); ahead >= -15*3600; ahead -= 900 {
		if m := local - moment(ahead); z(m) == ahead {
			return m
		}
	}
	panic("no clock shows " + s)
}

// stamp reads a timestamp of the API, which is in UTC.
func stamp(s string) moment {
	return clockTime(utc, s[:10]+" "+s[11:16]) + moment(number(s[17:19]))
}

// TestCalendar holds the calendar of the truth against that of package time, on each day
// of 40 years, and on both sides of each change of clocks.
func TestCalendar(t *testing.T) {
	for d := dateOf(2000, 1, 1); d < dateOf(2040, 1, 1); d++ {
		want := time.Unix(int64(d)*daySeconds, 0).UTC()
		if d.String() != want.Format(time.DateOnly) || on(d.String()) != d ||
			weekdays[d.weekday()] != want.Format("Mon") {
			t.Fatalf("day %d is %s, a %s; want %s", d, d, weekdays[d.weekday()], want.Format("Mon 2006-01-02"))
		}
	}
	for name, z := range map[string]zone{"America/New_York": newYork, "Europe/Berlin": berlin, "UTC": utc} {
		there, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for m := clockTime(utc, "2023-01-01 12:00"); m < clockTime(utc, "2027-12-31 12:00"); m += 2700 {
			want := time.Unix(int64(m), 0).In(there)
			if got := m.clock(z); got != want.Format("2006-01-02 15:04") {
				t.Fatalf("%s: %s, want %s", name, got, want)
			}
		}
	}
}
