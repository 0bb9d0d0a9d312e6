package talkover

import (
	"context"
	"net/http"
	"regexp"
)

// AgentInfo is one row of the list of agents, without the kilobytes of voice,
// trainings and prompts that come with it. Strings are cleaned (see [Clean]).
type AgentInfo struct {
	Agent
	Direction string
	Status    string // the vendor's current_status
	Language  string
	Numbers   []string // E.164, those that it answers or calls from
}

// Key returns the id; it is empty for a row without one.
func (a AgentInfo) Key() string { return a.ID }

// AgentQuery holds the parameters of List Agents. A zero field is not sent.
type AgentQuery struct {
	Status    string // draft or published
	Direction string
	Search    string // part of a name or label
	PerPage   int    // 1 to MaxPerPage
	Page      int    // from 1
}

// onPage asks for a full page.
func (q AgentQuery) onPage(n int) AgentQuery {
	q.Page, q.PerPage = n, MaxPerPage
	return q
}

// ListAgents fetches one page of the account's agents. Deleted ones are not in
// it. The error is an [*Error], or that of ctx.
func (c *Client) ListAgents(ctx context.Context, q AgentQuery) (Page[AgentInfo], error) {
	v := values(map[string]string{"status": q.Status, "direction": q.Direction, "search": q.Search}, q.PerPage, q.Page)
	return getList(ctx, c, "agents", v, readAgentInfo)
}

// ValidAgentID reports whether s may be the id of an agent: nothing that could
// turn the path of a request into another one.
func ValidAgentID(s string) bool { return agentID.MatchString(s) }

var agentID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// agentPath is the path of what belongs to an agent. An id that cannot be one is
// the error that the API has for an unknown agent.
func agentPath(id, what string) (string, error) {
	if !ValidAgentID(id) {
		return "", &Error{Reason: Refused, Status: http.StatusNotFound, Code: AgentNotFound}
	}
	return "agents/" + id + "/" + what, nil
}

// ListAgentCalls fetches one page of the calls of one agent, as [Client.ListCalls]
// does with AgentID; the AgentID of the query is not sent. Its rows carry no agent.
// For an agent that is not there, the error is an [*Error] with Code
// [AgentNotFound].
func (c *Client) ListAgentCalls(ctx context.Context, agentID string, q CallQuery) (Page[Call], error) {
	path, err := agentPath(agentID, "calls")
	if err != nil {
		return Page[Call]{}, err
	}
	q.AgentID = ""
	return getList(ctx, c, path, q.values(), readCall)
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
			a.Numbers = nil
			_, err = d.array(func() error { return readNumber(d, &a.Numbers) })
		default:
			err = d.SkipValue()
		}
		return err
	})
	return a, ok, err
}

// readNumber reads one of an agent's phone numbers, an object or a bare string.
func readNumber(d decoder, into *[]string) (err error) {
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
	if number != "" && len(*into) < maxNumbers {
		*into = append(*into, number)
	}
	return err
}

const maxNumbers = 20 // of an agent, that are kept
