package talkover_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

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
