package exam

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// Demo returns the account of the demo, at [Now].
func Demo() *sandbox.Account { return sandbox.New(Now) }

// largeDays is the length of the large log, the current day included.
const largeDays = 40

// Agents of the large account. Two have one label, and one has no calls.
var largeAgents = []sandbox.Agent{
	{ID: "0b7e1c52-1111-4a55-9d2a-000000000001", Name: "support_en", Label: "Support"},
	{ID: "0b7e1c52-1111-4a55-9d2a-000000000002", Name: "support_es", Label: "Support"},
	{ID: "0b7e1c52-1111-4a55-9d2a-000000000003", Name: "front_desk", Label: "Front Desk"},
	{ID: "0b7e1c52-1111-4a55-9d2a-000000000004", Name: "outreach", Label: "Outreach"},
	{ID: "0b7e1c52-1111-4a55-9d2a-000000000005", Name: "night_line", Label: "Night Line"},
}

// largeHourly tells how many of a day's calls fall into each hour, UTC.
var largeHourly = [24]int{14, 9, 5, 3, 2, 2, 3, 4, 6, 12, 20, 38, 61, 90, 104, 99, 92, 71, 84, 88, 77, 54, 36, 22}

// Large returns an account with some 35,000 calls of 40 days up to [Now]. No single call
// of a tool can read them on a plan of 100 requests a minute.
func Large() *sandbox.Account {
	a := &sandbox.Account{Agents: largeAgents}
	busy := map[string]bool{} // numbers at a second: nobody rings twice within one
	for back := range largeDays {
		day := Now.Truncate(24*time.Hour).AddDate(0, 0, -back)
		r := rand.New(rand.NewPCG(uint64(day.Unix()), 0x6578_616d))
		n := 1000 + r.IntN(120)
		switch day.Weekday() {
		case time.Saturday:
			n = 380 + r.IntN(50)
		case time.Sunday:
			n = 230 + r.IntN(40)
		}
		for range n {
			at := day.Add(time.Duration(draw(r, largeHourly[:]))*time.Hour + time.Duration(r.IntN(3600))*time.Second)
			c := largeCall(r, at)
			key := at.String() + c.From + c.To
			if at.Before(Now) && !busy[key] {
				busy[key] = true
				a.Calls = append(a.Calls, c)
			}
		}
	}
	a.Sort()
	return a
}

// largeCall invents a call of the large account.
func largeCall(r *rand.Rand, at time.Time) sandbox.Call {
	contact, line := largeContact(r), fmt.Sprintf("+1312555010%d", r.IntN(4))
	c := sandbox.Call{Direction: "inbound", From: contact, To: line, CreatedAt: at, IsTesting: r.IntN(40) == 0}
	agent := []int{0, 0, 0, 1, 2, 2, 4}[r.IntN(7)]
	weights := []int{74, 15, 3, 4, 3, 1} // of statuses
	if r.IntN(100) < 45 && contact != "anonymous" {
		c.Direction, c.From, c.To = "outbound", line, contact
		agent = []int{3, 3, 3, 1, 5}[r.IntN(5)] // 5 was deleted
		weights = []int{58, 24, 6, 6, 5, 1}
	}
	if agent < len(largeAgents) {
		c.Agent = &largeAgents[agent]
	}
	c.Status = []string{"completed", "no-answer", "busy", "failed", "answered", "voicemail"}[draw(r, weights)]
	if c.Status == "completed" || c.Status == "answered" {
		c.Duration = 3 + min(int(r.ExpFloat64()*(90+40*float64(agent))), 3600)
	}
	if ago := Now.Sub(at); ago < time.Minute || time.Duration(c.Duration)*time.Second >= ago {
		c.Status, c.Duration = []string{"initiated", "ringing", "answered"}[max(min(ago/(30*time.Second), 2), 0)], 0
	}
	c.UpdatedAt = at.Add(time.Duration(c.Duration) * time.Second)
	c.ID = fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12),
		r.Int64N(1<<48))
	c.SID = fmt.Sprintf("CA%016x%016x", r.Uint64(), r.Uint64())
	c.FromFormatted, c.ToFormatted = c.From, c.To
	return c
}

// largeContact draws one of some 9,000 people. A few of them call often, and some hide
// their number.
func largeContact(r *rand.Rand) string {
	switch n := r.IntN(100); {
	case n == 0:
		return "anonymous"
	case n < 10:
		return fmt.Sprintf("+4420794600%02d", min(int(r.ExpFloat64()*12), 99))
	case n < 30:
		return fmt.Sprintf("+1773555%04d", min(int(r.ExpFloat64()*60), 9999))
	}
	return fmt.Sprintf("+1312556%04d", r.IntN(9000))
}

// draw returns an index with the given weights.
func draw(r *rand.Rand, weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	panic("unreachable")
}

// Plan serves an API as Talkover's standard plan does: an answer takes Latency, and more
// than 100 requests in a window of a minute, which opens at its first, are refused.
type Plan struct {
	API     http.RoundTripper
	Latency time.Duration

	mu      sync.Mutex
	opened  time.Time
	sent    int // in the window
	refused int
}

// PerMinute is how many requests the standard plan allows in a minute.
const PerMinute = 100

// RoundTrip implements [http.RoundTripper].
func (p *Plan) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(p.Latency):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.opened) >= time.Minute {
		p.opened, p.sent = time.Now(), 0
	}
	if p.sent++; p.sent > PerMinute {
		p.refused++
		wait := time.Minute - time.Since(p.opened)
		return &http.Response{
			StatusCode: http.StatusTooManyRequests, Request: r,
			Header: http.Header{
				"Content-Type": {"application/json"}, "Retry-After": {strconv.Itoa(int(wait/time.Second) + 1)},
			},
			Body: io.NopCloser(strings.NewReader(`{"message":"Too Many Attempts."}`)),
		}, nil
	}
	return p.API.RoundTrip(r)
}

// Refused returns how many requests were refused.
func (p *Plan) Refused() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}
