package tools

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Arguments that take one of a list, which stands once.
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

// oneOf returns the schema of a string that is one of these.
func oneOf(options []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, o := range options {
		s.Enum = append(s.Enum, o)
	}
	return s
}

// callFilters are the filters of List Calls, by the vendor's names.
type callFilters struct {
	Status    callStatus  `json:"status,omitempty" jsonschema_description:"Only calls in this status." alias:"state,call_status,outcome,result,statuses"`
	Direction direction   `json:"direction,omitempty" jsonschema_description:"Only calls that came in or went out." alias:"type,call_type,call_direction"`
	AgentID   needle      `json:"agent_id,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Only calls of the agent with this id (not its name)." alias:"agent,agent_name,agent_label,agents"`
	DateFrom  schema.Date `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD (UTC)." alias:"from,start,since,after,start_date,from_date,date_start,date,day,created_after"`
	DateTo    schema.Date `json:"date_to,omitempty" jsonschema_description:"Last day, included, YYYY-MM-DD (UTC)." alias:"to,end,until,before,end_date,to_date,date_end,created_before"`
	Search    needle      `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a phone number in E.164 (+12025550123) or of a call SID." alias:"q,query,phone,number,phone_number,contact,caller,sid,call_sid,call_id,id,filter"`
}

// Validate implements [schema.Validator].
func (f *callFilters) Validate() []schema.Fault { return inOrder(f.DateFrom, f.DateTo) }

// inOrder finds fault with days of which the last is before the first.
func inOrder(from, to schema.Date) []schema.Fault {
	if from == "" || to == "" || from <= to {
		return nil
	}
	return []schema.Fault{{Argument: "date_from", Problem: fmt.Sprintf("%s is after date_to %s; swap them", from, to)}}
}

// query returns what to ask of the API.
func (f callFilters) query() talkover.CallQuery {
	return talkover.CallQuery{
		Status: string(f.Status), Direction: string(f.Direction), AgentID: string(f.AgentID),
		DateFrom: string(f.DateFrom), DateTo: string(f.DateTo), Search: string(f.Search),
	}
}

// dayDrift is how far a UTC moment may lie outside of the days that were asked
// for, since the API does not say in which zone it cuts its days.
const dayDrift = 14 * time.Hour

// fit reports whether a call is one that the filters ask for, as far as its row
// tells.
func (f callFilters) fit(c talkover.Call) bool {
	same := func(want, have string) bool {
		return want == "" || strings.ReplaceAll(have, "_", "-") == strings.ReplaceAll(want, "_", "-")
	}
	if !same(string(f.Status), c.Status) || !same(string(f.Direction), c.Direction) || !same(string(f.AgentID), c.Agent.ID) {
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

// echo holds arguments as answers repeat them. Their schema is that of the arguments,
// which the model has already.
type echo[T any] struct{ Args T }

// MarshalJSON implements [json.Marshaler].
func (e echo[T]) MarshalJSON() ([]byte, error) { return json.Marshal(e.Args) }

// JSONSchema implements the hook of invopop/jsonschema.
func (echo[T]) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

// json returns the arguments as a model writes them in a call.
func (e echo[T]) json() string { return written{e.Args}.String() }

// String writes filters by their names, such as status=failed search="+1202"; those
// without a value are left out.
func (e echo[T]) String() string {
	var parts []string
	v := reflect.ValueOf(e.Args)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch value := v.Field(i).Interface().(type) {
		case needle: // which may be any text
			if value != "" {
				parts = append(parts, fmt.Sprintf("%s=%q", name, value))
			}
		default:
			if s := fmt.Sprint(value); s != "" {
				parts = append(parts, name+"="+s)
			}
		}
	}
	if len(parts) == 0 {
		return "no filters"
	}
	return strings.Join(parts, " ")
}

// written holds arguments that say writes as a model does.
type written struct{ Args any }

// String returns the arguments as JSON.
func (w written) String() string {
	args, _ := json.Marshal(w.Args) // strings, numbers and lists of them marshal
	return string(args)
}
