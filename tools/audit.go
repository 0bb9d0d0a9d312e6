package tools

import (
	"context"
	"errors"
	"log/slog"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/makecall"
)

// audit logs a line about one call of a tool or one read of a resource: who, what and how
// it ended, but nothing of what was asked or answered. The log adds the caller and the id
// of the request. A call that a user is asked about first has a line for each round. With
// [Config.QuietAudit] each line is at debug.
func (qs *questions) audit(ctx context.Context, what string, err error, about ...slog.Attr) {
	level := slog.LevelInfo
	if needs := (*makecall.NeedsInput)(nil); qs.QuietAudit {
		level = slog.LevelDebug
	} else if err != nil && !errors.As(err, &needs) {
		level = slog.LevelWarn
	}
	record := append([]slog.Attr{slog.Bool("audit", true)}, about...)
	if cause := talkover.CauseOf(err); cause.Name != "" {
		record = append(record, slog.String("cause", cause.Name))
	}
	qs.Log.LogAttrs(ctx, level, what, append(record, slog.String("outcome", answer.Outcome(err)))...)
}

// Lines of the audit.
const (
	toolCall     = "tool call"
	resourceRead = "resource read"
	completion   = "completion"
)

// ringing is the input of a tool that has a number called.
type ringing interface{ Rings() string }

// alias returns what logs may show in place of a phone number: the same for the same
// number. It is empty without [Config.Alias].
func (c Config) alias(number string) string {
	if c.Alias == nil || number == "" {
		return ""
	}
	return c.Alias(number)
}

// auditUnknown logs calls of tools that there are not, or not for the caller. mcp-go
// hands them to no tool.
func (qs *questions) auditUnknown(hooks *server.Hooks, exists func(name string) bool) {
	hooks.AddOnError(func(ctx context.Context, _ any, method mcp.MCPMethod, message any, err error) {
		r, ok := message.(*mcp.CallToolRequest)
		if !ok || method != mcp.MethodToolsCall || !errors.Is(err, server.ErrToolNotFound) {
			return
		}
		name, why := "unknown", answer.Refuse("unknown_tool", "there is no such tool") // the name could be anything
		if exists(r.Params.Name) {
			name, why = r.Params.Name, answer.Refuse("forbidden", "")
		}
		qs.observe(name)(answer.Outcome(why))
		qs.audit(ctx, toolCall, why, slog.String("tool", name))
	})
}
