package tools

import (
	"context"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

type agentFilters struct {
	Status    agentStatus       `json:"status,omitempty" desc:"Only agents in this status."`
	Direction query.Direction   `json:"direction,omitempty" desc:"Only agents that take calls or make them."`
	Search    answer.SearchTerm `json:"search,omitempty" jsonschema:"maxLength=100" masked:"name"`
}

// Tags implements [schema.Tagged].
func (agentFilters) Tags() schema.Tags {
	return schema.Tags{
		"status":    `alias:"state,current_status"`,
		"direction": `alias:"type"`,
		"search":    `desc:"Part of a name or label." alias:"q,query,name,label,agent,agent_name,filter"`,
	}
}

type agentStatus string // of talkover.AgentStatuses

// JSONSchema implements the hook of invopop/jsonschema.
func (agentStatus) JSONSchema() *jsonschema.Schema { return schema.OneOf(talkover.AgentStatuses) }

type listAgentsInput struct {
	agentFilters
	answer.PageInput
}

type listAgentsOutput = answer.Listing[agentFilters, listAgentsInput]

// agentColumns lists the columns of a table of agents. A long page has no room for the
// last ones.
func agentColumns(a talkover.AgentInfo, add func(string, answer.Cell)) {
	add("agent", answer.ForeignText(a.Display()))
	add("agent_id", answer.OpaqueID(a.ID))
	add("direction", answer.ForeignText(a.Direction))
	add("status", answer.ForeignText(a.Status))
	add("numbers", answer.NewPhones(a.Numbers))
	add("name", answer.ForeignText(a.Name))
	add("language", answer.ForeignText(a.Language))
}

// listAgents is the tool that lists the agents, their ids and their numbers.
var listAgents = tool[listAgentsInput, *listAgentsOutput]{
	name:  "list_agents",
	title: "List agents",
	description: "Lists the account's AI voice agents with their agent_id, which the filters of the other tools " +
		"take, and phone numbers.",
	limit: pageTime,
	run: func(ctx context.Context, q *query.Question, in listAgentsInput) (*listAgentsOutput, error) {
		in.At()
		page, err := q.Client.ListAgents(ctx, talkover.AgentQuery{
			Status: string(in.Status), Direction: string(in.Direction), Search: string(in.Search),
			PerPage: in.PerPage, Page: in.Page,
		})
		if err != nil {
			return nil, err
		}
		out, _ := answer.NewListing(q.Frame(), answer.List[talkover.AgentInfo, agentFilters]{
			Thing: "agent", Columns: agentColumns, Review: noteNumbers, Least: 2,
		}, in.agentFilters, in, page)
		return &out, nil
	},
}

// noteNumbers says how many phone numbers are not in the rows.
func noteNumbers(f *answer.Frame, agents []talkover.AgentInfo) []talkover.AgentInfo {
	more := 0
	for _, a := range agents {
		more += a.MoreNumbers
	}
	if more > 0 {
		f.Note("%s left out: of each agent the first %d are here.",
			answer.Plural(more, "phone number is", "phone numbers are"), talkover.MaxNumbers)
	}
	return agents
}
