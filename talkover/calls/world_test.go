package calls_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// life is a call and all that becomes of it. Moments are seconds since 1970, by the API's clock.
type life struct {
	born, gone int64     // from when on the API lists it, and when no more; never if 0
	versions   []version // the first is the call as it was born
}

// version is a call as it is from a moment on.
type version struct {
	since int64
	call  talkover.Call
}

// at returns the call as it is at a moment; nil where the API does not list it then.
func (l *life) at(moment int64) *talkover.Call {
	if moment < l.born || l.gone != 0 && moment >= l.gone {
		return nil
	}
	for i := len(l.versions) - 1; i > 0; i-- {
		if l.versions[i].since <= moment {
			return &l.versions[i].call
		}
	}
	return &l.versions[0].call
}

// last returns the call as it is after all that is known of it.
func (l *life) last() talkover.Call { return l.versions[len(l.versions)-1].call }

// change adds a version.
func (l *life) change(since int64, to func(*talkover.Call)) {
	c := l.last()
	to(&c)
	c.UpdatedAt = time.Unix(since, 0).UTC()
	l.versions = append(l.versions, version{since, c})
}

// rates say what becomes of a log, in events a second.
type rates struct{ arrive, leave, correct float64 }

// world is an account at Talkover: a log that lives, and an API that lists it. Its lock guards all
// of it while requests are under way.
type world struct {
	lists
	rates
	mu    sync.Mutex
	r     *rand.Rand
	begin time.Time    // now, when the test began
	test  time.Time    // likewise, by the clock of the test
	slept atomic.Int64 // nanoseconds; clocks are read without the lock
	told  int64        // until when it is known what becomes of the log
	ids   int
	busy  int64 // when a call came last, and when one went last
	lost  int64
	lives []*life // oldest first

	asked  []talkover.CallQuery // all requests so far
	opened time.Time            // the window of the limit
	used   int
	over   int // requests that were refused
}

// autumn is when most tests begin: a Thursday, four days after New York changed its clocks.
var autumn = time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)

// newWorld makes an account without calls, as it is at a moment.
func newWorld(seed uint64, begin time.Time) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 23)), begin: begin, test: time.Now(), told: begin.Unix()}
	w.zone, w.slow = time.UTC, 150*time.Millisecond
	return w
}

// now returns the time at Talkover.
func (w *world) now() time.Time {
	return w.begin.Add(time.Since(w.test) + time.Duration(w.slept.Load())).Round(0)
}

// sleep lets time go by for the machine that asks and for Talkover, but not for the first one's
// timers: its lid was closed.
func (w *world) sleep(d time.Duration) {
	w.slept.Add(int64(d))
}

// requests returns how many requests there were.
func (w *world) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

var (
	agents = []talkover.Agent{{ID: "ag-1", Name: "anna"}, {ID: "ag-2", Name: "bela"}, {ID: "ag-3", Name: "carl"}, {}}
	over   = []string{"completed", "completed", "completed", "failed", "busy", "no-answer", "voicemail"}
)

// person returns the number of one of many people, in a spelling.
func person(n, spelling int) string {
	local := fmt.Sprintf("555%04d", n)
	return []string{"+1202" + local, "1-202-555-" + local[3:], "(202) 555-" + local[3:]}[spelling]
}

// invent makes a call of a moment, as it is when it is over.
func (w *world) invent(at time.Time) talkover.Call {
	w.ids++
	n := strconv.Itoa(w.ids)
	c := talkover.Call{
		ID: "c" + n, SID: "CA" + n, CreatedAt: at.UTC().Truncate(time.Second), Agent: agents[w.r.IntN(len(agents))],
		Direction: talkover.Directions[w.r.IntN(2)], Status: over[w.r.IntN(len(over))],
		From: person(w.r.IntN(60), 0), To: "+12125550100",
	}
	if c.Status == talkover.StatusCompleted {
		c.Duration = 1 + w.r.IntN(600)
	}
	if w.underscores && c.Status == talkover.StatusNoAnswer && w.ids%2 == 0 {
		c.Status = "no_answer"
	}
	if w.spellings {
		c.From = person(w.r.IntN(60), w.ids%3)
	}
	if c.Direction == talkover.Outbound {
		c.From, c.To = c.To, c.From
	}
	c.UpdatedAt = c.CreatedAt
	return c
}

