package transport

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Local is a client in the process of its server. It must be closed.
type Local struct {
	client *client.Client

	mu       sync.Mutex
	calls    int
	token    string                             // of the call under way
	progress func(done, total int, what string) // of that call; nil if nobody asks
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

// Call calls a tool, and tells progress, if that is not nil, how far the call is, but not
// after it has returned. Call must not be used by two goroutines at once.
func (l *Local) Call(ctx context.Context, tool string, args map[string]any, progress func(done, total int, what string)) (*mcp.CallToolResult, error) {
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, args
	if token := l.watch(progress); progress != nil {
		r.Params.Meta = &mcp.Meta{ProgressToken: token}
	}
	defer l.watch(nil)
	result, err := l.client.CallTool(ctx, r)
	if err != nil {
		return nil, cmp.Or(l.missing(ctx, tool), err)
	}
	return result, nil
}

// missing says which tools there are, if tool is none of them.
func (l *Local) missing(ctx context.Context, tool string) error {
	list, err := l.Tools(ctx)
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	if err == nil && !slices.Contains(names, tool) {
		return fmt.Errorf("there is no tool %q; there are %s", tool, strings.Join(names, ", "))
	}
	return nil
}

// watch passes progress to a function from now on, and returns the token to ask for it.
func (l *Local) watch(progress func(done, total int, what string)) (token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.token, l.progress = strconv.Itoa(l.calls), progress
	return l.token
}

// hear passes on the progress of the call under way. Notifications come from a goroutine
// of the client, so that those of an earlier call may come late.
func (l *Local) hear(n mcp.JSONRPCNotification) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fields := n.Params.AdditionalFields
	if l.progress == nil || n.Method != "notifications/progress" || fields["progressToken"] != l.token {
		return
	}
	done, _ := fields["progress"].(int)
	total, _ := fields["total"].(int)
	what, _ := fields["message"].(string)
	l.progress(done, total, what)
}
