package tools

import (
	"fmt"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// These arguments take one value of a list.
type (
	callStatus string // of talkover.Statuses
	direction  string // of talkover.Directions
	weekday    string // of stats.Weekdays
)

// JSONSchema implements the hook of invopop/jsonschema.
func (callStatus) JSONSchema() *jsonschema.Schema { return oneOf(talkover.Statuses) }

// JSONSchema implements the hook of invopop/jsonschema.
func (direction) JSONSchema() *jsonschema.Schema { return oneOf(talkover.Directions) }

// JSONSchema implements the hook of invopop/jsonschema.
func (weekday) JSONSchema() *jsonschema.Schema { return oneOf(stats.Weekdays) }

// oneOf returns the schema of a string that takes one of the options.
func oneOf(options []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, o := range options {
		s.Enum = append(s.Enum, o)
	}
	return s
}

// callFilters holds the filters of List Calls, by the vendor's names.
type callFilters struct {
	Status    callStatus  `json:"status,omitempty" jsonschema_description:"Only calls in this status." alias:"state,call_status,outcome,result,statuses"`
	Direction direction   `json:"direction,omitempty" jsonschema_description:"Only calls that came in or went out." alias:"type,call_type,call_direction"`
	AgentID   needle      `json:"agent_id,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Only calls of the agent with this id (not its name)." alias:"agent,agent_name,agent_label,agents"`
	DateFrom  schema.Date `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD (UTC)." alias:"from,start,since,after,start_date,from_date,date_start,date,day,created_after"`
	DateTo    schema.Date `json:"date_to,omitempty" jsonschema_description:"Last day, included, YYYY-MM-DD (UTC)." alias:"to,end,until,before,end_date,to_date,date_end,created_before"`
	Search    needle      `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a phone number in E.164 (+12025550123) or of a call SID." alias:"q,query,phone,number,phone_number,contact,caller,sid,call_sid,call_id,id,filter"`
}

// searched implements [searcher].
func (f callFilters) searched() (string, needle) { return "search", f.Search }

// Validate implements [schema.Validator].
func (f *callFilters) Validate() []schema.Fault { return inOrder(f.DateFrom, f.DateTo) }

// inOrder reports a fault if the last day is before the first.
func inOrder(from, to schema.Date) []schema.Fault {
	if from == "" || to == "" || from <= to {
		return nil
	}
	return []schema.Fault{{Argument: "date_from", Problem: fmt.Sprintf("%s is after date_to %s; swap them", from, to)}}
}

// query returns the query of the API.
func (f callFilters) query() talkover.CallQuery {
	return talkover.CallQuery{
		Status: string(f.Status), Direction: string(f.Direction), AgentID: string(f.AgentID),
		DateFrom: string(f.DateFrom), DateTo: string(f.DateTo), Search: string(f.Search),
	}
}

// dayDrift bounds how far outside of the days that were asked for a UTC moment may lie.
// The API does not say in which zone its days begin.
const dayDrift = 14 * time.Hour

// fit reports whether a call fits the filters, as far as its row tells.
func (f callFilters) fit(c talkover.Call) bool {
	same := func(want, have string) bool {
		return want == "" || strings.ReplaceAll(have, "_", "-") == strings.ReplaceAll(want, "_", "-")
	}
	if !same(string(f.Status), c.Status) || !same(string(f.Direction), c.Direction) || !same(string(f.AgentID), c.Agent.ID) {
		return false
	}
	if c.CreatedAt.IsZero() {
		return true
	}
	from, to := f.DateFrom.Time(), f.DateTo.Time()
	return (from.IsZero() || !c.CreatedAt.Before(from.Add(-dayDrift))) &&
		(to.IsZero() || c.CreatedAt.Before(to.AddDate(0, 0, 1).Add(dayDrift)))
}

// loosen says what to try if nothing matched.
func (f callFilters) loosen() ours {
	var try []string
	if strings.ContainsAny(string(f.Search), " -()./") {
		try = append(try, "write the number in E.164, + and digits alone")
	} else if f.Search != "" {
		try = append(try, "search for a shorter part of the number or SID")
	}
	if f.DateFrom != "" || f.DateTo != "" {
		try = append(try, "widen date_from and date_to")
	}
	if f.AgentID != "" {
		try = append(try, "check agent_id or leave it out")
	}
	if f.Status != "" {
		try = append(try, "leave out status")
	}
	if f.Direction != "" {
		try = append(try, "leave out direction")
	}
	if len(try) == 0 {
		return "This account has no calls yet."
	}
	return ours("Nothing matches. To find more: " + strings.Join(try, "; ") + ".")
}
