package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

type getCallInput struct {
	SID string `json:"sid" jsonschema:"maxLength=64" jsonschema_description:"SID of the call, or a part of it that no other call has." alias:"call_sid,id,call_id,search,call"`
}

// callDetail is every field of a call, by the vendor's names.
type callDetail struct {
	ID            string      `json:"id"`
	SID           string      `json:"sid"`
	Direction     string      `json:"direction"`
	Status        string      `json:"status"`
	Duration      int         `json:"duration" jsonschema_description:"Seconds."`
	From          string      `json:"from"`
	FromFormatted string      `json:"from_formatted"`
	To            string      `json:"to"`
	ToFormatted   string      `json:"to_formatted"`
	IsTesting     bool        `json:"is_testing"`
	Agent         agentDetail `json:"agent" jsonschema_description:"Blank if it was deleted."`
	CreatedAt     string      `json:"created_at"`
	UpdatedAt     string      `json:"updated_at"`
}

type agentDetail struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Label string `json:"label"`
}

// callStep is a call to go on with.
type callStep struct {
	SID    string `json:"sid"`
	Time   string `json:"time"`
	Status string `json:"status"`
}

type getCallOutput struct {
	Call    *callDetail `json:"call,omitempty"`
	Before  *callStep   `json:"before,omitempty" jsonschema_description:"The call with the same contact just before."`
	After   *callStep   `json:"after,omitempty" jsonschema_description:"The one just after."`
	Columns []string    `json:"columns"`
	Rows    []row       `json:"rows" jsonschema_description:"The calls that fit a part of a SID, if there are several."`
	frame

	asked string
}

// getCall is the tool for all that is known of one call. The API has no request
// for that, but its search finds SIDs.
func getCall() tool[getCallInput, *getCallOutput] {
	return tool[getCallInput, *getCallOutput]{
		name:        "get_call",
		title:       "Get one call",
		description: "Gets every field of one call by its SID, and the SIDs of the calls with the same contact just before and after it.",
		limit:       pageTime,
		run: func(ctx context.Context, c Config, in getCallInput) (*getCallOutput, error) {
			page, err := c.Client.ListCalls(ctx, talkover.CallQuery{Search: in.SID, PerPage: mostCandidates})
			if err != nil {
				return nil, err
			}
			out := &getCallOutput{Columns: []string{}, Rows: []row{}, frame: c.frame(), asked: mask(c.MaskNumbers).search(in.SID)}
			more := page.Pagination != nil && page.Pagination.Total > len(page.Rows)
			call, several := pickCall(page.Rows, in.SID)
			if call == nil && len(several) == 1 && !more {
				call = &several[0]
			}
			if call == nil {
				c.candidates(out, several, more)
				return out, nil
			}
			out.Call = c.detail(*call)
			if len(call.Unread) > 0 {
				out.note("What Talkover sent as %s could not be read and is blank here.", strings.Join(call.Unread, ", "))
			}
			c.neighbours(ctx, out, *call)
			return out, nil
		},
	}
}

// mostCandidates is how many calls are looked at for a part of a SID.
const mostCandidates = 50

// pickCall is the call with the SID, or else those that have it in their SID; the
// search finds numbers too, which do not count.
func pickCall(calls []talkover.Call, sid string) (*talkover.Call, []talkover.Call) {
	var several []talkover.Call
	for i, call := range calls {
		if strings.EqualFold(call.SID, sid) {
			return &calls[i], nil
		}
		if strings.Contains(strings.ToLower(call.SID), strings.ToLower(sid)) {
			several = append(several, call)
		}
	}
	return nil, several
}

// candidates says which calls a part of a SID may mean, of those that were looked
// at; more says that there are others.
func (c Config) candidates(out *getCallOutput, several []talkover.Call, more bool) {
	if len(several) == 0 {
		out.note("No call was found that has this in its SID. Give the whole SID, as in the sid column of list_calls. Ids are no SIDs, and numbers are for list_calls with search.")
		return
	}
	out.note("A part of a SID must fit one call alone. Give more of it, or the SID of one of these.")
	if more {
		out.note("There may be more of them.")
	}
	out.Columns = callColumns
	for _, call := range several {
		out.Rows = append(out.Rows, c.callRow(call))
	}
}

