package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

func scrape(t *testing.T, base string) string {
	t.Helper()
	res, err := http.Get(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.Status, err)
	}
	return string(body)
}

// terminate ends a command and waits for it.
func terminate(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	interrupt(t, cmd, syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Every count that is known before stands at zero, so that the first failure is an increase.
func TestCountsStartAtZero(t *testing.T) {
	t.Parallel()
	env := []string{"TALKOVER_TOKEN=" + canary, "LOG_FORMAT=json", "MCP_METRICS_ADDR=127.0.0.1:0",
		"MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken,
		"TALKOVER_ALLOW_CALLS=true", "TALKOVER_CALL_COUNTRIES=1", "TALKOVER_MAX_CALLS_PER_HOUR=7"}
	addrs, cmd := addresses(t, env, "-transport", "http", "-addr", "127.0.0.1:0")
	got := scrape(t, addrs["metrics"])
	want := []string{`upstream_requests_total{endpoint="place_call",status="none"} 0`,
		`upstream_requests_total{endpoint="calls",status="200"} 0`,
		`tool_calls_total{outcome="unknown_tool",tool="unknown"} 0`, `make_call_limit 7`, `make_call_left 7`,
		`requests_total{method="other",name="",outcome="unknown_method"} 0`,
		`requests_total{method="prompts/get",name="daily_report",outcome="ok"} 0`,
		`requests_total{method="resources/read",name="metrics",outcome="ok"} 0`,
		`requests_total{method="completion/complete",name="calls.csv",outcome="ok"} 0`,
		`answer_calls_total{source="cache"} 0`}
	for _, tool := range []string{"list_calls", "find_calls", "get_call_stats", "get_call", "list_agents",
		"list_campaigns", "list_numbers", "make_call", "calls.csv"} {
		want = append(want, `tool_calls_in_flight{tool="`+tool+`"} 0`)
		for _, outcome := range []string{"ok", "bad_arguments", "ratelimited", "timeout", "panic", "forbidden"} {
			want = append(want, fmt.Sprintf(`tool_calls_total{outcome=%q,tool=%q} 0`, outcome, tool))
		}
	}
	for _, exactness := range []string{"exact", "part", "inexact"} {
		want = append(want, `answers_total{exactness="`+exactness+`",tool="find_calls"} 0`)
	}
	for _, line := range want {
		if !strings.Contains(got, "\ntalkover_mcp_"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(got, "upstream_up") {
		t.Error("it says how the API is before it asked")
	}
	terminate(t, cmd)
}

// The fetches of an issuer's keys are counted, those that fail too.
func TestKeyFetchesAreCounted(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	addrs, _ := addresses(t, []string{"TALKOVER_DEMO=true", "LOG_FORMAT=json", "MCP_METRICS_ADDR=127.0.0.1:0",
		"MCP_AUTH=oidc",
		"MCP_OIDC_ISSUER=" + issuer.URL, "MCP_RESOURCE_URL=https://calls.example.com/mcp"}, "-transport", "http",
		"-addr", "127.0.0.1:0")
	issuer.Close()
	// A token for this server with a key that is not known has the keys fetched again.
	unknownKey := unsigned("new", issuer.URL, "https://calls.example.com/mcp", time.Now().Add(time.Hour))
	if status, body, err := post(addrs["serving"], listCall(1, 1), "Authorization",
		"Bearer "+unknownKey); status != http.StatusUnauthorized {
		t.Fatal(status, body, err)
	}
	got := scrape(t, addrs["metrics"])
	for _, want := range []string{`oidc_key_fetches_total{outcome="ok"} 1`,
		`oidc_key_fetches_total{outcome="failed"} 1`} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %s", want)
		}
	}
}

// Metrics say how many calls failed and why, how the API and its limit fare, and who is
// connected.
func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	var once sync.Once
	env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		broken := false
		once.Do(func() { broken = true })
		switch {
		case broken:
			w.WriteHeader(http.StatusBadGateway)
		case r.URL.Query().Get("page") == "3":
			w.WriteHeader(http.StatusUnprocessableEntity)
		default:
			r.Header.Set("Authorization", "Bearer "+sandbox.Token)
			account.ServeHTTP(w, r)
		}
	})
	addrs, cmd := addresses(t, append(env, "MCP_METRICS_ADDR=127.0.0.1:0", "TALKOVER_RATE_LIMIT=50"), "-transport",
		"http", "-addr", "127.0.0.1:0")
	base, metrics := addrs["serving"], addrs["metrics"]
	for _, call := range []string{
		listCall(1, 1), listCall(2, 2), listCall(3, 3),
		`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"list_calls","arguments":{"search":"` +
			canaryNumber + `","limit":"` + canary + `"}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"get_call_stats",` +
			`"arguments":{"contact":"` + canaryNumber + `"}}}`,
		`{"jsonrpc":"2.0","id":6,"method":"resources/read","params":{"uri":"talkover://calls.csv?search=` +
			canaryNumber[1:] + `"}}`,
		// A client can name these as it likes.
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"` + canary + `"}}`,
		`{"jsonrpc":"2.0","id":8,"method":"prompts/get","params":{"name":"` + canary + `"}}`,
		`{"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"daily_report"}}`,
		`{"jsonrpc":"2.0","id":10,"method":"resources/read","params":{"uri":"talkover://` + canaryNumber[1:] + `"}}`,
		`{"jsonrpc":"2.0","id":11,"method":"completion/complete","params":{"ref":{"type":"ref/prompt",` +
			`"name":"daily_report"},"argument":{"name":"agent","value":"` + canaryNumber + `"}}}`,
		`{"jsonrpc":"2.0","id":12,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"` +
			canary + `"},"argument":{"name":"agent","value":""}}}`,
		`{"jsonrpc":"2.0","id":13,"method":"` + canary + `"}`,
		`{"jsonrpc":"2.0","id":14,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},` +
			`"clientInfo":{"name":"` + canary + `","version":"` + canaryNumber + `"}}}`,
		`{"jsonrpc":"2.0","id":15,"method":"initialize","params":{"protocolVersion":"` + canary +
			`","capabilities":{},"clientInfo":{"name":"Claude-AI ` + canary + `","version":"1"}}}`,
		`{"jsonrpc":"2.0","id":16,"method":"prompts/get","params":{"name":"contact_history"}}`,
		`{"jsonrpc":"2.0","id":17,"method":"resources/read","params":{"uri":"talkover://calls.csv?date_from=` +
			canary + `"}}`,
	} {
		if status, body, err := post(base, call); status != http.StatusOK {
			t.Error(status, body, err)
		}
	}
	stream, err := http.Get(base + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if _, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if res, err := http.Get(base + "/" + canary); err != nil || res.StatusCode != http.StatusNotFound {
		t.Error(res, err)
	}
	got := scrape(t, metrics)
	for _, want := range []string{
		`talkover_mcp_tool_calls_total{outcome="ok",tool="list_calls"} 2`,
		`talkover_mcp_tool_calls_total{outcome="refused",tool="list_calls"} 1`,
		`talkover_mcp_tool_calls_total{outcome="bad_arguments",tool="list_calls"} 1`,
		`talkover_mcp_tool_calls_total{outcome="ok",tool="get_call_stats"} 1`,
		`talkover_mcp_tool_calls_total{outcome="ok",tool="calls.csv"} 1`,
		`talkover_mcp_tool_call_duration_seconds_count{outcome="ok",tool="list_calls"} 2`,
		`talkover_mcp_tool_calls_total{outcome="unknown_tool",tool="unknown"} 1`,
		`talkover_mcp_tool_calls_in_flight{tool="list_calls"} 0`,
		`talkover_mcp_requests_total{method="tools/call",name="list_calls",outcome="ok"} 4`,
		`talkover_mcp_requests_total{method="tools/call",name="unknown",outcome="invalid_params"} 1`,
		`talkover_mcp_requests_total{method="prompts/get",name="unknown",outcome="invalid_params"} 1`,
		`talkover_mcp_requests_total{method="prompts/get",name="daily_report",outcome="ok"} 1`,
		`talkover_mcp_requests_total{method="prompts/get",name="contact_history",outcome="invalid_params"} 1`,
		`talkover_mcp_requests_total{method="resources/read",name="calls.csv",outcome="ok"} 1`,
		`talkover_mcp_requests_total{method="resources/read",name="calls.csv",outcome="invalid_params"} 1`,
		`talkover_mcp_requests_total{method="resources/read",name="unknown",outcome="not_found"} 1`,
		`talkover_mcp_requests_total{method="completion/complete",name="daily_report",outcome="ok"} 1`,
		`talkover_mcp_requests_total{method="completion/complete",name="unknown",outcome="ok"} 1`,
		`talkover_mcp_requests_total{method="other",name="",outcome="unknown_method"} 1`,
		`talkover_mcp_clients_total{client="other",protocol="2025-06-18"} 1`,
		`talkover_mcp_clients_total{client="claude",protocol="2025-11-25"} 1`,
		`talkover_mcp_answers_total{exactness="exact",tool="get_call_stats"} 1`,
		`talkover_mcp_answer_calls_total{source="read"} `,
		`talkover_mcp_upstream_up 1`,
		`talkover_mcp_upstream_requests_total{endpoint="calls",status="502"} 1`,
		`talkover_mcp_upstream_requests_total{endpoint="calls",status="422"} 1`,
		`talkover_mcp_upstream_requests_total{endpoint="calls",status="200"} `,
		`talkover_mcp_upstream_requests_total{endpoint="agents",status="200"} 1`,
		`talkover_mcp_upstream_request_duration_seconds_count{endpoint="calls"} `,
		`talkover_mcp_upstream_retries_total 1`,
		`talkover_mcp_upstream_waits_total 1`,
		`talkover_mcp_upstream_wait_seconds_total `,
		`talkover_mcp_limiter_limit `,
		`talkover_mcp_limiter_used `,
		`talkover_mcp_limiter_waiting 0`,
		`talkover_mcp_limiter_hold_seconds 0`,
		`talkover_mcp_sessions 1`,
		`talkover_mcp_http_requests_total{path="/mcp",status="200"} 17`,
		`talkover_mcp_http_requests_total{path="other",status="404"} 1`,
		`talkover_mcp_build_info{goversion="go`,
		`go_goroutines `,
		`process_resident_memory_bytes `,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("no line %s", want)
		}
	}
	for _, secret := range []string{canary, canaryNumber[1:]} {
		if strings.Contains(got, secret) {
			t.Errorf("%s is in the metrics", secret)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
	stream.Body.Close()
	terminate(t, cmd)
	if _, err := http.Get(metrics + "/metrics"); err == nil {
		t.Error("metrics are still there")
	}
}
