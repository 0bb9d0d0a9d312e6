package valkey_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/valkey"
)

// answered tells of a request that had its answer at this moment.
var answered = talkover.Told{Counts: time.Minute, Left: -1}

// keeper remembers the places of a replica, as a client of the API does. Requests go, whether the
// ledger is away or not.
type keeper struct {
	talkover.Ledger
	places []talkover.Place
}

func keep(s *valkey.Server) *keeper {
	return &keeper{Ledger: s.Ledger(talkover.NewSecret("tok-of-the-account").Key)}
}

// Acquire implements [talkover.Ledger].
func (k *keeper) Acquire(ask talkover.Ask) (talkover.Grant, error) {
	k.forget("")
	ask.Places = slices.Clone(k.places)
	g, err := k.Ledger.Acquire(ask)
	if err != nil || g.Wait <= 0 {
		k.places = append(k.places, talkover.Place{ID: ask.ID, Until: time.Now().Add(ask.Lease)})
	}
	return g, err
}

// Release implements [talkover.Ledger].
func (k *keeper) Release(id string, told talkover.Told) {
	k.forget(id)
	k.places = append(k.places, talkover.Place{ID: id, Until: time.Now().Add(told.Counts)})
	k.Ledger.Release(id, told)
}

func (k *keeper) forget(id string) {
	k.places = slices.DeleteFunc(k.places, func(p talkover.Place) bool {
		return p.ID == id || !p.Until.After(time.Now())
	})
}

// ledgers opens the ledgers of replicas of one account, on a server in memory.
func ledgers(t *testing.T, replicas int) (*miniredis.Miniredis, []talkover.Ledger) {
	t.Helper()
	w := newWorld(t, replicas)
	var all []talkover.Ledger
	for range replicas {
		w.replica()
	}
	for _, s := range w.servers {
		all = append(all, keep(s))
	}
	return w.redis, all
}

// places returns the requests that the server counts, by their scores.
func places(t *testing.T, m *miniredis.Miniredis) map[string]float64 {
	t.Helper()
	all := kept(t, m)
	for id, score := range all {
		if score >= 1e15 { // the epoch
			delete(all, id)
		}
	}
	return all
}

// kept returns those with the epoch.
func kept(t *testing.T, m *miniredis.Miniredis) map[string]float64 {
	t.Helper()
	synctest.Wait() // miniredis v2.40.0 returns the very map that it writes to
	all := map[string]float64{}
	for _, key := range m.Keys() {
		if !strings.HasSuffix(key, ":places") {
			continue
		}
		members, err := m.SortedSet(key)
		if err != nil {
			t.Fatal(err)
		}
		for id, score := range members {
			all[id] = score
		}
	}
	return all
}

// wants asks for a look-up.
func wants(id string) talkover.Ask {
	return talkover.Ask{ID: id, Share: 100, Limit: 100, Lease: 75 * time.Second}
}

var serial int

// take asks for n requests, and returns the ids of those that may go.
func take(t *testing.T, l talkover.Ledger, n int) (ids []string) {
	t.Helper()
	for range n {
		serial++
		id := "request " + strconv.Itoa(serial)
		g, err := l.Acquire(wants(id))
		if err != nil {
			t.Fatal(err)
		}
		if g.Wait <= 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// away reports whether a server gave no answer lately.
func away(s *valkey.Server) bool {
	gone, _ := s.State()
	return gone
}

// calm waits until an epoch is so old that the whole limit is there.
func calm(t *testing.T, l talkover.Ledger) {
	t.Helper()
	take(t, l, 1)
	time.Sleep(2 * time.Minute)
}

func TestARequestCountsUntilAMinuteAfterItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, all := ledgers(t, 2)
		a, b := all[0], all[1]
		calm(t, a)
		ids := take(t, a, 95)
		if len(ids) != 95 || len(take(t, b, 3)) != 0 {
			t.Fatalf("one replica got %d, another one more", len(ids))
		}
		time.Sleep(10 * time.Second)
		for _, id := range ids[:50] {
			a.Release(id, answered)
		}
		synctest.Wait()
		time.Sleep(59 * time.Second)
		if n := len(take(t, b, 3)); n != 0 {
			t.Errorf("%d go within a minute of the answers", n)
		}
		time.Sleep(time.Second)
		if n := len(take(t, b, 99)); n != 50 {
			t.Errorf("%d go a minute after 50 answers", n)
		}
		// The other 45 were never answered: their lease of 75 s ends.
		time.Sleep(4 * time.Second)
		if n := len(take(t, b, 99)); n != 0 {
			t.Errorf("%d go before the lease is over", n)
		}
		time.Sleep(time.Second)
		if n := len(take(t, b, 99)); n != 45 {
			t.Errorf("%d go once the lease of 45 is over", n)
		}
		if n := len(places(t, m)); n != 95 {
			t.Errorf("the server counts %d", n)
		}
	})
}

