package talkover_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Twenty answers in a row after which no other comes: each request fails before
// its time is over, the connection is closed, and the limiter lets the next go.
func TestAnswersBeforeTheFinalOneAreRefused(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *talkover.Client) error{
		"a list": func(ctx context.Context, c *talkover.Client) error {
			_, err := c.ListCalls(ctx, talkover.CallQuery{})
			return err
		},
		"health": func(ctx context.Context, c *talkover.Client) error { return c.Health(ctx) },
		"a checkup": func(ctx context.Context, c *talkover.Client) error {
			_, err := c.Checkup(ctx)
			return err
		},
		"an order": func(ctx context.Context, c *talkover.Client) error {
			_, err := c.PlaceCall(ctx, "a1", talkover.CallOrder{To: secretNumber})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hostile{bad: hangs(switching), times: always}
				transport := h.pipes(t)
				defer h.all.Wait() // a connection that the client forgot is a deadlock here
				defer transport.CloseIdleConnections()
				client := newClient(t, talkover.Config{
					BaseURL: "http://localhost/api/v1", Token: talkover.NewSecret(secretToken),
					Timeout: attemptTime, RateLimit: 26, Transport: transport, // 21 of them, and 5 for others
				})
				start := time.Now()
				for range 20 {
					err := ask(t.Context(), client)
					if e := apiError(t, err); e.Reason != talkover.Malformed || e.Status != 101 {
						t.Fatal(err)
					}
					discreet(t, err)
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("20 took %v", took)
				}
				h.heal()
				serves(t, client, talkover.CallQuery{})
			})
		})
	}
}

// stalled gives answers that never end and know of no context.
type stalled struct {
	closed *atomic.Int64
}

func (s stalled) RoundTrip(*http.Request) (*http.Response, error) {
	body, _ := net.Pipe()
	return &http.Response{StatusCode: 200, Body: closing{body, s.closed}}, nil
}

type closing struct {
	io.ReadCloser
	closed *atomic.Int64
}

func (c closing) Close() error { c.closed.Add(1); return c.ReadCloser.Close() }

func TestTheEndOfAnAttemptClosesItsBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := new(atomic.Int64)
		client := newClient(t, talkover.Config{Transport: stalled{closed}, Timeout: attemptTime})
		start := time.Now()
		_, err := client.PlaceCall(t.Context(), "a1", talkover.CallOrder{To: secretNumber})
		if e := apiError(t, err); e.Reason != talkover.TimedOut || time.Since(start) != attemptTime {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if err := client.Health(t.Context()); apiError(t, err).Reason != talkover.TimedOut {
			t.Error(err)
		}
		synctest.Wait()
		if closed.Load() < 2 {
			t.Errorf("%d of 2 bodies were closed", closed.Load())
		}
	})
}

// A body that was read to its end in time is closed once, and by its reader.
func TestAnAnswerInTimeIsClosedByItsReaderAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := new(atomic.Int64)
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := talkover.Timely(stalled{closed}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		synctest.Wait()
		if closed.Load() != 1 {
			t.Errorf("closed %d times", closed.Load())
		}
	})
}

func TestATimelyTransportLetsGoOfIdleConnections(t *testing.T) {
	idle := &idler{RoundTripper: stalled{new(atomic.Int64)}}
	(&http.Client{Transport: talkover.Timely(idle)}).CloseIdleConnections()
	if idle.asked != 1 {
		t.Errorf("asked %d times", idle.asked)
	}
}

type idler struct {
	http.RoundTripper
	asked int
}

func (i *idler) CloseIdleConnections() { i.asked++ }

func TestParseBaseURL(t *testing.T) {
	for in, want := range map[string]string{ // "" where it is refused
		talkover.DefaultBaseURL:         "https://app.talkover.ai/api/v1",
		"https://app.talkover.ai":       "https://app.talkover.ai",
		"https://app.talkover.ai/v1///": "https://app.talkover.ai/v1",
		"HTTPS://proxy.example:8443/a":  "https://proxy.example:8443/a",
		"https://192.0.2.7/api":         "https://192.0.2.7/api",
		"http://localhost:8080/api/v1":  "http://localhost:8080/api/v1",
		"http://LocalHost.":             "http://LocalHost.",
		"http://127.0.0.1":              "http://127.0.0.1",
		"http://127.8.9.10:1":           "http://127.8.9.10:1",
		"http://[::1]:8080/":            "http://[::1]:8080",
		"http://[::ffff:127.0.0.1]":     "http://[::ffff:127.0.0.1]",

		"":                                "",
		"app.talkover.ai/api/v1":          "",
		"//app.talkover.ai":               "",
		"/api/v1":                         "",
		"https://":                        "",
		"https:///api":                    "",
		"https://:443/api":                "",
		"https:app.talkover.ai":           "",
		"https://app.talkover.ai/%zz":     "",
		"https://app talkover.ai":         "",
		"https://app.talkover.ai\n":       "",
		" https://app.talkover.ai":        "",
		"ftp://app.talkover.ai":           "",
		"file:///etc/passwd":              "",
		"http://app.talkover.ai":          "",
		"http://localhost.evil.example":   "",
		"http://127.0.0.1.evil.example":   "",
		"http://0.0.0.0":                  "",
		"http://10.0.0.1":                 "",
		"http://169.254.169.254":          "",
		"http://2130706433":               "",
		"https://user@app.talkover.ai":    "",
		"https://u:p@app.talkover.ai":     "",
		"https://app.talkover.ai?":        "",
		"https://app.talkover.ai?a=b":     "",
		"https://app.talkover.ai/#v1":     "",
		"http://localhost@evil.example/":  "",
		"http://evil.example/?@localhost": "",
	} {
		u, err := talkover.ParseBaseURL(in)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is taken as %s", in, u)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: got %s, %v; want %s", in, u, err, want)
		}
		if _, newErr := talkover.New(talkover.Config{BaseURL: in}); in != "" && (newErr == nil) != (err == nil) {
			t.Errorf("%q: ParseBaseURL says %v, New says %v", in, err, newErr)
		}
	}
}
