package stats_test

import (
	"context"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// takenLog answers with calls that were taken before.
type takenLog struct{ *calls.Taken }

func (l takenLog) Calls(context.Context, calls.Want) (*calls.Taken, error) { return l.Taken, nil }

// BenchmarkGroups answers a question about a million calls of a year by agent and hour.
func BenchmarkGroups(b *testing.B) {
	t, all := calls.Make(callsOf(invent(9, 1_000_000, 365*24*time.Hour, 0)))
	part := calls.Part{Coverage: calls.Coverage{Exact: true, Complete: true, From: now.AddDate(-1, 0, 0)}, Runs: [][]calls.Call{all}}
	log := takenLog{&calls.Taken{Tables: t, AsOf: now, Parts: []calls.Part{part}}}
	q := stats.Question{By: []stats.Dimension{stats.ByAgent, stats.ByHour}, Filter: stats.Filter{Zone: zone(b, "America/New_York")}}
	b.ReportAllocs()
	for b.Loop() {
		r, err := stats.Ask(b.Context(), log, q)
		if err != nil || r.Calls != 1_000_000 || len(r.Rows) < 100 {
			b.Fatal(r, err)
		}
	}
}
