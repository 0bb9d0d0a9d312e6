package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

var e164 = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)

// place adds a call to the log, the newest from now on, and answers with it.
func (a *Account) place(q *question) {
	var order struct {
		To        string `json:"to"`
		Delay     int    `json:"delay_seconds"`
		IsTesting bool   `json:"is_testing"`
	}
	agent := q.agent
	err := json.NewDecoder(q.request.Body).Decode(&order)
	switch {
	case err != nil || order.To == "":
		q.refuse(http.StatusBadRequest, "MISSING_PHONE_NUMBER", "The to field is required.")
		return
	case !e164.MatchString(order.To):
		q.refuse(http.StatusBadRequest, "INVALID_PHONE_NUMBER", "The to field must be in E.164 format.")
		return
	case order.Delay < 0 || order.Delay > talkover.MaxDelaySeconds:
		q.fail("delay_seconds", "The delay seconds must be between 0 and 3600.")
		q.invalid()
		return
	case agent.row().Status != talkover.AgentPublished:
		q.refuse(http.StatusBadRequest, "AGENT_INACTIVE", "The agent is not active.")
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
		IsTesting: order.IsTesting, Direction: talkover.Outbound, Status: talkover.StatusInitiated, Agent: agent,
		CreatedAt: a.now, UpdatedAt: a.now,
	}
	a.Calls = slices.Insert(a.Calls, 0, call)
	q.reply(http.StatusOK, map[string]string{
		"id": call.ID, "agent_id": agent.ID, "to": call.To, "status": call.Status,
		"created_at": a.now.Format(time.RFC3339),
	})
}
