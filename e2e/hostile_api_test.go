package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	mcptransport "github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// transports lists the ways in, each with a client of mcp-go for the real process.
var transports = map[string]func(t *testing.T, env []string) *client.Client{
	"stdio": func(t *testing.T, env []string) *client.Client {
		c, err := client.NewStdioMCPClient(binary, append(env, hurry))
		if err != nil {
			t.Fatal(err)
		}
		return c
	},
	"sse": func(t *testing.T, env []string) *client.Client {
		base, _ := served(t, env, "-transport", "sse")
		c, err := client.NewSSEMCPClient(base+"/sse", client.WithHeaders(gated))
		if err != nil {
			t.Fatal(err)
		}
		return c
	},
	"http": func(t *testing.T, env []string) *client.Client {
		base, _ := served(t, env, "-transport", "http")
		c, err := client.NewStreamableHttpClient(base+"/mcp", mcptransport.WithHTTPHeaders(gated))
		if err != nil {
			t.Fatal(err)
		}
		return c
	},
}

var gated = map[string]string{"Authorization": "Bearer " + gateToken}

// behindGate lets a process place calls, which over HTTP needs a gate and a list of
// calling codes.
func behindGate(name string, env []string) []string {
	env = append(env, "TALKOVER_ALLOW_CALLS=true")
	if name != "stdio" {
		env = append(env, "MCP_AUTH=token", "MCP_AUTH_TOKENS="+gateToken, "TALKOVER_CALL_COUNTRIES=1",
			"TALKOVER_CONFIRM_CALLS=never")
	}
	return env
}

// opened is a session over one of the transports, which answers with texts.
func opened(t *testing.T, name string, env []string) func(tool string, args map[string]any) string {
	t.Helper()
	c := transports[name](t, env)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return func(tool string, args map[string]any) string {
		t.Helper()
		var r mcp.CallToolRequest
		r.Params.Name, r.Params.Arguments = tool, args
		ctx, cancel := context.WithTimeout(t.Context(), upstreamTimeout)
		defer cancel()
		result, err := c.CallTool(ctx, r)
		if err != nil {
			t.Fatalf("%s: %v", tool, err)
		}
		text, _ := result.Content[0].(mcp.TextContent)
		return text.Text
	}
}

// upstreamTimeout is TALKOVER_TIMEOUT, in which each answer must come: it comes at once, but where
// the server waits for the API.
const upstreamTimeout = time.Minute

// switcher is an API that answers each request with a switch of protocols, and
// then nothing, until it is good.
type switcher struct {
	good  atomic.Bool
	conns sync.WaitGroup
}

func (s *switcher) listen(t *testing.T) (env []string) {
	t.Helper()
	account := sandbox.New(time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC))
	return upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if s.good.Load() {
			r.Header.Set("Authorization", "Bearer "+sandbox.Token)
			account.ServeHTTP(w, r)
			return
		}
		s.conns.Add(1)
		defer s.conns.Done()
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+
			"websocket\r\n\r\n")
		_, _ = io.Copy(io.Discard, c) // until the client hangs up
	})
}

// released fails unless every connection was closed by the client.
func (s *switcher) released(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() { s.conns.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * upstreamTimeout):
		t.Error("a connection is still open")
	}
}

// The API answers that another protocol follows, which no timeout of net/http
// bounds: each tool says so at once, and the next request has its turn.
func TestAnotherProtocolHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for name := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := new(switcher)
			env := append(api.listen(t), "TALKOVER_TIMEOUT="+upstreamTimeout.String(),
				"TALKOVER_RATE_LIMIT=29") // 24 of them, and 5 for others
			call := opened(t, name, behindGate(name, env))
			const why = "101 Switching Protocols"
			if text := call("get_call_stats", nil); !strings.Contains(text, why) {
				t.Errorf("get_call_stats says %s", text)
			}
			for range 20 {
				if text := call("list_calls", nil); !strings.Contains(text, why) {
					t.Fatalf("list_calls says %s", text)
				}
			}
			if text := call("make_call", order); !strings.Contains(text, why) ||
				!strings.Contains(text, "may have been placed") {
				t.Errorf("make_call says %s", text)
			}
			api.released(t)
			api.good.Store(true)
			if text := call("list_calls", nil); !strings.Contains(text, "rows 1-20") {
				t.Errorf("after it was good again, list_calls says %s", text)
			}
		})
	}
}

