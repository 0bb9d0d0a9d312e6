package transport

import (
	"context"
	"sync"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Local is a client in the process of its server. It must be closed.
type Local struct {
	client *client.Client

	mu       sync.Mutex
	progress func(done, total int, what string) // of the call under way; nil if nobody asked
}

// Connect lets a client in from this process.
func Connect(ctx context.Context, s *server.MCPServer) (*Local, error) {
	c, err := client.NewInProcessClient(s)
	if err != nil {
		return nil, err
	}
	l := &Local{client: c}
	c.OnNotification(l.hear)
	if err := c.Start(ctx); err != nil { // which makes the session that notifications go to
		return nil, err
	}
	if _, err := c.Initialize(ctx, mcp.InitializeRequest{}); err != nil {
		return nil, err
	}
	return l, nil
}

// Close ends the session.
func (l *Local) Close() error { return l.client.Close() }

// Tools returns the tools as a client gets them.
func (l *Local) Tools(ctx context.Context) ([]mcp.Tool, error) {
	list, err := l.client.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, err
	}
	return list.Tools, nil
}

// Call calls a tool. progress, if it is not nil, is told how far the call is, but
// not after the call has returned. Calls go one after the other.
func (l *Local) Call(ctx context.Context, tool string, args map[string]any, progress func(done, total int, what string)) (*mcp.CallToolResult, error) {
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, args
	if progress != nil {
		r.Params.Meta = &mcp.Meta{ProgressToken: tool}
	}
	l.watch(progress)
	defer l.watch(nil)
	return l.client.CallTool(ctx, r)
}

func (l *Local) watch(progress func(done, total int, what string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress = progress
}

// hear passes on what a notification tells of progress. It comes from a goroutine of
// the client, so it may come late.
func (l *Local) hear(n mcp.JSONRPCNotification) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.progress == nil || n.Method != "notifications/progress" {
		return
	}
	fields := n.Params.AdditionalFields
	done, _ := fields["progress"].(int)
	total, _ := fields["total"].(int)
	what, _ := fields["message"].(string)
	l.progress(done, total, what)
}
