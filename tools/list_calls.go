package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/talkover"
)

type listCallsInput struct {
	callFilters
	pageInput
}

// turn returns the arguments of another page.
func (in listCallsInput) turn(page pageInput) listCallsInput {
	in.pageInput = page
	return in
}

type listCallsOutput struct {
	listing[callFilters, listCallsInput]
	Order ours  `json:"order"`
	Tally tally `json:"tally" jsonschema_description:"Of this page only."`
}

// JSONSchemaExtend implements the hook of invopop/jsonschema. It describes for calls what
// all lists have, and puts order and tally where the text has them.
func (listCallsOutput) JSONSchemaExtend(s *jsonschema.Schema) {
	p := s.Properties
	p.Value("filters").Description = "The filters that applied."
	p.Value("rows").Description = "Calls; the cells are in the order of columns."
	p.Value("next").Description = "Arguments of the next page, or of the last one if this is past it. Missing on the last page."
	_ = p.MoveBefore("order", "filters") // fails only for a name that is not there
	_ = p.MoveAfter("tally", "filters")
}

// listCalls makes the tool that mirrors List Calls: one call of it is one request.
func listCalls() tool[listCallsInput, *listCallsOutput] {
	return tool[listCallsInput, *listCallsOutput]{
		name:  "list_calls",
		title: "List calls",
		description: "Lists phone calls of the account's AI voice agents, newest first, one page at a time. " +
			"The answer says how many calls match in all, sums up the page, and gives the arguments of the next page.",
		limit: pageTime,
		run: func(ctx context.Context, q *question, in listCallsInput) (*listCallsOutput, error) {
			asked := in.query()
			asked.Page, asked.PerPage = in.Page, in.PerPage
			page, err := q.client.ListCalls(ctx, asked)
			if err != nil {
				return nil, err
			}
			out := listCallsAnswer(q, in, page)
			if out.none() {
				q.noteAgent(ctx, &out.frame, string(in.AgentID))
			}
			return out, nil
		},
	}
}

const newestFirst = "newest first"

// listCallsAnswer makes an answer of a page.
func listCallsAnswer(q *question, in listCallsInput, page talkover.Page[talkover.Call]) *listCallsOutput {
	out := &listCallsOutput{Order: newestFirst}
	newer := func(x, y talkover.Call) int { return y.CreatedAt.Compare(x.CreatedAt) }
	var calls []talkover.Call
	out.listing, calls = newListing(q, list[talkover.Call, callFilters]{
		thing: "call", columns: callColumns(q.zone), fits: callFilters.fit,
		review: func(f *frame, calls []talkover.Call) []talkover.Call {
			noteUnread(f, calls)
			if slices.IsSortedFunc(calls, newer) {
				return calls
			}
			out.Order = newestFirst + " within this page"
			f.note("Talkover did not send this page newest first. It is sorted here, but other pages may hold newer calls.")
			return slices.SortedStableFunc(slices.Values(calls), newer)
		},
	}, in.callFilters, in.pageInput, page, in.turn)
	out.Tally = newTally(calls)
	if q.zone.String() != "UTC" && (in.DateFrom != "" || in.DateTo != "") {
		out.note("date_from and date_to are UTC days, while times are shown in %s.", q.zone)
	}
	return out
}

// noteUnread says which fields of the calls could not be read.
func noteUnread(f *frame, calls []talkover.Call) {
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
		f.note("The %s of %d calls could not be read and is blank here.", field, broken[field])
	}
}

func (out *listCallsOutput) text() string {
	var b strings.Builder
	b.Grow(512 + 128*len(out.Rows))
	b.WriteString(out.head(out.Order))
	if len(out.Rows) > 0 {
		fmt.Fprintf(&b, "This page: %s.\n", out.Tally)
	}
	out.writeNotes(&b)
	out.write(&b, true)
	switch {
	case out.none():
		b.WriteString(string(out.Filters.Args.loosen()))
	case out.turn > out.Page:
		b.WriteString(out.step() + "\nAll pages: get_call_stats")
	default:
		b.WriteString(out.step())
	}
	return b.String()
}
