package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// agentRow is an agent as List Agents shows it, less the kilobytes of prompts.
type agentRow struct {
	Agent
	Language  string        `json:"language"`
	Direction string        `json:"direction"`
	Status    string        `json:"current_status"`
	Numbers   []phoneNumber `json:"phone_numbers"`
}

type phoneNumber struct {
	ID        int    `json:"id"`
	Number    string `json:"number"`
	Country   string `json:"country_code"`
	Formatted string `json:"formatted_number"`
	Status    string `json:"current_status"`
}

// row is what List Agents shows of an agent.
func (a Agent) row() agentRow {
	r := agentRow{Agent: a, Language: "en", Direction: "inbound", Status: "published", Numbers: []phoneNumber{}}
	switch a.ID {
	case sales.ID, reminders.ID:
		r.Direction = "outbound"
	case intake.ID:
		r.Status = "draft"
	}
	if line := lines[a.ID]; line != "" {
		r.Numbers = append(r.Numbers, phoneNumber{1, line, "US", formatted(line), "active"})
		if strings.HasPrefix(line, "+44") {
			r.Numbers[0].Country = "GB"
		}
	}
	return r
}

// lines are the numbers that agents answer and call from.
var lines = map[string]string{reception.ID: mainLine, reminders.ID: mainLine, support.ID: supportLine, sales.ID: salesLine}

func (a *Account) listAgents(w http.ResponseWriter, r *http.Request) {
	q := validator{query: r.URL.Query(), errors: map[string][]string{}}
	status := q.oneOf("status", []string{"draft", "published"})
	direction := q.oneOf("direction", directions)
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
	// This endpoint names its envelope otherwise.
	reply(w, http.StatusOK, map[string]any{"success": true, "data": rows, "meta": map[string]int{
		"current_page": p.CurrentPage, "per_page": p.PerPage, "total": p.Total, "last_page": p.LastPage,
	}})
}

// agent finds an agent, or answers that there is none.
func (a *Account) agent(w http.ResponseWriter, id string) *Agent {
	if i := slices.IndexFunc(a.Agents, func(agent Agent) bool { return agent.ID == id }); i >= 0 {
		return &a.Agents[i]
	}
	refuse(w, http.StatusNotFound, "AGENT_NOT_FOUND", "Agent not found.")
	return nil
}

// refuse answers in the shape of the endpoints of agents.
func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"success": false, "error": map[string]string{"code": code, "message": message}})
}

// agentCall is a call without its agent.
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

var e164 = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)

// place invents a call to a number, the newest of the log from now on.
func (a *Account) place(w http.ResponseWriter, r *http.Request, id string) {
	var order struct {
		To        string `json:"to"`
		Delay     int    `json:"delay_seconds"`
		IsTesting bool   `json:"is_testing"`
	}
	agent := a.agent(w, id)
	if agent == nil {
		return
	}
	err := json.NewDecoder(r.Body).Decode(&order)
	switch {
	case err != nil || order.To == "":
		refuse(w, http.StatusBadRequest, "MISSING_PHONE_NUMBER", "The to field is required.")
		return
	case !e164.MatchString(order.To):
		refuse(w, http.StatusBadRequest, "INVALID_PHONE_NUMBER", "The to field must be in E.164 format.")
		return
	case order.Delay < 0 || order.Delay > 3600:
		reply(w, http.StatusUnprocessableEntity, failure{Message: "The given data was invalid.",
			Errors: map[string][]string{"delay_seconds": {"The delay seconds must be between 0 and 3600."}}})
		return
	case agent.row().Status != "published":
		refuse(w, http.StatusBadRequest, "AGENT_INACTIVE", "The agent is not active.")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.placed++
	from := lines[agent.ID]
	call := Call{
		ID:  fmt.Sprintf("00000000-0000-4000-a000-%012x", a.placed),
		SID: fmt.Sprintf("CA%032x", a.placed),
		To:  order.To, ToFormatted: formatted(order.To), From: from, FromFormatted: formatted(from),
		IsTesting: order.IsTesting, Direction: "outbound", Status: "initiated", Agent: agent,
		CreatedAt: a.now, UpdatedAt: a.now,
	}
	a.Calls = slices.Insert(a.Calls, 0, call)
	reply(w, http.StatusOK, map[string]string{
		"id": call.ID, "agent_id": agent.ID, "to": call.To, "status": call.Status, "created_at": a.now.Format(time.RFC3339),
	})
}
