// Package tools is what a model can ask of a Talkover account. Each tool has a
// file: its words, input, output and handler.
package tools

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

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

	// ClientOf finds the account of a call, where each call brings its own; then
	// Client is not used. Its error is put into words for the model: ErrNoToken
	// where a call brought none.
	ClientOf func(context.Context) (*talkover.Client, error)

	// MaskNumbers hides phone numbers in answers but for their last four digits.
	MaskNumbers bool
}

// ErrNoToken is of a call that must bring a Talkover token and did not.
var ErrNoToken = errors.New("the call brought no Talkover token")

// of is the configuration for one call: the account is that of its caller.
func (c Config) of(ctx context.Context) (Config, error) {
	if c.ClientOf == nil {
		return c, nil
	}
	var err error
	c.Client, err = c.ClientOf(ctx)
	return c, err
}

// New makes an MCP server with all tools. It fails where a tool's schema breaks
// a rule of the dialect.
func New(c Config) (*server.MCPServer, error) {
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	name, title := "talkover", "Talkover call log"
	if c.Demo {
		name, title = "talkover-demo", "Talkover call log (demo)"
	}
	hooks := &server.Hooks{}
	// A server may run for weeks, so its date is told anew at each greeting.
	hooks.AddAfterInitialize(func(_ context.Context, _ any, _ *mcp.InitializeRequest, r *mcp.InitializeResult) {
		r.Instructions = c.instructions()
	})
	hooks.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, r *mcp.DiscoverResult) {
		r.Instructions = c.instructions()
	})
	s := server.NewMCPServer(name, c.Version,
		server.WithTitle(title),
		server.WithToolCapabilities(false),
		server.WithInstructions(c.instructions()),
		server.WithHooks(hooks),
		server.WithMethodCacheHints(mcp.MethodToolsList, time.Hour.Milliseconds(), mcp.CacheScopePublic),
	)
	// Every tool stands here, once.
	for _, t := range []interface {
		register(*server.MCPServer, Config) error
	}{
		listCalls(),
		findCalls(),
		getCallStats(),
	} {
		if err := t.register(s, c); err != nil {
			return nil, fmt.Errorf("tools: %w", err)
		}
	}
	return s, nil
}

//go:embed instructions.md
var instructions string

// instructions is what a model is told once, before its first question.
func (c Config) instructions() string {
	demo := ""
	if c.Demo {
		demo = " " + demoNote
	}
	return strings.NewReplacer(
		"{{demo}}", demo,
		"{{today}}", c.Now().In(c.Zone).Format("Monday, 2006-01-02"),
		"{{zone}}", c.Zone.String(),
	).Replace(instructions)
}