func TestWaitsFollowTheRank(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, all := ledgers(t, 3)
		calm(t, all[0])
		for _, id := range take(t, all[0], 95) {
			all[0].Release(id, answered)
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(30 * time.Second)
		var waits []time.Duration
		for i, l := range all {
			for _, share := range []int{80, 100} {
				a := wants(strconv.Itoa(i) + " of " + strconv.Itoa(share))
				a.Share, a.Most = share, time.Minute
				g, err := l.Acquire(a)
				if err != nil {
					t.Fatal(err)
				}
				if share == 100 {
					waits = append(waits, g.Wait)
				} else if g.Wait < 20*time.Second+1900*time.Millisecond {
					t.Errorf("bulk work is told %v, before 20 places came free", g.Wait)
				}
			}
		}
		for i := 1; i < len(waits); i++ {
			if d := waits[i] - waits[i-1]; d != 100*time.Millisecond {
				t.Errorf("the waits are %v: want one place after the other", waits)
			}
		}
	})
}

// 95 requests have gone when the server forgets them all. Replicas that have them say so,
// and nobody gets more than a third for a minute.
func TestAServerThatForgets(t *testing.T) {
	for name, forgets := range map[string]func(m *miniredis.Miniredis, earlier map[string]float64){
		"all":                           func(m *miniredis.Miniredis, _ map[string]float64) { m.FlushAll() },
		"what came after its last copy": restore,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, all := ledgers(t, 3)
				calm(t, all[0])
				take(t, all[1], 1)
				time.Sleep(2 * time.Minute)
				earlier := kept(t, m)
				for _, id := range take(t, all[0], 95) {
					all[0].Release(id, answered)
				}
				synctest.Wait()
				forgets(m, earlier)
				if n := len(take(t, all[0], 1)); n != 0 {
					t.Error("the replica that has used all gets one more")
				}
				if n := len(places(t, m)); n != 95 {
					t.Errorf("the server was told of %d, want all 95", n)
				}
				if n := len(take(t, all[1], 50)); n != 0 {
					t.Errorf("another replica gets %d", n)
				}
				time.Sleep(time.Minute)
				if n := len(take(t, all[2], 99)); n != 95 {
					t.Errorf("%d go once all is a minute old", n)
				}
			})
		})
	}
}

// restore takes the server back to what it had before, as a restart from a copy does.
func restore(m *miniredis.Miniredis, earlier map[string]float64) {
	for _, key := range m.Keys() {
		if strings.HasSuffix(key, ":places") {
			m.Del(key)
			for id, score := range earlier {
				_, _ = m.ZAdd(key, score, id)
			}
		}
	}
}

// The replica with the 95 has died with them: nobody can tell the server.
func TestAServerThatForgetsWhatNobodyCanTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, all := ledgers(t, 3)
		calm(t, all[0])
		take(t, all[0], 95)
		m.FlushAll()
		for i, l := range all[1:] {
			if n := len(take(t, l, 99)); n != 31 {
				t.Errorf("replica %d gets %d of 95, want its part of 31", i+2, n)
			}
		}
		time.Sleep(59 * time.Second)
		if n := len(take(t, all[1], 99)); n != 0 {
			t.Errorf("%d more go within the minute", n)
		}
	})
}

