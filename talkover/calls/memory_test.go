package calls_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// million is an API that lists a million calls, 2,000 a day, which it makes up as they are asked for.
type million struct{ *door }

const aMillion = 1_000_000

// at returns when the n-th newest call was.
func (million) at(n int) time.Time { return autumn.Add(-time.Duration(n+1) * 43200 * time.Millisecond) }

func (m million) ListCalls(_ context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
	from, to := m.dates(q)
	first, end := 0, aMillion
	if !to.IsZero() {
		first = int(max(autumn.Sub(to)/(43200*time.Millisecond), 0))
	}
	if !from.IsZero() {
		end = min(int(autumn.Sub(from)/(43200*time.Millisecond)), aMillion)
	}
	p := talkover.Page[talkover.Call]{Pagination: &talkover.Pagination{Total: max(end-first, 0)}}
	for n := first + (q.Page-1)*q.PerPage; n < min(end, first+q.Page*q.PerPage); n++ {
		c := talkover.Call{
			ID: fmt.Sprintf("%08x-1111-4222-8333-%012x", n*2654435761%(1<<32), n), SID: fmt.Sprintf("CA%032x", n*40503),
			CreatedAt: m.at(n), UpdatedAt: m.at(n), Direction: talkover.Directions[n%2], Status: over[n%len(over)], Duration: n % 500,
			Agent: agents[n%3], From: fmt.Sprintf("+1202%07d", n*7919%50_000), To: "+12125550100",
		}
		if c.Direction == talkover.Outbound {
			c.From, c.To = c.To, c.From
		}
		p.Rows = append(p.Rows, c)
	}
	return p, nil
}

// BenchmarkMemory reads a million calls and reports how many bytes each of them takes while it is kept.
func BenchmarkMemory(b *testing.B) {
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for b.Loop() {
		before := heap()
		w := newWorld(1, autumn)
		logs := calls.New(calls.Options{Calls: 2 * aMillion, Now: func() time.Time { return autumn }})
		log := logs.Log(million{&door{world: w}})
		n := 0
		for range 10 { // a question takes what it can in its time
			taken, err := log.Calls(b.Context(), calls.Want{Windows: []calls.Window{{}}})
			if err != nil {
				continue
			}
			if n = 0; !taken.Parts[0].Complete {
				continue
			}
			for _, run := range taken.Parts[0].Runs {
				n += len(run)
			}
			break
		}
		if n < aMillion-1 {
			b.Fatalf("%d calls", n)
		}
		bytes := (heap() - before) / aMillion
		b.ReportMetric(bytes, "B/call")
		if bytes > 110 {
			b.Errorf("%.0f bytes a call, want 110 at most", bytes)
		}
		logs.Close()
		runtime.KeepAlive(log)
	}
}
