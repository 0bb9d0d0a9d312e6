package talkover_test

import (
	"context"
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

	"github.com/talkover/talkover-mcp/talkover"
)

// laravel limits requests as Laravel's throttle does (Illuminate\Cache\RateLimiter
// over Redis): in a window of 60 s that opens at the first hit, with headers on each
// answer. Only a 429 tells when the window closes, in whole seconds rounded down.
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

// sent records a request that left the client.
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
func (l *laravel) crowds(t *testing.T, limit int, counts func(sent) bool) {
	t.Helper()
	var at []time.Time
	for _, s := range l.sent {
		if counts(s) {
			at = append(at, s.at)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	for i := limit; i < len(at); i++ {
		if d := at[i].Sub(at[i-limit]); d < time.Minute {
			t.Fatalf("%d requests left within %v", limit+1, d)
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

// limitedClient makes a client of a plan, over a transport.
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
