package stats_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// isTruth holds every figure of a report that claims to have read all calls
// against the calls themselves.
func isTruth(t *testing.T, r *stats.Report, by []stats.Dimension, all []talkover.Call, zone *time.Location) {
	t.Helper()
	if !r.Exact || !r.Complete || r.Method != calls.ByReading || r.Calls != len(all) || r.Reason != "" {
		t.Errorf("%v: %+v, want all %d calls", by, r.Coverage, len(all))
		return
	}
	sameMeasures(t, by, plain, r.Totals.M, truth(all, len(all)))
	groups := grouped(by, all, zone)
	if len(by) == 0 {
		groups = nil
	}
	if len(r.Rows) != len(groups) {
		t.Errorf("%v: %d groups, want %d", by, len(r.Rows), len(groups))
		return
	}
	sum := map[stats.Metric]float64{}
	for _, row := range r.Rows {
		sameMeasures(t, fmt.Sprint(by, row.Values), plain, row.M, truth(groups[keyOf(row.Values)], len(all)))
		for name, m := range row.M {
			sum[name] += m.Value
		}
	}
	for _, name := range []stats.Metric{stats.Calls, stats.Share, stats.Answered, stats.NoAnswer, stats.Busy, stats.Failed, stats.OtherStatus, stats.Missed, stats.Open, stats.TalkSeconds} {
		if len(groups) > 0 && math.Abs(sum[name]-r.Totals.M[name].Value) > 1e-9 {
			t.Errorf("%v: %s of groups adds up to %v of %v", by, name, sum[name], r.Totals.M[name].Value)
		}
	}
}

// A log of 4,000 calls: every figure by every dimension and pair of dimensions.
func TestSmallLogIsExact(t *testing.T) {
	t.Parallel()
	records := generate(1, 4000, 40*24*time.Hour)
	for i := range 60 { // what the API has added since
		records[i*66].Status = voicemail
	}
	log := logOf(records)
	askings := append(pairs(), nil)
	for _, d := range dimensions {
		askings = append(askings, []stats.Dimension{d})
	}
	for _, by := range askings {
		isTruth(t, ask(t, log, stats.Question{By: by}), by, log.rows, time.UTC)
	}
}

func TestNothingMatches(t *testing.T) {
	for _, by := range [][]stats.Dimension{nil, {stats.ByAgent}, {stats.ByDay, stats.ByHour}} {
		r := ask(t, &fakeLog{}, stats.Question{By: by, Metrics: []stats.Metric{stats.Unreturned}})
		isTruth(t, r, by, nil, time.UTC)
		if r.Totals.M[stats.Contacts] != (stats.Measure{Known: true}) || r.Totals.M[stats.Unreturned] != (stats.Measure{Known: true}) {
			t.Errorf("%v: %+v", by, r.Totals.M)
		}
	}
}

// The window of a zone is its days, from midnight to midnight, also where the
// clocks change at midnight (Santiago, 2026-09-06).
func TestWindowsOfZones(t *testing.T) {
	records := generate(8, 4000, 80*24*time.Hour)
	for i := range records { // hours around the changes
		for j, at := range []time.Time{time.Date(2026, 9, 6, 2, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)} {
			if i%16 == 8*j {
				records[i].At = at.Unix() + int64(i/16)*60
			}
		}
	}
	log := logOf(records)
	for name, windows := range map[string][][2]string{
		"Asia/Kolkata":        {{"2026-10-20", "2026-10-20"}, {"2026-10-05", ""}, {"", "2026-09-30"}, {"2026-11-04", "2026-11-06"}},
		"America/Los_Angeles": {{"2026-10-20", "2026-10-20"}, {"2026-11-01", "2026-11-01"}, {"2026-10-31", "2026-10-31"}, {"2026-10-05", ""}, {"", "2026-11-01"}},
		"America/Havana":      {{"2026-10-31", "2026-10-31"}, {"2026-11-01", "2026-11-01"}},
		"America/Santiago":    {{"2026-09-06", "2026-09-06"}, {"2026-09-05", "2026-09-05"}, {"2026-09-06", ""}, {"", "2026-09-05"}},
		"Pacific/Kiritimati":  {{"2026-10-20", "2026-10-21"}, {"2026-11-06", "2026-11-06"}},
	} {
		z := zone(t, name)
		for _, w := range windows {
			var want []talkover.Call
			for _, c := range log.rows {
				day, _ := placed(stats.ByDay, c, z)
				if (w[0] == "" || day >= w[0]) && (w[1] == "" || day <= w[1]) {
					want = append(want, c)
				}
			}
			for _, by := range [][]stats.Dimension{{stats.ByDay}, {stats.ByHour, stats.ByAgent}} {
				r := ask(t, log, stats.Question{Filter: stats.Filter{Days: stats.Days{From: w[0], To: w[1]}, Zone: z}, By: by})
				if t.Run(strings.Join([]string{name, w[0], w[1]}, " "), func(t *testing.T) { isTruth(t, r, by, want, z) }); len(want) == 0 {
					t.Errorf("%s %v: the test has no calls", name, w)
				}
			}
		}
	}
}