// A command that a stopped server finds when it goes on takes no place: who sent it has
// long given up.
func TestALateCommandIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.replica()
		m, s := w.redis, w.servers[0]
		l := keep(s)
		calm(t, l)
		stopped := make(chan struct{})
		hook(m, func(*server.Peer, string, ...string) bool { <-stopped; return false })
		start := time.Now()
		if _, err := l.Acquire(wants("late")); err == nil {
			t.Error("a stopped server answered")
		}
		if took := time.Since(start); took != 50*time.Millisecond || !away(s) {
			t.Errorf("it took %v to know, away %t", took, away(s))
		}
		time.Sleep(10 * time.Second)
		hook(m, nil)
		close(stopped)
		synctest.Wait()
		if _, ok := places(t, m)["late"]; ok {
			t.Error("the late command took a place")
		}
		time.Sleep(2 * time.Second)
		if away(s) {
			t.Error("the server is not tried again each second")
		}
	})
}

func hook(m *miniredis.Miniredis, h server.Hook) { m.Server().SetPreHook(h) }

// A place that was granted without an answer is given back once the server is there again.
func TestAGrantWithoutAnAnswerIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		l := keep(w.servers[0])
		calm(t, l)
		take(t, l, 1)
		w.deaf.Store(true)
		if _, err := l.Acquire(wants("unheard")); err == nil {
			t.Fatal("an answer came")
		}
		l.Release("unheard", talkover.Told{Left: -1})
		synctest.Wait()
		if _, ok := places(t, w.redis)["unheard"]; !ok {
			t.Fatal("the server granted nothing: this tests nothing")
		}
		w.deaf.Store(false)
		time.Sleep(4 * time.Second)
		take(t, l, 1)
		synctest.Wait()
		if _, ok := places(t, w.redis)["unheard"]; ok {
			t.Error("the place is still taken")
		}
	})
}

// Requests that went while the server was away are told when it is back, and until all
// replicas have told theirs, none gets more than its part.
func TestWhatWentAloneIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		for range 3 {
			w.replica()
		}
		var all []talkover.Ledger
		for _, s := range w.servers {
			all = append(all, keep(s))
		}
		calm(t, all[0])
		for _, l := range all {
			take(t, l, 1)
		}
		time.Sleep(2 * time.Minute)
		w.cut.Store(true)
		hook(w.redis, func(p *server.Peer, _ string, _ ...string) bool { p.Close(); return true })
		for i, l := range all {
			for j := range 20 {
				id := "alone " + strconv.Itoa(i) + " " + strconv.Itoa(j)
				if _, err := l.Acquire(wants(id)); err == nil {
					t.Fatal("it answers over a closed connection")
				}
				l.Release(id, answered)
			}
		}
		time.Sleep(5 * time.Second)
		hook(w.redis, nil)
		w.cut.Store(false)
		time.Sleep(1500 * time.Millisecond)
		if n := len(take(t, all[0], 99)); n != 31-20 {
			t.Errorf("the first replica that is back gets %d, want what is left of its part", n)
		}
		for _, l := range all[1:] {
			take(t, l, 1)
		}
		if n := len(places(t, w.redis)); n < 60+11 {
			t.Errorf("the server counts %d, want the 60 that went without it too", n)
		}
		time.Sleep(4 * time.Second)
		take(t, all[0], 99)
		if n := len(places(t, w.redis)); n != 95 {
			t.Errorf("the server counts %d in the end, want all of 95", n)
		}
	})
}

// A string or a list at a key of the count stops no question: it is what nobody here has put
// there, and what was counted is told again.
func TestWhatIsNoCountIsForgotten(t *testing.T) {
	for _, kind := range []string{"places", "limit", "queue"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 3)
				c := w.replica()
				l := keep(w.servers[0])
				calm(t, l)
				for _, id := range take(t, l, 95) {
					l.Release(id, answered)
				}
				time.Sleep(30 * time.Second)
				for _, key := range w.redis.Keys() {
					if prefix, ok := strings.CutSuffix(key, ":places"); ok {
						w.redis.Del(prefix + ":" + kind)
						_ = w.redis.Set(prefix+":"+kind, "a string")
					}
				}
				if n := len(take(t, l, 1)); n != 0 {
					t.Error("what went before counts no more")
				}
				time.Sleep(35 * time.Second)
				for range 10 {
					start := time.Now()
					if _, err := ask(talkover.Bulk(t.Context()), c, int(start.Unix()), start); err != nil {
						t.Error(err)
					}
					if took := time.Since(start); took > 2*time.Second {
						t.Errorf("a question took %v", took)
					}
					time.Sleep(time.Second)
				}
				if away(w.servers[0]) {
					t.Error("the server is taken for one that is away")
				}
			})
		})
	}
}
