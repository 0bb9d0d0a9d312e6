package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

type getCallInput struct {
	SID answer.SearchTerm `json:"sid" jsonschema:"maxLength=64" masked:"number"`
}

// Tags implements [schema.Tagged].
func (getCallInput) Tags() schema.Tags {
	return schema.Tags{
		"sid": `desc:"SID of the call, or a part of it that no other call has." ` +
			`alias:"call_sid,id,call_id,search,call"`,
	}
}

// callDetail holds every field of a call, by the vendor's names.
type callDetail struct {
	ID            answer.OpaqueID `json:"id"`
	SID           answer.OpaqueID `json:"sid"`
	Direction     string          `json:"direction"`
	Status        string          `json:"status"`
	Duration      int             `json:"duration" desc:"Seconds."`
	From          answer.Phone    `json:"from"`
	FromFormatted answer.Phone    `json:"from_formatted"`
	To            answer.Phone    `json:"to"`
	ToFormatted   answer.Phone    `json:"to_formatted"`
	IsTesting     bool            `json:"is_testing"`
	Agent         agentDetail     `json:"agent"`
	CreatedAt     answer.Moment   `json:"created_at"`
	UpdatedAt     answer.Moment   `json:"updated_at"`
}

type agentDetail struct {
	ID    answer.OpaqueID `json:"id"`
	Name  string          `json:"name"`
	Label string          `json:"label"`
}

// callStep names a call to go on with.
type callStep struct {
	SID    answer.OpaqueID `json:"sid"`
	Time   answer.Moment   `json:"time"`
	Status string          `json:"status"`
}

type getCallOutput struct {
	Call   *callDetail `json:"call,omitempty"`
	Before *callStep   `json:"before,omitempty" desc:"The call with the same contact just before."`
	After  *callStep   `json:"after,omitempty" desc:"The one just after."`
	answer.Table
	answer.Frame

	Asked answer.SearchTerm `json:"-"` // for the text; exported, so that masking reaches it
}

// JSONSchemaExtend implements the hook of invopop/jsonschema.
func (getCallOutput) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Properties.Value("rows").Description = "The calls that fit a part of a SID, if there are several."
}

// getCall is the tool for all that is known of one call. The API cannot be asked for
// one call, but its search finds SIDs.
var getCall = tool[getCallInput, *getCallOutput]{
	name:  "get_call",
	title: "Get one call",
	description: "Gets every field of one call by its SID, and the SIDs of the calls with the same contact just " +
		"before and after it.",
	limit: pageTime,
	run: func(ctx context.Context, q *query.Question, in getCallInput) (*getCallOutput, error) {
		page, err := q.Client.ListCalls(ctx, talkover.CallQuery{Search: string(in.SID), PerPage: mostCandidates})
		if err != nil {
			return nil, err
		}
		out := &getCallOutput{
			Table: answer.Table{Columns: []string{}, Rows: []answer.Row{}}, Frame: q.Frame(), Asked: in.SID,
		}
		more := page.Pagination != nil && page.Pagination.Total > len(page.Rows)
		call, several := pickCall(page.Rows, string(in.SID))
		if call == nil && len(several) == 1 && !more {
			call = &several[0]
		}
		if call == nil {
			out.offer(q, several, more)
			return out, nil
		}
		out.Call = newCallDetail(*call, q.Zone)
		if call.Agent == (talkover.Agent{}) && !slices.Contains(call.Unread, "agent") {
			out.Call.Agent.Label = answer.Deleted
		}
		if len(call.Unread) > 0 {
			out.Note("What Talkover sent as %s could not be read and is blank here.",
				strings.Join(call.Unread, ", "))
		}
		out.neighbours(ctx, q, *call)
		return out, nil
	},
}

// mostCandidates bounds the calls that are looked at for a part of a SID.
const mostCandidates = 50

// pickCall returns the call with the SID, or else those that have it in their SID. A call
// that the search found by a number does not count.
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

