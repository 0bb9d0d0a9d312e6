package tools_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// Each period is the days that its name says, by the calendar of the zone: at any moment of
// ten years, in zones whose clocks change at midnight too.
func TestPeriodsAreTheDaysThatTheyName(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 1))
	for _, name := range []string{"UTC", "America/New_York", "Asia/Kolkata", "America/Santiago", "Africa/Cairo", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			now := time.Unix(1_500_000_000+r.Int64N(10*365*86400), 0).In(zone)
			// It looks for the first and last of all days near by that the period holds.
			here, _ := time.Parse(time.DateOnly, now.Format(time.DateOnly))
			year, week := here.ISOWeek()
			before := here.AddDate(0, 0, -7)
			lastYear, lastWeek := before.ISOWeek()
			lastMonth := here.AddDate(0, 0, -here.Day())
			for name, holds := range map[string]func(d time.Time) bool{
				"today":     func(d time.Time) bool { return d.Equal(here) },
				"yesterday": func(d time.Time) bool { return d.AddDate(0, 0, 1).Equal(here) },
				"this_week": func(d time.Time) bool { y, w := d.ISOWeek(); return y == year && w == week },
				"last_week": func(d time.Time) bool { y, w := d.ISOWeek(); return y == lastYear && w == lastWeek },
				"this_month": func(d time.Time) bool {
					return d.Year() == here.Year() && d.Month() == here.Month()
				},
				"last_month": func(d time.Time) bool {
					return d.Year() == lastMonth.Year() && d.Month() == lastMonth.Month()
				},
				"last_7_days":  func(d time.Time) bool { return d.Before(here) && here.Sub(d) <= 7*24*time.Hour },
				"last_30_days": func(d time.Time) bool { return d.Before(here) && here.Sub(d) <= 30*24*time.Hour },
				"last_90_days": func(d time.Time) bool { return d.Before(here) && here.Sub(d) <= 90*24*time.Hour },
			} {
				var first, last string
				for i := -100; i < 100; i++ {
					if d := here.AddDate(0, 0, i); holds(d) {
						if last = d.Format(time.DateOnly); first == "" {
							first = last
						}
					}
				}
				if from, to := tools.PeriodDays(name, now); from != first || to != last {
					t.Fatalf("%s at %s is %s to %s, want %s to %s", name, now, from, to, first, last)
				}
			}
		}
	}
}

// The first line prints the days in full, as the clocks of the zone show them.
func TestWindowsAreToldInFull(t *testing.T) {
	for want, args := range map[string]string{
		"of Wed 2026-11-04 00:00 - 24:00 UTC": `{"period":"yesterday"}`,
		"so far of Thu 2026-11-05 00:00 - 24:00 America/New_York": `{"period":"today",` +
			`"timezone":"America/New_York"}`,
		"of Mon 2026-10-26 00:00 - Sun 2026-11-01 24:00 America/New_York": `{"period":"last_week",` +
			`"timezone":"America/New_York"}`,
		"so far of Mon 2026-11-02 00:00 - Sun 2026-11-08 24:00 UTC": `{"date_from":"This week"}`,
		"since Tue 2026-11-03 00:00 UTC":                            `{"date_from":"2026-11-03"}`,
		"until Tue 2026-11-03 24:00 UTC":                            `{"date_to":"2026-11-03"}`,
		"of all days UTC":                                           `{}`,
		"of Sun 2026-09-06 01:00 - 24:00 America/Santiago": `{"date_from":"2026-09-06",` +
			`"date_to":"2026-09-06","timezone":"America/Santiago"}`,
		"so far of Wed 2026-11-04 00:00 - Thu 2026-11-05 24:00 Europe/Berlin": `{"date_from":"yesterday",` +
			`"date_to":"today","timezone":"Europe/Berlin"}`,
	} {
		for _, tool := range []string{"get_call_stats", "find_calls"} {
			if tool == "find_calls" { // which stops early in the order of time
				args = strings.Replace(strings.Replace(args, "{", `{"sort":"longest",`, 1), ",}", "}", 1)
			}
			text, structure := connect(t, account.Transport()).call(tool, args)
			if !strings.Contains(text, want+", as of") || structure == nil {
				t.Errorf("%s %s: no %q in\n%.400s", tool, args, want, text)
			}
		}
	}
}

