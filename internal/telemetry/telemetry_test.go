package telemetry_test

import (
	"net/http"
	"testing"

	"github.com/talkover/talkover-mcp/internal/telemetry"
)

// Where nobody watches, requests go to the very transport that they would go to, and
// calls keep their context.
func TestNothingIsWatchedUnlessConfigured(t *testing.T) {
	w, err := telemetry.New(t.Context(), telemetry.Config{Protocol: "http/protobuf"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	next := new(http.Transport)
	if got := w.RoundTripper(next); got != next {
		t.Errorf("requests go through %T", got)
	}
	ctx, ended := w.Operation(t.Context(), "tools/call", "list_calls", nil)
	if ctx != t.Context() {
		t.Error("a call has another context")
	}
	ended("ok")
	w.Answered("/mcp", 200)
	w.WatchSessions(func() int { t.Error("sessions are counted"); return 0 })
	w.Serve(t.Context(), nil, nil)
}
