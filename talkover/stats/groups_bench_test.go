package stats_test

import (
	"slices"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// BenchmarkGroupAMillion adds up a million kept calls of a year by agent and hour.
func BenchmarkGroupAMillion(b *testing.B) {
	var days []*cache.Columns
	records := million()
	for len(records) > 0 {
		n := 0
		for n < len(records) && records[n].At/86400 == records[0].At/86400 {
			n++
		}
		days = append(days, pack(calls(records[:n])))
		records = records[n:]
	}
	zone := zone(b, "America/New_York")
	b.ReportAllocs()
	for b.Loop() {
		g := &stats.Groups{By: []stats.Dimension{stats.ByAgent, stats.ByHour}, Filter: stats.Filter{Zone: zone}}
		for _, d := range days {
			g.Add(d)
		}
		g.Unreturned()
		g.Count()
		if g.All.Calls != 1_000_000 || len(slices.Collect(g.Each())) < 100 {
			b.Fatal(g.All.Calls)
		}
	}
}
