package scan_test

import (
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Every way an answer can be got, as a plan says it.
func TestPlans(t *testing.T) {
	day := func(s string) cache.Date { d, _ := cache.ParseDate(s); return d }
	state := scan.State{From: day("2026-10-06"), To: day("2026-11-06"), Closed: day("2026-11-03"), Keeps: true, Missing: scan.Unknown, Live: scan.Unknown, List: scan.Unknown, Left: 76}
	kept := func(from, to string, k scan.DayState) func(*scan.State) {
		return func(s *scan.State) {
			if s.Days == nil {
				s.Days = map[cache.Date]scan.DayState{}
			}
			for d := day(from); d <= day(to); d++ {
				s.Days[d] = k
			}
		}
	}
	for name, test := range map[string]struct {
		changes []func(*scan.State)
		want    string
	}{
		"nothing is kept":                  {nil, "size days 2026-10-06 to 2026-11-03"},
		"the size is known":                {[]func(*scan.State){func(s *scan.State) { s.Missing = 5000 }}, "look at the live days 2026-11-04 to 2026-11-06"},
		"all fits":                         {[]func(*scan.State){func(s *scan.State) { s.Missing, s.Live = 5000, 600 }}, "read live 2026-11-04 to 2026-11-06; read days 2026-10-06 to 2026-11-03"},
		"live days that starve the others": {[]func(*scan.State){func(s *scan.State) { s.Missing, s.Live = 50_000, 6000 }}, "read days 2026-10-06 to 2026-11-03"},
		"too much, and countable":          {[]func(*scan.State){func(s *scan.State) { s.Missing, s.Live, s.Counts = 50_000, 600, 9 }}, "count days 2026-10-06 to 2026-11-03"},
		"kept":                             {[]func(*scan.State){kept("2026-10-06", "2026-11-03", scan.DayState{Calls: 200}), func(s *scan.State) { s.LiveHeld = true }}, "prove days 2026-10-06 to 2026-11-03"},
		"kept and proven":                  {[]func(*scan.State){kept("2026-10-06", "2026-11-03", scan.DayState{Calls: 200, Proven: true}), func(s *scan.State) { s.LiveHeld = true }}, ""},
		"old":                              {[]func(*scan.State){kept("2026-10-06", "2026-11-03", scan.DayState{Calls: 200, Stale: true}), func(s *scan.State) { s.LiveHeld = true }}, "renew days 2026-10-06 to 2026-11-03"},
		"a day is missing, another failed": {[]func(*scan.State){kept("2026-10-06", "2026-10-20", scan.DayState{Calls: 200, Proven: true}), kept("2026-10-22", "2026-11-03", scan.DayState{Calls: 200, Proven: true}),
			kept("2026-10-25", "2026-10-25", scan.DayState{Failed: true}), func(s *scan.State) { s.LiveHeld, s.Missing = true, 90 }}, "read days 2026-10-21 to 2026-10-21"},
		"filtered":                          {[]func(*scan.State){func(s *scan.State) { s.Filtered = true }}, "look at the list"},
		"filtered, and nothing is kept":     {[]func(*scan.State){func(s *scan.State) { s.Filtered, s.List = true, 300 }}, "read the list"},
		"filtered once before":              {[]func(*scan.State){func(s *scan.State) { s.Filtered, s.List, s.Paid = true, 300, 4 }}, "size days 2026-10-06 to 2026-11-03"},
		"filtered, and cheaper":             {[]func(*scan.State){func(s *scan.State) { s.Filtered, s.List, s.Missing, s.Live = true, 300, 5000, 600 }}, "read the list"},
		"filtered lists that were paid for": {[]func(*scan.State){func(s *scan.State) { s.Filtered, s.List, s.Missing, s.Live, s.Paid = true, 300, 5000, 600, 60 }}, "read live 2026-11-04 to 2026-11-06; read days 2026-10-06 to 2026-11-03"},
		"filtered, and kept":                {[]func(*scan.State){kept("2026-10-06", "2026-11-03", scan.DayState{Calls: 200}), func(s *scan.State) { s.Filtered, s.LiveHeld = true, true }}, "prove days 2026-10-06 to 2026-11-03"},
		"searched":                          {[]func(*scan.State){func(s *scan.State) { s.Searched, s.List = true, 900 }}, "read the list"},
		"nothing may be kept":               {[]func(*scan.State){func(s *scan.State) { s.Keeps, s.List = false, 900 }}, "read the list"},
		"the oldest first":                  {[]func(*scan.State){func(s *scan.State) { s.Missing, s.Live, s.OldestFirst, s.From = 9000, 600, true, day("2026-09-20") }}, "read days 2026-09-20 to 2026-10-03; read days 2026-10-04 to 2026-11-03; read live 2026-11-04 to 2026-11-06"},
	} {
		s := state
		for _, change := range test.changes {
			change(&s)
		}
		plan := s.Plan()
		var got []string
		for _, step := range plan {
			what, _, _ := strings.Cut(step.String(), ":")
			got = append(got, what)
			if step.Proves() == "" || step.Requests < 1 {
				t.Errorf("%s: %s", name, step)
			}
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s:\n%swant %s", name, plan, test.want)
		}
	}
}
