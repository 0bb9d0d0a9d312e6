package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/transport"
)

// asking is a server with one tool, which asks the user before it answers.
func asking() *server.MCPServer {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewToolWithRawSchema("ask", "asks", []byte(`{"type":"object"}`)),
		func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if said := server.ElicitationResponse(r.Params.InputResponses, "sure"); said != nil {
				return mcp.NewToolResultText("the user says " + string(said.Action) + ", state " + r.Params.RequestState), nil
			}
			return server.NewInputRequestBuilder("7").Elicit("sure", mcp.ElicitationParams{
				Message: "Sure?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
			}).ToolResult(), nil
		})
	return s
}

const (
	ask2025    = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"ask"}}`
	greetAsker = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"t","version":"1"}}}`
)

// asked reads the question of a server, and returns its id.
func asked(t *testing.T, line string) string {
	t.Helper()
	var q struct {
		ID     json.RawMessage
		Method string
		Params struct{ Message string }
	}
	if err := json.Unmarshal([]byte(line), &q); err != nil || q.Method != "elicitation/create" || q.Params.Message != "Sure?" {
		t.Fatalf("the server sends %s", line)
	}
	return string(q.ID)
}

// saying is what a client sends back.
func saying(id, result string) string { return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, id, result) }

const accepted = `"result":{"action":"accept","content":{}}`

// A client of 2025 asks its user, over stdio and over SSE.
func TestTheUserIsAskedThroughTheClient(t *testing.T) {
	t.Run("stdio", func(t *testing.T) {
		conversation(t, func(send func(string), next func() string) {
			send(greetAsker)
			next()
			send(ask2025)
			id := asked(t, next())
			send(saying("99", accepted)) // of no question
			send(saying(`"`+id+`"`, accepted))
			send(saying(id, accepted))
			if got := next(); !strings.Contains(got, `"id":7`) || !strings.Contains(got, "the user says accept, state 7") {
				t.Errorf("the call ends with %s", got)
			}
			send(saying(id, accepted)) // once more
			send(ping)
			if got := next(); !strings.Contains(got, `"id":5`) {
				t.Errorf("then comes %s", got)
			}
		})
	})
	t.Run("sse", func(t *testing.T) {
		base := serve(t, httpserver.New(asking(), httpserver.Options{}))
		e := open(t, base)
		defer e.body.Close()
		send := func(m string) {
			if got := status(t, http.MethodPost, e.message, m); got != http.StatusAccepted {
				t.Errorf("%s: %d", m, got)
			}
		}
		send(greetAsker)
		e.next()
		send(ask2025)
		send(saying(asked(t, e.next()), `"result":{"action":"decline"}`))
		if got := e.next(); !strings.Contains(got, "the user says decline") {
			t.Errorf("the call ends with %s", got)
		}
	})
}

// conversation runs a client of stdio.
func conversation(t *testing.T, client func(send func(string), next func() string)) {
	t.Helper()
	in, w := io.Pipe()
	r, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- transport.Stdio(t.Context(), asking(), in, out, quiet)
		out.Close()
	}()
	lines := bufio.NewScanner(r)
	client(func(m string) { fmt.Fprintln(w, m) }, func() string { lines.Scan(); return lines.Text() })
	w.Close()
	for lines.Scan() {
		t.Errorf("after the end: %s", lines.Text())
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A user who does not answer in five minutes, and a client that cannot ask after all,
// have not agreed.
func TestNoAnswerIsNoAgreement(t *testing.T) {
	for name, answer := range map[string]string{"nobody answers": "", "the client fails": `"error":{"code":-32601,"message":"no such method"}`, "nonsense": `"result":7`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conversation(t, func(send func(string), next func() string) {
					send(greetAsker)
					next()
					send(ask2025)
					start := time.Now()
					id := asked(t, next())
					if answer != "" {
						send(saying(id, answer))
					}
					if got := next(); !strings.Contains(got, "the user says cancel") {
						t.Errorf("the call ends with %s", got)
					}
					if took := time.Since(start); (answer == "") != (took == 5*time.Minute) {
						t.Errorf("it took %v", took)
					}
				})
			})
		})
	}
}
