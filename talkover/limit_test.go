package talkover_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

// laravel is an API behind Laravel's throttle (Illuminate\Cache\RateLimiter over
// Redis): a window of 60 s that opens at the first hit, and headers on each
// answer. When it closes is told with a 429 alone, in whole seconds rounded down.
type laravel struct {
	limit  int
	slow   bool // takes up to 3 s until it counts a request, and again until it answers
	resets bool // tells X-RateLimit-Reset with every answer

	mu     sync.Mutex
	random *rand.Rand
	opened time.Time
	hits   int // in the window
	sent   []sent
	served int
	denied int
}

// sent is a request as it left the client.
type sent struct {
	at   time.Time
	what string // its search
}

// hit counts a request of anybody.
func (l *laravel) hit() (left int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.opened) >= time.Minute {
		l.opened, l.hits = time.Now(), 0
	}
	if l.hits >= l.limit {
		return 0, false
	}
	l.hits++
	return l.limit - l.hits, true
}

func (l *laravel) delay(ctx context.Context) error {
	if !l.slow {
		return nil
	}
	l.mu.Lock()
	d := time.Duration(l.random.Int64N(int64(3 * time.Second)))
	l.mu.Unlock()
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *laravel) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.sent = append(l.sent, sent{time.Now(), r.URL.Query().Get("search")})
	l.mu.Unlock()
	if err := l.delay(r.Context()); err != nil {
		return nil, err
	}
	left, ok := l.hit()
	if err := l.delay(r.Context()); err != nil {
		return nil, err
	}
	h := http.Header{}
	l.mu.Lock()
	defer l.mu.Unlock()
	h.Set("X-RateLimit-Limit", strconv.Itoa(l.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	closes := l.opened.Add(time.Minute).Unix()
	if l.resets || !ok {
		h.Set("X-RateLimit-Reset", strconv.FormatInt(closes, 10))
	}
	if ok {
		l.served++
		return &http.Response{StatusCode: 200, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(emptyPage))}, nil
	}
	l.denied++
	h.Set("Retry-After", strconv.FormatInt(max(closes-time.Now().Unix(), 0), 10))
	return &http.Response{StatusCode: 429, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(`{"message":"Too Many Attempts."}`))}, nil
}

// crowds checks that no more than so many requests left within any 60 s.
func (l *laravel) crowds(t *testing.T, most int, of func(sent) bool) {
	t.Helper()
	var at []time.Time
	for _, s := range l.sent {
		if of(s) {
			at = append(at, s.at)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	for i := most; i < len(at); i++ {
		if d := at[i].Sub(at[i-most]); d < time.Minute {
			t.Fatalf("%d requests left within %v", most+1, d)
		}
	}
}

func all(sent) bool { return true }

// virtual runs a test at a whole second of this era (X-RateLimit-Reset is an epoch
// of 10 digits), in virtual time.
func virtual(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(moment))
		test(t)
	})
}

// limitedClient is a client of a plan, over a transport.
func limitedClient(t *testing.T, plan int, api http.RoundTripper) *talkover.Client {
	t.Helper()
	return newClient(t, talkover.Config{RateLimit: plan, Transport: api})
}

// lookUp asks for a page as a tool does, with 25 s.
func lookUp(client *talkover.Client, what string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	_, err := client.ListCalls(ctx, talkover.CallQuery{Search: what})
	return err
}

// besiege lets many ask as fast as they can for so long; who is told to wait
// does. Their 45 s hold the longest wait of 30 s and a slow answer.
func besiege(ctx context.Context, t *testing.T, client *talkover.Client, people int, long time.Duration) {
	t.Helper()
	var page atomic.Int64
	var crowd sync.WaitGroup
	end := time.Now().Add(long)
	for range people {
		crowd.Go(func() {
			for time.Now().Before(end) {
				ctx, cancel := context.WithTimeout(ctx, 45*time.Second)
				_, err := client.ListCalls(ctx, talkover.CallQuery{Page: int(page.Add(1))})
				cancel()
				if err == nil {
					continue
				}
				e := apiErrorOf(err)
				if e.Reason != talkover.RateLimited || e.Status != 0 || e.Wait <= 0 {
					t.Errorf("the error is %v", err)
					return
				}
				time.Sleep(e.Wait)
			}
		})
	}
	crowd.Wait()
}

