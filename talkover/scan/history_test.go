package scan_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// lived is a call with its history, in seconds since 1970.
type lived struct {
	record
	born, gone, ended int64 // ended is when it got the status then
	then              uint8
}

// stands is the call as it stands at a moment; false where it is not there.
func (l *lived) stands(unix int64) (record, bool) {
	r := l.record
	if l.ended > 0 && unix >= l.ended {
		r.Status, r.Updated = l.then, l.ended
	}
	return r, unix >= l.born && (l.gone == 0 || unix < l.gone)
}

// history is a log that lives: calls arrive above the newest, change their status, and
// go; closed days only lose calls.
type history struct {
	*fakeAPI
	r     *rand.Rand // guarded by mu, as all else
	clock func() time.Time
	calls []*lived // oldest first
	ids   uint32
	rates [3]float64 // of arrivals, losses of any day and changes, a second
	told  time.Time  // until when the history is written

	now   []record // the log as it stands until next
	since int64
	next  int64
}

func newHistory(r *rand.Rand, clock func() time.Time, n, days int) *history {
	h := &history{fakeAPI: &fakeAPI{}, r: r, clock: clock, told: clock()}
	for _, rec := range generate(r.Uint64(), n, time.Duration(days)*24*time.Hour) {
		h.calls = append(h.calls, &lived{record: rec, born: rec.At})
		h.ids = max(h.ids, rec.ID)
	}
	slices.Reverse(h.calls)
	h.Latency = func() time.Duration { return time.Duration(20+h.r.IntN(300)) * time.Millisecond }
	return h
}

// live writes the history up to this moment, to the second.
func (h *history) live() int64 {
	now := h.clock()
	for ; h.told.Before(now); h.told = h.told.Add(time.Second) {
		unix := h.told.Unix()
		if h.r.Float64() < h.rates[0] {
			h.ids++
			l := &lived{record: record{At: unix, ID: h.ids, Status: ringing, Contact: uint16(h.r.IntN(300)), Agent: uint8(1 + h.r.IntN(6))}, born: unix + 1}
			l.ended, l.then = unix+5+int64(h.r.IntN(400)), []uint8{completed, noAnswer, busy}[h.r.IntN(3)]
			h.calls = append(h.calls, l)
		}
		if h.r.Float64() < h.rates[1] {
			if l := h.calls[h.r.IntN(len(h.calls))]; l.gone == 0 {
				l.gone = unix + 1
			}
		}
		if h.r.Float64() < h.rates[2] { // of the last hours alone: closed days keep their fields
			if l := h.calls[len(h.calls)-1-h.r.IntN(min(len(h.calls), 50))]; l.ended == 0 && now.Unix()-l.At < 20*3600 {
				l.ended, l.then = unix+1, busy
			}
		}
	}
	return now.Unix()
}

// state is the log as it stands at a moment.
func (h *history) state(unix int64) []record {
	if unix >= h.since && unix < h.next {
		return h.now
	}
	h.now, h.since, h.next = h.now[:0], unix, unix+1
	later := int64(1) << 62
	for _, l := range slices.Backward(h.calls) {
		if r, ok := l.stands(unix); ok {
			h.now = append(h.now, r)
		}
		for _, m := range []int64{l.born, l.gone, l.ended} {
			if m > unix {
				later = min(later, m)
			}
		}
	}
	h.next = min(later, h.told.Unix()+1)
	return h.now
}

func (h *history) ListCalls(ctx context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
	h.Mu.Lock()
	wait := h.Latency() / 2
	h.Mu.Unlock()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return talkover.Page[talkover.Call]{}, ctx.Err()
	}
	h.Mu.Lock()
	unix := h.live()
	api := &fakeAPI{Records: h.state(unix)}
	h.Requests++
	if h.Cap > 0 {
		q.PerPage = min(q.PerPage, h.Cap)
	}
	rows, total := api.Page(q, (q.Page-1)*q.PerPage, q.PerPage)
	p := talkover.Page[talkover.Call]{Rows: calls(rows), Pagination: &talkover.Pagination{Total: total, PerPage: q.PerPage, CurrentPage: q.Page}}
	wait = h.Latency() / 2
	h.Mu.Unlock()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return p, ctx.Err()
	}
	return p, nil
}

// was reports whether a UTC day, as far as it lies in a window, was what was read at
// a moment from start to end.
func (h *history) was(start, end int64, from, to time.Time, got map[string]string) bool {
	first, _ := slices.BinarySearchFunc(h.calls, from.Unix(), func(l *lived, unix int64) int { return int(l.At - unix) })
	moments := map[int64]bool{start: true}
	var there []*lived
	for _, l := range h.calls[first:] {
		t := time.Unix(l.At, 0)
		if !t.Before(to) {
			break
		}
		if t.Before(from) {
			continue
		}
		there = append(there, l)
		for _, m := range []int64{l.born, l.gone, l.ended} {
			if m > start && m <= end {
				moments[m] = true
			}
		}
	}
	for m := range moments {
		same, n := true, 0
		for _, l := range there {
			if r, ok := l.stands(m); ok {
				n++
				// Pages are read one after the other: a status may be that of any moment.
				before, _ := l.stands(start)
				after, _ := l.stands(end)
				status := got[fmt.Sprint(r.ID)]
				same = same && (status == statuses[before.Status] || status == statuses[after.Status])
			}
		}
		if same && n == len(got) {
			return true
		}
	}
	return false
}

