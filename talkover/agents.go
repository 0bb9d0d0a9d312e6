package talkover

import (
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
	ID    string
	Name  string
	Label string // for display
}

// Display returns the label, or where there is none the name or the id; it is
// empty for no agent.
func (a Agent) Display() string {
	for _, s := range []string{a.Label, a.Name, a.ID} {
		if s != "" {
			return s
		}
	}
	return ""
}

// AgentInfo holds one row of the list of agents, without its kilobytes of voice,
// trainings and prompts. Strings are cleaned (see [Clean]).
type AgentInfo struct {
	Agent
	Direction string   // one of Directions
	Status    string   // one of AgentStatuses; the vendor's current_status
	Language  string   // as the API writes it, such as en
	Numbers   []string // E.164, those that it answers or calls from; at most MaxNumbers

	MoreNumbers int // beyond Numbers
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
	return getList(ctx, c, "agents", values(q), readAgentInfo)
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

// readAgent reads an agent: an object, or null or [] for a deleted one, or a
// bare string, taken as its name.
func readAgent(d decoder, a *Agent) (bool, error) {
	*a = Agent{}
	switch d.PeekKind() {
	case '{':
		clean := true
		_, err := d.object(func(name []byte) error {
			var ok bool
			var err error
			switch string(name) {
			case "id":
				ok, err = d.text(maxID, &a.ID)
			case "name":
				ok, err = d.text(maxName, &a.Name)
			case "label":
				ok, err = d.text(maxName, &a.Label)
			default:
				return d.SkipValue()
			}
			clean = clean && ok
			return err
		})
		return clean, err
	case '[':
		empty := true
		_, err := d.array(func() error { empty = false; return d.SkipValue() })
		return empty, err
	default:
		return d.text(maxName, &a.Name)
	}
}

// readAgentInfo reads one row. It reports false, having skipped the value, where no
// object comes.
func readAgentInfo(d decoder) (AgentInfo, bool, error) {
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
		case "phone_numbers":
			a.Numbers, a.MoreNumbers = nil, 0
			_, err = d.array(func() error { return a.readNumber(d) })
		default:
			err = d.SkipValue()
		}
		return err
	})
	return a, ok, err
}

// readNumber reads one of the agent's phone numbers, an object or a bare string.
func (a *AgentInfo) readNumber(d decoder) (err error) {
	var number string
	if d.PeekKind() == '{' {
		_, err = d.object(func(name []byte) (err error) {
			if string(name) == "number" {
				_, err = d.text(maxNumber, &number)
				return err
			}
			return d.SkipValue()
		})
	} else {
		_, err = d.text(maxNumber, &number)
	}
	switch {
	case number == "":
	case len(a.Numbers) == MaxNumbers:
		a.MoreNumbers++
	default:
		a.Numbers = append(a.Numbers, number)
	}
	return err
}

// MaxNumbers bounds the phone numbers of an agent that are kept.
const MaxNumbers = 20
