package exam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/tools/exam"
)

// days is a window of whole days, both ends included. A zero is no bound.
type days struct{ from, to date }

// monthOf returns the first and the last day of the month that lies n months after that
// of d.
func monthOf(d date, n int) days {
	y, m, _ := d.civil()
	months := int64(12*y + m - 1 + n)
	y, m = int(floor(months, 12)), int(months%12)+1
	first := dateOf(y, m, 1)
	return days{first, first + date(daysIn(y, m)) - 1}
}

// window returns the days that are asked for, on the day that is today.
func (a asked) window(today date) (w days) {
	monday := today - date(today.weekday())
	switch a.Period {
	case "today":
		return days{today, today}
	case "yesterday":
		return days{today - 1, today - 1}
	case "this_week":
		return days{monday, monday + 6}
	case "last_week":
		return days{monday - 7, monday - 1}
	case "this_month":
		return monthOf(today, 0)
	case "last_month":
		return monthOf(today, -1)
	case "this_quarter", "last_quarter":
		_, month, _ := today.civil()
		first := monthOf(today, -(int(month)-1)%3)
		if a.Period == "last_quarter" {
			first = monthOf(first.from, -3)
		}
		return days{first.from, monthOf(first.from, 2).to}
	case "this_year", "last_year":
		year, _, _ := today.civil()
		if a.Period == "last_year" {
			year--
		}
		return days{on(fmt.Sprintf("%d-01-01", year)), on(fmt.Sprintf("%d-12-31", year))}
	case "last_7_days":
		return days{today - 7, today - 1}
	case "last_30_days":
		return days{today - 30, today - 1}
	case "last_90_days":
		return days{today - 90, today - 1}
	}
	read := func(s string) date {
		switch s {
		case "":
			return 0
		case "today":
			return today
		case "yesterday":
			return today - 1
		}
		return on(s)
	}
	return days{read(a.DateFrom), read(a.DateTo)}
}

// start returns the first moment of a day, and nothing for no day.
func (d date) start(z zone) moment { return d.at(z, 0) }

// at returns the first moment of a day at which clocks show so many seconds after midnight or
// more. Zones are ahead of UTC by quarters of an hour.
func (d date) at(z zone, second int64) moment {
	before := func(m moment) bool {
		day, s := m.in(z)
		return day < d || day == d && s < second
	}
	m := moment(int64(d)*daySeconds + second - 15*3600)
	for before(m) {
		m += 900
	}
	for !before(m - 1) { // the clocks went forward
		m--
	}
	return m
}

// span is a window of moments; the end is outside of it. A zero is no bound.
type span struct{ from, to moment }

func (d days) span(z zone) (s span) {
	if d.from != 0 {
		s.from = d.from.start(z)
	}
	if d.to != 0 {
		s.to = (d.to + 1).start(z)
	}
	return s
}

// in returns the calls of a window.
func (cs calls) in(s span) calls {
	return cs.where(func(c *call) bool { return c.at >= s.from && (s.to == 0 || c.at < s.to) })
}

// compared returns the two windows of a comparison, after docs/numbers.md, and whether they
// are cut since the first one is not over.
func (a asked) compared(z zone, now moment) (is, was span, cut bool) {
	today, second := now.in(z)
	w := a.window(today)
	if w.to == 0 {
		w.to = today
	}
	if first, last, several := strings.Cut(a.Compare, ".."); several || len(first) == len("2026-10") {
		var other days
		if several {
			other = days{on(first), on(last)}
		} else {
			other = monthOf(on(first+"-01"), 0)
		}
		is, was = w.span(z), other.span(z)
		is.to = min(is.to, now)
		return is, was, false
	}
	n := w.to - w.from + 1
	first, last := monthOf(w.from, 0), monthOf(w.to, 0)
	months := 0 // of which the window consists
	if w.from == first.from && w.to == last.to && !strings.HasSuffix(a.Period, "_days") {
		for d := w.from; d <= w.to; d = monthOf(d, 1).from {
			months++
		}
	}
	var back func(date) date // moves a day into the other window
	switch {
	case a.Compare == "week_before":
		back = func(d date) date { return d - 7 }
	case a.Compare == "month_before":
		back = func(d date) date { return monthsBefore(d, 1) }
	case a.Compare == "year_before":
		back = func(d date) date { return monthsBefore(d, 12) }
	case months > 0:
		back = func(d date) date { return monthsBefore(d, months) }
	default:
		back = func(d date) date { return d - n }
	}
	other := days{back(w.from), back(w.to)}
	if months > 0 && a.Compare != "week_before" {
		other.to = monthOf(other.to, 0).to
	}
	is, was = w.span(z), other.span(z)
	if now >= is.to || now < is.from {
		return is, was, false
	}
	is.to = now
	_, _, day := today.civil()
	_, _, there := back(today).civil()
	if day == there || a.Compare == "week_before" || a.Compare != "month_before" && a.Compare != "year_before" &&
		months == 0 {
		was.to = min(was.to, back(today).at(z, second))
	} else { // that month has no such day
		was.to = min(was.to, (back(today) + 1).start(z))
	}
	return is, was, true
}

