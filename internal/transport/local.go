package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Local is a client in the process of its server.
type Local struct{ server *server.MCPServer }

// Connect lets a client in from this process.
func Connect(s *server.MCPServer) Local { return Local{s} }

// Tools returns the tools as a client gets them.
func (l Local) Tools(ctx context.Context) ([]mcp.Tool, error) {
	b, err := l.ask(ctx, mcp.MethodToolsList, map[string]any{}, func(any) {})
	if err != nil {
		return nil, err
	}
	var list mcp.ListToolsResult
	err = json.Unmarshal(b, &list)
	return list.Tools, err
}

// Call calls a tool, and tells progress, if that is not nil, how far the call is, but not
// after it has returned.
func (l Local) Call(ctx context.Context, tool string, args map[string]any,
	progress func(done, total int, what string)) (*mcp.CallToolResult, error) {
	params := map[string]any{"name": tool, "arguments": args}
	if progress != nil {
		params["_meta"] = map[string]any{"progressToken": tool}
	}
	b, err := l.ask(ctx, mcp.MethodToolsCall, params, func(message any) {
		if n, ok := message.(mcp.JSONRPCNotification); ok && progress != nil {
			fields := n.Params.AdditionalFields
			done, _ := fields["progress"].(int)
			total, _ := fields["total"].(int)
			what, _ := fields["message"].(string)
			progress(done, total, what)
		}
	})
	if err == nil {
		return mcp.ParseCallToolResult(&b)
	}
	list, _ := l.Tools(ctx)
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	if len(names) > 0 && !slices.Contains(names, tool) {
		err = fmt.Errorf("there is no tool %q; there are %s", tool, strings.Join(names, ", "))
	}
	return nil, err
}

// ask sends a request, and returns the JSON of its result.
func (l Local) ask(ctx context.Context, method mcp.MCPMethod, params any, heard func(any)) (json.RawMessage, error) {
	b, err := json.Marshal(map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	client := &session{id: "local", server: l.server, send: heard, log: slog.New(slog.DiscardHandler)}
	switch answer := client.respond(ctx, parse(b), b).(type) {
	case mcp.JSONRPCResponse:
		return json.Marshal(answer.Result)
	case mcp.JSONRPCError:
		return nil, errors.New(answer.Error.Message)
	}
	return nil, context.Cause(ctx)
}