// apiErrorOf is for goroutines, which must not end the test.
func apiErrorOf(err error) talkover.Error {
	if e, ok := err.(*talkover.Error); ok {
		return *e
	}
	return talkover.Error{}
}

func TestTenMinutesWithoutOneRefusal(t *testing.T) {
	for name, test := range map[string]struct {
		plan, limit, people int
		slow, resets        bool
	}{
		"standard":                      {100, 100, 20, false, false},
		"standard, slow":                {100, 100, 20, true, false},
		"standard, slow, many":          {100, 100, 200, true, false},
		"standard, slow, tells resets":  {100, 100, 200, true, true},
		"professional":                  {1000, 1000, 150, false, false},
		"professional, slow":            {1000, 1000, 150, true, false},
		"a larger plan than configured": {100, 300, 50, false, false},
		"a larger plan, slow":           {100, 300, 50, true, false},
		"a tighter plan":                {100, 60, 50, false, false},
		"a tighter plan, slow":          {100, 60, 50, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				api := &laravel{limit: test.limit, slow: test.slow, resets: test.resets, random: rand.New(rand.NewPCG(1, 2))}
				client := limitedClient(t, test.plan, api)
				if err := lookUp(client, "the first answer tells the limit"); err != nil {
					t.Fatal(err)
				}
				besiege(t.Context(), t, client, test.people, 10*time.Minute)
				if api.denied > 0 {
					t.Errorf("%d requests were refused", api.denied)
				}
				if least := 10 * test.limit * 80 / 100; api.served < least {
					t.Errorf("%d requests were served, want at least %d", api.served, least)
				}
				api.crowds(t, test.limit-5, all)
			})
		})
	}
}

func TestWithoutALimitNobodyWaits(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &laravel{limit: 1 << 20}
		client := limitedClient(t, 0, api)
		var crowd sync.WaitGroup
		for i := range 1000 {
			crowd.Go(func() {
				if err := lookUp(client, strconv.Itoa(i)); err != nil {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		if took := time.Since(moment); took != 0 || api.served != 1000 {
			t.Errorf("%d requests took %v", api.served, took)
		}
	})
}

// 50 look-ups go at once and 45 a minute later, so that places come free while
// little was left at the last answer. But what was left of the old window says
// nothing of the new one.
func TestANewWindowIsNotHeldToWhatWasLeftOfTheOld(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &laravel{limit: 100, random: rand.New(rand.NewPCG(1, 2))}
		client := limitedClient(t, 100, api)
		for _, test := range []struct {
			at     time.Duration
			people int
		}{{0, 50}, {58 * time.Second, 45}, {61 * time.Second, 20}} {
			time.Sleep(time.Until(moment.Add(test.at)))
			api.slow = test.people == 20
			var failed atomic.Int64
			var crowd sync.WaitGroup
			for i := range test.people {
				crowd.Go(func() {
					if err := lookUp(client, strconv.Itoa(i)); err != nil {
						failed.Add(1)
					}
				})
			}
			crowd.Wait()
			if n := failed.Load(); n > 0 {
				t.Errorf("at %v: %d of %d failed", test.at, n, test.people)
			}
		}
		if api.denied > 0 {
			t.Errorf("%d requests were refused", api.denied)
		}
	})
}

