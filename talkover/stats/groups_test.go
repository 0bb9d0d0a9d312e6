package stats_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// dimensions are all ten.
var dimensions = []stats.Dimension{
	stats.ByStatus, stats.ByDirection, stats.ByAgent, stats.ByDay, stats.ByWeek,
	stats.ByMonth, stats.ByWeekday, stats.ByHour, stats.ByContact, stats.ByLine,
}

// pairs are all 45 pairs of dimensions; the greater comes first in every other.
func pairs() (all [][]stats.Dimension) {
	for i, d := range dimensions {
		for j, e := range dimensions[:i] {
			if (i+j)%2 == 0 {
				d, e = e, d
			}
			all = append(all, []stats.Dimension{d, e})
		}
	}
	return all
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// groupsOf returns the groups of calls as answers sort them.
func groupsOf(t *testing.T, all []talkover.Call, zone *time.Location, by ...stats.Dimension) []stats.Row {
	t.Helper()
	return ask(t, &fakeLog{rows: all}, stats.Question{By: by, Filter: stats.Filter{Zone: zone}}).Rows
}

func callsIn(r stats.Row) int { return int(r.M[stats.Calls].Value) }

// Over months in which New York, half an hour off India and Chatham, which is
// 12:45 or 13:45 ahead, have all their changes of clocks.
func TestEachDimensionInEachZone(t *testing.T) {
	all := callsOf(generate(4, 3000, 60*24*time.Hour))
	for i := range all { // some calls in the two hours around the change of 2026-11-01
		if i%10 == 0 {
			all[i].CreatedAt = time.Date(2026, 11, 1, 4+i%4, i%60, 0, 0, time.UTC)
		}
	}
	for _, name := range []string{"UTC", "Asia/Kolkata", "America/New_York", "Pacific/Chatham"} {
		z := zone(t, name)
		for _, d := range dimensions {
			groups := groupsOf(t, all, z, d)
			want := grouped([]stats.Dimension{d}, all, z)
			if len(groups) != len(want) || len(groups) < 2 {
				t.Errorf("%s in %s: %d groups, want %d", d, name, len(groups), len(want))
			}
			sum := 0
			for _, g := range groups {
				theirs := want[keyOf(g.Values)]
				sum += callsIn(g)
				if len(theirs) == 0 {
					t.Errorf("%s in %s: there is no group %v", d, name, g.Values)
					continue
				}
				key, shown := placed(d, theirs[0], z)
				if g.Values[0] != (stats.Value{Key: key, Name: shown}) || callsIn(g) != len(theirs) {
					t.Errorf("%s in %s: %d calls of %v, want %d of %s", d, name, callsIn(g), g.Values[0], len(theirs), shown)
				}
			}
			if sum != len(all) {
				t.Errorf("%s in %s: groups add up to %d calls of %d", d, name, sum, len(all))
			}
		}
	}
}

// The clocks of New York go back at 2026-11-01 06:00 UTC: the hour from 1 to 2
// comes twice, the day has 25 hours, and is the last of its week.
func TestTheNightTheClocksGoBack(t *testing.T) {
	ny := zone(t, "America/New_York")
	var night []talkover.Call
	for at := time.Date(2026, 11, 1, 3, 30, 0, 0, time.UTC); len(night) < 27; at = at.Add(time.Hour) {
		night = append(night, talkover.Call{CreatedAt: at})
	}
	got := map[stats.Dimension]string{}
	for _, d := range []stats.Dimension{stats.ByDay, stats.ByWeek, stats.ByMonth, stats.ByWeekday, stats.ByHour} {
		var parts []string
		for _, g := range groupsOf(t, night, ny, d) {
			parts = append(parts, fmt.Sprint(g.Values[0].Name, ":", callsIn(g)))
		}
		got[d] = strings.Join(parts, " ")
	}
	want := map[stats.Dimension]string{
		stats.ByDay:     "2026-10-31:1 2026-11-01:25 2026-11-02:1",
		stats.ByWeek:    "2026-10-26:26 2026-11-02:1",
		stats.ByMonth:   "2026-10:1 2026-11:26",
		stats.ByWeekday: "Mon:1 Sat:1 Sun:25",
		stats.ByHour:    "00:2 01:2 02:1 03:1 04:1 05:1 06:1 07:1 08:1 09:1 10:1 11:1 12:1 13:1 14:1 15:1 16:1 17:1 18:1 19:1 20:1 21:1 22:1 23:2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAgentsAreToldApartByTheirIDs(t *testing.T) {
	agents := []talkover.Agent{{ID: "1", Label: "Support"}, {ID: "2", Label: "Support"}, {ID: "3", Name: "Sales"}, {Name: "Bare"}, {}}
	var all []talkover.Call
	for i, a := range agents {
		for range i + 1 {
			all = append(all, talkover.Call{Agent: a, CreatedAt: now.Add(-time.Hour)})
		}
	}
	var got []stats.Value
	for _, g := range groupsOf(t, all, time.UTC, stats.ByAgent) {
		got = append(got, g.Values[0])
	}
	want := []stats.Value{stats.Deleted, {Key: "Bare", Name: "Bare"}, {Key: "3", Name: "Sales"}, {Key: "2", Name: "Support"}, {Key: "1", Name: "Support"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Days and hours come in order, all else the largest first, and the same calls
// in any order give the same groups in the same order.
func TestGroupsAreSorted(t *testing.T) {
	all := callsOf(generate(5, 2000, 30*24*time.Hour))
	shuffled := slices.Clone(all)
	slices.SortFunc(shuffled, func(x, y talkover.Call) int { return strings.Compare(x.ID, y.ID) })
	ordered := []stats.Dimension{stats.ByDay, stats.ByWeek, stats.ByMonth, stats.ByWeekday, stats.ByHour}
	place := func(v stats.Value) string {
		if i := slices.Index(stats.Weekdays, v.Key); i >= 0 {
			return fmt.Sprint(i)
		}
		return v.Key
	}
	askings := pairs()
	for _, d := range dimensions {
		askings = append(askings, []stats.Dimension{d})
	}
	for _, by := range askings {
		groups := groupsOf(t, all, time.UTC, by...)
		inOrder := true
		for _, d := range by {
			inOrder = inOrder && slices.Contains(ordered, d)
		}
		again := groupsOf(t, shuffled, time.UTC, by...)
		for i, g := range groups {
			if keyOf(g.Values) != keyOf(again[i].Values) || callsIn(g) != callsIn(again[i]) {
				t.Fatalf("%v: group %d is %v or %v, by the order of calls", by, i, g.Values, again[i].Values)
			}
			if i == 0 {
				continue
			}
			last := groups[i-1]
			var x, y []string
			for j := range by {
				x, y = append(x, place(last.Values[j])), append(y, place(g.Values[j]))
			}
			if inOrder && slices.Compare(x, y) >= 0 || !inOrder && callsIn(last) < callsIn(g) {
				t.Fatalf("%v: %v with %d calls is before %v with %d", by, last.Values, callsIn(last), g.Values, callsIn(g))
			}
		}
	}
}

// A status that the API spells with an underscore is the documented one, in groups and
// where calls are picked.
func TestStatusesSpelledOtherwise(t *testing.T) {
	at := now.Add(-time.Hour)
	log := &fakeLog{rows: []talkover.Call{{ID: "1", Status: "no_answer", CreatedAt: at}, {ID: "2", Status: "no-answer", CreatedAt: at}, {ID: "3", Status: "completed", CreatedAt: at}}}
	r := ask(t, log, stats.Question{By: []stats.Dimension{stats.ByStatus}, Filter: stats.Filter{Statuses: []string{"no-answer"}}})
	if len(r.Rows) != 1 || r.Rows[0].Values[0].Key != "no-answer" || callsIn(r.Rows[0]) != 2 || r.Totals.M[stats.NoAnswer].Value != 2 {
		t.Errorf("%+v", r.Rows)
	}
}