func TestAnotherProtocolKeepsNobodyWaitingForHealth(t *testing.T) {
	t.Parallel()
	api := new(switcher)
	env := append(api.listen(t), "TALKOVER_TIMEOUT="+upstreamTimeout.String())
	base, _ := served(t, env, "-transport", "http")
	prober := http.Client{Timeout: upstreamTimeout}
	res, err := prober.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("ready is %d", res.StatusCode)
	}
	api.released(t)
}

func TestAnotherProtocolDoesNotKeepTheDoctor(t *testing.T) {
	t.Parallel()
	api := new(switcher)
	cmd := command(t, append(api.listen(t), "TALKOVER_TIMEOUT="+upstreamTimeout.String()), "doctor")
	var report bytes.Buffer
	cmd.Stdout = &report
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(upstreamTimeout, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if !late.Stop() || err == nil || !strings.Contains(report.String(), "101 Switching Protocols") {
		t.Errorf("%v\n%s", err, report.String())
	}
	api.released(t)
}

var order = map[string]any{"agent_id": "c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03", "to": "+12025550123"}

// trusted makes an https server whose certificate the process trusts.
func trusted(t *testing.T, h http.HandlerFunc) (env []string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"TALKOVER_TOKEN=" + canary, "TALKOVER_BASE_URL=" + s.URL + "/api/v1", "LOG_FORMAT=json",
		"LOG_LEVEL=debug", "SSL_CERT_FILE=" + roots}
}

// Five orders with a bound of 2: whatever the API answers that does not deny an
// order, no third one goes out, and no answer says that nothing was placed.
func TestAnOrderThatWentOutKeepsItsSlot(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	for what, answer := range map[string]http.HandlerFunc{
		"200 with success false": says(200, `{"success":false,"message":"No."}`),
		"200 with a code":        says(200, `{"error":{"code":"AGENT_NOT_FOUND"}}`),
		"201 with a code":        says(201, `{"code":"INSUFFICIENT_CREDITS"}`),
		"202 with success false": says(202, `{"success":false}`),
		"409":                    says(409, `{"success":false,"message":"Conflict."}`),
		"plain text in TLS": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c.(*tls.Conn).NetConn(), "HTTP/1.1 200 OK\r\n\r\n{}")
		},
	} {
		for name := range transports {
			t.Run(what+"/"+name, func(t *testing.T) {
				t.Parallel()
				var orders atomic.Int64
				h := func(w http.ResponseWriter, r *http.Request) { orders.Add(1); answer(w, r) }
				var env []string
				if what != "plain text in TLS" {
					env = upstream(t, h)
				} else if runtime.GOOS != "linux" {
					t.Skip("SSL_CERT_FILE is of Linux")
				} else {
					env = trusted(t, h)
				}
				call := opened(t, name, behindGate(name, append(env, "TALKOVER_MAX_CALLS_PER_HOUR=2",
					"TALKOVER_TIMEOUT="+upstreamTimeout.String())))
				for n := 1; n <= 5; n++ {
					text := call("make_call", map[string]any{"agent_id": order["agent_id"], "to": order["to"],
						"payload": map[string]any{"n": n}})
					want := "The call may have been placed, or not"
					if n > 2 {
						want = "No call was placed: this server places at most 2 an hour"
					}
					if !strings.HasPrefix(text, want) {
						t.Errorf("order %d: %s", n, text)
					}
				}
				if n := orders.Load(); n != 2 {
					t.Errorf("%d orders went out", n)
				}
			})
		}
	}
}

// An order that the API denies, or that cannot have left, gives its slot back.
func TestAnOrderThatWasDeniedGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	denial := atomic.Int64{}
	env := upstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(denial.Load())) })
	call := opened(t, "http", behindGate("http", append(env, "TALKOVER_MAX_CALLS_PER_HOUR=1")))
	for _, status := range []int64{400, 401, 402, 403, 404, 422} {
		denial.Store(status)
		if text := call("make_call", order); !strings.HasPrefix(text,
			"No call was placed. Talkover answered "+fmt.Sprint(status)) {
			t.Errorf("%d: %s", status, text)
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	nobody := []string{"TALKOVER_TOKEN=" + canary, "TALKOVER_BASE_URL=http://" + ln.Addr().String(),
		"LOG_FORMAT=json", "LOG_LEVEL=debug"}
	call = opened(t, "http", behindGate("http", append(nobody, "TALKOVER_MAX_CALLS_PER_HOUR=1")))
	for range 3 {
		if text := call("make_call", order); !strings.HasPrefix(text,
			"No call was placed. Talkover could not be reached") {
			t.Error(text)
		}
	}
}
