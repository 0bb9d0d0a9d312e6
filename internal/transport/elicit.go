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

var _ server.SessionWithElicitation = requestSession{}
