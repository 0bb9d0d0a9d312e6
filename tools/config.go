package tools

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/talkover"
)

// Config is what the tools work with.
type Config struct {
	Client  *talkover.Client // the account; needed to call tools, not to list them
	Version string           // of this program
	Zone    *time.Location   // in which answers show times; UTC if nil
	Now     func() time.Time // time.Now if nil
	Demo    bool             // the account is invented, and every answer must say so
	Log     *slog.Logger     // a line for each call; none if nil

	// TokenOf returns the Talkover token that a call brought, the zero Secret if it
	// brought none. Where it is set, each call works with the account of its token,
	// by a client like Client; where it is nil, all calls share Client.
	TokenOf func(context.Context) talkover.Secret

	// AllowCalls adds make_call, which places up to MaxCallsPerHour calls in any
	// hour. They cost money and ring people: whoever can reach the server must be
	// somebody who was let in.
	AllowCalls      bool
	MaxCallsPerHour int

	// MaskNumbers hides phone numbers in answers but for their last four digits.
	MaskNumbers bool

	// Observers are told of each operation, in this order.
	Observers []Observer
}

// Observer is told when an operation begins: a method of MCP, the name of the tool
// or resource, and the _meta of the request. What it returns is the context in
// which the operation goes on, and who is told how it ended: "ok", or a word for
// why not.
type Observer func(ctx context.Context, method, name string, meta map[string]any) (context.Context, func(outcome string))

// observe tells all observers.
func (c Config) observe(ctx context.Context, method mcp.MCPMethod, name string, meta *mcp.Meta) (context.Context, func(outcome string)) {
	var fields map[string]any
	if meta != nil {
		fields = meta.AdditionalFields
	}
	ends := make([]func(string), len(c.Observers))
	for i, begin := range c.Observers {
		ctx, ends[i] = begin(ctx, string(method), name, fields)
	}
	return ctx, func(outcome string) {
		for _, end := range slices.Backward(ends) {
			end(outcome)
		}
	}
}
