package valkey_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// invented is an invented account, of which each request takes 150 ms and is noted.
type invented struct {
	*sandbox.Account
	mu   sync.Mutex
	sent []string
}

// RoundTrip implements [http.RoundTripper].
func (a *invented) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.sent = append(a.sent, r.URL.RawQuery)
	a.mu.Unlock()
	time.Sleep(150 * time.Millisecond)
	return a.Transport().RoundTrip(r)
}

// count returns how many requests there were since the last count.
func (a *invented) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.sent)
	a.sent = nil
	return n
}

// logOf starts one more replica with a log of an invented account. It shares the server of a
// world, unless that is nil.
func logOf(t *testing.T, w *world, api *invented) *calls.Log {
	t.Helper()
	config := talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: api}
	options := calls.Options{Calls: calls.DefaultCalls}
	if w != nil {
		w.replica()
		options.Store = w.servers[len(w.servers)-1].Store()
	}
	c, err := talkover.New(config)
	if err != nil {
		t.Fatal(err)
	}
	logs := calls.New(options)
	t.Cleanup(logs.Close)
	return logs.Log(c)
}

// month asks for all calls since October 6, which must be all and exact. It returns how many
// there are.
func month(t *testing.T, log *calls.Log) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	since := time.Date(2026, 10, 6, 0, 0, 0, 0, time.UTC)
	taken, err := log.Calls(ctx, calls.Want{Windows: []calls.Window{{From: since}}})
	if err != nil {
		t.Error(err)
		return 0
	}
	p := taken.Parts[0]
	if !p.Exact || !p.Complete {
		t.Errorf("%+v", p.Coverage)
	}
	for _, run := range p.Runs {
		n += len(run)
	}
	return n
}

// invent runs a test at the evening of an invented account.
func invent(t *testing.T, test func(t *testing.T, w *world, api *invented)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)))
		w := newWorld(t, 3)
		ctx, stop := context.WithCancel(t.Context())
		var living sync.WaitGroup
		defer living.Wait()
		defer stop()
		living.Go(func() {
			for ctx.Err() == nil { // the lives of keys are not by the clock in miniredis
				time.Sleep(100 * time.Millisecond)
				w.redis.FastForward(100 * time.Millisecond)
			}
		})
		test(t, w, &invented{Account: sandbox.New(time.Now())})
	})
}

func TestAReadingOfOneReplicaIsReadByNoOther(t *testing.T) {
	invent(t, func(t *testing.T, w *world, api *invented) {
		alone := month(t, logOf(t, nil, api))
		whole := api.count()
		first, second := logOf(t, w, api), logOf(t, w, api)
		if n := month(t, first); n != alone {
			t.Errorf("%d calls, and %d without a server", n, alone)
		}
		api.count()
		time.Sleep(3 * time.Second)
		n := month(t, second)
		cost := api.count()
		t.Logf("%d requests without a server; %d of a replica after another one", whole, cost)
		if n != alone || cost > 2 {
			t.Errorf("%d calls of %d by %d requests", n, alone, cost)
		}
	})
}

// Three replicas are asked the same at the same moment: one reads, and the others wait for
// what it reads, as long as that takes under 2 s.
func TestWhatOneReplicaReadsOthersWaitFor(t *testing.T) {
	invent(t, func(t *testing.T, w *world, api *invented) {
		alone := month(t, logOf(t, nil, api))
		whole := api.count()
		var all []*calls.Log
		for range 3 {
			all = append(all, logOf(t, w, api))
		}
		start := time.Now()
		var crowd sync.WaitGroup
		for _, log := range all {
			crowd.Go(func() {
				if n := month(t, log); n != alone {
					t.Errorf("%d calls of %d", n, alone)
				}
			})
		}
		crowd.Wait()
		cost := api.count()
		t.Logf("%d requests of one, %d of three, in %v", whole, cost, time.Since(start))
		if cost > 2*whole {
			t.Errorf("three replicas sent %d requests, and one alone %d", cost, whole)
		}
	})
}

// A lease that somebody holds for ever stops a question for 2 s, and what is at a key of
// another type for no time at all.
func TestWhatStandsInTheWayStopsNoQuestion(t *testing.T) {
	for name, stand := range map[string]func(w *world){
		"a lease held for ever": func(w *world) {
			for _, key := range w.redis.Keys() {
				if strings.Contains(key, "}:lease:") {
					_ = w.redis.Set(key, "held")
				}
			}
		},
		"strings at all keys": func(w *world) {
			for _, key := range w.redis.Keys() {
				w.redis.Del(key)
				_ = w.redis.Set(key, "a string")
			}
		},
		"sets at all keys": func(w *world) {
			for _, key := range w.redis.Keys() {
				w.redis.Del(key)
				_, _ = w.redis.SAdd(key, "a member")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			invent(t, func(t *testing.T, w *world, api *invented) {
				start := time.Now()
				alone := month(t, logOf(t, w, api))
				usual := time.Since(start)
				for range 3 { // whatever was put there by the time between
					stand(w)
					log := logOf(t, w, api)
					start = time.Now()
					if n := month(t, log); n != alone {
						t.Errorf("%d calls of %d", n, alone)
					}
					if took := time.Since(start); took > usual+2*time.Second+200*time.Millisecond {
						t.Errorf("it took %v, and %v without", took, usual)
					}
					if _, gone := w.servers[len(w.servers)-1].State(); gone > 0 {
						t.Errorf("the server was taken for one that is away %d times", gone)
					}
					time.Sleep(2 * time.Minute)
				}
			})
		})
	}
}