const secondForm = "2006-01-02 15:04:05"

// detail is a call with all its fields.
func (c Config) detail(call talkover.Call) *callDetail {
	m := mask(c.MaskNumbers)
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(c.Zone).Format(secondForm)
	}
	return &callDetail{
		ID: call.ID, SID: call.SID, Direction: call.Direction, Status: call.Status, Duration: call.Duration,
		From: m.number(call.From), FromFormatted: m.number(call.FromFormatted),
		To: m.number(call.To), ToFormatted: m.number(call.ToFormatted), IsTesting: call.IsTesting,
		Agent:     agentDetail{call.Agent.ID, m.words(call.Agent.Name), m.words(call.Agent.Label)},
		CreatedAt: moment(call.CreatedAt), UpdatedAt: moment(call.UpdatedAt),
	}
}

// neighbours finds the calls with the same contact just before and after a call,
// of the newest hundred up to a week after it. Without them, the answer stands.
func (c Config) neighbours(ctx context.Context, out *getCallOutput, call talkover.Call) {
	contact := stats.Contact(call)
	if contact == "" || call.CreatedAt.IsZero() {
		return
	}
	page, err := c.Client.ListCalls(ctx, talkover.CallQuery{
		Search: contact, DateTo: call.CreatedAt.AddDate(0, 0, 7).Format(time.DateOnly), PerPage: talkover.MaxPerPage,
	})
	if err != nil {
		out.note("The calls before and after could not be looked up.")
		return
	}
	same := slices.DeleteFunc(slices.Clone(page.Rows), func(k talkover.Call) bool { return stats.Contact(k) != contact })
	slices.SortStableFunc(same, func(x, y talkover.Call) int { return y.CreatedAt.Compare(x.CreatedAt) })
	at := slices.IndexFunc(same, func(k talkover.Call) bool { return k.SID == call.SID })
	step := func(i int) *callStep {
		if i < 0 || i >= len(same) || same[i].SID == "" {
			return nil
		}
		return &callStep{SID: same[i].SID, Time: same[i].CreatedAt.In(c.Zone).Format(minuteForm), Status: same[i].Status}
	}
	if at < 0 {
		out.note("This contact had more calls since than were looked through for those before and after.")
		return
	}
	out.Before, out.After = step(at+1), step(at-1)
}

func (out *getCallOutput) size() int {
	if out.Call != nil {
		return 1
	}
	return len(out.Rows)
}

func (out *getCallOutput) text() string {
	var b strings.Builder
	found := plural(len(out.Rows), "call", "calls")
	switch {
	case out.Call != nil:
		found = "The call"
	case len(out.Rows) == 0:
		found = "No call"
	}
	fmt.Fprintf(&b, "%s with %q in the SID; %s, now %s.\n", found, out.asked, out.Timezone, out.Now)
	out.writeNotes(&b)
	if len(out.Rows) > 0 {
		writeCSV(&b, out.Columns, out.Rows, true)
	}
	if out.Call != nil {
		writeCSV(&b, []string{"field", "value"}, out.Call.rows(), false)
		out.Before.write(&b, "before")
		out.After.write(&b, "after")
		b.WriteString("All calls with this contact: list_calls with search set to its number.")
	}
	return b.String()
}

// rows is the fields under each other.
func (d *callDetail) rows() []row {
	return []row{
		{"id", d.ID}, {"sid", d.SID}, {"direction", d.Direction}, {"status", d.Status}, {"duration", d.Duration},
		{"from", d.From}, {"from_formatted", d.FromFormatted}, {"to", d.To}, {"to_formatted", d.ToFormatted},
		{"is_testing", fmt.Sprint(d.IsTesting)},
		{"agent.id", d.Agent.ID}, {"agent.name", d.Agent.Name}, {"agent.label", d.Agent.Label},
		{"created_at", d.CreatedAt}, {"updated_at", d.UpdatedAt},
	}
}

// write says how to go on to a call.
func (s *callStep) write(b *strings.Builder, when string) {
	if s != nil {
		fmt.Fprintf(b, "Same contact, just %s: %s, status %q: get_call {\"sid\":%q}\n", when, s.Time, s.Status, s.SID)
	}
}
