package stats_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
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

// pack packs calls.
func pack(calls []talkover.Call) *cache.Columns {
	var b cache.Builder
	for _, c := range calls {
		if err := b.Add(c); err != nil {
			panic(err)
		}
	}
	return b.Columns()
}

func groupsOf(calls []talkover.Call, zone *time.Location, by ...stats.Dimension) *stats.Groups {
	g := &stats.Groups{By: by, Filter: stats.Filter{Zone: zone}}
	for part := range slices.Chunk(calls, 700) { // as days are apart
		g.Add(pack(part))
	}
	return g
}

// sorted returns groups as answers sort them.
func sorted(g *stats.Groups) []*stats.Group {
	var rows []stats.Row
	groups := map[string]*stats.Group{}
	for group := range g.Each() {
		rows = append(rows, stats.Row{Values: group.Values, M: map[stats.Metric]stats.Measure{stats.Calls: {Value: float64(group.Calls), Known: true}}})
		groups[keyOf(group.Values)] = group
	}
	stats.RowOrder("").Sort(rows, g.By)
	var all []*stats.Group
	for _, row := range rows {
		all = append(all, groups[keyOf(row.Values)])
	}
	return all
}

// Over months in which New York, half an hour off India and Chatham, which is
// 12:45 or 13:45 ahead, have all their changes of clocks.
func TestEachDimensionInEachZone(t *testing.T) {
	all := calls(generate(4, 3000, 60*24*time.Hour))
	for i := range all { // some calls in the two hours around the change of 2026-11-01
		if i%10 == 0 {
			all[i].CreatedAt = time.Date(2026, 11, 1, 4+i%4, i%60, 0, 0, time.UTC)
		}
	}
	for _, name := range []string{"UTC", "Asia/Kolkata", "America/New_York", "Pacific/Chatham"} {
		z := zone(t, name)
		for _, d := range dimensions {
			groups := sorted(groupsOf(all, z, d))
			want := grouped([]stats.Dimension{d}, all, z)
			if len(groups) != len(want) || len(groups) < 2 {
				t.Errorf("%s in %s: %d groups, want %d", d, name, len(groups), len(want))
			}
			sum := 0
			for _, g := range groups {
				theirs := want[keyOf(g.Values)]
				sum += g.Calls
				if len(theirs) == 0 {
					t.Errorf("%s in %s: there is no group %v", d, name, g.Values)
					continue
				}
				key, shown := placed(d, theirs[0], z)
				if g.Values[0] != (stats.Value{Key: key, Name: shown}) || g.Calls != len(theirs) {
					t.Errorf("%s in %s: %d calls of %v, want %d of %s", d, name, g.Calls, g.Values[0], len(theirs), shown)
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
		for _, g := range sorted(groupsOf(night, ny, d)) {
			parts = append(parts, fmt.Sprint(g.Values[0].Name, ":", g.Calls))
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
			all = append(all, talkover.Call{Agent: a})
		}
	}
	var got []stats.Value
	for _, g := range sorted(groupsOf(all, time.UTC, stats.ByAgent)) {
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
	all := calls(generate(5, 2000, 30*24*time.Hour))
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
		groups := sorted(groupsOf(all, time.UTC, by...))
		inOrder := true
		for _, d := range by {
			inOrder = inOrder && slices.Contains(ordered, d)
		}
		again := sorted(groupsOf(shuffled, time.UTC, by...))
		for i, g := range groups {
			if keyOf(g.Values) != keyOf(again[i].Values) || g.Calls != again[i].Calls {
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
			if inOrder && slices.Compare(x, y) >= 0 || !inOrder && last.Calls < g.Calls {
				t.Fatalf("%v: %v with %d calls is before %v with %d", by, last.Values, last.Calls, g.Values, g.Calls)
			}
		}
	}
}

// A status that the API spells with an underscore is the documented one, in groups and
// where calls are picked.
func TestStatusesSpelledOtherwise(t *testing.T) {
	all := []talkover.Call{{ID: "1", Status: "no_answer"}, {ID: "2", Status: "no-answer"}, {ID: "3", Status: "completed"}}
	g := &stats.Groups{By: []stats.Dimension{stats.ByStatus}, Filter: stats.Filter{Statuses: []string{"no-answer"}}}
	g.Add(pack(all))
	groups := sorted(g)
	if len(groups) != 1 || groups[0].Values[0].Key != "no-answer" || groups[0].Calls != 2 || g.All.NoAnswer != 2 {
		t.Errorf("%+v", groups)
	}
}
