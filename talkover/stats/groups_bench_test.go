package stats_test

import (
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
		g := &stats.Groups{By: []stats.Dimension{stats.ByAgent, stats.ByHour}, Zone: zone}
		for _, d := range days {
			g.Add(d)
		}
		if g.All.Calls != 1_000_000 || g.ContactFigures().Contacts == 0 || len(g.Sorted()) < 100 {
			b.Fatal(g.All.Calls)
		}
	}
}
