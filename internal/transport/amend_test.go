package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/transport"
)

// badParams is an error that knows its code.
type badParams struct{}

func (badParams) Error() string { return "number is missing" }
func (badParams) RPCCode() int  { return mcp.INVALID_PARAMS }

// erring has a prompt that fails by its arguments and one that fails otherwise, and a
// resource, so that there could be others.
func erring() *server.MCPServer {
	s := server.NewMCPServer("test", "1", server.WithHooks(&server.Hooks{}), server.WithResourceCapabilities(false, false))
	prompt := func(name string, err error) {
		s.AddPrompt(mcp.Prompt{Name: name}, func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) { return nil, err })
	}
	prompt("bad", badParams{})
	prompt("broken", errors.New("it broke"))
	s.AddResource(mcp.NewResource("x://there", "there"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) { return nil, nil })
	return s
}

// An error has the code that it deserves and an unknown address in its data, over each
// transport and in each revision.
func TestErrorsHaveTheirCodes(t *testing.T) {
	for _, test := range []struct {
		name, method, params string
		legacy, modern       int
		data                 string
		status               int // over HTTP, since 2026-07-28
	}{
		{"bad arguments", "prompts/get", `"name":"bad"`, -32602, -32602, "", 400},
		{"a failure", "prompts/get", `"name":"broken"`, -32603, -32603, "", 200},
		{"an unknown resource", "resources/read", `"uri":"x://nowhere"`, -32002, -32602, `{"uri":"x://nowhere"}`, 400},
		{"an unknown prompt", "prompts/get", `"name":"none"`, -32602, -32602, "", 400},
	} {
		check := func(way, answer string, want int) {
			t.Helper()
			var got struct {
				ID    int
				Error struct {
					Code    int
					Message string
					Data    json.RawMessage
				}
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil || got.ID != 1 || got.Error.Code != want || string(got.Error.Data) != test.data || got.Error.Message == "" {
				t.Errorf("%s over %s: %s, want the code %d: %v", test.name, way, answer, want, err)
			}
		}
		m := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, test.method, test.params)
		now := strings.Replace(m, "}}", `,"_meta":{`+modern+`}}}`, 1)
		var out strings.Builder
		if err := transport.Stdio(t.Context(), erring(), strings.NewReader(m+"\n"), &out, quiet); err != nil {
			t.Fatal(err)
		}
		check("stdio", out.String(), test.legacy)
		out.Reset()
		if err := transport.Stdio(t.Context(), erring(), strings.NewReader(now+"\n"), &out, quiet); err != nil {
			t.Fatal(err)
		}
		check("stdio, 2026-07-28", out.String(), test.modern)
		base := serve(t, httpserver.New(erring(), streamable))
		check("http", strings.Join(post(t, base, m), ""), test.legacy)
		headers := []string{"Accept", jsonType + ", text/event-stream", "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", test.method,
			"Mcp-Name", strings.Split(test.params, `"`)[3]}
		check("http, 2026-07-28", strings.Join(post(t, base, now, headers...), ""), test.modern)
		if got := status(t, "POST", base+"/mcp", now, headers...); got != test.status {
			t.Errorf("%s: status %d, want %d", test.name, got, test.status)
		}
		e := open(t, base)
		if got := status(t, "POST", e.message, m); got != 202 {
			t.Fatal(got)
		}
		check("sse", e.next(), test.legacy)
		e.body.Close()
	}
}

// A number of any length that fits no float64 is not repeated at length.
func TestErrorsQuoteNoLongNumbers(t *testing.T) {
	long := strings.Repeat("7", 60_000)
	for _, params := range []string{`"name":"wait","arguments":{"x":` + long + `},"_meta":{META}`, `"name":"wait","arguments":` + long + `,"_meta":{META}`,
		`"name":"wait","_meta":{META,"x":` + long + `}`} {
		m := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{` + params + `}}`
		legacy := strings.Replace(m, "META", `"y":1`, 1)
		var out strings.Builder
		if err := transport.Stdio(t.Context(), plain(), strings.NewReader(legacy+"\n"), &out, quiet); err != nil {
			t.Fatal(err)
		}
		base := serve(t, httpserver.New(plain(), streamable))
		e := open(t, base)
		if got := status(t, "POST", e.message, legacy); got != 202 {
			t.Fatal(got)
		}
		for way, answer := range map[string]string{
			"stdio": out.String(), "http": strings.Join(post(t, base, legacy), ""), "sse": e.next(),
			"http, 2026-07-28": strings.Join(post(t, base, strings.Replace(m, "META", modern, 1), modernHeaders("wait")...), ""),
		} {
			if len(answer) > 3000 || !strings.Contains(answer, `"error"`) {
				t.Errorf("%.60s over %s: %d bytes: %.200s", params, way, len(answer), answer)
			}
		}
		e.body.Close()
	}
}
