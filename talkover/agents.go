package talkover

import "context"

// AgentInfo is one row of the list of agents, without the kilobytes of voice,
// trainings and prompts that come with it. Strings are cleaned (see [Clean]).
type AgentInfo struct {
	Agent
	Direction string
	Status    string // the vendor's current_status
	Language  string
}

// AgentQuery holds the parameters of List Agents. A zero field is not sent.
type AgentQuery struct {
	Status    string // draft or published
	Direction string
	Search    string // part of a name or label
	PerPage   int    // 1 to MaxPerPage
	Page      int    // from 1
}

// AgentPage is one page of the list of agents.
type AgentPage struct {
	Agents     []AgentInfo
	Pagination *Pagination // nil where the API did not say
	Unreadable int         // rows that were no agent at all
}

// ListAgents fetches one page of the account's agents. Deleted ones are not in
// it. The error is an [*Error], or that of ctx.
func (c *Client) ListAgents(ctx context.Context, q AgentQuery) (AgentPage, error) {
	v := values(map[string]string{"status": q.Status, "direction": q.Direction, "search": q.Search}, q.PerPage, q.Page)
	return getList(ctx, c, "agents", v, func() *agentRows { return new(agentRows) }, func(rows *agentRows, p *Pagination) AgentPage {
		return AgentPage{Agents: rows.agents, Pagination: p, Unreadable: rows.unreadable}
	})
}

// agentRows is the [list] of an answer of List Agents.
type agentRows struct {
	agents     []AgentInfo
	unreadable int
}

func (l *agentRows) reset() { *l = agentRows{} }

func (l *agentRows) row(d decoder) error {
	var a AgentInfo
	ok, err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "id":
			_, err = d.text(maxID, &a.ID)
		case "name":
			_, err = d.text(maxName, &a.Name)
		case "label":
			_, err = d.text(maxName, &a.Label)
		case "direction":
			_, err = d.text(maxStatus, &a.Direction)
		case "current_status":
			_, err = d.text(maxStatus, &a.Status)
		case "language":
			_, err = d.text(maxStatus, &a.Language)
		default:
			err = d.SkipValue()
		}
		return err
	})
	if ok {
		l.agents = append(l.agents, a)
	} else {
		l.unreadable++
	}
	return err
}
