package tools

import (
	"context"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

type agentFilters struct {
	Status    string `json:"status,omitempty" jsonschema:"enum=draft,enum=published" jsonschema_description:"Only agents in this status." alias:"state,current_status"`
	Direction string `json:"direction,omitempty" jsonschema:"enum=inbound,enum=outbound" jsonschema_description:"Only agents that take calls or make them." alias:"type"`
	Search    string `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a name or label." alias:"q,query,name,label,agent,agent_name,filter"`
}

func (f agentFilters) String() string {
	return filterText("status", f.Status, "direction", f.Direction, "search", quoted(f.Search))
}

type listAgentsInput struct {
	agentFilters
	pageInput
}

type listAgentsOutput = listing[agentFilters, listAgentsInput]

// agentColumns are the columns of a table of agents. Those that a long page has no
// room for go from the end.
var agentColumns = []string{"agent", "agent_id", "direction", "status", "numbers", "name", "language"}

// listAgents is the tool for who makes and takes calls, and their ids.
func listAgents() tool[listAgentsInput, *listAgentsOutput] {
	return tool[listAgentsInput, *listAgentsOutput]{
		name:        "list_agents",
		title:       "List agents",
		description: "Lists the account's AI voice agents with their agent_id, which the filters of the other tools take, and phone numbers.",
		limit:       pageTime,
		run: func(ctx context.Context, c Config, in listAgentsInput) (*listAgentsOutput, error) {
			in.pageInput = in.whole()
			page, err := c.Client.ListAgents(ctx, talkover.AgentQuery{
				Status: in.Status, Direction: in.Direction, Search: in.Search, PerPage: in.PerPage, Page: in.Page,
			})
			if err != nil {
				return nil, err
			}
			return c.listAgentsAnswer(in, page), nil
		},
	}
}

func (c Config) listAgentsAnswer(in listAgentsInput, page talkover.Page[talkover.AgentInfo]) *listAgentsOutput {
	m := mask(c.MaskNumbers)
	in.Search = m.search(in.Search)
	out := &listAgentsOutput{thing: "agent", Filters: echo[agentFilters]{in.agentFilters}, Columns: agentColumns, Rows: []row{}, frame: c.frame()}
	for _, a := range page.Rows[:min(len(page.Rows), in.PerPage)] {
		numbers := make([]string, len(a.Numbers))
		for i, n := range a.Numbers {
			numbers[i] = m.number(n)
		}
		out.Rows = append(out.Rows, row{
			m.words(a.Display()), a.ID, a.Direction, a.Status, strings.Join(numbers, " "), m.words(a.Name), a.Language,
		})
	}
	if next := out.place(&out.frame, in.pageInput, len(out.Rows), "agents", page.Pagination); next != 0 {
		in.Page, out.next = next, next
		out.Next = &echo[listAgentsInput]{in}
	}
	out.noteRows(page.Unreadable, 0)
	out.fit(2)
	return out
}
