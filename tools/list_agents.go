package tools

import (
	"context"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

type agentFilters struct {
	Status    agentStatus `json:"status,omitempty" jsonschema_description:"Only agents in this status." alias:"state,current_status"`
	Direction direction   `json:"direction,omitempty" jsonschema_description:"Only agents that take calls or make them." alias:"type"`
	Search    needle      `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a name or label." alias:"q,query,name,label,agent,agent_name,filter"`
}

type agentStatus string // of talkover.AgentStatuses

// JSONSchema implements the hook of invopop/jsonschema.
func (agentStatus) JSONSchema() *jsonschema.Schema { return schema.OneOf(talkover.AgentStatuses) }

type listAgentsInput struct {
	agentFilters
	pageInput
}

// named implements [namer].
func (in listAgentsInput) named() needle { return in.Search }

// turn returns the arguments of another page.
func (in listAgentsInput) turn(page pageInput) listAgentsInput {
	in.pageInput = page
	return in
}

type listAgentsOutput = listing[agentFilters, listAgentsInput]

// agentColumns lists the columns of a table of agents. A long page has no room for the
// last ones.
var agentColumns = []column[talkover.AgentInfo]{
	{"agent", func(a talkover.AgentInfo) cell { return words(a.Display()) }},
	{"agent_id", func(a talkover.AgentInfo) cell { return handle(a.ID) }},
	{"direction", func(a talkover.AgentInfo) cell { return words(a.Direction) }},
	{"status", func(a talkover.AgentInfo) cell { return words(a.Status) }},
	{"numbers", func(a talkover.AgentInfo) cell { return newPhones(a.Numbers) }},
	{"name", func(a talkover.AgentInfo) cell { return words(a.Name) }},
	{"language", func(a talkover.AgentInfo) cell { return words(a.Language) }},
}

// listAgents makes the tool that lists the agents, their ids and their numbers.
func listAgents() tool[listAgentsInput, *listAgentsOutput] {
	return tool[listAgentsInput, *listAgentsOutput]{
		name:        "list_agents",
		title:       "List agents",
		description: "Lists the account's AI voice agents with their agent_id, which the filters of the other tools take, and phone numbers.",
		limit:       pageTime,
		run: func(ctx context.Context, q *question, in listAgentsInput) (*listAgentsOutput, error) {
			in = in.turn(in.whole())
			page, err := q.client.ListAgents(ctx, talkover.AgentQuery{
				Status: string(in.Status), Direction: string(in.Direction), Search: string(in.Search), PerPage: in.PerPage, Page: in.Page,
			})
			if err != nil {
				return nil, err
			}
			out, _ := newListing(q.frame(), list[talkover.AgentInfo, agentFilters]{
				thing: "agent", columns: agentColumns, review: noteNumbers, least: 2,
			}, in.agentFilters, in.pageInput, page, in.turn)
			return &out, nil
		},
	}
}

// noteNumbers says how many phone numbers are not in the rows.
func noteNumbers(f *frame, agents []talkover.AgentInfo) []talkover.AgentInfo {
	more := 0
	for _, a := range agents {
		more += a.MoreNumbers
	}
	if more > 0 {
		f.note("%s left out: of each agent the first %d are here.", plural(more, "phone number is", "phone numbers are"), talkover.MaxNumbers)
	}
	return agents
}
