package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Prefix is the path below which the account serves the API.
const Prefix = "/api/v1"

// ServeHTTP answers as the documented API does.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &question{w, r, nil, r.URL.Query(), map[string][]string{}}
	path, _ := strings.CutPrefix(r.URL.Path, Prefix)
	rest, isAgents := strings.CutPrefix(path, "/agents/")
	id, what, _ := strings.Cut(rest, "/")
	if isAgents {
		path = "/agents/*/" + what
	}
	method, handle := http.MethodGet, map[string]func(*question){
		"/health":                   a.health,
		"/calls":                    a.listCalls,
		"/agents":                   a.listAgents,
		"/campaigns":                a.listCampaigns,
		"/phone-numbers":            a.listNumbers,
		"/agents/*/calls":           a.listCalls,
		"/agents/*/pricing/summary": a.price,
		"/agents/*/call":            a.place,
	}[path]
	if what == "call" {
		method = http.MethodPost
	}
	i := slices.IndexFunc(a.Agents, func(agent Agent) bool { return agent.ID == id })
	if i >= 0 {
		q.agent = &a.Agents[i]
	}
	switch {
	case path != "/health" && r.Header.Get("Authorization") != "Bearer "+Token:
		q.reply(http.StatusUnauthorized, failure{Message: "Unauthorized"})
	case handle == nil:
		q.reply(http.StatusNotFound, failure{Message: "Not found."})
	case r.Method != method:
		w.Header().Set("Allow", method)
		q.reply(http.StatusMethodNotAllowed, failure{Message: "Method not allowed."})
	case isAgents && i < 0:
		q.refuse(http.StatusNotFound, "AGENT_NOT_FOUND", "Agent not found.")
	default:
		handle(q)
	}
}

func (a *Account) health(q *question) { q.reply(http.StatusOK, map[string]string{"status": "ok"}) }

// agentCall holds a call as List Agent Calls shows it, without its agent.
type agentCall struct {
	*Call
	Agent *Agent `json:"agent,omitempty"` // in place of the call's own
}

// listCalls lists the calls of one agent, or of all.
func (a *Account) listCalls(q *question) {
	status := q.oneOf("status", talkover.Statuses)
	direction := q.oneOf("direction", talkover.Directions)
	dates, agent := q.dates(), q.query.Get("agent_id")
	if q.agent != nil {
		agent = q.agent.ID
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	list(q, "pagination", a.Calls, func(c *Call) (any, bool) {
		isWanted := fits(status, c.Status) && fits(direction, c.Direction) && fits(agent, c.Agent.id()) &&
			dates(c.CreatedAt) && q.finds(c.From, c.To, c.SID)
		if q.agent != nil {
			return agentCall{Call: c}, isWanted
		}
		return c, isWanted
	})
}

func (a *Account) listAgents(q *question) {
	status := q.oneOf("status", talkover.AgentStatuses)
	direction := q.oneOf("direction", talkover.Directions)
	list(q, "meta", a.Agents, func(a *Agent) (any, bool) {
		row := a.row()
		return row, fits(status, row.Status) && fits(direction, row.Direction) && q.finds(row.Name, row.Label)
	})
}

func (a *Account) listCampaigns(q *question) {
	status := q.oneOf("status", talkover.CampaignStatuses)
	kind := q.oneOf("campaign_type", talkover.CampaignTypes)
	dates, agent := q.dates(), q.query.Get("agent_id")
	list(q, "pagination", a.Campaigns, func(c *Campaign) (any, bool) {
		start, _ := time.Parse(time.DateOnly, c.StartDate)
		return c, fits(status, c.Status) && fits(kind, c.Type) && fits(agent, c.Agent.id()) &&
			dates(start) && q.finds(c.Name, c.Description)
	})
}
