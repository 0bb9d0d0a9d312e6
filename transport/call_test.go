package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/transport"
)

// A plain call is answered past the library's handler, and one with _meta by it. Nobody
// can tell from the answer.
func TestPlainCallsAreAnsweredAsAllOthers(t *testing.T) {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
	add := func(name string, result *mcp.CallToolResult, err error) {
		s.AddTool(mcp.NewToolWithRawSchema(name, "", []byte(`{"type":"object"}`)),
			func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return result, err })
	}
	rows := struct {
		Rows []any          `json:"rows"`
		None map[string]int `json:"none,omitempty"`
	}{Rows: []any{"<b>\u2028", 1, 2.5, true, nil}}
	told := mcp.NewToolResultText("told")
	told.Meta = mcp.NewMetaFromMap(map[string]any{"cost": 1})
	raw := mcp.NewToolResultText("raw")
	raw.RawStructuredContent = json.RawMessage(`{"a":1}`)
	add("list", mcp.NewToolResultStructured(rows, "text & \"<more>\""), nil)
	add("refuse", mcp.NewToolResultError("no"), nil)
	add("meta", told, nil)
	add("raw", raw, nil)
	add("fail", nil, errors.New("broken"))
	h := transport.NewHTTP(s, streamable)
	ask := func(message, version string) (int, http.Header, any) {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/mcp", strings.NewReader(message))
		r.Header.Set("Content-Type", "application/json")
		if version != "" {
			r.Header.Set("Mcp-Protocol-Version", version)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var answer any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil && w.Body.Len() > 0 {
			answer = w.Body.String()
		}
		w.Header().Del("X-Request-Id")
		w.Header().Del("Content-Length")
		return w.Code, w.Header(), answer
	}
	for name, message := range map[string]string{
		"good":            `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list","arguments":{"page":3}%s}}`,
		"a string for id": `{"jsonrpc":"2.0","id":"a\"<b>","method":"tools/call","params":{"name":"list"%s}}`,
		"refused":         `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"refuse"%s}}`,
		"with _meta":      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"meta"%s}}`,
		"raw":             `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"raw"%s}}`,
		"failed":          `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fail"%s}}`,
		"a number as id":  `{"jsonrpc":"2.0","id":-1.5e3,"method":"tools/call","params":{"name":"list","arguments":{}%s}}`,
		"a boolean as id": `{"jsonrpc":"2.0","id":true,"method":"tools/call","params":{"name":"list"%s}}`,
		"null arguments":  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list","arguments":null%s}}`,
		"bad arguments":   `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list","arguments":[1]%s}}`,
		"a task":          `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list","task":{"ttl":1}%s}}`,
		"a name as list":  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["list"]%s}}`,
		"params twice":    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no"},"params":{"name":"list"%s}}`,
		"another case":    `{"JSONRPC":"2.0","Id":1,"Method":"tools/call","Params":{"Name":"list"%s}}`,
		"another version": `{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"list"%s}}`,
		"no such tool":    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no_such_tool"%s}}`,
		"no name":         `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":[]%s}}`,
		"no version":      `{"id":1,"method":"tools/call","params":{"name":"list"%s}}`,
		"null for an id":  `{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"list"%s}}`,
		"an object as id": `{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{"name":"list"%s}}`,
		"no id":           `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"list"%s}}`,
	} {
		for _, version := range []string{"", "2024-11-05", "2025-11-25", "2026-07-28", "1999-01-01"} {
			status, header, plain := ask(strings.Replace(message, "%s", "", 1), version)
			wantStatus, wantHeader, want := ask(strings.Replace(message, "%s", `,"_meta":{}`, 1), version)
			if status != wantStatus || plain == nil && status != http.StatusAccepted {
				t.Errorf("%s, version %q: %d, not %d", name, version, status, wantStatus)
			}
			if d := gocmp.Diff([]any{wantHeader, want}, []any{header, plain}); d != "" {
				t.Errorf("%s, version %q: %s", name, version, d)
			}
		}
	}
}
