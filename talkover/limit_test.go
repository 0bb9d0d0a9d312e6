package talkover_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// However many ask, no request is refused in three minutes; with LONG=1, as .ci/nightly/run sets
// it, in ten.
func TestMinutesWithoutOneRefusal(t *testing.T) {
	long := 3
	if os.Getenv("LONG") == "1" {
		long = 10
	}
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
				besiege(t.Context(), t, client, test.people, time.Duration(long)*time.Minute)
				if api.denied > 0 {
					t.Errorf("%d requests were refused", api.denied)
				}
				if least := long * test.limit * 80 / 100; api.served < least {
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

// Bulk work takes its whole share where nobody else uses the token, and a part of what is
// left where somebody does, as the headers tell.
func TestBulkLeavesRoomForOtherUsersOfTheToken(t *testing.T) {
	for others, want := range map[int]int{0: 75, 10: 49, 59: 6, 70: 4, 90: 3, 97: 2, 99: 0} {
		virtual(t, func(t *testing.T) {
			api := &laravel{limit: 100, resets: true}
			client := limitedClient(t, 100, api)
			for range others {
				api.hit()
			}
			if err := lookUp(client, "the first"); err != nil {
				t.Fatal(err)
			}
			if may, _ := client.Allowance(10 * time.Second); may != want {
				t.Errorf("after %d requests of others and one of ours, %d may go, want %d", others, may, want)
			}
		})
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
