package telemetry_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/telemetry"
)

// page returns what Prometheus would read.
func page(m *telemetry.Metrics) string {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/metrics", nil))
	return w.Body.String()
}

func has(t *testing.T, m *telemetry.Metrics, lines ...string) {
	t.Helper()
	got := page(m)
	for _, line := range lines {
		if !strings.Contains(got, "\ntalkover_mcp_"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// counted is an answer that rests on calls of each source.
type counted struct {
	Exactness string `json:"exactness"`
}

func (c counted) Measured() (exactness string, cached, read, counted int) {
	return c.Exactness, 3, 20, 100
}

func TestAnswersAreCountedByTheirExactness(t *testing.T) {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false), server.WithHooks(&server.Hooks{}))
	m := telemetry.NewMetrics("1")
	s.AddTool(mcp.NewToolWithRawSchema("count", "counts", json.RawMessage(`{"type":"object"}`)),
		func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			has(t, m, `tool_calls_in_flight{tool="count"} 1`)
			return mcp.NewToolResultStructured(counted{r.GetString("exactness", "")}, "counted"), nil
		})
	m.Watch(s, telemetry.Server{
		Tools: []string{"count"}, Counting: []string{"count"},
		Outcomes: func(string) []string { return []string{"ok"} }, Client: func(string) string { return "" },
	})
	for _, exactness := range []string{"exact", "part", "inexact", "inexact"} {
		ended := m.Operation("count")
		s.HandleMessage(t.Context(), json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"exactness":"`+exactness+`"}}}`))
		ended("ok")
	}
	has(t, m, `answers_total{exactness="exact",tool="count"} 1`, `answers_total{exactness="part",tool="count"} 1`,
		`answers_total{exactness="inexact",tool="count"} 2`, `answer_calls_total{source="cache"} 12`, `answer_calls_total{source="read"} 80`,
		`answer_calls_total{source="counted"} 400`, `tool_calls_in_flight{tool="count"} 0`)
}

// A version that mcp-go let through would still be no label.
func TestOddVersionsAreNoLabel(t *testing.T) {
	s := server.NewMCPServer("test", "1", server.WithHooks(&server.Hooks{}))
	m := telemetry.NewMetrics("1")
	m.Watch(s, telemetry.Server{Client: func(string) string { return "" }})
	for _, hook := range s.GetHooks().OnSuccess {
		hook(t.Context(), 1, mcp.MethodInitialize, &mcp.InitializeRequest{}, &mcp.InitializeResult{ProtocolVersion: "of mine"})
	}
	has(t, m, `clients_total{client="other",protocol="other"} 1`)
}

// No part of a path is a label, and a client that leaves says nothing of the API.
func TestRequestsAreCountedByEndpoint(t *testing.T) {
	m := telemetry.NewMetrics("1")
	answer, fails := http.StatusOK, false
	send := m.RoundTripper(roundTripper(func(*http.Request) (*http.Response, error) {
		if fails {
			return nil, io.ErrUnexpectedEOF
		}
		return &http.Response{StatusCode: answer, Body: http.NoBody}, nil
	}))
	ask := func(ctx context.Context, method, path string) {
		_, _ = send.RoundTrip(httptest.NewRequest(method, "https://app.example/api/v1"+path, nil).WithContext(ctx))
	}
	for _, path := range []string{"/calls", "/agents/agt_7/calls", "/agents", "/campaigns", "/health", "/agents/agt_7"} {
		ask(t.Context(), "GET", path)
	}
	ask(t.Context(), "POST", "/agents/agt_7/call")
	has(t, m, `upstream_requests_total{endpoint="calls",status="200"} 2`, `upstream_requests_total{endpoint="agents",status="200"} 1`,
		`upstream_requests_total{endpoint="campaigns",status="200"} 1`, `upstream_requests_total{endpoint="health",status="200"} 1`,
		`upstream_requests_total{endpoint="place_call",status="200"} 1`, `upstream_requests_total{endpoint="other",status="200"} 1`, `upstream_up 1`)
	answer = http.StatusBadGateway
	ask(t.Context(), "GET", "/health")
	has(t, m, `upstream_up 0`)
	answer = http.StatusUnauthorized // it answers
	ask(t.Context(), "GET", "/calls")
	has(t, m, `upstream_up 1`)
	fails = true
	gone, leave := context.WithCancel(t.Context())
	leave()
	ask(gone, "GET", "/calls")
	has(t, m, `upstream_up 1`)
	ask(t.Context(), "GET", "/calls")
	has(t, m, `upstream_up 0`)
	if strings.Contains(page(m), "agt_7") {
		t.Error("the id of an agent is a label")
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
