package scantest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Served serves a fake log over HTTP as Talkover does, in fixed windows of a minute:
// what is more than the limit is answered with 429.
type Served struct {
	*API
	Limit int // 100 if 0

	window   sync.Mutex
	opened   time.Time
	inWindow int
	Refused  int // requests beyond the limit
}

// RoundTrip implements [http.RoundTripper].
func (s *Served) RoundTrip(r *http.Request) (*http.Response, error) {
	s.window.Lock()
	limit := s.Limit
	if limit == 0 {
		limit = 100
	}
	if time.Since(s.opened) >= time.Minute {
		s.opened, s.inWindow = time.Now(), 0
	}
	s.inWindow++
	over, reset, left := s.inWindow > limit, time.Minute-time.Since(s.opened), max(limit-s.inWindow, 0)
	if over {
		s.Refused++
	}
	s.window.Unlock()
	answer := func(status int, body any, header ...string) (*http.Response, error) {
		b, err := json.Marshal(body)
		h := http.Header{"Content-Type": {"application/json"}, "X-Ratelimit-Limit": {strconv.Itoa(limit)}, "X-Ratelimit-Remaining": {strconv.Itoa(left)}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader(b)), Request: r}, err
	}
	if over {
		return answer(429, map[string]any{"message": "Too Many Attempts."}, "Retry-After", strconv.Itoa(int(reset/time.Second)+1))
	}
	v := r.URL.Query()
	number := func(name string) int { n, _ := strconv.Atoi(v.Get(name)); return n }
	if strings.HasSuffix(r.URL.Path, "/agents") {
		p, err := s.ListAgents(r.Context(), talkover.AgentQuery{})
		if err != nil {
			return nil, err
		}
		var rows []map[string]any
		for _, a := range p.Rows {
			rows = append(rows, map[string]any{"id": a.ID, "name": a.Name, "label": a.Label})
		}
		return answer(200, map[string]any{"data": rows, "meta": map[string]any{"current_page": 1, "last_page": 1, "per_page": 100, "total": len(rows)}})
	}
	q := talkover.CallQuery{
		Status: v.Get("status"), Direction: v.Get("direction"), AgentID: v.Get("agent_id"), Search: v.Get("search"),
		DateFrom: v.Get("date_from"), DateTo: v.Get("date_to"), Page: max(number("page"), 1), PerPage: max(number("per_page"), 1),
	}
	p, err := s.ListCalls(r.Context(), q)
	if err != nil {
		return nil, err
	}
	rows := []map[string]any{}
	for _, c := range p.Rows {
		row := map[string]any{
			"id": c.ID, "sid": c.SID, "from": c.From, "to": c.To, "direction": c.Direction, "status": c.Status, "duration": c.Duration,
			"is_testing": c.IsTesting, "created_at": c.CreatedAt.Format(time.RFC3339), "updated_at": c.UpdatedAt.Format(time.RFC3339), "agent": nil,
		}
		if c.Agent.ID != "" {
			row["agent"] = map[string]any{"id": c.Agent.ID, "name": c.Agent.Name, "label": c.Agent.Label}
		}
		rows = append(rows, row)
	}
	t := p.Pagination.Total
	return answer(200, map[string]any{"success": true, "data": rows, "pagination": map[string]any{
		"current_page": q.Page, "last_page": max((t+q.PerPage-1)/q.PerPage, 1), "per_page": q.PerPage, "total": t,
	}})
}

// Client returns a client of a served log, with the limiter that users have.
func Client(t testing.TB, s *Served) *talkover.Client {
	t.Helper()
	c, err := talkover.New(talkover.Config{Token: talkover.NewSecret("talq_test_token"), Transport: s, RateLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
