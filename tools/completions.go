package tools

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// mostCompletions bounds the values of a completion (MCP, completion/complete).
const mostCompletions = 100

// completer offers values for the arguments of prompts and resources. It looks at the
// name of an argument alone, since a name means the same everywhere.
type completer struct {
	*questions
	options map[string][]string // of the arguments that take one of a list
}

func newCompleter(qs *questions) *completer {
	k := &completer{questions: qs, options: map[string][]string{}}
	filters, mirrored := schema.NewInput[query.Filters](), schema.NewInput[callFilters]()
	for _, a := range slices.Concat(filters.Arguments(), mirrored.Arguments()) {
		k.options[a.Name] = a.Options
	}
	return k
}

// CompletePromptArgument implements [server.PromptCompletionProvider].
func (k *completer) CompletePromptArgument(ctx context.Context, _ string, a mcp.CompleteArgument,
	_ mcp.CompleteContext) (*mcp.Completion, error) {
	return k.complete(ctx, a), nil
}

// CompleteResourceArgument implements [server.ResourceCompletionProvider].
func (k *completer) CompleteResourceArgument(ctx context.Context, _ string, a mcp.CompleteArgument,
	_ mcp.CompleteContext) (*mcp.Completion, error) {
	return k.complete(ctx, a), nil
}

// complete never fails: offering nothing is better than an error at each key.
func (k *completer) complete(ctx context.Context, a mcp.CompleteArgument) *mcp.Completion {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	q, err := k.open(ctx, nil)
	if err == nil && !k.mayAs(ctx, roleRead) {
		err = answer.Refuse("forbidden", "")
	}
	k.audit(ctx, completion, err)
	if err != nil {
		return &mcp.Completion{}
	}
	typed := strings.ToLower(strings.TrimSpace(a.Value))
	if q.Masked && answer.CountDigits(typed) > 0 { // it would tell which digits are in a name; see CheckSearch
		return &mcp.Completion{}
	}
	var values []string
	// add offers a value if what was typed fits one of its names.
	add := func(value any, names ...string) {
		fits := func(name string) bool { return strings.Contains(strings.ToLower(name), typed) }
		if !slices.ContainsFunc(names, fits) {
			return
		}
		if s := string(answer.Say(q.Masked, "%s", value)); s != "" && !slices.Contains(values, s) {
			values = append(values, s)
		}
	}
	switch a.Name {
	case "agent", "agent_id": // people type the name
		agents := q.Agents.Offer(q.Client, q.AllAgents(ctx))
		shown := answer.NewLabels(answer.AgentsOf(agents)...)
		for _, agent := range agents {
			var value any = shown.Show(agent.Agent)
			if a.Name == "agent_id" {
				value = answer.OpaqueID(agent.ID)
			}
			add(value, agent.ID, agent.Name, agent.Label)
		}
	case "campaign":
		for _, campaign := range q.Campaigns.Offer(q.Client, q.AllCampaigns(ctx)) {
			add(campaign.Name, campaign.Name)
		}
	case "date", "date_from", "date_to": // today, yesterday, and where weeks and months begin or end
		for _, p := range query.Periods {
			first, last := p.Days(q.Now)
			if a.Name == "date_to" {
				first = min(last, schema.Date(q.Now.Format(time.DateOnly)))
			}
			add(string(first), string(first), string(p))
		}
	default:
		for _, o := range k.options[a.Name] {
			add(o, o)
		}
	}
	shown := values[:min(len(values), mostCompletions)]
	return &mcp.Completion{Values: shown, Total: len(values), HasMore: len(shown) < len(values)}
}
