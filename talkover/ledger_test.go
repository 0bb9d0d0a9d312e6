package talkover_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

// book is a ledger that answers as a test says.
type book struct {
	mu    sync.Mutex
	away  bool
	grant talkover.Grant
	asked []talkover.Ask
	told  []talkover.Told
	ids   map[string]string // what became of each id
}

func (b *book) did(id, what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ids[id] += what + " "
}

func (b *book) Acquire(ask talkover.Ask) (talkover.Grant, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, ask)
	if b.away {
		return talkover.Grant{}, errors.New("away")
	}
	g := b.grant
	if ask.Outlook > 0 {
		g.Outlook = []int64{0, 0, 0, 5000, 10000}
	}
	return g, nil
}

func (b *book) Release(id string, told talkover.Told) {
	if told.Counts == 0 {
		b.did(id, "cancelled")
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		b.ids[id] += "alone "
	}
	b.ids[id] += "released "
	b.told = append(b.told, told)
}

func (b *book) set(away bool, grant talkover.Grant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.grant = away, grant
}

// sharing makes a client of one of three replicas that share a ledger.
func sharing(t *testing.T, api *laravel, b *book) *talkover.Client {
	t.Helper()
	b.ids = map[string]string{}
	return newClient(t, talkover.Config{
		RateLimit: 100, Replicas: 3, Transport: api,
		Ledger: func(func(string) []byte) talkover.Ledger { return b },
	})
}

// outcomes counts the ids by what became of them.
func (b *book) outcomes() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := map[string]int{}
	for _, what := range b.ids {
		n[what]++
	}
	return n
}

func TestALedgerDecidesForAllReplicas(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api, b := &laravel{limit: 100}, &book{grant: talkover.Grant{Limit: 100, Used: 7}}
		client := sharing(t, api, b)
		if err := lookUp(client, "at once"); err != nil {
			t.Fatal(err)
		}
		if got, want := client.Limits(), (talkover.Limits{Limit: 100, Used: 7}); got != want {
			t.Errorf("limits are %+v, want %+v", got, want)
		}
		b.set(false, talkover.Grant{Wait: 10 * time.Second, Again: 3 * time.Second, Limit: 100})
		var crowd sync.WaitGroup
		start := time.Now()
		crowd.Go(func() {
			if err := lookUp(client, "later"); err != nil {
				t.Error(err)
			}
			if waited := time.Since(start); waited != 6*time.Second {
				t.Errorf("it waited %v, want until the ledger was asked again", waited)
			}
		})
		time.Sleep(5 * time.Second)
		b.set(false, talkover.Grant{Limit: 100})
		crowd.Wait()

		b.set(false, talkover.Grant{Wait: 31 * time.Second, Again: 5 * time.Second, Limit: 100})
		want := talkover.Error{Reason: talkover.RateLimited, Wait: 31 * time.Second}
		if diff := cmp.Diff(want, apiErrorOf(lookUp(client, "too long")), sameError); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		b.set(false, talkover.Grant{Wait: 20 * time.Second, Again: 5 * time.Second, Limit: 100})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client.ListCalls(ctx, talkover.CallQuery{}); err == nil {
			t.Error("a call without time got through")
		}
		if diff := cmp.Diff(map[string]int{"released ": 2}, b.outcomes()); diff != "" {
			t.Errorf("requests in the ledger (-want +got)\n%s", diff)
		}
		first := b.told[0]
		if want := (talkover.Told{Counts: time.Minute, Limit: 100, Left: 99}); first != want {
			t.Errorf("the ledger was told %+v, want %+v", first, want)
		}
	})
}

