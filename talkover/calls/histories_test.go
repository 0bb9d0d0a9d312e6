package calls_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
)

// shelf is a store that outlives processes, which replicas share.
type shelf struct {
	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	at, expires time.Time
	sealed      []byte
}

func (s *shelf) Names(_ context.Context, account string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.kept {
		if len(name) > len(account) && name[:len(account)] == account {
			names = append(names, name[len(account)+1:])
		}
	}
	slices.Sort(names)
	return names, nil
}

func (s *shelf) Get(_ context.Context, account, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[account+" "+name].sealed, nil
}

func (s *shelf) Put(_ context.Context, account, name string, at, expires time.Time, sealed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]kept{}
	}
	if k := s.kept[account+" "+name]; !k.at.After(at) {
		s.kept[account+" "+name] = kept{at, expires, sealed}
	}
	return nil
}

func (s *shelf) Forget(_ context.Context, account, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.kept, func(key string, _ kept) bool {
		return key == account+" "+name || name == "" && len(key) > len(account) && key[:len(account)] == account
	})
	return nil
}

// shared is a shelf for replicas: they tell each other of proofs, and take turns.
type shared struct{ shelf }

func (*shared) Lease(context.Context, string, string, time.Duration) bool { return true }

// process is one that reads the log of a world.
type process struct {
	*door
	options calls.Options
	logs    *calls.Logs
}

// start starts a process.
func (w *world) start(o calls.Options, ahead time.Duration) *process {
	d := &door{world: w, ahead: ahead}
	o.Now, o.BaseURL = d.clock, "https://talkover.test"
	return &process{d, o, calls.New(o)}
}

// ask asks a question of the process.
func (p *process) ask(ctx context.Context, q question) *answer {
	return p.door.ask(ctx, p.logs.Log(p), q)
}

// restart ends the process and starts it again.
func (p *process) restart() {
	p.logs.Close()
	*p = *p.start(p.options, p.ahead)
}

// anyQuestion makes up a question about the last days.
func anyQuestion(r *rand.Rand, now time.Time, days int) question {
	one := func(in int) bool { return r.IntN(in) == 0 }
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	window := func() (w calls.Window) {
		zone := time.FixedZone("", []int{0, 0, 5*3600 + 1800, -8 * 3600, 12 * 3600}[r.IntN(5)])
		y, m, d := now.In(zone).AddDate(0, 0, -r.IntN(days)).Date()
		w.From = time.Date(y, m, d, 0, 0, 0, 0, zone).UTC()
		if one(4) {
			w.From = w.From.Add(time.Duration(r.IntN(86400)) * time.Second)
		}
		if !one(3) {
			w.To = w.From.AddDate(0, 0, 1+r.IntN(days))
		}
		if one(8) {
			w.From = time.Time{}
		}
		return w
	}
	q := question{windows: []calls.Window{window()}}
	if one(4) {
		q.windows = append(q.windows, window())
	}
	switch r.IntN(8) {
	case 0:
		q.status = pick("failed", "no-answer", "busy", "initiated")
	case 1:
		q.direction = pick("inbound", "outbound")
	case 2:
		q.agent = pick("ag-1", "ag-2", "ag-9")
	case 3:
		q.number = person(r.IntN(60), 0)
	case 4:
		q.count = true
	}
	if one(6) {
		q.enough, q.oldest = 1+r.IntN(20), one(2)
	}
	return q
}

var (
	histories = flag.Int("histories", 30, "how many histories to live through")
	history   = flag.Int("history", -1, "the only one to live through, told at length")
)

// Whatever kind of API lists the log, whatever becomes of its calls, and whatever is asked: no figure
// that is called exact is not, and most answers are exact and complete.
func TestHistoriesWithoutAFalseExact(t *testing.T) {
	var sum shares
	n := *histories
	if testing.Short() {
		n = min(n, 8) // the race detector takes ten times as long
	}
	for seed := range uint64(n) {
		if *history < 0 || uint64(*history) == seed {
			var h shares
			synctest.Test(t, func(t *testing.T) { h = live(t, seed) })
			for _, f := range h.faults {
				t.Error(f)
			}
			h.faults = nil
			sum.add(h)
		}
	}
	t.Logf("%+v", sum)
	if *history >= 0 {
		return
	}
	if sum.refused > sum.asked/10 || sum.exact*100 < sum.answered*83 || sum.complete*100 < sum.answered*75 {
		t.Errorf("too few answers are exact, or complete: %+v", sum)
	}
}

// shares says how many questions were asked, what they got, and what is wrong with that.
type shares struct {
	asked, refused, answered, exact, complete, requests int
	faults                                              []string
}

func (s *shares) add(o shares) {
	s.asked, s.refused, s.answered = s.asked+o.asked, s.refused+o.refused, s.answered+o.answered
	s.exact, s.complete, s.requests = s.exact+o.exact, s.complete+o.complete, s.requests+o.requests
}

// live lives through one history.
func live(t *testing.T, seed uint64) (sum shares) {
	w := anyWorld(t, seed)
	r := rand.New(rand.NewPCG(seed, 31))
	o := calls.Options{Calls: []int{250_000, 250_000, 300, 0}[r.IntN(4)]}
	switch r.IntN(3) {
	case 0:
		o.Store = new(shelf)
	case 1:
		o.Store = new(shared)
	}
	ahead := []time.Duration{0, 0, 0, 50 * time.Hour, -50 * time.Hour, 90 * time.Second}[r.IntN(6)]
	processes := []*process{w.start(o, 0), w.start(o, ahead)}
	if *history >= 0 {
		t.Log(w, "ahead", ahead, "keeps", o.Calls, o.Store != nil)
	}
	defer func() {
		for _, p := range processes {
			p.logs.Close()
		}
	}()
	for n := range 12 {
		p := processes[r.IntN(2)]
		if r.IntN(10) == 0 {
			p.restart()
		}
		a := p.ask(t.Context(), anyQuestion(r, w.now(), 40))
		for _, f := range w.judge(a, calls.DefaultTTL) {
			sum.faults = append(sum.faults, fmt.Sprintf("question %d of %d: %s", n, seed, f))
		}
		sum.add(a.shares())
		if *history >= 0 {
			t.Logf("question %d at %s: %s", n, a.start.Format(time.DateTime), a)
			for _, asked := range w.asked[len(w.asked)-a.requests:] {
				t.Logf("    %+v", asked)
			}
		}
		if r.IntN(12) == 0 {
			w.sleep(time.Duration(r.IntN(5)) * time.Hour)
		}
		time.Sleep(time.Duration(r.ExpFloat64() * []float64{5e9, 60e9, 1800e9, 30000e9}[r.IntN(4)]))
	}
	return sum
}

// shares counts one answer.
func (a *answer) shares() shares {
	s := shares{asked: 1, requests: a.requests}
	if a.err != nil {
		s.refused = 1
		return s
	}
	s.answered, s.exact, s.complete = 1, 1, 1
	for _, p := range a.Parts {
		if !p.Exact {
			s.exact = 0
		}
		if !p.Complete && a.enough == 0 {
			s.complete = 0
		}
	}
	return s
}