// offer shows which calls a part of a SID may mean, of those that were looked at;
// more says that there are others.
func (out *getCallOutput) offer(q *query.Question, several []talkover.Call, more bool) {
	if len(several) == 0 {
		out.Note("No call was found that has this in its SID. Give the whole SID, as in the sid column of " +
			"find_calls. An id is not a SID, and numbers are for find_calls with contact.")
		return
	}
	out.Note("A part of a SID must fit one call alone. Give more of it, or the SID of one of these.")
	if more {
		out.Note("There may be more of them.")
	}
	out.Table = answer.NewTable(answer.CallColumns(q.Zone, q.LabelsOf(several)), several)
}

// newCallDetail shows a call with its times in a zone.
func newCallDetail(c talkover.Call, zone *time.Location) *callDetail {
	return &callDetail{
		ID: answer.OpaqueID(c.ID), SID: answer.OpaqueID(c.SID),
		Direction: c.Direction, Status: c.Status, Duration: c.Duration,
		From: answer.Phone(c.From), FromFormatted: answer.Phone(c.FromFormatted),
		To: answer.Phone(c.To), ToFormatted: answer.Phone(c.ToFormatted), IsTesting: c.IsTesting,
		Agent:     agentDetail{answer.OpaqueID(c.Agent.ID), c.Agent.Name, c.Agent.Label},
		CreatedAt: answer.Second(c.CreatedAt, zone), UpdatedAt: answer.Second(c.UpdatedAt, zone),
	}
}

// neighbours finds the calls with the same contact just before and just after a call,
// among the newest hundred up to a week after it. An answer can do without them.
func (out *getCallOutput) neighbours(ctx context.Context, q *query.Question, call talkover.Call) {
	contact := stats.Contact(call)
	if contact == "" || call.CreatedAt.IsZero() {
		return
	}
	page, err := q.Client.ListCalls(ctx, talkover.CallQuery{
		Search: contact, DateTo: call.CreatedAt.AddDate(0, 0, 7).Format(time.DateOnly), PerPage: talkover.MaxPerPage,
	})
	if err != nil {
		out.Note("The calls before and after could not be looked up.")
		return
	}
	same := slices.DeleteFunc(slices.Clone(page.Rows), func(k talkover.Call) bool {
		return stats.Contact(k) != contact
	})
	slices.SortStableFunc(same, func(x, y talkover.Call) int { return y.CreatedAt.Compare(x.CreatedAt) })
	at := slices.IndexFunc(same, func(k talkover.Call) bool { return k.SID == call.SID })
	step := func(i int) *callStep {
		if i < 0 || i >= len(same) || same[i].SID == "" {
			return nil
		}
		return &callStep{
			SID: answer.OpaqueID(same[i].SID), Time: answer.Minute(same[i].CreatedAt, q.Zone), Status: same[i].Status,
		}
	}
	if at < 0 {
		out.Note("This contact had more calls since than were looked through for those before and after.")
		return
	}
	out.Before, out.After = step(at+1), step(at-1)
}

func (out *getCallOutput) Size() int {
	if out.Call != nil {
		return 1
	}
	return len(out.Rows)
}

func (out *getCallOutput) Text() string {
	var b strings.Builder
	found := answer.Plural(len(out.Rows), "call", "calls")
	switch {
	case out.Call != nil:
		found = "The call"
	case len(out.Rows) == 0:
		found = "No call"
	}
	fmt.Fprintf(&b, "%s with %q in the SID; %s, now %s.\n", found, out.Asked, out.Timezone, out.Now)
	out.WriteNotes(&b)
	out.Write(&b, true)
	if out.Call != nil {
		answer.FieldTable(*out.Call).Write(&b, false)
		out.Before.write(&b, "before")
		out.After.write(&b, "after")
		b.WriteString("All calls with this contact: find_calls with contact set to its number.")
	}
	return b.String()
}

// write says how to go on to a call.
func (s *callStep) write(b *strings.Builder, when string) {
	if s != nil {
		fmt.Fprintf(b, "Same contact, just %s: %s, status %q: get_call {\"sid\":%q}\n", when, s.Time.CSV(), s.Status,
			s.SID)
	}
}
