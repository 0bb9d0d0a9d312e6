package stats_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/scan"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Several statuses, missed, unanswered and open calls are sums of counts, and the same
// figures are those of a reading.
func TestCountsOfFiltersAreThoseOfAReading(t *testing.T) {
	records := generate(21, 30_000, 200*24*time.Hour)
	for i := range records {
		switch {
		case i%90 == 0:
			records[i].Status = voicemail
		case i%301 == 0 && i > 1000:
			records[i].Status, records[i].Seconds = ringing, 0 // for ever
		}
	}
	all := calls(records)
	days := stats.Days{From: "2026-06-06", To: "2026-10-31"}
	counts := 0
	for _, f := range []stats.Filter{
		{}, {Statuses: []string{"missed"}}, {Statuses: []string{"unanswered"}}, {Statuses: []string{"open"}}, {Statuses: []string{"completed", "answered"}},
		{Statuses: []string{"no-answer", "no-answer"}}, {Statuses: []string{"missed", "unanswered"}, Direction: "inbound"}, {Statuses: []string{"missed", "completed"}},
		{Statuses: []string{"busy", "open"}, Direction: "outbound"}, {Statuses: []string{"other"}}, {AgentID: "agent-2", Statuses: []string{"unanswered"}},
	} {
		f.Days, f.Zone = days, time.UTC
		for _, by := range [][]stats.Dimension{nil, {stats.ByStatus}, {stats.ByDirection}, {stats.ByAgent}, {stats.ByMonth}, {stats.ByDirection, stats.ByStatus}} {
			if testing.Short() && len(by) > 1 {
				continue
			}
			q := stats.Question{Filter: f, By: by, Now: frozen}
			few, many := &fakeAPI{Records: records, Budget: 70}, &fakeAPI{Records: records, Budget: 2000}
			report, err := stats.Ask(context.Background(), few, q)
			if err != nil {
				t.Fatal(err)
			}
			read, err := stats.Ask(context.Background(), many, q)
			if err != nil || !read.Whole || read.Method != scan.Read {
				t.Fatal(read, err)
			}
			what := fmt.Sprintf("%v %s by %v", f.Statuses, f.Direction, by)
			want := askedFor(f, all)
			if read.Calls != len(want) || few.Requests > 70 {
				t.Errorf("%s: %d calls, want %d, in %d requests", what, read.Calls, len(want), few.Requests)
			}
			if report.Method != scan.Counts {
				if report.Whole && report.Calls != len(want) {
					t.Errorf("%s: %+v, want %d", what, report.Coverage, len(want))
				}
				continue
			}
			counts++
			if !report.Whole || report.Calls != len(want) {
				t.Errorf("%s: %+v, want %d calls", what, report.Coverage, len(want))
			}
			same := func(what string, counted, read stats.Row, names ...stats.Metric) {
				for _, name := range append(slices.Clone(plain), stats.PerDay) {
					if c := counted.M[name]; c.Known && c != read.M[name] {
						t.Errorf("%s: %s is counted as %v, and read as %v", what, name, c, read.M[name])
					}
				}
				for _, name := range names {
					if counted.M[name] != read.M[name] {
						t.Errorf("%s: %s is counted as %v, and read as %v", what, name, counted.M[name], read.M[name])
					}
				}
			}
			same(what, report.Totals, read.Totals, stats.Calls, stats.Answered, stats.Open, stats.Unanswered, stats.NoAnswer, stats.Busy, stats.Failed, stats.OtherStatus,
				stats.Missed, stats.AnswerRate, stats.UnansweredRate, stats.NoAnswerRate, stats.PerDay)
			rows := map[string]stats.Row{}
			for _, row := range read.Rows {
				rows[keyOf(row.Values)] = row
			}
			if len(by) < 2 && len(report.Rows) != len(rows) {
				t.Errorf("%s: %d rows are counted, and %d read", what, len(report.Rows), len(rows))
			}
			for _, row := range report.Rows {
				if row.Values[0] != stats.Other || len(by) == 1 {
					same(fmt.Sprint(what, row.Values), row, rows[keyOf(row.Values)], stats.Calls, stats.PerDay)
				}
			}
		}
	}
	if counts < 30 {
		t.Errorf("only %d were counted", counts)
	}
}
