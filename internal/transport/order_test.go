package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/transport"
)

// steps is how often the tool "walk" tells its progress.
const steps = 7

// walking is a server with one tool, which tells its progress up to the moment at
// which it answers.
func walking() *server.MCPServer {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewToolWithRawSchema("walk", "walks", []byte(`{"type":"object"}`)),
		func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			client, ok := server.ClientSessionFromContext(ctx).(interface{ Notify(string, map[string]any) })
			if !ok {
				return nil, errors.New("there is no way to tell progress")
			}
			for i := range steps {
				client.Notify("notifications/progress", map[string]any{"progressToken": r.Params.Meta.ProgressToken, "progress": i + 1, "total": steps})
			}
			return mcp.NewToolResultText("there"), nil
		})
	return s
}

// modern is the _meta of a client of 2026-07-28.
const modern = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}`

// modernHeaders are those of its call of a tool.
func modernHeaders(tool string) []string {
	return []string{"Accept", jsonType + ", text/event-stream", "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", tool}
}

// call is the message that calls a tool; meta is what its _meta says besides.
func call(id int, tool, meta string) string {
	if meta != "" {
		meta = "," + meta
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"_meta":{"progressToken":%d%s}}}`, id, tool, id, meta)
}

// post sends a message to /mcp and returns all that comes back.
func post(t testing.TB, base, message string, headers ...string) (all []string) {
	res := do(t, http.MethodPost, base+"/mcp", message, headers...)
	defer res.Body.Close()
	if res.Header.Get("Content-Type") == jsonType {
		body, _ := io.ReadAll(res.Body)
		return []string{string(body)}
	}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			all = append(all, data)
		}
	}
	return all
}

// Hundreds of calls with progress, over each transport: whatever a call says comes
// in its order, all of it, and before the answer.
func TestProgressComesBeforeTheAnswer(t *testing.T) {
	calls := 300
	if os.Getenv("LONG") == "1" { // as the nightly checks set it
		calls = 1000
	}
	for name, run := range map[string]func(*testing.T, func(string)){
		"stdio": func(t *testing.T, got func(string)) {
			in, client := io.Pipe()
			reader, out := io.Pipe()
			ended := make(chan error, 1)
			go func() {
				ended <- transport.Stdio(t.Context(), walking(), in, out, quiet)
				out.Close()
			}()
			go func() {
				for id := range calls {
					fmt.Fprintln(client, call(id, "walk", ""))
				}
			}()
			lines := bufio.NewScanner(reader)
			for n := 0; lines.Scan(); {
				got(lines.Text())
				if n++; n == calls*(steps+1) { // the end of input leaves a busy machine too little time
					client.Close()
				}
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		},
		"sse": func(t *testing.T, got func(string)) {
			base := serve(t, httpserver.New(walking(), httpserver.Options{}))
			e := open(t, base)
			defer e.body.Close()
			var posts sync.WaitGroup
			posts.Go(func() {
				for id := range calls {
					if got := status(t, http.MethodPost, e.message, call(id, "walk", "")); got != http.StatusAccepted {
						t.Errorf("call %d: %d", id, got)
					}
				}
			})
			for range calls * (steps + 1) {
				got(e.next())
			}
			posts.Wait() // the answer on the stream may come before that to the POST
		},
		"http":             func(t *testing.T, got func(string)) { overHTTP(t, calls, got, "") },
		"http, 2026-07-28": func(t *testing.T, got func(string)) { overHTTP(t, calls, got, modern, modernHeaders("walk")...) },
	} {
		t.Run(name, func(t *testing.T) {
			told, answered := map[float64]float64{}, map[float64]bool{}
			run(t, func(line string) {
				var m struct {
					ID     *float64
					Result *mcp.CallToolResult
					Params struct{ ProgressToken, Progress float64 }
				}
				if err := json.Unmarshal([]byte(line), &m); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				switch id := m.Params.ProgressToken; {
				case m.ID != nil && (told[*m.ID] != steps || answered[*m.ID] || m.Result == nil):
					t.Errorf("call %v is answered after %v of %d steps: %s", *m.ID, told[*m.ID], steps, line)
				case m.ID != nil:
					answered[*m.ID] = true
				case answered[id], m.Params.Progress != told[id]+1:
					t.Errorf("call %v: %s after step %v", id, line, told[id])
				default:
					told[id]++
				}
			})
			if len(answered) != calls {
				t.Errorf("%d of %d calls are answered", len(answered), calls)
			}
		})
	}
}

// overHTTP makes calls to /mcp, several at a time, and hands on all that comes back.
func overHTTP(t *testing.T, calls int, got func(string), meta string, headers ...string) {
	base := serve(t, httpserver.New(walking(), streamable))
	var clients sync.WaitGroup
	var one sync.Mutex
	for first := range 8 {
		clients.Go(func() {
			for id := first; id < calls; id += 8 {
				lines := post(t, base, call(id, "walk", meta), headers...)
				one.Lock()
				for _, line := range lines {
					got(line)
				}
				one.Unlock()
			}
		})
	}
	clients.Wait()
}

// There is nothing to subscribe to, and each client that asks is told so before the
// end, over stdio as well.
func TestEachSubscriptionIsAcknowledged(t *testing.T) {
	const listen = `{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{` + modern + `}}}`
	const acknowledged = `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7},"notifications":{}}}`
	check := func(t *testing.T, lines []string) {
		t.Helper()
		if len(lines) != 2 || lines[0] != acknowledged || !strings.Contains(lines[1], `"result":`) {
			t.Fatalf("answer %q", lines)
		}
	}
	t.Run("http", func(t *testing.T) {
		base := serve(t, httpserver.New(plain(), streamable))
		headers := []string{"Accept", jsonType + ", text/event-stream", "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "subscriptions/listen"}
		for range 300 {
			check(t, post(t, base, listen, headers...))
		}
		lines := post(t, base, strings.Replace(listen, `{"toolsListChanged":true}`, "7", 1), headers...)
		if len(lines) != 1 || !strings.Contains(lines[0], `"error":`) {
			t.Errorf("a subscription to 7: %q", lines)
		}
	})
	t.Run("stdio", func(t *testing.T) {
		for range 300 {
			var out strings.Builder
			if err := transport.Stdio(t.Context(), plain(), strings.NewReader(listen), &out, quiet); err != nil {
				t.Fatal(err)
			}
			check(t, strings.Split(strings.TrimSpace(out.String()), "\n"))
		}
	})
}