// What the server has says nothing of calls, dates and tokens. What of it was changed counts for
// nothing.
func TestWhatTheServerSees(t *testing.T) {
	invent(t, func(t *testing.T, w *world, api *invented) {
		alone := month(t, logOf(t, w, api))
		api.count()
		kinds := map[string]int{}
		for _, k := range w.redis.Keys() {
			_, rest, _ := strings.Cut(k, "}:")
			kind, _, _ := strings.Cut(rest, ":")
			kinds[kind]++
			if strings.Contains(k, sandbox.Token) || strings.Contains(k, "2026") {
				t.Errorf("the key %s tells something", k)
			}
		}
		if kinds["names"] != 1 || kinds["kept"] < 2 {
			t.Errorf("keys are %v", kinds)
		}
		dump := w.redis.Dump()
		for _, secret := range []string{sandbox.Token, "+1202555", "Reception", "completed", "2026-11"} {
			if strings.Contains(dump, secret) {
				t.Errorf("the server knows %q", secret)
			}
		}
		for _, k := range w.redis.Keys() {
			if v, err := w.redis.Get(k); err == nil && strings.Contains(k, "}:kept:") {
				changed := []byte(v)
				changed[len(changed)-1] ^= 1
				_ = w.redis.Set(k, string(changed))
			}
		}
		if n := month(t, logOf(t, w, api)); n != alone || api.count() < 5 {
			t.Errorf("%d calls of %d by what was changed", n, alone)
		}
	})
}

func TestALaterValueStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		w.replica()
		one, two := w.servers[0].Store(), w.servers[1].Store()
		ctx, now := t.Context(), time.Now()
		for _, put := range []struct {
			at          time.Duration
			value, want string
		}{
			{0, "first", "first"}, {-time.Second, "earlier", "first"},
			{time.Second, "later", "later"}, {time.Second, "as late", "as late"},
		} {
			err := one.Put(ctx, "account", "name", now.Add(put.at), now.Add(time.Hour), []byte(put.value))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := two.Get(ctx, "account", "name"); string(got) != put.want || err != nil {
				t.Errorf("after %s there is %q, %v", put.value, got, err)
			}
		}
		if err := one.Put(ctx, "account", "short", now, now.Add(time.Minute), []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := one.Put(ctx, "account", "over", now, now.Add(-time.Minute), []byte("x")); err != nil {
			t.Error(err)
		}
		names := func() []string {
			all, err := two.Names(ctx, "account")
			if err != nil {
				t.Error(err)
			}
			return all
		}
		if diff := cmp.Diff([]string{"name", "short"}, names()); diff != "" {
			t.Errorf("names (-want +got)\n%s", diff)
		}
		time.Sleep(2 * time.Minute)
		w.redis.FastForward(2 * time.Minute)
		if got, err := two.Get(ctx, "account", "short"); got != nil || err != nil {
			t.Errorf("what has expired is %q, %v", got, err)
		}
		if err := one.Put(ctx, "account", "another", now, now.Add(time.Hour), []byte("x")); err != nil {
			t.Fatal(err)
		}
		if all := names(); slices.Contains(all, "short") {
			t.Errorf("names of what has expired stay: %v", all)
		}
		if err := two.Forget(ctx, "account", "name"); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"another"}, names()); diff != "" {
			t.Errorf("names after one was forgotten (-want +got)\n%s", diff)
		}
		if err := two.Forget(ctx, "account", ""); err != nil || len(w.redis.Keys()) > 0 {
			t.Errorf("%v; after all were forgotten there is %v", err, w.redis.Keys())
		}
		if all := names(); len(all) > 0 {
			t.Errorf("an empty account has %v", all)
		}
	})
}

func TestALeaseIsOfOneReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		w.replica()
		leased := func(i int) bool {
			return w.servers[i].Store().Lease(t.Context(), "account", "name", time.Second)
		}
		if !leased(0) || leased(1) {
			t.Error("not one of two has the lease")
		}
		w.redis.FastForward(time.Second)
		if !leased(1) {
			t.Error("it does not end")
		}
		w.cut.Store(true)
		w.deaf.Store(true)
		if !leased(0) || !leased(1) {
			t.Error("without a server not everybody has it")
		}
	})
}