// Words for days are taken for what they are, or refused with the period to use.
func TestWordsForDays(t *testing.T) {
	for args, want := range map[string]string{
		`{"date_from":"last week"}`:                         "Mon 2026-10-26 00:00 - Sun 2026-11-01 24:00",
		`{"date_from":"Last-Month","date_to":"last month"}`: "Thu 2026-10-01 00:00 - Sat 2026-10-31 24:00",
		`{"date_from":"yesterday","date_to":"yesterday"}`:   "Wed 2026-11-04 00:00 - 24:00",
		`{"date_from":"2026-11-01","date_to":"Yesterday"}`:  "Sun 2026-11-01 00:00 - Wed 2026-11-04 24:00",
		`{"period":"LAST 7 DAYS"}`:                          "Thu 2026-10-29 00:00 - Wed 2026-11-04 24:00",
		`{"date_from":"last week","date_to":"2026-11-01"}`:  "last_week is not a day; give period=last_week, without",
		`{"date_from":"2026-10-01","date_to":"last month"}`: "last_month is not a day; give period=last_month, without",
		`{"period":"last_week","date_from":"2026-11-01"}`:   "period: give it, or date_from and date_to, not both",
		`{"date_from":"today","date_to":"yesterday"}`:       "2026-11-05 is after date_to 2026-11-04; swap them",
		`{"date_from":"the other day"}`:                     "or use period: today, yesterday, this_week",
		`{"date_from":"2026-02-30"}`:                        "not a day of the calendar",
		`{"period":"next_week"}`:                            "is none of today",
	} {
		for _, tool := range []string{"get_call_stats", "find_calls"} {
			if text, _ := connect(t, account.Transport()).call(tool, args); !strings.Contains(text, want) {
				t.Errorf("%s %s: no %q in\n%.400s", tool, args, want, text)
			}
		}
	}
}

// A few rows of hours or days are those of most calls, unless another order is asked for.
func TestTopRowsAreTheLargest(t *testing.T) {
	s := connect(t, remember(account))
	for _, by := range []string{`["hour"]`, `["weekday","hour"]`, `["day"]`, `["agent"]`} {
		_, all := s.call("get_call_stats", `{"period":"last_week","order":"calls","group_by":`+by+`}`)
		text, structure := s.call("get_call_stats", `{"period":"last_week","top":3,"group_by":`+by+`}`)
		rows, want := statsRows(structure), statsRows(all)
		if len(rows) != 4 || !strings.Contains(text, "rows by calls, largest first") {
			t.Fatalf("%s: %d rows in\n%s", by, len(rows), text)
		}
		for i := range 3 {
			if rows[i]["calls"] != want[i]["calls"] || rows[i]["calls"].(float64) < want[3]["calls"].(float64) {
				t.Errorf("%s: row %d has %v calls, want %v", by, i, rows[i]["calls"], want[i]["calls"])
			}
		}
		if _, structure = s.call("get_call_stats", `{"period":"last_week","top":3,"order":"value",`+
			`"group_by":["hour"]}`); statsRows(structure)[0]["hour"] != "01" {
			t.Errorf("by value the first hour is %v", statsRows(structure)[0]["hour"])
		}
	}
}

// Where it is another day in the zone, a period is that of the zone.
func TestPeriodsAreOfTheZone(t *testing.T) {
	_, structure := connect(t, account.Transport()).call("get_call_stats", `{"period":"today",`+
		`"timezone":"Pacific/Kiritimati"}`)
	if got := structure["window"].(map[string]any)["from"]; got != "2026-11-06 00:00" { // UTC+14
		t.Errorf("today begins at %v", got)
	}
	zone, _ := time.LoadLocation("Pacific/Kiritimati")
	n := 0.0
	for _, c := range account.Calls {
		if c.CreatedAt.In(zone).Format(time.DateOnly) == "2026-11-06" {
			n++
		}
	}
	if got := structure["totals"].(map[string]any)["calls"]; got != n || n == 0 {
		t.Errorf("%v calls, want %v of %s", got, n, sandbox.Token)
	}
}