// histories is how many histories are lived through; 1,000 take half a minute.
var histories = flag.Int("histories", 150, "how many histories to live through")

// Whatever happens to a log within what is assumed of it, no answer is said to be
// exact that is not the log as it stood, each day within the last minute.
func TestHistoriesWithoutAFalseExact(t *testing.T) {
	histories := *histories
	if testing.Short() {
		histories = min(histories, 20) // the race detector takes ten times as long
	}
	exact, asked, whole := 0, 0, 0
	for seed := range uint64(histories) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 11))
			at := clock()
			days := 6 + r.IntN(14)
			h := newHistory(rand.New(rand.NewPCG(seed, 12)), at, 100+r.IntN(900), days)
			h.rates = [3]float64{0.2 * r.Float64() * r.Float64(), 0.05 * r.Float64() * r.Float64(), 0.05 * r.Float64()}
			if seed%4 == 0 {
				h.rates = [3]float64{0.02, 0.3 * r.Float64(), 0.02} // many go
			}
			if seed%3 == 0 {
				h.Cap = 5 + r.IntN(20) // so that days take many pages
			}
			store := new(memory)
			open := func() *cache.Cache {
				o := cache.Options{Calls: []int{250_000, 250_000, 300, 120}[r.IntN(4)]}
				if seed%2 == 0 {
					o.Store = store
				}
				if seed%5 == 0 {
					o.TTL = time.Hour
				}
				return cache.New(o)
			}
			processes := []*cache.Cache{open(), open()}
			defer func() {
				for _, p := range processes {
					p.Close()
				}
			}()
			for range 12 {
				n := r.IntN(2)
				if r.IntN(10) == 0 {
					processes[n].Close()
					processes[n] = open()
				}
				from := now.AddDate(0, 0, -r.IntN(days))
				to := from.AddDate(0, 0, r.IntN(days))
				w := scan.Wanted{
					Window: daysOf(t, from, to, []string{"UTC", "Asia/Kolkata", "America/Los_Angeles"}[r.IntN(3)]), Now: at,
					Account: processes[n].Account(talkover.NewSecret("t").Key, at()),
				}
				if r.IntN(5) == 0 {
					w.Window.To = time.Time{}
				}
				if r.IntN(8) == 0 {
					w.Window.From = time.Time{}
				}
				h.Mu.Lock()
				h.Requests, h.Budget = 0, 2+r.IntN(60)
				h.Mu.Unlock()
				start := at()
				found, err := get(t.Context(), h, w)
				if err != nil {
					if r, ok := err.(*talkover.Error); !ok || r.Reason != talkover.RateLimited || r.Wait <= 0 {
						t.Fatalf("seed %d: %v", seed, err)
					}
					continue
				}
				asked++
				if found.Exact {
					exact++
					if found.Whole {
						whole++
					}
					h.Mu.Lock()
					h.check(t, seed, found, start.Add(-cache.ProofTime).Unix(), at().Unix())
					h.Mu.Unlock()
				} else if found.Reason == "" {
					t.Errorf("seed %d: inexact for no reason: %+v", seed, found.Coverage)
				}
				time.Sleep(time.Duration(r.ExpFloat64() * []float64{5e9, 60e9, 1800e9, 30000e9}[r.IntN(4)]))
			}
		})
	}
	t.Logf("%d questions, %d exact, %d of them about all that was asked", asked, exact, whole)
	if exact < asked*8/10 || whole < asked/2 {
		t.Errorf("of %d questions %d are exact, and %d about all that was asked", asked, exact, whole)
	}
}

// check holds an exact answer against the history, day by day.
func (h *history) check(t *testing.T, seed uint64, found *answer, start, end int64) {
	t.Helper()
	h.live()
	byDay := map[cache.Date]map[string]string{}
	for _, c := range found.calls {
		d := cache.DateOf(c.CreatedAt)
		if byDay[d] == nil {
			byDay[d] = map[string]string{}
		}
		byDay[d][c.ID] = c.Status
	}
	from, to := found.From, found.To
	if from.IsZero() {
		from = now.AddDate(-1, 0, 0)
	}
	if last := time.Unix(end, 0).UTC(); to.IsZero() || to.After(last) {
		to = last
		if found.AsOf.Before(to) {
			to = found.AsOf.Truncate(time.Second) // calls that came later are not claimed
		}
	}
	for d := cache.DateOf(from); d <= cache.DateOf(to); d++ {
		first, last := d.Start(), d.End()
		if first.Before(from) {
			first = from
		}
		if last.After(to) {
			last = to
		}
		got := byDay[d]
		for _, c := range found.calls {
			if !c.CreatedAt.Before(last) {
				delete(got, c.ID) // it is not claimed
			}
		}
		if first.Before(last) && !h.was(start, end, first, last, got) {
			t.Errorf("seed %d: %s is said to have had %d calls; %+v", seed, d, len(got), found.Coverage)
		}
	}
}