// Another user of the token leaves 3 requests of the window. The fourth of ours
// waits until it closes, which the headers tell rounded down.
func TestAtNothingLeftItWaitsForTheReset(t *testing.T) {
	for _, opened := range []time.Duration{0, 100 * time.Millisecond, 900 * time.Millisecond} {
		t.Run(opened.String(), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				time.Sleep(opened)
				api := &laravel{limit: 100, resets: true}
				client := limitedClient(t, 100, api)
				for range 97 {
					api.hit()
				}
				time.Sleep(20 * time.Second)
				for i := range 3 {
					if err := lookUp(client, strconv.Itoa(i)); err != nil {
						t.Fatal(err)
					}
				}
				start := time.Now()
				e := apiErrorOf(lookUp(client, "too early"))
				if e.Reason != talkover.RateLimited || e.Wait < 39*time.Second || e.Wait > 42*time.Second || e.Attempts != 0 {
					t.Errorf("with 40 s to go: %+v", e)
				}
				if time.Since(start) != 0 {
					t.Errorf("that took %v", time.Since(start))
				}
				time.Sleep(18 * time.Second)
				if err := lookUp(client, "with 22 s to go"); err != nil {
					t.Error(err)
				}
				last := api.sent[len(api.sent)-1]
				if waited := last.at.Sub(start); api.denied > 0 || len(api.sent) != 4 || waited < 40*time.Second || waited > 42*time.Second {
					t.Errorf("%d requests, %d refused, the last one after %v", len(api.sent), api.denied, waited)
				}
			})
		})
	}
}

// Another user of the token has used it all, and the first we hear of it is a 429.
// Its Retry-After is rounded down too.
func TestARefusalIsWaitedOut(t *testing.T) {
	for _, opened := range []time.Duration{0, 100 * time.Millisecond, 900 * time.Millisecond} {
		for _, plan := range []int{0, 100} {
			t.Run(fmt.Sprint(opened, " plan ", plan), func(t *testing.T) {
				virtual(t, func(t *testing.T) {
					time.Sleep(opened)
					api := &laravel{limit: 100}
					for range 100 {
						api.hit()
					}
					time.Sleep(40*time.Second + 50*time.Millisecond - opened)
					if err := lookUp(limitedClient(t, plan, api), ""); err != nil {
						t.Error(err)
					}
					if api.denied > 2 {
						t.Errorf("%d requests were refused", api.denied)
					}
				})
			})
		}
	}
}

