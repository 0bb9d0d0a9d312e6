// https://github.com/mark3labs/mcp-go has no issue of it: mcp-go v1.2.1 has -32603 for each error of a handler.

package transport

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// maxError bounds the message of an error, in bytes. What this server says is shorter;
// mcp-go v1.2.1 quotes a number of any length that stands where none belongs.
const maxError = 2 << 10

// amendment says how the error that answers a request differs from what mcp-go makes of it.
type amendment struct {
	code int // 0 to keep it
	data any // nil for none
}

// amendmentKey is the context key of an *amendment.
type amendmentKey struct{}

// withAmendment returns the context of a request whose error can be amended.
func withAmendment(ctx context.Context) (context.Context, *amendment) {
	a := &amendment{}
	return context.WithValue(ctx, amendmentKey{}, a), a
}

// coded is the error of a handler that knows its code of JSON-RPC.
type coded interface{ RPCCode() int }

// amendErrors has a server note what its errors lack.
func amendErrors(s *server.MCPServer) {
	hooks := s.GetHooks()
	if hooks == nil {
		return
	}
	hooks.AddOnError(func(ctx context.Context, _ any, _ mcp.MCPMethod, message any, err error) {
		a, ok := ctx.Value(amendmentKey{}).(*amendment)
		if !ok {
			return
		}
		var known coded
		if errors.As(err, &known) {
			a.code = known.RPCCode()
		}
		if read, ok := message.(*mcp.ReadResourceRequest); ok && errors.Is(err, server.ErrResourceNotFound) {
			a.data = map[string]string{"uri": read.Params.URI}
		}
	})
}

// applied returns an answer with the amendment, if it is an error.
func (a *amendment) applied(answer mcp.JSONRPCMessage) mcp.JSONRPCMessage {
	e, ok := answer.(mcp.JSONRPCError)
	if !ok {
		return answer
	}
	if a.code != 0 {
		e.Error.Code = a.code
	}
	if a.data != nil {
		e.Error.Data = a.data
	}
	e.Error.Message = shortened(e.Error.Message)
	return e
}

// shortened cuts the message of an error.
func shortened(s string) string {
	if len(s) <= maxError {
		return s
	}
	end := maxError
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + " ..."
}
