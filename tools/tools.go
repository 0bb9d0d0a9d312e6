// Package tools holds what a model can ask of a Talkover account. Each tool has a file:
// its words, input, output and handler.
//
// A call takes this way. tool.go decodes the arguments into the input of the tool and opens
// a question (package query), which has the caller's account, the zone and the moment. The
// tool asks package talkover, or stats for what takes many requests. It lays what comes
// back out in tables, on pages and between notes, in as many tokens as there is room for
// (package answer). tool.go then masks phone numbers in this structure, and has the text made
// of it. An error goes back in words that a model can act on. Calls are placed by package
// makecall.
//
// These words have one meaning each:
//
//	call       a phone call, as the API lists it
//	agent      an AI voice agent of the account
//	contact    the other party of a call
//	line       our own number in a call
//	page       rows that are asked for at once
//	row        a line of a table: a call, an agent, or a group of calls
//	matched    how many rows the API says that there are
//	filter     an argument that says which calls a question is about
//	dimension  what groups of calls differ in, such as the day
//	metric     a figure of calls, such as answer_rate
//	coverage   which calls an answer rests on, and whether these are all
//	talk time  seconds of answered calls
package tools

import (
	"context"
	_ "embed"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// New makes an MCP server with all tools, prompts and resources.
func New(c Config) *server.MCPServer {
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logs == nil {
		c.Logs = calls.New(calls.Options{Now: c.Now})
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	name, title := c.named()
	qs := &questions{Config: c, accounts: newAccounts(c), names: query.NewNames(), takes: map[string][]string{}}
	hooks := &server.Hooks{}
	hooks.AddOnRequestInitialization(boundURI)
	hooks.AddBeforeReadResource(keepPlus)
	// A server may run for weeks, so each greeting tells the date of that day.
	hooks.AddAfterInitialize(func(ctx context.Context, _ any, _ *mcp.InitializeRequest, r *mcp.InitializeResult) {
		r.Instructions, r.ServerInfo = c.instructions(ctx), c.introduce()
	})
	hooks.AddAfterDiscover(func(ctx context.Context, _ any, _ *mcp.DiscoverRequest, r *mcp.DiscoverResult) {
		r.Instructions = c.instructions(ctx)
		r.EnsureResultMeta().SetServerInfo(c.introduce())
	})
	completer := newCompleter(qs)
	options := []server.ServerOption{
		server.WithTitle(title),
		server.WithToolCapabilities(false),
		server.WithPromptCapabilities(false),
		server.WithResourceCapabilities(false, false),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(completer),
		server.WithResourceCompletionProvider(completer),
		server.WithInstructions(c.instructions(context.Background())),
		server.WithHooks(hooks),
	}
	s := server.NewMCPServer(name, c.Version, slices.Concat(options, c.listed(), c.charts(), qs.byRole(hooks))...)
	for _, r := range slices.Concat(c.tools(), c.prompts()) {
		r.register(s, qs)
	}
	qs.auditUnknown(hooks, func(name string) bool { return s.GetTool(name) != nil })
	addResources(s, qs)
	return s
}

// registrar is a tool or a prompt.
type registrar interface {
	register(*server.MCPServer, *questions)
	row() (name string, counts bool) // counts: its answers say how exact they are
}

// tools lists every tool; mcp-go sorts them by name.
func (c Config) tools() []registrar {
	all := []registrar{
		listCalls, findCalls, getCallStats, getCall, listAgents, listCampaigns, listNumbers,
	}
	if c.AllowCalls {
		all = append(all, makeCall(c))
	}
	return all
}

// prompts lists every prompt.
func (Config) prompts() []registrar {
	return []registrar{
		dailyReport, reviewMissedCalls, clientReport, compareAgents, contactHistory, weeklyTrend, campaignReview,
	}
}

// The golden files in testdata, the tables and answers in README.md and docs/, and the tokens
// in docs/comparison.md and bench/README.md are made of what the server says.
//
//go:generate go test . -run ^Test(Questions|ToolsAsModelsSeeThem|DocumentsShowWhatThereIs)$ -update
//go:generate go -C ../bench test -count=1 -run ^TestSize$ -update

//go:embed instructions.md
var instructions string

// instructions writes what a model is told once, before its first question.
func (c Config) instructions(ctx context.Context) string {
	demo := ""
	if c.Demo {
		demo = " " + answer.DemoNote
	}
	calls := ""
	if c.AllowCalls && c.mayAs(ctx, rolePlace) {
		calls = " make_call rings a real person: only where the user asked for that very call."
	}
	return strings.NewReplacer(
		"{{demo}}", demo,
		"{{make_call}}", calls,
		"{{today}}", c.Now().In(c.Zone).Format("Monday, 2006-01-02"),
		"{{zone}}", c.Zone.String(),
	).Replace(instructions)
}
