package tools_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// apiFunc makes an API of a function.
type apiFunc func(*http.Request) (*http.Response, error)

func (f apiFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// recorder keeps the requests that reach the API.
type recorder struct {
	api      http.RoundTripper
	mu       sync.Mutex
	requests []*http.Request
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.requests = append(r.requests, req)
	r.mu.Unlock()
	return r.api.RoundTrip(req)
}

// answering makes an API that answers everything with one body.
func answering(status int, body string) http.RoundTripper {
	return apiFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status,
			Header:     http.Header{"Content-Type": {"application/json"}},
			Body:       io.NopCloser(strings.NewReader(body)),
		}, nil
	})
}

// refusing answers with a status, one header line and a body.
func refusing(status int, header, body string) http.RoundTripper {
	return apiFunc(func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		if name, value, ok := strings.Cut(header, ": "); ok {
			h.Set(name, value)
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	})
}

// failing gives no answer, as the network does.
func failing(err error) http.RoundTripper {
	return apiFunc(func(*http.Request) (*http.Response, error) { return nil, err })
}

// breaking gives half an answer.
func breaking(err error) http.RoundTripper {
	return apiFunc(func(*http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader(`{"success":true,"da`), iotest.ErrReader(err))
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	})
}

// busyAccount makes an account with n calls on the given number of days up to the tests' day.
func busyAccount(n, days int) *sandbox.Account {
	r := rand.New(rand.NewPCG(uint64(n), 5))
	a := &sandbox.Account{Agents: account.Agents[:4]}
	for i := range n {
		c := sandbox.Call{
			ID: fmt.Sprint("id-", i), SID: fmt.Sprintf("CA%032x", i),
			Direction: []string{"inbound", "outbound"}[r.IntN(2)],
			From:      fmt.Sprintf("+1202555%04d", r.IntN(600)), To: fmt.Sprintf("+1212555010%d", r.IntN(5)),
			Status: []string{
				"completed", "completed", "completed", "answered", "no-answer", "busy", "failed",
			}[r.IntN(7)],
			// Most in the afternoon, and more as time goes on.
			CreatedAt: day.Add(18*time.Hour - time.Duration(r.IntN(days))*24*time.Hour - time.Duration(r.ExpFloat64()*float64(3*time.Hour))).Truncate(time.Second),
			IsTesting: r.IntN(30) == 0,
		}
		if c.Direction == "outbound" {
			c.From, c.To = c.To, c.From
		}
		if k := r.IntN(5); k < 4 {
			c.Agent = &a.Agents[k]
		}
		if c.Status == "completed" || c.Status == "answered" && r.IntN(4) > 0 {
			c.Duration = 1 + int(r.ExpFloat64()*100)
		}
		c.UpdatedAt = c.CreatedAt.Add(time.Duration(c.Duration) * time.Second)
		a.Calls = append(a.Calls, c)
	}
	a.Sort()
	return a
}

// remembered answers a request as the API did the first time, where it did.
type remembered struct {
	api     http.RoundTripper
	mu      sync.Mutex
	answers map[string][]byte
}

func (m *remembered) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, ok := m.answers[r.URL.String()]
	if !ok {
		res, err := m.api.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			return res, nil
		}
		if body, err = io.ReadAll(res.Body); err != nil {
			return nil, err
		}
		m.answers[r.URL.String()] = body
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))},
		nil
}

func remember(a *sandbox.Account) *remembered {
	return &remembered{api: a.Transport(), answers: map[string][]byte{}}
}

// limited gives the tools the client of a plan with 40 requests a minute, of which
// a call may use 24.
func limited(t testing.TB, api http.RoundTripper) func(*tools.Config) {
	t.Helper()
	c, err := talkover.New(talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: api, RateLimit: 40})
	if err != nil {
		t.Fatal(err)
	}
	return func(config *tools.Config) { config.Client = c }
}

// countingAPI counts requests.
type countingAPI struct {
	api http.RoundTripper
	mu  sync.Mutex
	n   int
}

func (c *countingAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.api.RoundTrip(r)
}
