package talkover_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestACallIsOrderedAsDocumented(t *testing.T) {
	type request struct{ Method, Path, Query, Type, Body string }
	var got request
	answered := `{"id":"c1","agent_id":"a1","to":"+12025550123","status":"queued","created_at":"2026-11-05T18:00:00Z"}`
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), string(b)}
		io.WriteString(w, answered)
	})
	client := newClient(t, talkover.Config{BaseURL: base + "/api/v1"})
	want := talkover.PlacedCall{ID: "c1", AgentID: "a1", To: "+12025550123", Status: "queued", CreatedAt: time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)}
	for _, test := range []struct {
		order  talkover.CallOrder
		body   string
		answer string
	}{
		{talkover.CallOrder{To: "+12025550123"}, `{"to":"+12025550123"}`, answered},
		{
			talkover.CallOrder{To: "+12025550123", Payload: json.RawMessage(`{"n":1.50}`), Context: json.RawMessage(`{"a":[]}`), DelaySeconds: 60, IsTesting: true},
			`{"to":"+12025550123","payload":{"n":1.50},"context":{"a":[]},"delay_seconds":60,"is_testing":true}`,
			`{"success":true,"message":"Queued.","data":` + answered + `}`,
		},
	} {
		answered = test.answer
		placed, err := client.PlaceCall(context.Background(), "a1", test.order)
		if diff := cmp.Diff(want, placed); diff != "" || err != nil {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
		if diff := cmp.Diff(request{"POST", "/api/v1/agents/a1/call", "", "application/json", test.body}, got); diff != "" {
			t.Error("(-want +got)\n" + diff)
		}
	}
}

func TestAnErrorTellsWhetherItWasDone(t *testing.T) {
	for reason, want := range map[talkover.Reason]bool{
		talkover.RateLimited: true, talkover.Unreachable: true,
		talkover.TimedOut: false, talkover.Interrupted: false, talkover.Malformed: false, talkover.TooLarge: false, talkover.Redirected: false,
	} {
		if got := (&talkover.Error{Reason: reason}).NotDone(); got != want {
			t.Errorf("%s: %t", reason, got)
		}
	}
	for status, want := range map[int]bool{200: true, 402: true, 404: true, 500: false, 503: false} {
		if got := (&talkover.Error{Reason: talkover.Refused, Status: status}).NotDone(); got != want {
			t.Errorf("%d: %t", status, got)
		}
	}
}

// An order is sent once, whatever comes of it.
func TestAnOrderIsNeverSentTwice(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"429": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "0"); w.WriteHeader(429) },
		"cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		var n atomic.Int64
		base := serve(t, func(w http.ResponseWriter, r *http.Request) { n.Add(1); h(w, r) })
		client := newClient(t, talkover.Config{BaseURL: base})
		// A connection that is kept is where net/http would try again.
		_, _ = client.ListCalls(context.Background(), talkover.CallQuery{})
		n.Store(0)
		if _, err := client.PlaceCall(context.Background(), "a1", talkover.CallOrder{To: "+12025550123"}); err == nil || n.Load() != 1 {
			t.Errorf("%s: %v, %d requests", name, err, n.Load())
		}
	}
}

func TestAgentsThatCannotBeAreNotFound(t *testing.T) {
	var n atomic.Int64
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { n.Add(1); io.WriteString(w, emptyPage) })
	client := newClient(t, talkover.Config{BaseURL: base})
	for _, id := range []string{"", ".", "..", "../calls", "a/b", "a?b", "a%2Fb", "a b", "ä"} {
		_, err := client.ListAgentCalls(context.Background(), id, talkover.CallQuery{})
		if e := apiError(t, err); e.Code != talkover.AgentNotFound || e.Status != http.StatusNotFound {
			t.Errorf("%q: %v", id, err)
		}
		_, err = client.PlaceCall(context.Background(), id, talkover.CallOrder{To: "+12025550123"})
		if e := apiError(t, err); e.Code != talkover.AgentNotFound || !e.NotDone() {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n.Load() != 0 {
		t.Errorf("%d requests", n.Load())
	}
}
