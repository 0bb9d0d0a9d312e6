package stats_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// everything is the place of all calls.
const everything = "everything"

// peaksOf counts, at each moment at which a call begins or a quarter of an hour does, the calls of a
// log that go on then: of all under everything, and of each group at its place in time.
func peaksOf(f stats.Filter, by []stats.Dimension, all []talkover.Call) map[string]int {
	type span struct {
		call         talkover.Call
		begins, ends time.Time
	}
	var spans []span
	most := map[string]int{}
	first := now
	for _, c := range all {
		if c.CreatedAt.Before(first) {
			first = c.CreatedAt
		}
	}
	var moments []time.Time
	for at := first.Truncate(15 * time.Minute); !at.After(now); at = at.Add(15 * time.Minute) {
		moments = append(moments, at)
	}
	for _, c := range all {
		moments = append(moments, c.CreatedAt)
		if !fits(f, c) || !countsTests(f, c) {
			continue
		}
		s := span{c, c.CreatedAt, c.CreatedAt.Add(time.Duration(c.Duration) * time.Second)}
		if kind(c) == stats.Open {
			s.ends = now
		}
		spans = append(spans, s)
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.DeleteFunc(moments, func(at time.Time) bool { return !inDays(f, talkover.Call{CreatedAt: at}) })
	for _, at := range moments {
		n := map[string]int{}
		for _, s := range spans {
			if s.begins.After(at) || !s.ends.After(at) || s.begins.Before(moments[0].Add(-24*time.Hour)) {
				continue
			}
			n[everything]++
			if len(by) > 0 {
				for place := range grouped(by, []talkover.Call{moved(s.call, at)}, f.Zone) {
					n[place]++
				}
			}
		}
		for place, calls := range n {
			most[place] = max(most[place], calls)
		}
	}
	return most
}

// moved returns a call as if it had begun at another moment.
func moved(c talkover.Call, at time.Time) talkover.Call {
	c.CreatedAt = at
	return c
}

// longCalls makes some calls of a log take hours, and leaves some of them open for days.
func longCalls(r *rand.Rand, log *fakeLog) {
	for i := range log.rows {
		c := &log.rows[i]
		switch r.IntN(60) {
		case 0:
			c.Status, c.Duration = "completed", 600+r.IntN(20*3600)
			c.Duration = min(c.Duration, int(now.Sub(c.CreatedAt).Seconds()))
		case 1:
			c.Status, c.Duration = "ringing", 0
		}
	}
}

// How many calls go on at once, in each hour, of each agent or line, against looking at each moment:
// with calls that reach in from the day before, and with calls that are still going on.
func TestCallsAtOnceAgainstEachMoment(t *testing.T) {
	for seed := range uint64(*questions) {
		r := rand.New(rand.NewPCG(seed, 3))
		log := logOf(generate(seed, 50+r.IntN(150), 6*24*time.Hour))
		longCalls(r, log)
		by := [][]stats.Dimension{nil, {stats.ByDay}, {stats.ByHour}, {stats.ByAgent}, {stats.ByLine}, {stats.ByDay, stats.ByHour},
			{stats.ByAgent, stats.ByHour}, {stats.ByWeekday}}[r.IntN(8)]
		q := stats.Question{Filter: anyFilter(t, r, 6), By: by, Metrics: []stats.Metric{stats.PeakConcurrent}}
		report := ask(t, log, q)
		want, what := peaksOf(q.Filter, by, log.rows), fmt.Sprintf("%d: %+v by %v", seed, q.Filter, by)
		if got := report.Totals.M[stats.PeakConcurrent]; got != (stats.Measure{Value: float64(want[everything]), Known: true}) {
			t.Errorf("%s: %v at once, want %d", what, got, want[everything])
		}
		for _, row := range report.Rows {
			if got := row.M[stats.PeakConcurrent]; got != (stats.Measure{Value: float64(want[keyOf(row.Values)]), Known: true}) {
				t.Errorf("%s: %v: %v at once, want %d", what, row.Values, got, want[keyOf(row.Values)])
			}
		}
	}
}

// The most calls at once are told with their moment, and what goes on or began before counts.
func TestWhenMostCallsWentOn(t *testing.T) {
	call := func(at string, status string, seconds int) talkover.Call {
		begun, _ := time.Parse("2006-01-02 15:04", at)
		return talkover.Call{ID: at + status, CreatedAt: begun, Status: status, Duration: seconds, Direction: "inbound", From: "+12025550101", To: "+1"}
	}
	log := &fakeLog{rows: []talkover.Call{
		call("2026-11-04 11:00", "completed", 60),
		call("2026-11-04 09:30", "completed", 60),
		call("2026-11-04 09:29", "completed", 120),
		call("2026-11-04 02:00", "ringing", 0),
		call("2026-11-03 23:59", "completed", 36_000),
	}}
	q := stats.Question{
		Filter:  stats.Filter{Zone: time.UTC, Days: stats.Days{From: "2026-11-04", To: "2026-11-04"}},
		By:      []stats.Dimension{stats.ByHour},
		Metrics: []stats.Metric{stats.PeakConcurrent},
	}
	report := ask(t, log, q)
	if got := report.PeakAt.UTC().Format("2006-01-02 15:04"); got != "2026-11-04 09:30" || report.Totals.M[stats.PeakConcurrent].Value != 4 {
		t.Errorf("%v at %s, want 4 at 09:30", report.Totals.M[stats.PeakConcurrent], got)
	}
	got := ""
	for _, r := range report.Rows {
		got += fmt.Sprintf("%s:%v ", r.Values[0].Key, r.M[stats.PeakConcurrent].Value)
	}
	if want := "02:2 09:4 11:2 "; got != want {
		t.Errorf("by hour %s, want %s", got, want)
	}
}
