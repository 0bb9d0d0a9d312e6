package stats_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// zones have clocks that change: at midnight, by half an hour, twice a year or never.
var zones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "America/Havana", "America/Santiago", "Asia/Beirut",
	"Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "America/Asuncion",
}

// calendar walks days one by one, as a person does with a wall calendar.
type calendar struct{ zone *time.Location }

// next returns the day after; previous the day before.
func next(day string) string     { return stepped(day, 1) }
func previous(day string) string { return stepped(day, -1) }

func stepped(day string, by int) string {
	t, err := time.Parse("2006-01-02 15", day+" 12")
	if err != nil {
		panic(err)
	}
	return t.Add(time.Duration(by) * 24 * time.Hour).Format("2006-01-02")
}

// monthOf is the year and month of a day, and ofMonth its number there.
func monthOf(day string) string { return day[:7] }
func ofMonth(day string) string { return day[8:] }

// inMonth is the day with a number that lies so many months before another, or "".
func inMonth(day string, months int) (same, last string) {
	d := day
	for range months { // to the last day of the month before
		for m := monthOf(d); monthOf(d) == m; {
			d = previous(d)
		}
	}
	for m := monthOf(d); monthOf(next(d)) == m; { // its last day
		d = next(d)
	}
	last = d
	for m := monthOf(last); monthOf(d) == m; d = previous(d) {
		if ofMonth(d) == ofMonth(day) {
			return d, last
		}
	}
	return "", last
}

// reach is the first moment, to the second, of a day at which the clock shows a time of
// day or more, found by looking at the clock each second that can matter.
func (c calendar) reach(day, clock string) time.Time {
	t, _ := time.Parse("2006-01-02", day)
	for t = t.Add(-16 * time.Hour); ; t = t.Add(time.Minute) { // hour and minute first
		shown := t.In(c.zone).Format("2006-01-02 15:04")
		if shown[:10] > day || shown >= day+" "+clock[:5] {
			break
		}
	}
	for t.In(c.zone).Format("2006-01-02") == day && t.In(c.zone).Format("15:04:05") < clock {
		t = t.Add(time.Second)
	}
	return t.UTC()
}

// before is what stats.Compare.Before says, in other words.
func (c calendar) before(how stats.Compare, from, to string, now time.Time) (first, last string, cut time.Time) {
	now = now.Truncate(time.Second).In(c.zone)
	today := now.Format("2006-01-02")
	n := 1
	for d := from; d != to; d = next(d) {
		n++
	}
	whole := 0
	if ofMonth(from) == "01" && ofMonth(next(to)) == "01" {
		for d := from; d <= to; d = next(d) {
			if ofMonth(d) == "01" {
				whole++
			}
		}
	}
	months := map[stats.Compare]int{stats.MonthBefore: 1, stats.YearBefore: 12}[how]
	if how == stats.PreviousPeriod {
		months = whole
	}
	days := 7
	if how == stats.PreviousPeriod {
		days = n
	}
	then := func(day string) (same, orLast string) {
		if months > 0 {
			same, orLast = inMonth(day, months)
			if same != "" {
				orLast = same
			}
			return same, orLast
		}
		for range days {
			day = previous(day)
		}
		return day, day
	}
	_, first = then(from)
	_, last = then(to)
	if months > 0 && whole > 0 {
		_, last = inMonth(to, months)
	}
	if today > to {
		return first, last, time.Time{}
	}
	point, clock := today, now.Format("15:04:05")
	if today < from {
		point, clock = from, "00:00:00"
		clock = c.reach(from, "00:00:00").In(c.zone).Format("15:04:05")
	}
	if same, orLast := then(point); same == "" {
		cut = c.reach(next(orLast), "00:00:00")
	} else {
		cut = c.reach(same, clock)
	}
	if !cut.Before(c.reach(next(last), "00:00:00")) {
		cut = time.Time{}
	}
	return first, last, cut
}

