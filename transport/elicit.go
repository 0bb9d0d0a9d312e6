package transport

import (
	"context"
	"encoding/json"
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

// RequestElicitation implements [server.SessionWithElicitation]: it has the client ask
// its user. A user who does not answer in 5 minutes, and a client that fails to ask, have
// cancelled. Over streamable HTTP there is no way back to a client of 2025, and the error
// is [server.ErrElicitationNotSupported].
func (s *session) RequestElicitation(ctx context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	if s.life == nil {
		return nil, server.ErrElicitationNotSupported
	}
	id, answered := s.ask()
	defer s.forget(id)
	s.send(mcp.JSONRPCRequest{
		JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(id),
		Request: mcp.Request{Method: string(mcp.MethodElicitationCreate)}, Params: r.Params,
	})
	late := time.NewTimer(personTime)
	defer late.Stop()
	var result mcp.ElicitationResult
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-late.C:
		s.log.WarnContext(ctx, "the client's user did not answer", "within", personTime.String())
	case a := <-answered:
		if a.Error == nil && json.Unmarshal(a.Result, &result) == nil {
			return &result, nil
		}
		s.log.WarnContext(ctx, "the client did not ask its user")
	}
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionCancel}}, nil
}

// ask names a request of the server, and returns where its answer will come.
func (s *session) ask() (id int64, answered <-chan reply) {
	s.about.Lock()
	defer s.about.Unlock()
	s.asked++
	if s.asking == nil {
		s.asking = make(map[float64]chan reply)
	}
	c := make(chan reply, 1)
	s.asking[float64(s.asked)] = c
	return s.asked, c
}

func (s *session) forget(id int64) {
	s.about.Lock()
	defer s.about.Unlock()
	delete(s.asking, float64(id))
}

// heard hands the answer of a client to who waits for it. It reports whether the
// message is one.
func (s *session) heard(b []byte) bool {
	var r reply
	if json.Unmarshal(b, &r) != nil || r.Result == nil && r.Error == nil {
		return false
	}
	id, ok := r.ID.(float64)
	if !ok {
		return false
	}
	s.about.Lock()
	defer s.about.Unlock()
	c, ok := s.asking[id]
	if ok {
		delete(s.asking, id) // a second answer is for nobody
		c <- r
	}
	return ok
}

var _ server.SessionWithElicitation = requestSession{}
