package sandbox

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Agent names an agent, as a call carries it, in the vendor's own JSON.
type Agent struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Label string `json:"label"`
}

// id returns the id of an agent; it is empty for a deleted one.
func (a *Agent) id() string {
	if a == nil {
		return ""
	}
	return a.ID
}

// The account's agents. surveys was deleted, and its calls remain without an agent.
// intake is a draft: it has no calls and can place none.
var (
	reception = &Agent{"5b0c6a52-7f3e-4a55-9d2a-3d1f0e7c9a01", "Reception", "Reception (EN)"}
	support   = &Agent{"8e4f1d90-2c6b-4b1e-8a77-5c9d2e6f4b02", "Support Agent", "Customer Support"}
	sales     = &Agent{"c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03", "Sales Agent", "Sales Outreach"}
	reminders = &Agent{"f1a83c6d-4e57-4d29-a0cb-9b2e5d7f6c04", "Reminder Agent", "Appointment Reminders"}
	intake    = &Agent{"a4c90b57-6d13-4e8f-b2c1-1f7a9e3d8b06", "Intake Agent", "Patient Intake"}
	surveys   = &Agent{"3d6e2f81-b8c5-47a3-96f4-0a8c7b1e5d05", "Survey Agent", "Survey Agent"}
)

// The account's own numbers. All numbers are of ranges kept for fiction. No agent has the spare
// one, and nobody rings it.
const (
	mainLine    = "+12025550100"
	supportLine = "+12025550142"
	salesLine   = "+442079460018"
	spareLine   = "+12025550177"
)

// lines maps each agent to the number that it answers and calls from.
var lines = map[string]string{
	reception.ID: mainLine, reminders.ID: mainLine, support.ID: supportLine, sales.ID: salesLine,
}

// formatted writes an E.164 number as the API shows it.
func formatted(e164 string) string {
	if len(e164) == 12 && e164[1] == '1' {
		return "(" + e164[2:5] + ") " + e164[5:8] + "-" + e164[8:]
	}
	if len(e164) < 11 {
		return e164
	}
	return e164[:3] + " " + e164[3:5] + " " + e164[5:9] + " " + e164[9:]
}

// agentRow holds an agent as List Agents shows it, less the kilobytes of prompts.
type agentRow struct {
	Agent
	Language  string   `json:"language"`
	Direction string   `json:"direction"`
	Status    string   `json:"current_status"`
	Numbers   []lineOf `json:"phone_numbers"`
}

// row returns an agent as List Agents shows it.
func (a Agent) row() agentRow {
	r := agentRow{
		Agent: a, Language: "en", Direction: talkover.Inbound, Status: talkover.AgentPublished, Numbers: []lineOf{},
	}
	switch a.ID {
	case sales.ID, reminders.ID:
		r.Direction = talkover.Outbound
	case intake.ID:
		r.Status = talkover.AgentDraft
	}
	for _, n := range numbersOf(time.Time{}) {
		if n.Number == lines[a.ID] {
			r.Numbers = append(r.Numbers, n.lineOf)
		}
	}
	return r
}
