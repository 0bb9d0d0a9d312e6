package talkover_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// answering answers without a network.
type answering func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// How often were requests sent again, how long were they held back, and how much
// of the limit is used?
func TestUsageAndLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		c, err := talkover.New(talkover.Config{
			Token: talkover.NewSecret("talq_a"), RateLimit: 7, // less 5: 2 a minute
			Transport: answering(func(*http.Request) (*http.Response, error) {
				if asked.Add(1) == 1 {
					return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"9"}}, Body: http.NoBody}, nil
				}
				return &http.Response{StatusCode: 404, Header: http.Header{}, Body: http.NoBody}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.ListCalls(t.Context(), talkover.CallQuery{})
		used := talkover.Limits{Limit: 7, Used: 2, Hold: 50 * time.Second} // the first answer is 10 s old
		if got := c.Limits(); got != used {
			t.Errorf("limits are %+v", got)
		}
		retried := talkover.Usage{Retries: 1, Waits: 1, Waited: 10 * time.Second} // a second more than asked
		if got := c.Usage(); got != retried {
			t.Errorf("usage is %+v", got)
		}
		time.Sleep(25 * time.Second) // so that the turn comes within the longest wait
		_, _ = c.ListCalls(t.Context(), talkover.CallQuery{})
		other := c.As(talkover.NewSecret("talq_b"))
		held := talkover.Usage{Retries: 1, Waits: 2, Waited: 35 * time.Second}
		if got := other.Usage(); got != held {
			t.Errorf("usage of all is %+v", got)
		}
		if got := other.Limits(); got != (talkover.Limits{Limit: 7}) {
			t.Errorf("another account's limits are %+v", got)
		}
	})
}

// Attempts are counted, and where many share them, each is counted once.
func TestAMeterCountsWhatWasSent(t *testing.T) {
	virtual(t, func(t *testing.T) {
		client := newClient(t, talkover.Config{Transport: answer{503, ""}})
		var sum atomic.Int64
		var crowd sync.WaitGroup
		for range 5 {
			crowd.Go(func() {
				ctx, meter := talkover.WithMeter(t.Context())
				if _, err := client.ListCalls(ctx, talkover.CallQuery{}); apiErrorOf(err).Attempts != 3 {
					t.Error(err)
				}
				sum.Add(int64(meter.Requests()))
			})
		}
		crowd.Wait()
		if sum.Load() != 3 {
			t.Errorf("%d requests counted, want 3", sum.Load())
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ctx, meter := talkover.WithMeter(ctx)
		if _, err := client.ListCalls(ctx, talkover.CallQuery{}); !errors.Is(err, context.Canceled) || meter.Requests() != 0 {
			t.Errorf("%v, %d requests", err, meter.Requests())
		}
	})
}
