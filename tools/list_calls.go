package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/talkover"
)

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
