package valkey_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/valkey"
)

// window is an API that counts requests in fixed windows of a minute, as Talkover does.
type window struct {
	limit int

	mu     sync.Mutex
	random *rand.Rand
	opened time.Time
	hits   int
	served int
	denied int
}

// RoundTrip implements [http.RoundTripper]. It counts a request up to 0.5 s after it was
// sent, and answers up to 0.5 s later.
func (w *window) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	before, after := time.Duration(w.random.IntN(500))*time.Millisecond, time.Duration(w.random.IntN(500))*time.Millisecond
	w.mu.Unlock()
	time.Sleep(before)
	defer time.Sleep(after)
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.opened) >= time.Minute {
		w.opened, w.hits = time.Now(), 0
	}
	h := http.Header{"X-Ratelimit-Limit": {strconv.Itoa(w.limit)}}
	if w.hits >= w.limit {
		w.denied++
		h.Set("X-RateLimit-Remaining", "0")
		h.Set("Retry-After", strconv.Itoa(int(time.Until(w.opened.Add(time.Minute)).Seconds())))
		return &http.Response{StatusCode: 429, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(`{"message":"Too Many Attempts."}`))}, nil
	}
	w.hits++
	w.served++
	h.Set("X-RateLimit-Remaining", strconv.Itoa(w.limit-w.hits))
	return &http.Response{StatusCode: 200, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(
		`{"data":[],"pagination":{"current_page":1,"last_page":1,"per_page":25,"total":0}}`))}, nil
}

func (w *window) figures() (served, denied int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.served, w.denied
}

// world is replicas, their server and the API, in virtual time.
type world struct {
	t        *testing.T
	api      *window
	redis    *miniredis.Miniredis
	replicas int
	cut      atomic.Bool // no connection to the server can be made
	deaf     atomic.Bool // no answer of the server arrives
	servers  []*valkey.Server
}

// line is a connection to the server of a world.
type line struct {
	net.Conn
	deaf *atomic.Bool
}

// Read implements [net.Conn].
func (l line) Read(b []byte) (int, error) {
	for {
		n, err := l.Conn.Read(b)
		if err != nil || !l.deaf.Load() {
			return n, err
		}
	}
}

func newWorld(t *testing.T, replicas int) *world {
	w := &world{t: t, replicas: replicas, redis: miniredis.NewMiniRedis(), api: &window{limit: 100, random: rand.New(rand.NewPCG(1, uint64(replicas)))}}
	t.Cleanup(func() {
		for _, s := range w.servers {
			s.Close()
		}
		w.redis.Close()
		synctest.Wait()
	})
	return w
}

