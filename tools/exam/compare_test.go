package exam_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

var windows = flag.Int("windows", 30, "how many comparisons of random windows to ask for")

// The zones of random windows. Some have clocks that go forward at midnight, or by half an
// hour, or an offset of three quarters.
var zones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe",
	"Asia/Kathmandu",
	"Pacific/Auckland", "America/St_Johns", "Pacific/Kiritimati", "America/Havana", "Asia/Kolkata",
}

// sparse returns an account with some calls a day on the three years before 2027.
func sparse() *sandbox.Account {
	r := rand.New(rand.NewPCG(1, 2))
	a := &sandbox.Account{}
	for at := time.Date(2024, 1, 1, 0, 0, 0, 0,
		time.UTC); at.Year() < 2027; at = at.Add(time.Duration(1+r.IntN(6*3600)) * time.Second) {
		c := sandbox.Call{
			ID: fmt.Sprint(len(a.Calls)), SID: fmt.Sprintf("CA%032x", len(a.Calls)), From: "+12025550123",
			To: "+12025550100",
		}
		c.Direction, c.Status, c.CreatedAt, c.UpdatedAt = "inbound", "completed", at, at
		if r.IntN(3) == 0 {
			c.Status = "no-answer"
		} else {
			c.Duration = 1 + r.IntN(300)
		}
		a.Calls = append(a.Calls, c)
	}
	a.Sort()
	return a
}

// before returns the account as it stood at a moment.
func before(a *sandbox.Account, at time.Time) *sandbox.Account {
	for i, c := range a.Calls {
		if c.CreatedAt.Before(at) {
			return &sandbox.Account{Calls: a.Calls[i:]}
		}
	}
	return &sandbox.Account{}
}

// standing serves an account as it stands.
type standing struct{ http.RoundTripper }

// TestRandomComparisons asks for comparisons of random windows in random zones, at random
// moments, some of them within the window. The other window, the cut and the figures of both
// must be those of a calendar of our own.
func TestRandomComparisons(t *testing.T) {
	account := sparse()
	var now time.Time
	api := &standing{}
	c := converse(t, readLog(t, account), api, 0, func() time.Time { return now }, false)
	r := rand.New(rand.NewPCG(3, 4))
	cut := 0
	for i := range *windows {
		name := zones[r.IntN(len(zones))]
		z := zoneOf(t, name)
		now = time.Date(2026, time.Month(1+r.IntN(12)), 1+r.IntN(31), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
		args := randomWindow(r, moment(now.Unix()).day(z))
		if r.IntN(3) == 0 {
			args += `,"group_by":["` + []string{"day", "week", "weekday", "hour", "status"}[r.IntN(5)] + `"]`
		}
		call := fmt.Sprintf(`get_call_stats {%s,"timezone":%q,"compare":%q}`, args, name,
			[]string{
				"previous_period", "week_before", "month_before", "year_before", "2026-02", "2026-02-27..2026-03-04",
			}[r.IntN(6)])
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			api.RoundTripper = before(account, now).Transport()
			if c.ask(t, call).structure.cut {
				cut++
			}
			if t.Failed() {
				t.Logf("%s at %s", call, moment(now.Unix()).clock(z))
			}
		})
	}
	if cut < *windows/8 || cut > *windows*4/5 {
		t.Errorf("%d of %d windows were cut", cut, *windows)
	}
}

// randomWindow returns arguments for a window near a day.
func randomWindow(r *rand.Rand, today date) string {
	var w days
	switch r.IntN(5) {
	case 0:
		return `"period":"` + strings.Fields("today yesterday this_week last_week this_month last_month last_7_days " +
			"last_30_days")[r.IntN(8)] + `"`
	case 1: // whole months
		w.from = monthOf(today, -r.IntN(3)).from
		w.to = monthOf(w.from, r.IntN(3)).to
	case 2: // around today
		w.from = today - date(r.IntN(20))
		w.to = today + date(r.IntN(20))
	case 3: // the end of a month
		w.to = monthOf(today, -r.IntN(2)).to
		w.from = w.to - date(r.IntN(4))
	default:
		w.to = today - date(r.IntN(60))
		w.from = w.to - date(r.IntN(40))
	}
	w.from, w.to = min(w.from, today), max(w.to, min(w.from, today))
	return fmt.Sprintf(`"date_from":"%s","date_to":"%s"`, w.from, w.to)
}
