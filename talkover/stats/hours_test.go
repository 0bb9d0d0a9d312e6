package stats_test

import (
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Times of the day and of the week as people write them, with the first moment and without the end.
func TestHoursOfTheWeek(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		hours   string
		in, out []string // eight weeks after; Monday is 2026-11-02
	}{
		{"9-17", []string{"02 09:00:00", "07 16:59:59"}, []string{"02 08:59:59", "02 17:00:00"}},
		{"09:30-17:45", []string{"02 09:30:00", "02 17:44:59"}, []string{"02 09:29:59", "02 17:45:00"}},
		{"18-24", []string{"02 18:00:00", "02 23:59:59"}, []string{"03 00:00:00"}},
		{"22-6", []string{"02 22:00:00", "03 05:59:59"}, []string{"03 06:00:00", "03 21:59:59"}},
		{"Mon-Fri 9-17:30, Sat 10-14", []string{"02 09:00:00", "06 17:29:59", "07 10:00:00"}, []string{"07 09:00:00", "08 12:00:00", "06 17:30:00"}},
		{"fri 22-2", []string{"06 22:00:00", "07 01:59:59"}, []string{"07 22:00:00", "06 01:00:00"}},
		{"Sat, Sun 0-24", []string{"07 00:00:00", "08 23:59:59"}, []string{"06 23:59:59", "09 00:00:00"}},
		{"Sun-Tue 8-9", []string{"08 08:00:00", "02 08:00:00", "03 08:00:00"}, []string{"04 08:00:00", "07 08:00:00"}},
	} {
		h := hours(t, c.hours)
		for i, all := range [][]string{c.in, c.out} {
			for _, at := range all {
				moment, _ := time.ParseInLocation("2006-01-02 15:04:05", "2026-11-"+at, berlin)
				moment = moment.AddDate(0, 0, -56)
				log := &fakeLog{rows: []talkover.Call{{ID: "1", CreatedAt: moment, Status: "busy", Direction: "inbound", From: "+1"}}}
				for outside, h := range []stats.Hours{h, h.Outside()} {
					want := 1 - i
					if outside == 1 {
						want = i
					}
					if got := ask(t, log, stats.Question{Filter: stats.Filter{Zone: berlin, Hours: h}}).Calls; got != want {
						t.Errorf("%s at %s, outside %d: %d, want %d", c.hours, at, outside, got, want)
					}
				}
			}
		}
	}
	for _, bad := range []string{"", "9", "9-9", "25-26", "9-17:20", "Mon", "Mon-Fri", "Xyz 9-17", "9-17 Mon", "9:0-17", "-", "9-17,", "Mo 9-10", "9-1700"} {
		if h, err := stats.ParseHours(bad); err == nil {
			t.Errorf("%q is %+v", bad, h)
		}
	}
}

// Business hours against all other time, by the clocks of the zone.
func TestShifts(t *testing.T) {
	at := func(text string) talkover.Call {
		moment, _ := time.ParseInLocation("2006-01-02 15:04", text, zone(t, "America/New_York"))
		return talkover.Call{ID: text, CreatedAt: moment, Status: "busy", Direction: "inbound", From: "+12025550101"}
	}
	log := &fakeLog{rows: []talkover.Call{at("2026-11-03 17:30"), at("2026-11-03 17:29"), at("2026-11-02 09:00"), at("2026-11-01 12:00")}}
	r := ask(t, log, stats.Question{
		Filter: stats.Filter{Zone: zone(t, "America/New_York")}, By: []stats.Dimension{stats.ByShift}, Business: hours(t, "Mon-Fri 9-17:30"),
	})
	if len(r.Rows) != 2 || r.Rows[0].M[stats.Calls].Value != 2 || r.Rows[1].M[stats.Calls].Value != 2 {
		t.Errorf("the rows are %+v", r.Rows)
	}
}

// Two spellings of a number are one row, those that withhold theirs another, which does not rank.
func TestContactsHaveOneRowEach(t *testing.T) {
	log := &fakeLog{}
	for i, from := range []string{"anonymous", "", "+266696687", "+12025550101", "0012025550101", "+442079460000", "client:alice", "anonymous"} {
		log.rows = append(log.rows, talkover.Call{ID: string(rune('a' + i)), CreatedAt: now.Add(-time.Duration(i+1) * time.Hour),
			Status: "busy", Direction: "inbound", From: from, To: "+13125550100"})
	}
	for d, want := range map[stats.Dimension]map[string]float64{
		stats.ByContact: {"withheld": 4, "+12025550101": 2, "+442079460000": 1, "client:alice": 1},
		stats.ByCountry: {"withheld": 4, "+1": 2, "+44": 1, "other": 1},
	} {
		r := ask(t, log, stats.Question{Filter: stats.Filter{Zone: time.UTC}, By: []stats.Dimension{d}})
		for _, row := range r.Rows {
			if row.M[stats.Calls].Value != want[row.Values[0].Key] {
				t.Errorf("by %s: %s has %v calls, want %v", d, row.Values[0].Key, row.M[stats.Calls].Value, want[row.Values[0].Key])
			}
		}
		if n := len(r.Rows); n != 4 || r.Ranked != 3 || r.Rows[3].Values[0] != stats.WithheldNumber {
			t.Errorf("by %s: %d of %d rows rank: %v", d, r.Ranked, n, r.Rows)
		}
	}
	f := stats.Filter{Zone: time.UTC, Contact: "withheld"}
	if n := ask(t, log, stats.Question{Filter: f}).Calls; n != 4 {
		t.Errorf("%d calls withhold the number, want 4", n)
	}
}
