package tools

import (
	"context"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

// mostCompletions is how many values the protocol takes.
const mostCompletions = 100

// completer offers values for the arguments of prompts and resources, by their
// names alone, since a name means the same everywhere.
type completer struct {
	Config
	options   map[string][]string // of arguments with a closed set
	agents    memory[talkover.AgentInfo]
	campaigns memory[talkover.Campaign]
}

func newCompleter(c Config) (*completer, error) {
	input, err := schema.NewInput[callFilters]()
	if err != nil {
		return nil, err
	}
	k := &completer{Config: c, options: map[string][]string{}}
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

// complete never fails: no completion is better than an error at each key.
func (k *completer) complete(ctx context.Context, a mcp.CompleteArgument) *mcp.Completion {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	c, err := k.of(ctx)
	if err != nil {
		return &mcp.Completion{}
	}
	m := mask(c.MaskNumbers)
	typed := strings.ToLower(strings.TrimSpace(a.Value))
	var values []string
	add := func(value string, known ...string) {
		if value != "" && !slices.Contains(values, value) && slices.ContainsFunc(known, func(s string) bool { return strings.Contains(strings.ToLower(s), typed) }) {
			values = append(values, value)
		}
	}
	switch a.Name {
	case "agent", "agent_id":
		for _, agent := range k.agents.get(c.Client, func() (talkover.All[talkover.AgentInfo], error) { return c.readAgents(ctx) }) {
			value := agent.ID
			if a.Name == "agent" {
				value = m.words(agent.Display())
			}
			add(value, agent.ID, agent.Name, agent.Label) // an id is found by the name
		}
	case "campaign":
		for _, campaign := range k.campaigns.get(c.Client, func() (talkover.All[talkover.Campaign], error) { return c.readCampaigns(ctx) }) {
			add(m.words(campaign.Name), campaign.Name)
		}
	default:
		for _, o := range k.options[a.Name] {
			add(o, o)
		}
	}
	shown := values[:min(len(values), mostCompletions)]
	return &mcp.Completion{Values: shown, Total: len(values), HasMore: len(shown) < len(values)}
}
