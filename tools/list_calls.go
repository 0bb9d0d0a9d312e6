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

type listCallsInput struct {
	callFilters
	pageInput
}

type listCallsOutput struct {
	paged
	Order   string         `json:"order"`
	Filters appliedFilters `json:"filters" jsonschema_description:"The filters that applied."`
	Tally   tally          `json:"tally" jsonschema_description:"Of this page only."`
	Columns []string       `json:"columns"`
	Rows    []row          `json:"rows" jsonschema_description:"Calls; the cells are in the order of columns."`
	Next    *nextPage      `json:"next,omitempty" jsonschema_description:"Arguments of the next page, or of the last one if this is past it. Missing on the last page."`
	frame
}

// appliedFilters and nextPage are arguments as answers repeat them. Their
// schema is that of the arguments, which the model has already.
type (
	appliedFilters callFilters
	nextPage       listCallsInput
)

func (appliedFilters) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }
func (nextPage) JSONSchema() *jsonschema.Schema       { return &jsonschema.Schema{Type: "object"} }

// listCalls is the tool that mirrors List Calls: one call of it is one request.
func listCalls() tool[listCallsInput, *listCallsOutput] {
	return tool[listCallsInput, *listCallsOutput]{
		name:  "list_calls",
		title: "List calls",
		description: "Lists phone calls of the account's AI voice agents, newest first, one page at a time. " +
			"The answer says how many calls match in all, sums up the page, and gives the arguments of the next page.",
		limit: pageTime,
		run: func(ctx context.Context, c Config, in listCallsInput) (*listCallsOutput, error) {
			q := in.query()
			q.Page, q.PerPage = in.Page, in.PerPage
			page, err := c.Client.ListCalls(ctx, q)
			if err != nil {
				return nil, err
			}
			out := c.listCallsAnswer(in, page)
			if out.none() {
				c.noteAgent(ctx, &out.frame, in.AgentID)
			}
			return out, nil
		},
	}
}

const newestFirst = "newest first"

// listCallsAnswer makes an answer of a page, and notes where the API
// contradicts the question or itself.
func (c Config) listCallsAnswer(in listCallsInput, page talkover.Page[talkover.Call]) *listCallsOutput {
	in.pageInput = in.whole()
	asked := in.callFilters
	m := mask(c.MaskNumbers)
	in.Search, in.AgentID = m.search(in.Search), m.search(in.AgentID)
	out := &listCallsOutput{
		Order: newestFirst, Filters: appliedFilters(in.callFilters),
		Columns: callColumns, Rows: []row{},
		frame: c.frame(),
	}
	calls := page.Rows
	if len(calls) > in.PerPage {
		out.note("Talkover sent %d calls where %d were asked for; the rest is left out.", len(calls), in.PerPage)
		calls = calls[:in.PerPage]
	}
	newer := func(x, y talkover.Call) int { return y.CreatedAt.Compare(x.CreatedAt) }
	if !slices.IsSortedFunc(calls, newer) {
		out.Order = newestFirst + " within this page"
		out.note("Talkover did not send this page newest first. It is sorted here, but other pages may hold newer calls.")
		calls = slices.SortedStableFunc(slices.Values(calls), newer)
	}
	for _, call := range calls {
		out.Rows = append(out.Rows, c.callRow(call))
	}
	out.Tally = newTally(calls)
	if next := out.place(&out.frame, in.pageInput, len(out.Rows), "calls", page.Pagination); next != 0 {
		in.Page = next
		args := nextPage(in)
		out.Next = &args
	}
	out.notePage(asked, calls, page.Unreadable)
	if c.Zone != time.UTC && c.Zone.String() != "UTC" && (in.DateFrom != "" || in.DateTo != "") {
		out.note("date_from and date_to are UTC days, while times are shown in %s.", c.Zone)
	}
	return out
}

// notePage says what is odd about the rows.
func (out *listCallsOutput) notePage(f callFilters, calls []talkover.Call, unreadable int) {
	if unreadable > 0 {
		out.note("%d rows of this page could not be read and are missing here.", unreadable)
	}
	broken := map[string]int{}
	var fields []string
	for _, call := range calls {
		for _, field := range call.Unread {
			if broken[field]++; broken[field] == 1 {
				fields = append(fields, field)
			}
		}
	}
	slices.Sort(fields)
	for _, field := range fields {
		out.note("The %s of %d calls could not be read and is blank here.", field, broken[field])
	}
	strangers := 0
	for _, call := range calls {
		if !f.fits(call) {
			strangers++
		}
	}
	if strangers > 0 {
		out.note("%d of these calls do not fit the filters, so Talkover may have ignored one: do not rely on the count of matching calls.", strangers)
	}
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

func (out *listCallsOutput) size() int { return len(out.Rows) }

func (out *listCallsOutput) text() string {
	var b strings.Builder
	b.Grow(512 + 128*len(out.Rows))
	b.WriteString(out.head("call", callFilters(out.Filters).String(), out.Order, out.frame))
	if len(out.Rows) > 0 {
		fmt.Fprintf(&b, "This page: %s.\n", out.Tally)
	}
	out.writeNotes(&b)
	if len(out.Rows) > 0 {
		writeCSV(&b, out.Columns, out.Rows, true)
	}
	b.WriteString(out.nextStep())
	return b.String()
}

// nextStep says what to do after this page.
func (out *listCallsOutput) nextStep() string {
	switch {
	case out.none():
		return callFilters(out.Filters).loosen()
	case out.Next == nil:
		return out.step(0, nil)
	case out.Next.Page < out.Page:
		return out.step(out.Next.Page, out.Next)
	}
	return out.step(out.Next.Page, out.Next) + "\nAll pages: get_call_stats"
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

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
