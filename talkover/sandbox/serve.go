package sandbox

import (
	"net/http"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Prefix is the path below which the account serves the API.
const Prefix = "/api/v1"

// ServeHTTP answers as the documented API does.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, Prefix)
	if path == "/health" { // needs no token
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		reply(w, http.StatusUnauthorized, failure{Message: "Unauthorized"})
		return
	}
	method, handle := http.MethodGet, map[string]http.HandlerFunc{
		"/calls":         a.listCalls,
		"/agents":        a.listAgents,
		"/campaigns":     a.listCampaigns,
		"/phone-numbers": a.listNumbers,
	}[path]
	if rest, ok := strings.CutPrefix(path, "/agents/"); ok {
		switch id, what, _ := strings.Cut(rest, "/"); what {
		case "calls":
			handle = func(w http.ResponseWriter, r *http.Request) { a.listAgentCalls(w, r, id) }
		case "pricing/summary":
			handle = func(w http.ResponseWriter, _ *http.Request) { a.price(w, id) }
		case "call":
			method, handle = http.MethodPost, func(w http.ResponseWriter, r *http.Request) { a.place(w, r, id) }
		}
	}
	switch {
	case !ok || handle == nil:
		reply(w, http.StatusNotFound, failure{Message: "Not found."})
	case r.Method != method:
		w.Header().Set("Allow", method)
		reply(w, http.StatusMethodNotAllowed, failure{Message: "Method not allowed."})
	default:
		handle(w, r)
	}
}

func (a *Account) listCalls(w http.ResponseWriter, r *http.Request) {
	if rows, p, ok := a.calls(w, r, r.URL.Query().Get("agent_id")); ok {
		reply(w, http.StatusOK, list[Call]{Success: true, Data: rows, Pagination: p})
	}
}

// calls cuts the page that a request asks for out of the calls of one agent or, with
// no id, of all. It answers a query that has errors itself, and reports false.
func (a *Account) calls(w http.ResponseWriter, r *http.Request, agent string) (rows []Call, p pagination, ok bool) {
	q := validate(r)
	status := q.oneOf("status", talkover.Statuses)
	direction := q.oneOf("direction", talkover.Directions)
	from, to := q.date("date_from"), q.date("date_to")
	page, perPage := q.page()
	if q.refuses(w) {
		return nil, p, false
	}
	search := strings.ToLower(q.query.Get("search"))
	matches := func(c *Call) bool {
		return (status == "" || c.Status == status) &&
			(direction == "" || c.Direction == direction) &&
			(agent == "" || c.Agent != nil && c.Agent.ID == agent) &&
			(from.IsZero() || !c.CreatedAt.Before(from)) &&
			(to.IsZero() || c.CreatedAt.Before(to.AddDate(0, 0, 1))) &&
			(search == "" || strings.Contains(c.From, search) || strings.Contains(c.To, search) ||
				strings.Contains(strings.ToLower(c.SID), search))
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	rows, p = paginate(a.Calls, page, perPage, matches)
	return rows, p, true
}

func (a *Account) listAgents(w http.ResponseWriter, r *http.Request) {
	q := validate(r)
	status := q.oneOf("status", talkover.AgentStatuses)
	direction := q.oneOf("direction", talkover.Directions)
	page, perPage := q.page()
	if q.refuses(w) {
		return
	}
	search := strings.ToLower(q.query.Get("search"))
	all := make([]agentRow, len(a.Agents))
	for i, agent := range a.Agents {
		all[i] = agent.row()
	}
	rows, p := paginate(all, page, perPage, func(a *agentRow) bool {
		return (status == "" || a.Status == status) && (direction == "" || a.Direction == direction) &&
			(search == "" || strings.Contains(strings.ToLower(a.Name+"\n"+a.Label), search))
	})
	// This endpoint has its own name for the pagination (facts, neighbouring endpoints).
	reply(w, http.StatusOK, map[string]any{"success": true, "data": rows, "meta": map[string]int{
		"current_page": p.CurrentPage, "per_page": p.PerPage, "total": p.Total, "last_page": p.LastPage,
	}})
}

// agentCall holds a call as List Agent Calls shows it, without its agent.
type agentCall struct {
	Call
	Agent *Agent `json:"agent,omitempty"` // in place of the call's own
}

// listAgentCalls lists the calls of one agent.
func (a *Account) listAgentCalls(w http.ResponseWriter, r *http.Request, id string) {
	if a.agent(w, id) == nil {
		return
	}
	if rows, p, ok := a.calls(w, r, id); ok {
		bare := make([]agentCall, len(rows))
		for i, c := range rows {
			bare[i].Call = c
		}
		reply(w, http.StatusOK, list[agentCall]{Success: true, Data: bare, Pagination: p})
	}
}

func (a *Account) listCampaigns(w http.ResponseWriter, r *http.Request) {
	q := validate(r)
	status := q.oneOf("status", talkover.CampaignStatuses)
	kind := q.oneOf("campaign_type", talkover.CampaignTypes)
	from, to := q.date("date_from"), q.date("date_to")
	page, perPage := q.page()
	if q.refuses(w) {
		return
	}
	agent, search := q.query.Get("agent_id"), strings.ToLower(q.query.Get("search"))
	rows, p := paginate(a.Campaigns, page, perPage, func(c *Campaign) bool {
		return (status == "" || c.Status == status) && (kind == "" || c.Type == kind) &&
			(agent == "" || c.Agent != nil && c.Agent.ID == agent) &&
			(from.IsZero() || c.StartDate >= from.Format(time.DateOnly)) &&
			(to.IsZero() || c.StartDate <= to.Format(time.DateOnly)) &&
			(search == "" || strings.Contains(strings.ToLower(c.Name+"\n"+c.Description), search))
	})
	reply(w, http.StatusOK, list[Campaign]{Success: true, Data: rows, Pagination: p})
}