// replica starts one more.
func (w *world) replica() *talkover.Client {
	w.t.Helper()
	s, err := valkey.Open(valkey.Options{
		URL: talkover.NewSecret("valkey://valkey:6379"), Replicas: w.replicas, Log: slog.New(slog.DiscardHandler),
		Dial: func(context.Context, string, string) (net.Conn, error) {
			if w.cut.Load() {
				return nil, errors.New("no way there")
			}
			c, err := w.redis.Dial()
			return line{c, &w.deaf}, err
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.servers = append(w.servers, s)
	c, err := talkover.New(talkover.Config{
		Token: talkover.NewSecret("tok-of-the-account"), RateLimit: 100, Replicas: w.replicas, Transport: w.api, Ledger: s.Ledger,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// pages numbers requests, since equal ones are sent once.
type pages struct {
	mu sync.Mutex
	n  int
}

func (p *pages) next() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	return p.n
}

// ask asks for a page, and waits where it is told to. It returns how long it took until
// the request got through.
func ask(ctx context.Context, c *talkover.Client, page int, end time.Time) (time.Duration, error) {
	start := time.Now()
	for {
		call, cancel := context.WithTimeout(ctx, 45*time.Second)
		_, err := c.ListCalls(call, talkover.CallQuery{Page: page})
		cancel()
		var e *talkover.Error
		switch {
		case err == nil:
			return time.Since(start), nil
		case !errors.As(err, &e) || e.Reason != talkover.RateLimited:
			return 0, err
		}
		if !time.Now().Before(end) {
			return time.Since(start), nil
		}
		time.Sleep(e.Wait)
	}
}

// besiege has workers of each client ask as fast as they can until end.
func besiege(ctx context.Context, t *testing.T, crowd *sync.WaitGroup, c *talkover.Client, workers int, p *pages, end time.Time) {
	for range workers {
		crowd.Go(func() {
			for time.Now().Before(end) {
				if _, err := ask(ctx, c, p.next(), end); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
}

// quantile returns the q-th of all waits.
func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// Replicas use most of the limit together, and never more; look-ups go before bulk work. With
// LONG=1, as .ci/nightly/run sets it, 50 of them do so too, for ten minutes.
func TestReplicasShareOneLimit(t *testing.T) {
	long, crowds := 3*time.Minute, []int{3}
	if os.Getenv("LONG") == "1" {
		long, crowds = 10*time.Minute, []int{3, 50}
	}
	for _, replicas := range crowds {
		t.Run(strconv.Itoa(replicas)+" as fast as they can", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, replicas)
				end := time.Now().Add(long)
				var crowd sync.WaitGroup
				var p pages
				for range replicas {
					besiege(t.Context(), t, &crowd, w.replica(), 4, &p, end)
				}
				time.Sleep(long)
				served, denied := w.api.figures()
				crowd.Wait()
				all := int(long.Minutes()) * w.api.limit
				t.Logf("%d replicas: %d of %d requests of the limit in %v, %d refused; %d commands",
					replicas, served, all, long, denied, w.redis.CommandCount())
				if denied > 0 {
					t.Errorf("%d requests were refused", denied)
				}
				if served < all*80/100 {
					t.Errorf("%d requests were served, want 80 %% of %d", served, all)
				}
			})
		})
		t.Run(strconv.Itoa(replicas)+" with bulk work and look-ups", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, replicas)
				end := time.Now().Add(long)
				var crowd sync.WaitGroup
				var p pages
				var mu sync.Mutex
				var waits []time.Duration
				for i := range replicas {
					c := w.replica()
					besiege(talkover.Bulk(t.Context()), t, &crowd, c, 4, &p, end)
					crowd.Go(func() { // 15 look-ups a minute by all together
						every := time.Duration(replicas) * 4 * time.Second
						time.Sleep(time.Minute + time.Duration(i)*4*time.Second)
						for time.Now().Before(end) {
							took, err := ask(t.Context(), c, p.next(), end)
							if err != nil {
								t.Error(err)
							}
							mu.Lock()
							waits = append(waits, took)
							mu.Unlock()
							time.Sleep(every)
						}
					})
				}
				crowd.Wait()
				_, denied := w.api.figures()
				p99 := quantile(waits, .99)
				t.Logf("%d replicas: %d look-ups, half within %v, 99 %% within %v, all within %v, the API's answer included; %d requests refused",
					replicas, len(waits), quantile(waits, .5), p99, quantile(waits, 1), denied)
				if denied > 0 {
					t.Errorf("%d requests were refused", denied)
				}
				if len(waits) < 10*int(long.Minutes()-1) || p99 > 3*time.Second {
					t.Errorf("of %d look-ups, 99 %% waited up to %v", len(waits), p99)
				}
			})
		})
	}
}

// logTo logs lines of text.
func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, nil))
}

// An hour of 50 replicas with 20 callers each. Each minute one dies with the places that it
// holds, and another one joins.
func TestAnHourOfReplicasThatComeAndGo(t *testing.T) {
	if os.Getenv("LONG") != "1" {
		t.Skip("takes over a minute; .ci/nightly/run sets LONG=1")
	}
	synctest.Test(t, func(t *testing.T) {
		const replicas, callers = 50, 20
		w := newWorld(t, replicas)
		end := time.Now().Add(time.Hour)
		var crowd sync.WaitGroup
		var p pages
		var lives []context.CancelFunc
		join := func() {
			c := w.replica()
			life, die := context.WithCancel(t.Context())
			lives = append(lives, die)
			for range callers {
				crowd.Go(func() {
					for life.Err() == nil && time.Now().Before(end) {
						if _, err := ask(life, c, p.next(), end); err != nil && life.Err() == nil {
							t.Error(err)
							return
						}
					}
				})
			}
		}
		for range replicas {
			join()
		}
		for i := range 59 {
			time.Sleep(time.Minute)
			w.servers[i].Close() // so that it tells of no request that ends
			lives[i]()
			join()
		}
		time.Sleep(time.Until(end))
		served, denied := w.api.figures()
		for _, die := range lives {
			die()
		}
		crowd.Wait()
		t.Logf("%d of %d requests of the limit in an hour, %d refused", served, 60*w.api.limit, denied)
		if denied > 0 || served < 60*w.api.limit*80/100 {
			t.Errorf("%d requests were served and %d refused", served, denied)
		}
	})
}
