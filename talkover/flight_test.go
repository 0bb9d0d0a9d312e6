package talkover_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// slowAPI answers each request after the time that it takes.
type slowAPI struct {
	takes    time.Duration // until the answer; for ever if 0
	does     func()        // called just before the answer, if set
	requests atomic.Int64
	left     atomic.Int64 // requests whose context ended first
}

func (w *slowAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	w.requests.Add(1)
	var answers <-chan time.Time
	if w.takes > 0 {
		answers = time.After(w.takes)
	}
	select {
	case <-answers:
		if w.does != nil {
			w.does()
		}
		return answer{200, onePage}.RoundTrip(r)
	case <-r.Context().Done():
		w.left.Add(1)
		return nil, r.Context().Err()
	}
}

func TestEqualRequestsInFlightAreSentOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &slowAPI{takes: 2 * time.Second}
		client := newClient(t, talkover.Config{Transport: api})
		ctx, meter := talkover.WithMeter(t.Context())
		var crowd sync.WaitGroup
		for range 100 {
			crowd.Go(func() {
				page, err := client.ListCalls(ctx, talkover.CallQuery{Search: "same"})
				if err != nil || len(page.Rows) != 1 {
					t.Errorf("%+v, %v", page, err)
				}
			})
			time.Sleep(10 * time.Millisecond)
		}
		crowd.Wait()
		if n := api.requests.Load(); n != 1 || meter.Requests() != 1 {
			t.Errorf("%d requests, %d counted", n, meter.Requests())
		}
		serves(t, client, talkover.CallQuery{Search: "same"}) // nothing is kept
		if n := api.requests.Load(); n != 2 {
			t.Errorf("a later request: %d in all, want 2", n)
		}
	})
}

func TestWhatDiffersIsNeverShared(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &slowAPI{takes: time.Second}
		ours := newClient(t, talkover.Config{Transport: api, Token: talkover.NewSecret("talq_1")})
		others := newClient(t, talkover.Config{Transport: api, Token: talkover.NewSecret("talq_2")})
		twin := newClient(t, talkover.Config{Transport: api, Token: talkover.NewSecret("talq_1")})
		var crowd sync.WaitGroup
		ask := func(ctx context.Context, client *talkover.Client, query talkover.CallQuery) {
			crowd.Go(func() {
				if _, err := client.ListCalls(ctx, query); err != nil {
					t.Error(err)
				}
			})
		}
		queries := []talkover.CallQuery{
			{}, {Page: 1}, {Page: 2}, {PerPage: 2}, {Search: "1"}, {Search: "1&page=2"}, {Status: "1"}, {Search: "1", Page: 2}, {AgentID: "1"}, {DateFrom: "1"}, {DateTo: "1"},
		}
		for _, query := range queries {
			ask(t.Context(), ours, query)
		}
		ask(t.Context(), others, talkover.CallQuery{})
		ask(t.Context(), twin, talkover.CallQuery{})
		ask(talkover.Bulk(t.Context()), ours, talkover.CallQuery{}) // has another turn
		crowd.Wait()
		if n, want := int(api.requests.Load()), len(queries)+3; n != want {
			t.Errorf("%d requests, want %d", n, want)
		}
	})
}

// Those who wait for the same answer leave one by one, the first one first.
func TestWhoLeavesDisturbsNoOther(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &slowAPI{takes: 10 * time.Second}
		client := newClient(t, talkover.Config{Transport: api})
		var crowd sync.WaitGroup
		for i := range 5 {
			crowd.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i < 4 {
					time.AfterFunc(5*time.Second, cancel)
				}
				start := time.Now()
				_, err := client.ListCalls(ctx, talkover.CallQuery{})
				switch took := time.Since(start); {
				case i < 4 && (!errors.Is(err, context.Canceled) || took != 5*time.Second):
					t.Errorf("who leaves gets %v after %v", err, took)
				case i == 4 && (err != nil || took != 6*time.Second):
					t.Errorf("who stays gets %v after %v", err, took)
				}
			})
			time.Sleep(time.Second)
		}
		crowd.Wait()
		if n := api.requests.Load(); n != 1 || api.left.Load() != 0 {
			t.Errorf("%d requests, %d ended", n, api.left.Load())
		}
	})
}