func TestBulkLeavesRoomForLookUps(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &laravel{limit: 100, slow: true, random: rand.New(rand.NewPCG(3, 4))}
		client := limitedClient(t, 100, api)
		asked := map[string]time.Time{}
		var crowd sync.WaitGroup
		crowd.Go(func() { besiege(talkover.Bulk(t.Context()), t, client, 50, 5*time.Minute) })
		for i := range 75 { // 15 in each minute; 95 less 76 are kept for them
			time.Sleep(time.Until(moment.Add(time.Duration(i) * 4 * time.Second)))
			what := "look-up " + strconv.Itoa(i)
			asked[what] = time.Now()
			crowd.Go(func() {
				if err := lookUp(client, what); err != nil {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		bulk := 0
		for _, s := range api.sent {
			if s.what == "" {
				bulk++
			} else if wait := s.at.Sub(asked[s.what]); wait != 0 {
				t.Errorf("%s waited %v", s.what, wait)
			}
		}
		if api.denied > 0 {
			t.Errorf("%d requests were refused", api.denied)
		}
		if bulk < 5*50 {
			t.Errorf("%d requests of bulk work in 5 minutes", bulk)
		}
		api.crowds(t, 76, func(s sent) bool { return s.what == "" })
		api.crowds(t, 95, all)
	})
}

// queued runs a test of who waits: the plan allows 5 in a window, and these left
// a second apart, so that places come free a second apart, from 60 s on.
func queued(t *testing.T, test func(t *testing.T, client *talkover.Client, api *laravel)) {
	t.Helper()
	virtual(t, func(t *testing.T) {
		api := &laravel{limit: 10}
		client := limitedClient(t, 10, api)
		for i := range 5 {
			time.Sleep(time.Until(moment.Add(time.Duration(i) * time.Second)))
			if err := lookUp(client, "early "+strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		api.sent = nil
		test(t, client, api)
	})
}

func TestFirstComeFirstServed(t *testing.T) {
	queued(t, func(t *testing.T, client *talkover.Client, api *laravel) {
		time.Sleep(time.Until(moment.Add(40 * time.Second)))
		var crowd sync.WaitGroup
		for i := range 4 {
			crowd.Go(func() {
				if err := lookUp(client, strconv.Itoa(i)); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(time.Second)
		}
		crowd.Wait()
		var want []sent
		for i := range 4 {
			want = append(want, sent{moment.Add(time.Duration(60+i) * time.Second), strconv.Itoa(i)})
		}
		if diff := cmp.Diff(want, api.sent, cmp.AllowUnexported(sent{})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// A look-up that comes later goes before bulk work, which keeps its own order.
func TestLookUpsGoBeforeBulkWork(t *testing.T) {
	queued(t, func(t *testing.T, client *talkover.Client, api *laravel) {
		time.Sleep(time.Until(moment.Add(45 * time.Second)))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		var crowd sync.WaitGroup
		for _, what := range []string{"bulk 0", "bulk 1", "look-up"} {
			crowd.Go(func() {
				var err error
				if what == "look-up" {
					err = lookUp(client, what)
				} else {
					_, err = client.ListCalls(talkover.Bulk(ctx), talkover.CallQuery{Search: what})
				}
				if err != nil {
					t.Error(err)
				}
			})
			time.Sleep(time.Second)
		}
		crowd.Wait()
		var order []string
		for _, s := range api.sent {
			order = append(order, s.what)
		}
		if diff := cmp.Diff([]string{"look-up", "bulk 0", "bulk 1"}, order); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestAWaitThatDoesNotFitFailsAtOnce(t *testing.T) {
	queued(t, func(t *testing.T, client *talkover.Client, api *laravel) {
		for _, test := range []struct {
			at, fits, wait time.Duration // fits is the call's own time, 0 for no bound
		}{
			{5 * time.Second, 0, 55 * time.Second}, // never more than 30 s
			{10 * time.Second, 25 * time.Second, 50 * time.Second},
			{29 * time.Second, 0, 31 * time.Second},
			{34 * time.Second, 25 * time.Second, 26 * time.Second},
			{50 * time.Second, time.Second, 10 * time.Second},
		} {
			time.Sleep(time.Until(moment.Add(test.at)))
			ctx, cancel := context.WithCancel(t.Context())
			if test.fits > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), test.fits)
			}
			_, err := client.ListCalls(ctx, talkover.CallQuery{})
			cancel()
			want := talkover.Error{Reason: talkover.RateLimited, Wait: test.wait}
			if diff := cmp.Diff(want, apiError(t, err), sameError); diff != "" {
				t.Errorf("at %v (-want +got)\n%s", test.at, diff)
			}
			if late := time.Since(moment.Add(test.at)); late != 0 {
				t.Errorf("at %v: it took %v", test.at, late)
			}
		}
		if len(api.sent) != 0 {
			t.Errorf("%d requests left", len(api.sent))
		}
	})
}

func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	queued(t, func(t *testing.T, client *talkover.Client, api *laravel) {
		time.Sleep(time.Until(moment.Add(45 * time.Second)))
		ctx, cancel := context.WithCancel(t.Context())
		ctx, meter := talkover.WithMeter(ctx)
		var crowd sync.WaitGroup
		crowd.Go(func() {
			if _, err := client.ListCalls(ctx, talkover.CallQuery{Search: "gives up"}); err != context.Canceled {
				t.Errorf("who gives up gets %v", err)
			}
		})
		for i := range 5 { // a place for each, if the first one takes none
			time.Sleep(time.Second)
			crowd.Go(func() {
				if err := lookUp(client, strconv.Itoa(i)); (err != nil) != (i == 4) {
					t.Errorf("look-up %d: %v", i, err)
				}
			})
		}
		time.Sleep(time.Second)
		cancel()
		synctest.Wait()
		crowd.Go(func() {
			if err := lookUp(client, "takes the place"); err != nil {
				t.Error(err)
			}
		})
		crowd.Wait()
		var want []sent
		for i, what := range []string{"0", "1", "2", "3", "takes the place"} {
			want = append(want, sent{moment.Add(time.Duration(60+i) * time.Second), what})
		}
		if diff := cmp.Diff(want, api.sent, cmp.AllowUnexported(sent{})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if meter.Requests() != 0 {
			t.Errorf("giving up cost %d requests", meter.Requests())
		}
	})
}
