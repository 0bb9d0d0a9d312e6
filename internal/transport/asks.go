package transport

import (
	"context"
	"encoding/json"
	"sync"
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
	mu      sync.Mutex
	last    int64                  // id of the latest request
	waiting map[float64]chan reply // by id
}

// ask names a request of the server, and returns where its answer will come.
func (a *asks) ask() (id int64, answered <-chan reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	if a.waiting == nil {
		a.waiting = make(map[float64]chan reply)
	}
	c := make(chan reply, 1)
	a.waiting[float64(a.last)] = c
	return a.last, c
}

func (a *asks) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, float64(id))
}

// heard hands the answer of a client to who waits for it. It reports whether the
// message is one.
func (a *asks) heard(b []byte) bool {
	var r reply
	if json.Unmarshal(b, &r) != nil || r.Result == nil && r.Error == nil {
		return false
	}
	id, ok := r.ID.(float64)
	if !ok {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.waiting[id]
	if ok {
		delete(a.waiting, id) // a second answer is for nobody
		c <- r
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
	id, answered := s.asks.ask()
	defer s.asks.forget(id)
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