// The first one's time is over, and the second one's is not.
func TestWhoRunsOutOfTimeDisturbsNoOther(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &slowAPI{takes: 10 * time.Second}
		client := newClient(t, talkover.Config{Transport: api})
		var crowd sync.WaitGroup
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := client.ListCalls(ctx, talkover.CallQuery{})
			if e := apiErrorOf(err); e.Reason != talkover.TimedOut || e.Attempts != 1 {
				t.Errorf("the first one gets %v", err)
			}
			if took := time.Since(moment); took > 5*time.Second+100*time.Millisecond {
				t.Errorf("the first one waits %v", took)
			}
		})
		time.Sleep(time.Second)
		serves(t, client, talkover.CallQuery{})
		crowd.Wait()
	})
}

// A request that nobody waits for is given up, and an equal one starts anew.
func TestWhenAllLeaveTheRequestEnds(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &slowAPI{}
		client := newClient(t, talkover.Config{Transport: api, RateLimit: 100})
		for round := range int64(3) {
			var crowd sync.WaitGroup
			for i := range 3 {
				crowd.Go(func() {
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(time.Duration(i+1)*100*time.Millisecond, cancel)
					if _, err := client.ListCalls(ctx, talkover.CallQuery{}); !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				})
			}
			crowd.Wait()
			if round < 2 { // the last time, the next one comes at the same moment
				time.Sleep(500 * time.Millisecond)
				if api.left.Load() != round+1 {
					t.Errorf("%d requests of %d ended", api.left.Load(), round+1)
				}
			}
		}
		api.takes = time.Second
		serves(t, client, talkover.CallQuery{})
		if n := api.requests.Load(); n != 4 {
			t.Errorf("%d requests, want 4", n)
		}
	})
}

// Nobody may end up in a flight that is about to end: whoever asks is answered,
// whatever the others do.
func TestComingAndGoingLosesNobody(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &slowAPI{takes: 3 * time.Millisecond}
		client := newClient(t, talkover.Config{Transport: api})
		var crowd sync.WaitGroup
		for i := range 50 {
			crowd.Go(func() {
				for n := range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
					if (i+n)%3 == 0 {
						time.AfterFunc(time.Duration(n%5)*time.Millisecond, cancel)
					}
					_, err := client.ListCalls(ctx, talkover.CallQuery{})
					if err != nil && ctx.Err() == nil {
						t.Errorf("who stays gets %v", err)
					}
					cancel()
				}
			})
		}
		crowd.Wait()
	})
}

func TestAPanicInFlightIsAPanicOfEachWhoWaits(t *testing.T) {
	virtual(t, func(t *testing.T) {
		api := &slowAPI{takes: time.Second, does: func() { panic("the wings fell off") }}
		client := newClient(t, talkover.Config{Transport: api, RateLimit: 10})
		for range 2 { // the first round must leave nothing behind
			var panics atomic.Int64
			var crowd sync.WaitGroup
			for range 10 {
				crowd.Go(func() {
					defer func() {
						if p := recover(); p != nil && len(fmt.Sprint(p)) > len("the wings fell off") {
							panics.Add(1)
						}
					}()
					_, err := client.ListCalls(t.Context(), talkover.CallQuery{})
					t.Errorf("no panic, but %v", err)
				})
			}
			crowd.Wait()
			if panics.Load() != 10 {
				t.Errorf("%d panics with a stack, want 10", panics.Load())
			}
		}
		api.does = nil
		serves(t, client, talkover.CallQuery{})
		if n := api.requests.Load(); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
	})
}
