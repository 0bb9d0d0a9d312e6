package stats_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Each field of a filter has a row, but for the zone, of which others are: it is given once it asks
// for something, and leaves out calls.
func TestEachFieldOfAFilterIsOne(t *testing.T) {
	log := logOf(generate(31, 900, 20*24*time.Hour))
	least := 30
	values := map[string]any{
		"Days": stats.Days{From: "2026-11-01"}, "Statuses": []string{"busy"}, "Direction": "inbound", "AgentID": "agent-2", "Contact": "+12025550001", "Search": "5550002",
		"MinSeconds": 30, "MaxSeconds": &least, "Hours": hours(t, "22-10"), "Line": "+12125550101", "Weekdays": []time.Weekday{time.Monday}, "Tests": stats.ExcludeTests,
	}
	names := map[string]bool{}
	for i := range reflect.TypeFor[stats.Filter]().NumField() {
		field := reflect.TypeFor[stats.Filter]().Field(i).Name
		f := stats.Filter{}
		if field == "Zone" {
			if f.Zone = zone(t, "Asia/Kolkata"); len(f.Given()) > 0 {
				t.Errorf("a zone alone asks for %q", f.Given())
			}
			continue
		}
		value, ok := values[field]
		if !ok {
			t.Fatalf("the test has no value for %s", field)
		}
		reflect.ValueOf(&f).Elem().Field(i).Set(reflect.ValueOf(value))
		given := f.Given()
		if len(given) != 1 || names[given[0]] {
			t.Fatalf("%s is %q", field, given)
		}
		names[given[0]] = true
		f.Zone = time.UTC
		want := len(askedFor(f, log.rows))
		if got := ask(t, log, stats.Question{Filter: f}).Calls; got != want || want == 0 || want == len(log.rows) {
			t.Errorf("%s: %d calls of %d, want %d", field, got, len(log.rows), want)
		}
		if got := find(t, log, stats.Search{Filter: f, Order: stats.Longest, Limit: 10}).Total; got != want {
			t.Errorf("%s: %d calls are found, want %d", field, got, want)
		}
	}
	if f := (stats.Filter{}); len(f.Given()) > 0 {
		t.Errorf("no filter is %q", f.Given())
	}
}

// What the API is asked for leaves out no call that a filter asks for.
func TestWhatFiltersAskTheAPIFor(t *testing.T) {
	type asked struct {
		query          talkover.CallQuery
		number, search string
	}
	sid := "CA0123456789abcdef0123456789abcdef"
	for _, test := range []struct {
		filter stats.Filter
		want   asked
	}{
		{stats.Filter{}, asked{}},
		{stats.Filter{Statuses: []string{"busy"}}, asked{query: talkover.CallQuery{Status: "busy"}}},
		{stats.Filter{Statuses: []string{"busy", "busy"}}, asked{query: talkover.CallQuery{Status: "busy"}}},
		{stats.Filter{Statuses: []string{"busy", "failed"}}, asked{}},
		{stats.Filter{Statuses: []string{"missed"}}, asked{query: talkover.CallQuery{Direction: "inbound"}}},
		{stats.Filter{Statuses: []string{"unanswered"}}, asked{}},
		{stats.Filter{Statuses: []string{"open"}}, asked{}},
		{stats.Filter{Statuses: []string{"other"}}, asked{}},
		{stats.Filter{Direction: "outbound"}, asked{query: talkover.CallQuery{Direction: "outbound"}}},
		{stats.Filter{AgentID: "agent-1", Direction: "inbound"}, asked{query: talkover.CallQuery{AgentID: "agent-1", Direction: "inbound"}}},
		{stats.Filter{AgentID: stats.DeletedAgent}, asked{}},
		{stats.Filter{Contact: "+1 (202) 555-0001"}, asked{number: "+1 (202) 555-0001"}},
		{stats.Filter{Contact: "+1202"}, asked{}},
		{stats.Filter{Contact: "anonymous caller"}, asked{}},
		{stats.Filter{Search: sid}, asked{search: sid}},
		{stats.Filter{Search: "+1 (202) 555-0001"}, asked{search: "2025550001"}},
		{stats.Filter{Search: "+1202"}, asked{}},
		{stats.Filter{MinSeconds: 3, Hours: hours(t, "1-2"), Tests: stats.OnlyTests}, asked{}},
	} {
		log := &fakeLog{}
		ask(t, log, stats.Question{Filter: test.filter})
		w := log.wants[0]
		if got := (asked{w.Query, w.Number, w.Search}); got != test.want {
			t.Errorf("%+v asks for %+v, want %+v", test.filter, got, test.want)
		}
	}
	// What became of missed calls is in calls that no filter asks for.
	log := &fakeLog{}
	ask(t, log, stats.Question{Filter: stats.Filter{Direction: "inbound", AgentID: "agent-1", Search: sid, Contact: "+12025550001"}, Metrics: []stats.Metric{stats.Unreturned}})
	if w := log.wants[0]; w.Query != (talkover.CallQuery{}) || w.Search != "" || w.Number != "+12025550001" {
		t.Errorf("%+v", w)
	}
}

// Calls that a search must find are those with the number, whatever else is asked of them.
func TestASearchIsHeldAgainstTheNumberAlone(t *testing.T) {
	one := talkover.Call{ID: "1", From: "+12025550001", Direction: "inbound", Status: "busy", CreatedAt: now.Add(-time.Hour)}
	another := one
	another.From = "+12025550002"
	tables, all := calls.Make([]talkover.Call{one, another})
	for _, test := range []struct {
		filter stats.Filter
		want   []bool
	}{
		{stats.Filter{Contact: one.From, Direction: "outbound", Days: stats.Days{From: "2026-11-05"}}, []bool{true, false}},
		{stats.Filter{Search: one.From, MinSeconds: 9}, []bool{true, false}},
		{stats.Filter{Contact: "+1202", Direction: "outbound"}, []bool{false, false}},
		{stats.Filter{Contact: "+1202", Direction: "inbound", Days: stats.Days{To: "2026-01-01"}}, []bool{true, true}},
	} {
		log := &fakeLog{}
		ask(t, log, stats.Question{Filter: test.filter})
		fits := log.wants[0].Fits(tables)
		if got := []bool{fits(&all[0]), fits(&all[1])}; !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v, want %v", test.filter, got, test.want)
		}
	}
}
