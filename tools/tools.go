// Package tools is what a model can ask of a Talkover account. Each tool has a
// file: its words, input, output and handler.
package tools

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"slices"
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

	accounts *accounts // made by New
}

// Observer is told when an operation begins: a method of MCP, the name of the tool
// or resource, and the _meta of the request. What it returns is the context in
// which the operation goes on, and who is told how it ended: "ok", or a word for
// why not.
type Observer func(ctx context.Context, method, name string, meta map[string]any) (context.Context, func(outcome string))

// of returns the configuration for one call, in which Client is that of its caller.
func (c Config) of(ctx context.Context) (Config, error) {
	var err error
	c.Client, err = c.accounts.of(ctx)
	return c, err
}

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

// New makes an MCP server with all tools, prompts and resources. It fails where a
// schema breaks a rule of the dialect.
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
	c.accounts = newAccounts(c)
	hooks := &server.Hooks{}
	// A server may run for weeks, so its date is told anew at each greeting.
	hooks.AddAfterInitialize(func(_ context.Context, _ any, _ *mcp.InitializeRequest, r *mcp.InitializeResult) {
		r.Instructions = c.instructions()
	})
	hooks.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, r *mcp.DiscoverResult) {
		r.Instructions = c.instructions()
	})
	completer, err := newCompleter(c)
	if err != nil {
		return nil, fmt.Errorf("tools: %w", err)
	}
	hour := time.Hour.Milliseconds()
	s := server.NewMCPServer(name, c.Version,
		server.WithTitle(title),
		server.WithToolCapabilities(false),
		server.WithPromptCapabilities(false),
		server.WithResourceCapabilities(false, false),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(completer),
		server.WithResourceCompletionProvider(completer),
		server.WithInstructions(c.instructions()),
		server.WithHooks(hooks),
		server.WithMethodCacheHints(mcp.MethodToolsList, hour, mcp.CacheScopePublic),
		server.WithMethodCacheHints(mcp.MethodPromptsList, hour, mcp.CacheScopePublic),
		server.WithMethodCacheHints(mcp.MethodResourcesList, hour, mcp.CacheScopePublic),
		server.WithMethodCacheHints(mcp.MethodResourcesTemplatesList, hour, mcp.CacheScopePublic),
	)
	for _, r := range c.all() {
		if err := r.register(s, c); err != nil {
			return nil, fmt.Errorf("tools: %w", err)
		}
	}
	if err := c.addResources(s); err != nil {
		return nil, fmt.Errorf("tools: %w", err)
	}
	return s, nil
}

// registrar is a tool or a prompt.
type registrar interface {
	register(*server.MCPServer, Config) error
}

// all is every tool and prompt, once.
func (c Config) all() []registrar {
	all := []registrar{
		listCalls(),
		findCalls(),
		getCallStats(),
		getCall(),
		listAgents(),
		listCampaigns(),

		dailyReport(),
		reviewMissedCalls(),
		compareAgents(),
		contactHistory(),
		weeklyTrend(),
		campaignReview(),
	}
	if c.AllowCalls {
		all = append(all, makeCall(&hourly{most: c.MaxCallsPerHour}))
	}
	return all
}

//go:embed instructions.md
var instructions string

// instructions is what a model is told once, before its first question.
func (c Config) instructions() string {
	demo := ""
	if c.Demo {
		demo = " " + demoNote
	}
	calls := ""
	if c.AllowCalls {
		calls = " make_call rings a real person: only where the user asked for that very call."
	}
	return strings.NewReplacer(
		"{{demo}}", demo,
		"{{make_call}}", calls,
		"{{today}}", c.Now().In(c.Zone).Format("Monday, 2006-01-02"),
		"{{zone}}", c.Zone.String(),
	).Replace(instructions)
}
