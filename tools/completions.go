package tools

import (
	"context"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

// mostCompletions bounds the values of a completion (MCP, completion/complete).
const mostCompletions = 100

// completer offers values for the arguments of prompts and resources. It looks at the
// name of an argument alone, since a name means the same everywhere.
type completer struct {
	*questions
	options   map[string][]string // of the arguments that take one of a list
	agents    memory[talkover.AgentInfo]
	campaigns memory[talkover.Campaign]
}

func newCompleter(qs *questions) (*completer, error) {
	input, err := schema.NewInput[callFilters]()
	if err != nil {
		return nil, err
	}
	k := &completer{
		questions: qs, options: map[string][]string{},
		agents: newMemory[talkover.AgentInfo](), campaigns: newMemory[talkover.Campaign](),
	}
	for _, a := range input.Arguments() {
		k.options[a.Name] = a.Options
	}
	return k, nil
}

// CompletePromptArgument implements [server.PromptCompletionProvider].
func (k *completer) CompletePromptArgument(ctx context.Context, _ string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return k.complete(ctx, a), nil
}

// CompleteResourceArgument implements [server.ResourceCompletionProvider].
func (k *completer) CompleteResourceArgument(ctx context.Context, _ string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return k.complete(ctx, a), nil
}

// complete never fails: offering nothing is better than an error at each key.
func (k *completer) complete(ctx context.Context, a mcp.CompleteArgument) *mcp.Completion {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	q, err := k.open(ctx, nil)
	if err != nil || !k.mayAs(ctx, roleRead) {
		return &mcp.Completion{}
	}
	typed := strings.ToLower(strings.TrimSpace(a.Value))
	if q.masked && countDigits(typed) > 0 { // it would tell which digits are in a name; see checkSearch
		return &mcp.Completion{}
	}
	var values []string
	// add offers a value if what was typed fits one of the names it is known by.
	add := func(value any, known ...string) {
		fits := func(name string) bool { return strings.Contains(strings.ToLower(name), typed) }
		if !slices.ContainsFunc(known, fits) {
			return
		}
		if s := string(say(q.masked, "%s", value)); s != "" && !slices.Contains(values, s) {
			values = append(values, s)
		}
	}
	switch a.Name {
	case "agent":
		for _, agent := range k.agents.get(ctx, q.client, q.readAgents) {
			add(agent.Display(), agent.ID, agent.Name, agent.Label)
		}
	case "agent_id": // people type the name
		for _, agent := range k.agents.get(ctx, q.client, q.readAgents) {
			add(handle(agent.ID), agent.ID, agent.Name, agent.Label)
		}
	case "campaign":
		for _, campaign := range k.campaigns.get(ctx, q.client, q.readCampaigns) {
			add(campaign.Name, campaign.Name)
		}
	default:
		for _, o := range k.options[a.Name] {
			add(o, o)
		}
	}
	shown := values[:min(len(values), mostCompletions)]
	return &mcp.Completion{Values: shown, Total: len(values), HasMore: len(shown) < len(values)}
}

const (
	rememberFor    = time.Minute
	mostRemembered = 64 // accounts whose names are remembered
)

// memory remembers the names of accounts for a minute, so that a completion, which
// hosts ask for at each key, seldom costs a request. Of a list that could not be
// read to its end, it has what came before, until then.
//
// It is no expirable.LRU: that one (golang-lru 2.0.7) starts a goroutine that never ends,
// so TestCompletionsAreRememberedAndBounded, which runs in a bubble of synctest, fails.
type memory[T any] struct {
	accounts *lru.Cache[*talkover.Client, remembered[T]]
}

type remembered[T any] struct {
	names []T
	until time.Time
}

func newMemory[T any]() memory[T] {
	accounts, _ := lru.New[*talkover.Client, remembered[T]](mostRemembered) // fails only for a size below 1
	return memory[T]{accounts}
}

// get returns the names of an account. If it remembers none, it has read read them.
func (m memory[T]) get(ctx context.Context, account *talkover.Client, read func(context.Context) (talkover.All[T], error)) []T {
	known, ok := m.accounts.Get(account)
	if ok && time.Now().Before(known.until) {
		return known.names
	}
	all, _ := read(ctx)
	m.accounts.Add(account, remembered[T]{all.Rows, time.Now().Add(rememberFor)})
	return all.Rows
}
