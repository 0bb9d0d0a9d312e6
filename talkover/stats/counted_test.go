package stats_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Totals, by status and by direction, of several statuses, missed, unanswered and open calls, are
// sums of counts, and the same figures are those of a reading.
func TestCountsOfFiltersAreThoseOfAReading(t *testing.T) {
	records := generate(21, 3_000, 200*24*time.Hour)
	for i := range records {
		switch {
		case i%90 == 0:
			records[i].Status = voicemail
		case i%31 == 0 && i > 1000:
			records[i].Status, records[i].Seconds = ringing, 0 // for ever
		}
	}
	read, few := logOf(records), logOf(records)
	few.counts = true
	for _, f := range []stats.Filter{
		{}, {Statuses: []string{"missed"}}, {Statuses: []string{"unanswered"}}, {Statuses: []string{"open"}}, {Statuses: []string{"completed", "answered"}},
		{Statuses: []string{"no-answer", "no-answer"}}, {Statuses: []string{"missed", "unanswered"}, Direction: "inbound"}, {Statuses: []string{"missed", "completed"}},
		{Statuses: []string{"busy", "open"}, Direction: "outbound"}, {Direction: "outbound"}, {Statuses: []string{"missed"}, Direction: "outbound"},
	} {
		for _, days := range []stats.Days{{From: "2026-06-06", To: "2026-10-31"}, {From: "2026-06-06"}, {}} {
			f.Days, f.Zone = days, time.UTC
			for _, by := range [][]stats.Dimension{nil, {stats.ByStatus}, {stats.ByDirection}, {stats.ByDirection, stats.ByStatus}} {
				q := stats.Question{Filter: f, By: by}
				report, want := ask(t, few, q), ask(t, read, q)
				what := fmt.Sprintf("%v %s of %v by %v", f.Statuses, f.Direction, days, by)
				if report.Method != calls.ByCounts || report.Calls != want.Calls || report.Tests != nil || report.BusyHour != nil {
					t.Errorf("%s: %+v, want %d calls", what, report.Coverage, want.Calls)
				}
				sameCounts(t, what, report.Totals, want.Totals)
				theirs := map[string]stats.Row{}
				for _, row := range want.Rows {
					if slices.Contains(row.Values, stats.Value{Key: "voicemail", Name: "voicemail"}) {
						row.Values[len(by)-1] = stats.Other // which is all that counts tell of it
					}
					theirs[keyOf(row.Values)] = row
				}
				for _, row := range report.Rows {
					if slices.Contains(row.Values, stats.Other) && by[0] == stats.ByDirection {
						continue // of calls in a status that is not documented nobody counted the direction
					}
					sameCounts(t, fmt.Sprint(what, row.Values), row, theirs[keyOf(row.Values)])
				}
			}
		}
	}
}

// sameCounts holds what counts tell against a reading, and finds nothing told that they do not.
func sameCounts(t *testing.T, what string, counted, read stats.Row) {
	t.Helper()
	var told, untold []stats.Metric
	for _, name := range stats.AllMetrics {
		if slices.Contains(append(plain[:13:13], stats.PerDay), name) {
			told = append(told, name)
		} else {
			untold = append(untold, name)
		}
	}
	if slices.Contains(counted.Values, stats.Other) || len(counted.Values) == 1 && counted.Values[0].Key == "inbound" || len(counted.Values) == 1 && counted.Values[0].Key == "outbound" {
		told = slices.DeleteFunc(told, func(name stats.Metric) bool {
			return counted.M[stats.Calls] != read.M[stats.Calls] // but for the calls in other statuses
		})
	}
	sameMeasures(t, what, told, counted.M, read.M)
	for _, name := range untold {
		if counted.M[name].Known {
			t.Errorf("%s: counts tell %s %v", what, name, counted.M[name])
		}
	}
}

// A count is asked for where it tells what was asked, and nowhere else.
func TestWhatCountsTell(t *testing.T) {
	for name, test := range map[string]struct {
		question stats.Question
		counts   bool
	}{
		"how many":                    {stats.Question{}, true},
		"how many by status":          {stats.Question{By: []stats.Dimension{stats.ByStatus}}, true},
		"by agent":                    {stats.Question{By: []stats.Dimension{stats.ByAgent}}, false},
		"by status and day":           {stats.Question{By: []stats.Dimension{stats.ByStatus, stats.ByDay}}, false},
		"the mean alone":              {stats.Question{Metrics: []stats.Metric{stats.MeanSeconds}}, false},
		"the mean beside how many":    {stats.Question{Metrics: []stats.Metric{stats.Calls, stats.MeanSeconds}}, true},
		"calls a day":                 {stats.Question{Metrics: []stats.Metric{stats.PerDay}}, true},
		"contacts":                    {stats.Question{Metrics: []stats.Metric{stats.Contacts}}, false},
		"statuses by their talk time": {stats.Question{By: []stats.Dimension{stats.ByStatus}, Order: stats.RowOrder(stats.TalkSeconds)}, false},
		"unreturned":                  {stats.Question{Metrics: []stats.Metric{stats.Calls, stats.Unreturned}}, false},
		"against the days before":     {stats.Question{Filter: stats.Filter{Days: stats.Days{From: "2026-10-01"}}, Compare: stats.PreviousPeriod}, false},
	} {
		log := logOf(generate(21, 300, 20*24*time.Hour))
		log.counts = true
		r := ask(t, log, test.question)
		if counts := log.wants[0].Count != nil; counts != test.counts {
			t.Errorf("%s: counts are asked for: %v", name, counts)
		}
		if why := r.Untold(stats.MeanSeconds); test.counts != (why != "") {
			t.Errorf("%s: the mean is not told, since %q", name, why)
		}
	}
}

// Calls that a count does not tell from others are read.
func TestFiltersThatNoCountCarries(t *testing.T) {
	log := logOf(generate(21, 300, 20*24*time.Hour))
	most := 60
	for name, f := range map[string]stats.Filter{
		"agent": {AgentID: "agent-1"}, "deleted agents": {AgentID: stats.DeletedAgent}, "contact": {Contact: "+1202"}, "search": {Search: "1202"},
		"min_seconds": {MinSeconds: 1}, "max_seconds": {MaxSeconds: &most}, "hours": {Hours: hours(t, "9-17")}, "line": {Line: "+1"}, "weekdays": {Weekdays: []time.Weekday{1}},
		"no tests": {Tests: stats.ExcludeTests}, "tests": {Tests: stats.OnlyTests}, "other": {Statuses: []string{"other"}}, "other and busy": {Statuses: []string{"busy", "other"}},
	} {
		log.wants, log.counts = nil, true
		r := ask(t, log, stats.Question{Filter: f})
		f.Zone = time.UTC
		if want := len(askedFor(f, log.rows)); log.wants[0].Count != nil || r.Calls != want || want == 0 && name != "other" && name != "other and busy" {
			t.Errorf("%s: counts %+v, %d calls, want %d", name, log.wants[0].Count, r.Calls, want)
		}
	}
	for name, f := range map[string]stats.Filter{"test calls too": {Tests: stats.IncludeTests}, "inbound": {Direction: talkover.Inbound}} {
		log.wants = nil
		if ask(t, log, stats.Question{Filter: f}); log.wants[0].Count == nil {
			t.Errorf("%s: no counts are asked for", name)
		}
	}
}
