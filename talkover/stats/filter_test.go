package stats_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// withheldNumbers are numbers of contacts that tell nobody from anybody, and some that
// look so.
var oddNumbers = []string{"anonymous", "", "+266696687", "restricted", "sip:desk@example.com"}

// odd gives some calls of a page such numbers, and statuses that are spelled otherwise, the
// same ones to the same call each time.
func odd(c *talkover.Call) {
	number := &c.From
	if c.Direction == "outbound" {
		number = &c.To
	}
	var n int
	fmt.Sscanf(*number, "+1202555%d", &n)
	if n < len(oddNumbers) {
		*number = oddNumbers[n]
	}
	if c.Status == "no-answer" && c.Duration == 0 && c.CreatedAt.Second()%2 == 0 {
		c.Status = "no_answer"
	}
}

// oddLog is a log with odd calls.
func oddLog(records []record) *fakeLog {
	log := logOf(records)
	for i := range log.rows {
		odd(&log.rows[i])
	}
	return log
}

// isWithheld is what docs/numbers.md says.
func isWithheld(number string) bool {
	return slices.Contains([]string{"anonymous", "", "+266696687", "restricted"}, number)
}

func contactOf(c talkover.Call) string {
	if c.Direction == "inbound" {
		return c.From
	}
	return c.To
}

// lineOf returns our number of a call.
func lineOf(c talkover.Call) string {
	if c.Direction == "inbound" {
		return c.To
	}
	return c.From
}

// hours reads times of the day.
func hours(t interface {
	Helper()
	Fatal(...any)
}, text string) stats.Hours {
	t.Helper()
	h, err := stats.ParseHours(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// inDays reports whether a call is of the days of a filter.
func inDays(f stats.Filter, c talkover.Call) bool {
	day := c.CreatedAt.In(f.Zone).Format("2006-01-02")
	return (f.Days.From == "" || day >= f.Days.From) && (f.Days.To == "" || day <= f.Days.To) && (f.Days.Until.IsZero() || c.CreatedAt.Before(f.Days.Until))
}

// countsTests reports whether a call counts, by what the filter says of test calls.
func countsTests(f stats.Filter, c talkover.Call) bool {
	return f.Tests == "" || f.Tests == stats.IncludeTests || c.IsTesting == (f.Tests == stats.OnlyTests)
}

// fits reports whether a filter asks for a call, but for days and test calls.
func fits(f stats.Filter, c talkover.Call) bool {
	at := c.CreatedAt.In(f.Zone)
	status := len(f.Statuses) == 0
	for _, s := range f.Statuses {
		k := kind(c)
		switch s {
		case "open":
			status = status || k == stats.Open
		case "missed":
			status = status || isMissed(c)
		case "unanswered":
			status = status || k == stats.NoAnswer || k == stats.Busy || k == stats.Failed
		case "other":
			status = status || k == stats.OtherStatus
		default:
			status = status || strings.ReplaceAll(c.Status, "_", "-") == s
		}
	}
	hour := f.Hours.IsZero()
	var from, to int
	if _, err := fmt.Sscanf(f.Hours.String(), "%d-%d", &from, &to); err == nil {
		for h := from; h%24 != to%24; h++ {
			hour = hour || at.Hour() == h%24
		}
	}
	line := f.Line == "" || strings.HasPrefix(lineOf(c), f.Line)
	digits := func(s string) (d string) {
		for _, r := range s {
			if r >= '0' && r <= '9' {
				d += string(r)
			}
		}
		return d
	}
	search := f.Search == "" || strings.Contains(c.From, f.Search) || strings.Contains(c.To, f.Search) // of numbers that are spelled alike
	contact := f.Contact == "" || digits(f.Contact) != "" && !isWithheld(contactOf(c)) && strings.HasPrefix(digits(contactOf(c)), digits(f.Contact)) ||
		digits(f.Contact) == "" && strings.HasPrefix(contactOf(c), f.Contact)
	agent := f.AgentID == "" || c.Agent.ID == f.AgentID || f.AgentID == stats.DeletedAgent && c.Agent.ID == ""
	return status && hour && line && contact && agent && search && (f.Direction == "" || c.Direction == f.Direction) &&
		c.Duration >= f.MinSeconds && (f.MaxSeconds == nil || c.Duration <= *f.MaxSeconds) &&
		(len(f.Weekdays) == 0 || slices.Contains(f.Weekdays, at.Weekday()))
}

// askedFor are the calls that a filter asks for.
func askedFor(f stats.Filter, all []talkover.Call) (those []talkover.Call) {
	for _, c := range all {
		if inDays(f, c) && countsTests(f, c) && fits(f, c) {
			those = append(those, c)
		}
	}
	return those
}

// anyFilter draws a filter. Each of its fields is asked for now and then.
func anyFilter(t interface {
	Helper()
	Fatal(...any)
}, r *rand.Rand, days int) stats.Filter {
	t.Helper()
	f := stats.Filter{Zone: time.UTC}
	one := func(n int) bool { return r.IntN(n) == 0 }
	if one(2) {
		z, err := time.LoadLocation([]string{"Asia/Kolkata", "America/Los_Angeles", "Europe/Berlin", "America/New_York", "Pacific/Auckland"}[r.IntN(5)])
		if err != nil {
			t.Fatal(err)
		}
		f.Zone = z
	}
	if one(2) {
		f.Days.From = now.AddDate(0, 0, -r.IntN(days+5)).Format("2006-01-02")
	}
	if one(2) {
		f.Days.To = now.AddDate(0, 0, -r.IntN(days*3/4)).Format("2006-01-02")
	}
	if one(8) {
		f.Days.Until = now.Add(-time.Duration(r.IntN(days*20)) * time.Hour).Add(-time.Duration(r.IntN(3600)) * time.Second)
	}
	if one(4) {
		f.Direction = []string{"inbound", "outbound"}[r.IntN(2)]
	}
	if one(5) {
		f.AgentID = agentOf(uint8(1 + r.IntN(6))).ID
		if one(3) {
			f.AgentID = stats.DeletedAgent
		}
	}
	if one(2) {
		all := append(slices.Clone(stats.Statuses), "open", "missed", "unanswered", "other")
		for range 1 + r.IntN(3) {
			f.Statuses = append(f.Statuses, all[r.IntN(len(all))])
		}
	}
	if one(6) {
		f.MinSeconds = r.IntN(200)
	}
	if one(6) {
		most := f.MinSeconds + r.IntN(300)
		f.MaxSeconds = &most
	}
	if one(6) {
		if from, to := r.IntN(24), r.IntN(25); from != to%24 {
			f.Hours = hours(t, fmt.Sprintf("%d-%d", from, to))
		}
	}
	if one(30) {
		f.Line = []string{"+1", "+12125550101", "+12125550100", "+44"}[r.IntN(4)]
	}
	if one(6) {
		f.Weekdays = []time.Weekday{time.Weekday(r.IntN(7)), time.Weekday(r.IntN(7))}
	}
	if one(8) {
		f.Contact = []string{"+1202555001", "+1 (202) 555-000", "1202555", "+44", "anonymous", "266"}[r.IntN(6)]
	}
	if one(10) {
		f.Search = []string{"+1202555001", "5550", "+12125550101", "+55"}[r.IntN(4)]
	}
	f.Tests = []stats.TestCalls{"", "", "", stats.IncludeTests, stats.ExcludeTests, stats.OnlyTests}[r.IntN(6)]
	return f
}
