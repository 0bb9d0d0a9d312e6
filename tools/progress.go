package tools

import (
	"context"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// progressKey is the context key of the function that tells a call's progress.
type progressKey struct{}

// progress returns what tells the client how far a call is; nil if the client did not ask for that.
// Calls tell it before each request and never at their end, since a notification right before a
// result may be lost.
func progress(ctx context.Context) func(done, total int, what string) {
	tell, _ := ctx.Value(progressKey{}).(func(int, int, string))
	return tell
}

// withProgress returns a context in which progress reaches the client of a request.
func withProgress(ctx context.Context, r mcp.CallToolRequest) context.Context {
	s := server.ServerFromContext(ctx)
	if s == nil || r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
		return ctx
	}
	var mu sync.Mutex
	last := 0
	return context.WithValue(ctx, progressKey{}, func(done, total int, what string) {
		mu.Lock()
		defer mu.Unlock()
		if done <= last { // requests run side by side, but progress must grow
			return
		}
		last = done
		step := map[string]any{
			"progressToken": r.Params.Meta.ProgressToken, "progress": done, "total": total, "message": what,
		}
		if client, ok := server.ClientSessionFromContext(ctx).(interface{ Notify(string, map[string]any) }); ok {
			client.Notify("notifications/progress", step) // at once, where the library would queue it
			return
		}
		// a client that cannot be reached goes without
		_ = s.SendNotificationToClient(ctx, "notifications/progress", step)
	})
}
