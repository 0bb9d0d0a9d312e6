package exam_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// asked holds what a call asks for, after the descriptions of the arguments.
type asked struct {
	tool string

	Status     any    `json:"status"` // one, or several
	Direction  string `json:"direction"`
	Agent      string `json:"agent"`
	AgentID    string `json:"agent_id"`
	Period     string `json:"period"`
	DateFrom   string `json:"date_from"`
	DateTo     string `json:"date_to"`
	Contact    string `json:"contact"`
	Search     string `json:"search"`
	MinSeconds int    `json:"min_seconds"`
	MaxSeconds *int   `json:"max_seconds"`
	Line       string `json:"line"`
	Hours      string `json:"hours"`
	Weekdays   any    `json:"weekdays"`
	TestCalls  string `json:"test_calls"`
	Timezone   string `json:"timezone"`

	GroupBy  any    `json:"group_by"`
	Compare  string `json:"compare"`
	Top      int    `json:"top"`
	Order    string `json:"order"`
	MinCalls *int   `json:"min_calls"`
	Metrics  any    `json:"metrics"`

	Sort    string `json:"sort"`
	Only    string `json:"only"`
	Limit   int    `json:"limit"`
	PerPage int    `json:"per_page"`
	SID     string `json:"sid"`
	Page    any    `json:"page"` // a number, or what an answer gave
}

// parseCall reads a call: a tool, a space, and its arguments as JSON.
func parseCall(t *testing.T, call string) (tool, args string, a asked) {
	t.Helper()
	tool, args, _ = strings.Cut(call, " ")
	if err := json.Unmarshal([]byte(args), &a); err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	a.tool = tool
	return tool, args, a
}

// list returns one string or several as several.
func list(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			all = append(all, x.(string))
		}
	}
	return all
}

// zoneOf returns a zone by its name. Those of the questions have rules of their own here.
func zoneOf(t *testing.T, name string) zone {
	t.Helper()
	switch name {
	case "UTC":
		return utc
	case "America/New_York":
		return newYork
	case "Europe/Berlin":
		return berlin
	}
	there, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(m moment) int64 {
		_, ahead := time.Unix(int64(m), 0).In(there).Zone()
		return int64(ahead)
	}
}

// fits returns what is true of the calls that fit the filters, whenever they were.
func (a asked) fits(l *callLog, z zone) []is {
	var all []is
	add := func(f is) { all = append(all, f) }
	if statuses := list(a.Status); len(statuses) > 0 {
		add(func(c *call) bool {
			return slices.ContainsFunc(statuses, func(s string) bool {
				switch s {
				case "open":
					return open(c)
				case "missed":
					return missed(c)
				case "unanswered":
					return unanswered(c)
				case "other":
					return stranger(c)
				}
				return c.status() == s
			})
		})
	}
	if a.Direction != "" {
		add(func(c *call) bool { return c.Direction == a.Direction })
	}
	if name := a.Agent + a.AgentID; name != "" {
		add(func(c *call) bool {
			if c.Agent == nil {
				return name == "(deleted)"
			}
			return name == c.label || name == c.Agent.Label || name == c.Agent.Name || name == c.Agent.ID
		})
	}
	if a.Contact == "withheld" {
		add((*call).withheld)
	} else if a.Contact != "" {
		add(contact(a.Contact))
	}
	if s := strings.ToLower(a.Search); s != "" {
		add(func(c *call) bool {
			return strings.Contains(c.From, s) || strings.Contains(c.To, s) ||
				strings.Contains(strings.ToLower(c.SID), s)
		})
	}
	if a.MinSeconds > 0 {
		add(longerThan(a.MinSeconds - 1))
	}
	if a.MaxSeconds != nil {
		add(shorterThan(*a.MaxSeconds + 1))
	}
	if a.Hours != "" {
		add(a.inHours(z))
	}
	if a.Line != "" {
		add(func(c *call) bool { return strings.HasPrefix(byLine(c), a.Line) })
	}
	if names := list(a.Weekdays); len(names) > 0 {
		add(onAny(z, names...))
	}
	return append(all, a.tests()...)
}

// ofBusiness: from Monday to Friday from 9:00 to 17:30, and on Saturday from 10 to 14.
func ofBusiness(z zone) is {
	return func(c *call) bool {
		clock := int64(c.at) + z(c.at)
		minute := (clock%daySeconds + daySeconds) % daySeconds / 60
		switch c.at.day(z).weekday() {
		case 5: // weeks begin on Mondays here
			return minute >= 10*60 && minute < 14*60
		case 6:
			return false
		}
		return minute >= 9*60 && minute < 17*60+30
	}
}

// inHours tells calls in hours that are whole, or those of the business.
func (a asked) inHours(z zone) is {
	switch a.Hours {
	case "business":
		return ofBusiness(z)
	case "after_hours":
		return func(c *call) bool { return !ofBusiness(z)(c) }
	}
	if a.Hours == "Mon-Fri 8-9:30" {
		return func(c *call) bool {
			minute := (int64(c.at) + z(c.at)) % daySeconds / 60
			return c.at.day(z).weekday() < 5 && minute >= 8*60 && minute < 9*60+30
		}
	}
	var from, to int
	if _, err := fmt.Sscanf(a.Hours, "%d-%d", &from, &to); err != nil {
		panic("hours of the test are whole: " + a.Hours)
	}
	if from < to {
		return hours(z, from, to-1)
	}
	return func(c *call) bool { return hours(z, from, 23)(c) || to > 0 && hours(z, 0, to-1)(c) }
}

// tests returns what is true of the calls that count at all.
func (a asked) tests() []is {
	switch a.TestCalls {
	case "exclude":
		return []is{genuine}
	case "only":
		return []is{test}
	}
	return nil
}

// dimension returns by what calls are divided.
func (a asked) dimension(name string, z zone) func(*call) string {
	switch name {
	case "status":
		return func(c *call) string {
			return c.status()
		}
	case "direction":
		return func(c *call) string { return c.Direction }
	case "agent":
		return byAgent
	case "day":
		return byDay(z)
	case "week":
		return func(c *call) string { d := c.at.day(z); return (d - date(d.weekday())).String() }
	case "month":
		return func(c *call) string { return c.at.day(z).String()[:7] }
	case "weekday":
		return func(c *call) string { return weekdays[c.at.day(z).weekday()] }
	case "hour":
		return byHour(z)
	case "contact":
		return byContact
	case "line":
		return byLine
	case "country":
		return func(c *call) string {
			for _, code := range []string{"+1", "+44", "+49"} {
				if strings.HasPrefix(c.other(), code) {
					return code
				}
			}
			return byContact(c)
		}
	case "shift":
		return func(c *call) string {
			if ofBusiness(z)(c) {
				return "business"
			}
			return "after_hours"
		}
	}
	panic("no dimension " + name)
}
