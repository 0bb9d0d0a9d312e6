package e2e

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// manyCalls is an account with 13,000 calls of the last 90 days.
var manyCalls = sync.OnceValue(func() *sandbox.Account {
	r := rand.New(rand.NewPCG(22, 1))
	now := time.Now().UTC().Truncate(time.Second)
	account := sandbox.New(now)
	agents := account.Agents
	account.Calls = nil
	for i := range 13_000 {
		at := now.Add(-time.Duration(i+1) * (90 * 24 * time.Hour / 13_001)).Truncate(time.Second)
		c := sandbox.Call{
			ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", i), SID: fmt.Sprintf("CA%032x", i+1),
			From: fmt.Sprintf("+1202555%04d", r.IntN(300)), To: "+12125550100",
			Direction: talkover.Directions[i%2], Status: []string{"completed", "completed", "failed",
				"no-answer"}[r.IntN(4)], Duration: r.IntN(900),
			Agent: &agents[r.IntN(len(agents))], CreatedAt: at, UpdatedAt: at,
		}
		if c.Direction == talkover.Outbound {
			c.From, c.To = c.To, c.From
		}
		account.Calls = append(account.Calls, c)
	}
	return account
})

// pages are the answers about manyCalls that were given, by their queries.
var pages sync.Map

// page returns the answer of that account to a request.
func page(r *http.Request) *httptest.ResponseRecorder {
	if answer, ok := pages.Load(r.URL.String()); ok {
		return answer.(*httptest.ResponseRecorder)
	}
	answer := httptest.NewRecorder()
	r.Header.Set("Authorization", "Bearer "+sandbox.Token)
	manyCalls().ServeHTTP(answer, r)
	pages.Store(r.URL.String(), answer)
	return answer
}

// limitedAPI serves them at 100 requests a minute, in windows that open at the first one.
func limitedAPI() http.HandlerFunc {
	const limit = 100
	manyCalls()
	var mu sync.Mutex
	var opened time.Time
	sent := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if time.Since(opened) >= time.Minute {
			opened, sent = time.Now(), 0
		}
		sent++
		over, left, reset := sent > limit, max(limit-sent, 0), time.Minute-time.Since(opened)
		mu.Unlock()
		w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
		w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
		if over {
			w.Header().Set("Retry-After", strconv.Itoa(int(reset/time.Second)+1))
			http.Error(w, `{"message":"Too Many Attempts."}`, http.StatusTooManyRequests)
			return
		}
		answer := page(r)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// passOn passes a request on to an account of the sandbox.
func passOn(api http.RoundTripper, w http.ResponseWriter, r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+sandbox.Token)
	res, err := api.RoundTrip(r)
	if err != nil { // who asked is gone
		return
	}
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}
