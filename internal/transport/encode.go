package transport

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// encode writes a message as JSON, as [json.Marshal] does, with a line break behind it,
// and hands it to use, which must not keep it: its memory serves the next message.
//
// It writes the usual result of a tool in one go: the MarshalJSON of mcp-go v1.2.1 makes a
// map of it, and encoding/json reads through what MarshalJSON returned. That takes a third
// of the time of a call (BenchmarkServer in bench/).
func encode(message any, use func(line []byte)) error {
	if r, ok := message.(mcp.JSONRPCResponse); ok {
		switch result := r.Result.(type) {
		case mcp.CallToolResult:
			r.Result = plainly(&result)
		case *mcp.CallToolResult:
			r.Result = plainly(result)
		}
		message = r
	}
	b := messages.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= mostKept {
			b.Reset()
			messages.Put(b)
		}
	}()
	if err := json.NewEncoder(b).Encode(message); err != nil {
		return err
	}
	use(b.Bytes())
	return nil
}

// messages keeps memory for the next messages, unless one was large.
var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const mostKept = 64 << 10

// plainly returns a result without a MarshalJSON, if it has only the usual members.
func plainly(r *mcp.CallToolResult) any {
	if r == nil || r.Meta != nil || r.ResultType != "" || r.RawStructuredContent != nil || len(r.InputRequests) > 0 || r.RequestState != "" || r.Content == nil {
		return r
	}
	return struct { // in the order of a map
		Content           []mcp.Content `json:"content"`
		IsError           bool          `json:"isError,omitempty"`
		StructuredContent any           `json:"structuredContent,omitempty"`
	}{r.Content, r.IsError, r.StructuredContent}
}
