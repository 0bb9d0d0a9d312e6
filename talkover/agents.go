package talkover

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
)

// The statuses of an agent.
const (
	AgentDraft     = "draft" // has no calls and can place none
	AgentPublished = "published"
)

// AgentStatuses lists the values of the status filter of List Agents. Do not change it.
var AgentStatuses = []string{AgentDraft, AgentPublished}

// Agent names the agent that made or took a call.
type Agent struct {
	ID    string `api:"id,64"`
	Name  string `api:"name,120"`
	Label string `api:"label,120"` // for display
}

// Display returns the label, or where there is none the name or the id; it is
// empty for no agent.
func (a Agent) Display() string { return cmp.Or(a.Label, a.Name, a.ID) }

// AgentInfo holds one row of the list of agents, without its kilobytes of voice,
// trainings and prompts. Strings are cleaned (see [Clean]).
type AgentInfo struct {
	Agent
	Direction    string `api:"direction,32"`      // one of Directions
	Status       string `api:"current_status,32"` // one of AgentStatuses
	Language     string `api:"language,32"`       // as the API writes it, such as en
	PhoneNumbers `api:"phone_numbers"`
}

// PhoneNumbers holds the phone numbers of an agent.
type PhoneNumbers struct {
	Numbers     []string // E.164, those that the agent answers or calls from; at most MaxNumbers
	MoreNumbers int      // beyond Numbers
}

// MaxNumbers bounds the phone numbers of an agent that are kept.
const MaxNumbers = 20

// read implements [reader]. A number is an object, or bare.
func (n *PhoneNumbers) read(d decoder) (bool, error) {
	*n = PhoneNumbers{}
	return d.array(func() error {
		var row struct {
			Number string `api:"number,40"`
		}
		var err error
		if d.PeekKind() == '{' {
			_, _, err = d.fill(&row)
		} else {
			_, err = d.value(&row.Number, maxNumber)
		}
		switch {
		case row.Number == "":
		case len(n.Numbers) == MaxNumbers:
			n.MoreNumbers++
		default:
			n.Numbers = append(n.Numbers, row.Number)
		}
		return err
	})
}

// Key returns the id; it is empty for a row without one.
func (a AgentInfo) Key() string { return a.ID }

// AgentQuery holds the parameters of List Agents. A zero field is not sent.
type AgentQuery struct {
	Status    string `param:"status"`    // one of AgentStatuses
	Direction string `param:"direction"` // one of Directions
	Search    string `param:"search"`    // part of a name or label
	PerPage   int    `param:"per_page"`  // 1 to MaxPerPage
	Page      int    `param:"page"`      // from 1
}

// onPage asks for a full page.
func (q AgentQuery) onPage(n int) AgentQuery {
	q.Page, q.PerPage = n, MaxPerPage
	return q
}

// ListAgents fetches one page of the account's agents. Deleted ones are not in
// it. The error is an [*Error], or that of ctx.
func (c *Client) ListAgents(ctx context.Context, q AgentQuery) (Page[AgentInfo], error) {
	return getList(ctx, c, "agents", values(q), AgentInfo{})
}

// ValidAgentID reports whether s may be the id of an agent: nothing that could
// turn the path of a request into another one.
func ValidAgentID(s string) bool { return agentID.MatchString(s) }

var agentID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// agentPath returns the path of what belongs to an agent. For an id that cannot be
// one, it fails with the error that the API has for an unknown agent.
func agentPath(id, what string) (string, error) {
	if !ValidAgentID(id) {
		return "", &Error{Reason: Refused, Status: http.StatusNotFound, Code: AgentNotFound}
	}
	return "agents/" + id + "/" + what, nil
}

// read implements [reader]: an object, or null or [] for a deleted agent, or a bare string,
// taken as its name.
func (a *Agent) read(d decoder) (bool, error) {
	*a = Agent{}
	switch d.PeekKind() {
	case '{':
		unread, _, err := d.fill(a)
		return len(unread) == 0, err
	case '[':
		empty := true
		_, err := d.array(func() error { empty = false; return d.SkipValue() })
		return empty, err
	}
	return d.value(&a.Name, maxName)
}