// monthsBefore returns the same day of an earlier month, or its last one.
func monthsBefore(d date, n int) date {
	_, _, day := d.civil()
	m := monthOf(d, -n)
	return min(m.from+date(day)-1, m.to)
}

// show writes an end of a window as answers do: the end of a day is its 24:00.
func (m moment) show(z zone, end bool) string {
	d, s := m.in(z)
	if end && d.start(z) == m {
		return (d - 1).String() + " 24:00"
	}
	if s%60 != 0 {
		return fmt.Sprintf("%s:%02d", m.clock(z), s%60)
	}
	return m.clock(z)
}

// read is the inverse of show.
func read(z zone, s string) moment {
	d, clock, _ := strings.Cut(s, " ")
	if clock == "24:00" {
		return (on(d) + 1).start(z)
	}
	second := int64(number(clock[:2]))*3600 + int64(number(clock[3:5]))*60
	if len(clock) > 5 {
		second += int64(number(clock[6:8]))
	}
	return on(d).at(z, second)
}

// TestComparedWindows holds the windows of the truth against some that were worked out by
// hand.
func TestComparedWindows(t *testing.T) {
	now := moment(exam.Now.Unix()) // Thursday, 13:00
	for _, test := range []struct{ args, from, to, before, until string }{
		{
			`{"period":"this_week","compare":"previous_period"}`, "2026-11-02 00:00", "2026-11-05 13:00",
			"2026-10-26 00:00", "2026-10-29 13:00",
		},
		{
			`{"period":"today","compare":"previous_period"}`, "2026-11-05 00:00", "2026-11-05 13:00",
			"2026-11-04 00:00", "2026-11-04 13:00",
		},
		{
			`{"period":"today","compare":"week_before"}`, "2026-11-05 00:00", "2026-11-05 13:00", "2026-10-29 00:00",
			"2026-10-29 13:00",
		},
		{
			`{"period":"this_month","compare":"previous_period"}`, "2026-11-01 00:00", "2026-11-05 13:00",
			"2026-10-01 00:00", "2026-10-05 13:00",
		},
		{
			`{"period":"last_month","compare":"previous_period"}`, "2026-10-01 00:00", "2026-10-31 24:00",
			"2026-09-01 00:00", "2026-09-30 24:00",
		},
		{
			`{"period":"last_month","compare":"month_before"}`, "2026-10-01 00:00", "2026-10-31 24:00",
			"2026-09-01 00:00", "2026-09-30 24:00",
		},
		{
			`{"period":"last_month","compare":"year_before"}`, "2026-10-01 00:00", "2026-10-31 24:00",
			"2025-10-01 00:00", "2025-10-31 24:00",
		},
		{
			`{"period":"last_month","compare":"week_before"}`, "2026-10-01 00:00", "2026-10-31 24:00",
			"2026-09-24 00:00", "2026-10-24 24:00",
		},
		{
			`{"period":"yesterday","compare":"week_before"}`, "2026-11-04 00:00", "2026-11-04 24:00",
			"2026-10-28 00:00", "2026-10-28 24:00",
		},
		{
			`{"date_from":"2026-10-31","date_to":"2026-11-05","compare":"month_before"}`, "2026-10-31 00:00",
			"2026-11-05 13:00", "2026-09-30 00:00", "2026-10-05 13:00",
		},
		{
			`{"date_from":"2026-08-01","date_to":"2026-09-30","compare":"previous_period"}`, "2026-08-01 00:00",
			"2026-09-30 24:00", "2026-06-01 00:00", "2026-07-31 24:00",
		},
	} {
		_, _, a := parseCall(t, "get_call_stats "+test.args)
		is, was, _ := a.compared(newYork, now)
		got := []string{
			is.from.show(newYork, false), is.to.show(newYork, true), was.from.show(newYork, false),
			was.to.show(newYork, true),
		}
		if want := []string{test.from, test.to, test.before, test.until}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", test.args, got, want)
		}
		for i, m := range []moment{is.from, is.to, was.from, was.to} {
			if read(newYork, got[i]) != m {
				t.Errorf("%s is read as %s", got[i], read(newYork, got[i]).show(newYork, true))
			}
		}
	}
	if monthOf(on("2026-01-31"), -1) != (days{on("2025-12-01"), on("2025-12-31")}) ||
		monthOf(on("2026-12-31"), 14) != (days{on("2028-02-01"), on("2028-02-29")}) {
		t.Error(monthOf(on("2026-01-31"), -1), monthOf(on("2026-12-31"), 14))
	}
}