// The window that is compared with, and where it is cut, over random windows, zones and
// moments: the day itself, whole months and years, unfinished ones, changes of clocks.
func TestBeforeAgainstACalendar(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 1))
	cuts, shorter := 0, 0
	for i := range 30 * *questions {
		zone, err := time.LoadLocation(zones[r.IntN(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2023+r.IntN(4), time.Month(1+r.IntN(12)), 1+r.IntN(31), 0, 0, 0, 0, time.UTC)
		to := from.AddDate(0, 0, []int{0, 0, 1, 6, 6, r.IntN(31), r.IntN(120)}[r.IntN(7)])
		if r.IntN(3) == 0 { // whole months
			from = time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
			to = time.Date(from.Year(), from.Month()+time.Month([]int{1, 1, 1, 3, 12}[r.IntN(5)]), 0, 0, 0, 0, 0, time.UTC)
		}
		length := to.Sub(from) + 24*time.Hour
		now := from.Add(time.Duration(r.Int64N(int64(length + length/4 + 1)))).Add(time.Duration(r.IntN(30)-14) * time.Hour)
		if r.IntN(4) == 0 { // on the last day
			now = from.Add(length - time.Duration(r.IntN(24*3600))*time.Second)
		}
		if r.IntN(4) == 0 { // on a day when clocks change, if there is one
			if _, end := now.In(zone).ZoneBounds(); !end.IsZero() && end.Before(to) {
				now = end.Add(time.Duration(r.IntN(6*3600)-3*3600) * time.Second)
			}
		}
		how := []stats.Compare{stats.PreviousPeriod, stats.WeekBefore, stats.MonthBefore, stats.YearBefore}[r.IntN(4)]
		d := stats.Days{From: from.Format("2006-01-02"), To: to.Format("2006-01-02")}
		got, until, err := how.Before(d, zone, now)
		if err != nil {
			t.Fatal(err)
		}
		first, last, cut := calendar{zone}.before(how, d.From, d.To, now)
		what := fmt.Sprintf("%d: %s of %s to %s, %s at %s", i, how, d.From, d.To, zone, now.In(zone))
		if got.From != first || got.To != last || !got.Until.Equal(cut) {
			t.Errorf("%s: %+v, want %s to %s, cut %s", what, got, first, last, cut)
		}
		over := now.In(zone).Format("2006-01-02") > d.To
		begun := now.In(zone).Format("2006-01-02") >= d.From
		switch {
		case over != until.IsZero(), over && !got.Until.IsZero():
			t.Errorf("%s: until %s", what, until)
		case !over && begun && !until.Equal(now.Truncate(time.Second)):
			t.Errorf("%s: until %s", what, until)
		}
		if !got.Until.IsZero() {
			cuts++
		}
		if !over && got.Until.IsZero() {
			shorter++
		}
	}
	if cuts < 10**questions || shorter == 0 {
		t.Errorf("%d windows were cut, and %d were not over and met a month that is shorter: too few to show anything", cuts, shorter)
	}
}

func TestBeforeByHand(t *testing.T) {
	newYork, _ := time.LoadLocation("America/New_York")
	at := func(s string) time.Time {
		m, err := time.ParseInLocation("2006-01-02 15:04:05", s, newYork)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, test := range []struct {
		how                     stats.Compare
		from, to, now           string
		first, last, cut, until string
	}{
		{stats.PreviousPeriod, "2026-11-23", "2026-11-23", "2026-11-24 09:00:00", "2026-11-22", "2026-11-22", "", ""},
		{stats.WeekBefore, "2026-11-24", "2026-11-24", "2026-11-24 09:12:34", "2026-11-17", "2026-11-17", "2026-11-17 09:12:34", "2026-11-24 09:12:34"},
		{stats.PreviousPeriod, "2026-11-01", "2026-11-30", "2026-11-24 16:00:00", "2026-10-01", "2026-10-31", "2026-10-24 16:00:00", "2026-11-24 16:00:00"},
		{stats.PreviousPeriod, "2026-10-01", "2026-10-31", "2026-11-24 16:00:00", "2026-09-01", "2026-09-30", "", ""},
		{stats.PreviousPeriod, "2026-03-01", "2026-03-31", "2026-03-31 10:00:00", "2026-02-01", "2026-02-28", "", "2026-03-31 10:00:00"},
		{stats.YearBefore, "2024-02-01", "2024-02-29", "2024-05-01 00:00:00", "2023-02-01", "2023-02-28", "", ""},
		{stats.MonthBefore, "2026-03-29", "2026-03-31", "2026-05-01 00:00:00", "2026-02-28", "2026-02-28", "", ""},
		{stats.PreviousPeriod, "2026-11-23", "2026-11-29", "2026-11-24 16:00:00", "2026-11-16", "2026-11-22", "2026-11-17 16:00:00", "2026-11-24 16:00:00"},
		// On 2026-03-08 there is no 02:30, and on 2026-11-01 there are two.
		{stats.WeekBefore, "2026-03-15", "2026-03-15", "2026-03-15 02:30:00", "2026-03-08", "2026-03-08", "2026-03-08 03:00:00", "2026-03-15 02:30:00"},
		{stats.WeekBefore, "2026-11-08", "2026-11-08", "2026-11-08 01:30:00", "2026-11-01", "2026-11-01", "2026-11-01 01:30:00", "2026-11-08 01:30:00"},
		{stats.PreviousPeriod, "2026-11-20", "", "2026-11-24 16:00:00", "2026-11-15", "2026-11-19", "2026-11-19 16:00:00", "2026-11-24 16:00:00"},
	} {
		got, until, err := test.how.Before(stats.Days{From: test.from, To: test.to}, newYork, at(test.now))
		if err != nil {
			t.Fatal(err)
		}
		shown := func(m time.Time) string {
			if m.IsZero() {
				return ""
			}
			return m.In(newYork).Format("2006-01-02 15:04:05")
		}
		if got.From != test.first || got.To != test.last || shown(got.Until) != test.cut || shown(until) != test.until {
			t.Errorf("%+v: %s to %s, cut %s, until %s", test, got.From, got.To, shown(got.Until), shown(until))
		}
	}
	if _, _, err := stats.PreviousPeriod.Before(stats.Days{To: "2026-11-20"}, nil, at("2026-11-24 16:00:00")); !errors.Is(err, stats.ErrNoBeginning) {
		t.Errorf("%v, want ErrNoBeginning", err)
	}
}

// On 2011-12-30 there was no day in Samoa.
func TestBeforeADayThatClocksSkip(t *testing.T) {
	samoa, err := time.LoadLocation("Pacific/Apia")
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := stats.WeekBefore.Before(stats.Days{From: "2012-01-06", To: "2012-01-06"}, samoa, time.Date(2012, 1, 6, 12, 0, 0, 0, samoa))
	if want := (stats.Days{From: "2011-12-30", To: "2011-12-30"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	got, _, err = stats.WeekBefore.Before(stats.Days{From: "2012-01-06", To: "2012-01-07"}, samoa, time.Date(2012, 1, 7, 12, 0, 0, 0, samoa))
	if want := time.Date(2011, 12, 31, 12, 0, 0, 0, samoa); err != nil || !got.Until.Equal(want) {
		t.Errorf("%+v, %v, want until %s", got, err, want)
	}
}