func TestWhoGivesUpIsCancelledInTheLedger(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := &book{grant: talkover.Grant{Wait: 20 * time.Second, Again: 5 * time.Second}}
		client := sharing(t, &laravel{limit: 100}, b)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(7*time.Second, cancel)
		if _, err := client.ListCalls(ctx, talkover.CallQuery{}); err != context.Canceled {
			t.Errorf("who gives up gets %v", err)
		}
		synctest.Wait()
		if diff := cmp.Diff(map[string]int{"cancelled ": 1}, b.outcomes()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// Without its ledger a replica of three takes a third of 95, and no bulk work for a minute.
func TestAReplicaGoesOnAlone(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api, b := &laravel{limit: 100, random: rand.New(rand.NewPCG(1, 2))}, &book{grant: talkover.Grant{Limit: 100}}
		client := sharing(t, api, b)
		for i := range 5 {
			if err := lookUp(client, strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		b.set(true, talkover.Grant{})
		start := time.Now()
		var crowd sync.WaitGroup
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(talkover.Bulk(t.Context()), 70*time.Second)
			defer cancel()
			if _, err := client.ListCalls(ctx, talkover.CallQuery{Search: "bulk"}); err != nil {
				t.Error(err)
			}
			if waited := time.Since(start); waited != time.Minute {
				t.Errorf("bulk work waited %v", waited)
			}
		})
		for i := range 26 {
			if err := lookUp(client, "alone "+strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		if e := apiErrorOf(lookUp(client, "over the part")); e.Reason != talkover.RateLimited || e.Wait != time.Minute {
			t.Errorf("the 32nd request: %+v", e)
		}
		if n, limit := client.Allowance(50 * time.Second); n != 0 || limit != 100 {
			t.Errorf("bulk work may have %d of %d", n, limit)
		}
		crowd.Wait()
		if n := b.outcomes()["alone released "]; n != 27 {
			t.Errorf("%d requests are noted as sent alone, want 27: %v", n, b.outcomes())
		}
		besiege(t.Context(), t, client, 20, 3*time.Minute)
		api.crowds(t, 31, all)
	})
}

// Who waits alone asks the ledger as soon as it is back.
func TestALedgerThatComesBackIsAsked(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := &book{away: true}
		client := sharing(t, &laravel{limit: 100}, b)
		for i := range 31 {
			if err := lookUp(client, strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(40 * time.Second)
		time.AfterFunc(5*time.Second, func() { b.set(false, talkover.Grant{Limit: 100}) })
		start := time.Now()
		if err := lookUp(client, "waits"); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited > 6*time.Second {
			t.Errorf("it waited %v, the ledger was back after 5 s", waited)
		}
		if n, _ := client.Allowance(7 * time.Second); n != 4 {
			t.Errorf("the ledger's outlook is not taken: %d", n)
		}
	})
}

// Replicas without a ledger divide the limit.
func TestReplicasDivideTheLimit(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &laravel{limit: 100, random: rand.New(rand.NewPCG(1, 2))}
		var crowd sync.WaitGroup
		for range 3 {
			client := newClient(t, talkover.Config{RateLimit: 100, Replicas: 3, Transport: api})
			crowd.Go(func() { besiege(t.Context(), t, client, 10, 5*time.Minute) })
		}
		crowd.Wait()
		if api.denied > 0 {
			t.Errorf("%d requests were refused", api.denied)
		}
		if api.served < 5*80 {
			t.Errorf("%d requests were served in 5 minutes", api.served)
		}
	})
}

// A ledger hears of what counts, and of nothing that counts no more.
func TestALedgerHearsOfPlacesThatCount(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := &book{grant: talkover.Grant{Limit: 100}}
		client := sharing(t, &laravel{limit: 100}, b)
		for i, want := range []int{0, 1, 2, 0, 1} {
			if i == 3 {
				time.Sleep(time.Minute)
			}
			if err := lookUp(client, strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
			if n := len(b.asked[len(b.asked)-1].Places); n != want {
				t.Errorf("request %d: the ledger hears of %d places, want %d", i, n, want)
			}
		}
		if n := client.Limits().Used; n != 2 {
			t.Errorf("%d requests count, want the two of the last minute", n)
		}
	})
}
