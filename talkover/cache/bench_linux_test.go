package cache_test

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// BenchmarkResidentBytes keeps a million calls, and reports how many bytes of the process's
// resident memory each takes; 72 at most. Days are of 1,000 calls and of 2,740, which is a
// million a year.
func BenchmarkResidentBytes(b *testing.B) {
	for _, perDay := range []int{1000, 2740} {
		b.Run(strconv.Itoa(perDay), func(b *testing.B) {
			const calls = 1_000_000
			for b.Loop() {
				kept := cache.New(cache.Options{Calls: calls})
				a := kept.Account(key("a"), noon)
				before := resident(b)
				days := calls / perDay
				for i := range days {
					a.Keep(noon, noon, &cache.Day{Date: first - cache.Date(i), Calls: manyCalls(b, uint64(i), perDay), ReadAt: noon, Renewed: noon})
				}
				held := resident(b) - before
				s := kept.Summary()
				each := float64(held) / float64(s.Calls)
				b.ReportMetric(each, "resident-B/call")
				b.ReportMetric(float64(s.Bytes)/float64(s.Calls), "accounted-B/call")
				if each > 72 || s.Days != days {
					b.Errorf("%d calls of %d days take %.1f bytes each", s.Calls, s.Days, each)
				}
				runtime.KeepAlive(kept)
			}
		})
	}
}

// resident returns the resident bytes of this process, after all that is not used was
// given back.
func resident(b *testing.B) int {
	b.Helper()
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(statm)[1]))
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