// add adds calls, each listed from its second on.
func (w *world) add(calls ...talkover.Call) {
	for _, c := range calls {
		w.lives = append(w.lives, &life{born: c.CreatedAt.Unix(), versions: []version{{c.CreatedAt.Unix(), c}}})
	}
	slices.SortStableFunc(w.lives, func(x, y *life) int { return x.last().CreatedAt.Compare(y.last().CreatedAt) })
}

// fill adds n calls of the time before now, spread evenly at random; ties of them share a second.
func (w *world) fill(n int, over time.Duration, ties int) {
	all := make([]talkover.Call, 0, n)
	at := w.begin
	for i := range n {
		if i%max(ties, 1) == 0 {
			at = w.begin.Add(-time.Second - time.Duration(w.r.Int64N(int64(over))))
		}
		c := w.invent(at)
		if i%97 == 96 { // it is stuck
			c.Status, c.Duration = talkover.StatusInitiated, 0
		}
		all = append(all, c)
	}
	w.add(all...)
}

// live finds out what became of the log up to now. The caller holds the lock.
func (w *world) live() int64 {
	now := w.now().Unix()
	// Where answers lag, a call that comes and one that goes within one lag would look like none:
	// no proof can see that, so there it does not happen.
	apart := 2*(w.lag+w.stale) + 2
	if w.lag+w.stale == 0 {
		apart = 0
	}
	for ; w.told < now; w.told++ {
		at := w.told + 1
		if w.r.Float64() < w.arrive && at-w.lost >= apart {
			w.begins(at)
		}
		if n := len(w.lives); n > 0 && w.r.Float64() < w.leave && at-w.busy >= apart {
			if l := w.lives[w.r.IntN(n)]; l.gone == 0 && l.born < at {
				l.gone, w.lost = at, at
			}
		}
		if n := len(w.lives); n > 0 && w.r.Float64() < w.correct {
			w.corrects(w.lives[w.r.IntN(n)], at)
		}
	}
	return now
}

// begins has a call begin at a moment, which is listed up to two seconds later. It rings, and
// most are answered, before it is over.
func (w *world) begins(at int64) {
	c := w.invent(time.Unix(at, 0))
	after := c
	c.Status, c.Duration = talkover.StatusRinging, 0
	l := &life{born: at + int64(w.r.IntN(3)), versions: []version{{at, c}}}
	end := l.born + 5 + int64(w.r.IntN(400))
	if after.Status == talkover.StatusCompleted {
		l.change(l.born+3, func(c *talkover.Call) { c.Status = talkover.StatusAnswered })
	}
	l.change(end, func(c *talkover.Call) { c.Status, c.Duration = after.Status, after.Duration })
	w.lives, w.busy = append(w.lives, l), l.born
}

// corrects changes what no count shows: the length of a call, or that it was a test.
func (w *world) corrects(l *life, at int64) {
	c := l.last()
	switch {
	case c.UpdatedAt.Unix() >= at: // it is not over yet
	case c.Duration > 0 && w.r.IntN(2) == 0:
		l.change(at, func(c *talkover.Call) { c.Duration += 1 + w.r.IntN(50) })
	default:
		l.change(at, func(c *talkover.Call) { c.IsTesting = !c.IsTesting })
	}
}

// between returns the lives of calls that were created from one moment on and before another; a
// moment that is zero is no bound.
func (w *world) between(from, to time.Time) []*life {
	search := func(t time.Time) int {
		return sort.Search(len(w.lives), func(i int) bool { return !w.lives[i].versions[0].call.CreatedAt.Before(t) })
	}
	first, end := 0, len(w.lives)
	if !from.IsZero() {
		first = search(from)
	}
	if !to.IsZero() {
		end = search(to)
	}
	return w.lives[first:max(first, end)]
}
