package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// message is what must be known of a message to choose who answers it.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method mcp.MCPMethod   `json:"method"`
	Params struct {
		Meta json.RawMessage `json:"_meta"`
	} `json:"params"`
}

// handshakes are the protocol versions in which a call says nothing of itself.
var handshakes = mcp.LegacyProtocolVersions()

// isPlainCall reports whether a message is a call of a tool that is answered by one
// piece of JSON, of a client that speaks a version with a handshake: without _meta
// it cannot ask to hear of progress.
//
// Such a call goes past the library's handler, which makes a session, channels and
// a watcher for each message, in case the server has more to say, and encodes the
// answer three times over: together nearly half of what a call costs.
func (m message) isPlainCall(version string) bool {
	return m.Method == mcp.MethodToolsCall && m.ID != nil && m.Params.Meta == nil &&
		(version == "" || slices.Contains(handshakes, version))
}

// answer writes the answer to a plain call.
func answer(w http.ResponseWriter, response mcp.JSONRPCMessage) {
	if response == nil { // the call was a notification after all, with null for an id
		w.WriteHeader(http.StatusAccepted)
		return
	}
	b := answers.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= mostKept {
			b.Reset()
			answers.Put(b)
		}
	}()
	if err := json.NewEncoder(b).Encode(inOneGo(response)); err != nil {
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

// inOneGo is the same response in a form that is encoded once: each MarshalJSON of
// the library's has its result read through again by those around it.
func inOneGo(response mcp.JSONRPCMessage) any {
	r, _ := response.(mcp.JSONRPCResponse)
	result, ok := r.Result.(*mcp.CallToolResult)
	if !ok || result.Meta != nil || result.ResultType != "" || result.RawStructuredContent != nil || len(result.InputRequests) > 0 || result.RequestState != "" {
		return response
	}
	type toolResult struct {
		Content           []mcp.Content `json:"content"`
		StructuredContent any           `json:"structuredContent,omitempty"`
		IsError           bool          `json:"isError,omitempty"`
	}
	return struct {
		JSONRPC string        `json:"jsonrpc"`
		ID      mcp.RequestId `json:"id"`
		Result  toolResult    `json:"result"`
	}{r.JSONRPC, r.ID, toolResult{result.Content, result.StructuredContent, result.IsError}}
}
