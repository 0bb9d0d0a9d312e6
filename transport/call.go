package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// message is what must be known of a message to choose who answers it.
type message struct {
	JSONRPC string                     `json:"jsonrpc"`
	ID      json.RawMessage            `json:"id"`
	Method  mcp.MCPMethod              `json:"method"`
	Params  map[string]json.RawMessage `json:"params"`
}

// handshakes are the protocol versions in which a call says nothing of itself.
var handshakes = mcp.LegacyProtocolVersions()

// plainCall is a call of a tool that one piece of JSON answers: of a client that
// speaks a version with a handshake, and with a name and arguments alone. Without
// _meta nobody can ask to hear of its progress.
//
// Such calls, which are nearly all, go past the library. It would read the message
// six times, make a session, channels and a goroutine in case the server has more
// to say, and encode the answer three times over: half of what a call costs.
type plainCall struct {
	id   json.RawMessage
	tool *server.ServerTool
	mcp.CallToolRequest
}

// plainCall reads a message as one, or reports that it is none. What is not
// wholly right is left to the library, which has words for it.
func (m message) plainCall(s *server.MCPServer, version string) (c plainCall, ok bool) {
	name, arguments := m.Params["name"], m.Params["arguments"]
	known := 1
	if arguments != nil {
		known++
	}
	if m.Method != mcp.MethodToolsCall || m.JSONRPC != mcp.JSONRPC_VERSION || !isID(m.ID) || len(m.Params) != known ||
		version != "" && !slices.Contains(handshakes, version) || json.Unmarshal(name, &c.Params.Name) != nil {
		return c, false
	}
	c.id, c.tool = m.ID, s.GetTool(c.Params.Name)
	c.Method, c.Params.RawArguments = string(m.Method), arguments
	return c, c.tool != nil
}

// isID reports whether JSON is a string or a number, as ids are.
func isID(id json.RawMessage) bool {
	return len(id) > 0 && (id[0] == '"' || id[0] == '-' || '0' <= id[0] && id[0] <= '9')
}

// answer calls the tool and writes what it says.
func (c plainCall) answer(w http.ResponseWriter, r *http.Request) {
	b := answers.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= mostKept {
			b.Reset()
			answers.Put(b)
		}
	}()
	if err := json.NewEncoder(b).Encode(c.response(c.tool.Handler(r.Context(), c.CallToolRequest))); err != nil {
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes())
}

// answers are kept for the answers to come, unless one was large.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const mostKept = 64 << 10

// response is the JSON-RPC response of a result or an error. It is encoded once:
// a MarshalJSON, such as that of the library's result, has what it returns read
// through again.
func (c plainCall) response(result *mcp.CallToolResult, err error) any {
	type response struct {
		JSONRPC string                   `json:"jsonrpc"`
		ID      json.RawMessage          `json:"id"`
		Result  any                      `json:"result,omitempty"`
		Error   *mcp.JSONRPCErrorDetails `json:"error,omitempty"`
	}
	all := response{JSONRPC: mcp.JSONRPC_VERSION, ID: c.id}
	switch {
	case err != nil:
		all.Error = &mcp.JSONRPCErrorDetails{Code: mcp.INTERNAL_ERROR, Message: err.Error()}
	case result.Meta != nil || result.ResultType != "" || result.RawStructuredContent != nil || len(result.InputRequests) > 0 || result.RequestState != "":
		all.Result = result
	default:
		all.Result = struct {
			Content           []mcp.Content `json:"content"`
			StructuredContent any           `json:"structuredContent,omitempty"`
			IsError           bool          `json:"isError,omitempty"`
		}{result.Content, result.StructuredContent, result.IsError}
	}
	return all
}
