package transport

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// personTime is how long a person may take to answer a question of the server.
const personTime = 5 * time.Minute

// reply is the answer of a client to a request of the server.
type reply struct {
	ID     any             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// asks holds the requests of the server that a client has not answered yet. The zero
// value is ready.
type asks struct {
	last    atomic.Int64 // id of the latest request
	waiting sync.Map     // of a chan reply by id
}

// heard hands the answer of a client to who waits for it. It reports whether the
// message is one.
func (a *asks) heard(b []byte) bool {
	var r reply
	if json.Unmarshal(b, &r) != nil || r.Result == nil && r.Error == nil || !isID(r.ID) {
		return false
	}
	answered, ok := a.waiting.LoadAndDelete(r.ID) // a second answer is for nobody
	if ok {
		answered.(chan reply) <- r //nolint:forcetypeassert // there is nothing else
	}
	return ok
}

// RequestElicitation implements [server.SessionWithElicitation]: it has the client ask
// its user. A user who does not answer in 5 minutes, and a client that fails to ask, have
// cancelled. Over streamable HTTP there is no way back to a client of 2025, and the error
// is [server.ErrElicitationNotSupported].
func (s *session) RequestElicitation(ctx context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	if s.life == nil {
		return nil, server.ErrElicitationNotSupported
	}
	id, answered := s.asks.last.Add(1), make(chan reply, 1)
	s.asks.waiting.Store(float64(id), answered)
	defer s.asks.waiting.Delete(float64(id))
	s.send(mcp.JSONRPCRequest{
		JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(id),
		Request: mcp.Request{Method: string(mcp.MethodElicitationCreate)}, Params: r.Params,
	})
	late := time.NewTimer(personTime)
	defer late.Stop()
	result := &mcp.ElicitationResult{}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-late.C:
		s.log.WarnContext(ctx, "the client's user did not answer", "within", personTime.String())
	case a := <-answered:
		if a.Error == nil && json.Unmarshal(a.Result, result) == nil {
			return result, nil
		}
		s.log.WarnContext(ctx, "the client did not ask its user")
	}
	result.Action = mcp.ElicitationResponseActionCancel
	return result, nil
}
