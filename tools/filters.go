package tools

import (
	"fmt"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

// callFilters are the filters of List Calls, by the vendor's names.
type callFilters struct {
	Status    string      `json:"status,omitempty" jsonschema:"enum=initiated,enum=ringing,enum=answered,enum=completed,enum=failed,enum=busy,enum=no-answer" jsonschema_description:"Only calls in this status." alias:"state,call_status,outcome,result,statuses"`
	Direction string      `json:"direction,omitempty" jsonschema:"enum=inbound,enum=outbound" jsonschema_description:"Only calls that came in or went out." alias:"type,call_type,call_direction"`
	AgentID   string      `json:"agent_id,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Only calls of the agent with this id (not its name)." alias:"agent,agent_name,agent_label,agents"`
	DateFrom  schema.Date `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD (UTC)." alias:"from,start,since,after,start_date,from_date,date_start,date,day,created_after"`
	DateTo    schema.Date `json:"date_to,omitempty" jsonschema_description:"Last day, included, YYYY-MM-DD (UTC)." alias:"to,end,until,before,end_date,to_date,date_end,created_before"`
	Search    string      `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a phone number in E.164 (+12025550123) or of a call SID." alias:"q,query,phone,number,phone_number,contact,caller,sid,call_sid,call_id,id,filter"`
}

// Validate implements [schema.Validator].
func (f *callFilters) Validate() []schema.Fault {
	if f.DateFrom != "" && f.DateTo != "" && f.DateFrom > f.DateTo {
		return []schema.Fault{{
			Argument: "date_from",
			Problem:  fmt.Sprintf("%s is after date_to %s; swap them", f.DateFrom, f.DateTo),
		}}
	}
	return nil
}

// query is what to ask of the API.
func (f callFilters) query() talkover.CallQuery {
	return talkover.CallQuery{
		Status: f.Status, Direction: f.Direction, AgentID: f.AgentID,
		DateFrom: string(f.DateFrom), DateTo: string(f.DateTo), Search: f.Search,
	}
}

// String echoes the filters, as a model would write them.
func (f callFilters) String() string {
	return filterText("status", f.Status, "direction", f.Direction, "agent_id", quoted(f.AgentID),
		"date_from", string(f.DateFrom), "date_to", string(f.DateTo), "search", quoted(f.Search))
}

// dayDrift is how far a UTC moment may lie outside of the days that were asked
// for, since the API does not say in which zone it cuts its days.
const dayDrift = 14 * time.Hour

// fits reports whether a call is one that the filters ask for, as far as its
// row tells.
func (f callFilters) fits(c talkover.Call) bool {
	same := func(want, have string) bool {
		return want == "" || strings.ReplaceAll(have, "_", "-") == strings.ReplaceAll(want, "_", "-")
	}
	if !same(f.Status, c.Status) || !same(f.Direction, c.Direction) || !same(f.AgentID, c.Agent.ID) {
		return false
	}
	if c.CreatedAt.IsZero() || f.DateFrom == "" && f.DateTo == "" {
		return true
	}
	from, err := time.Parse(time.DateOnly, string(f.DateFrom))
	if err == nil && c.CreatedAt.Before(from.Add(-dayDrift)) {
		return false
	}
	to, err := time.Parse(time.DateOnly, string(f.DateTo))
	return err != nil || c.CreatedAt.Before(to.AddDate(0, 0, 1).Add(dayDrift))
}

// loosen says what to try where nothing matched.
func (f callFilters) loosen() string {
	var try []string
	if strings.ContainsAny(f.Search, " -()./") {
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
	return "Nothing matches. To find more: " + strings.Join(try, "; ") + "."
}
