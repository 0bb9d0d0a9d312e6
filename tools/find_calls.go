package tools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

type findCallsInput struct {
	query.Filters
	Sort  stats.Order `json:"sort,omitempty" jsonschema:"default=newest"`
	Only  stats.Only  `json:"only,omitempty"`
	Limit int         `json:"limit,omitempty" jsonschema:"minimum=1,maximum=50,default=20" desc:"Calls to show; fewer if there is no room."`
	Page  position    `json:"page,omitempty" jsonschema:"maxLength=64" desc:"What next gives, or a number."`
}

// Tags implements [schema.Tagged].
func (findCallsInput) Tags() schema.Tags {
	return schema.Tags{
		"sort": `enum:"newest,oldest,longest,shortest" ` +
			`desc:"Which come first." alias:"order,order_by,sort_by"`,
		"only": `enum:"not_called_back,called_back_no_answer,unreturned,repeat_contacts" ` +
			`desc:"Missed calls after which nobody talked up to now: not_called_back, of ours no later call; ` +
			`called_back_no_answer, in vain; unreturned, either. Or calls with numbers that have several."`,
		"limit": `alias:"count,per_page,top,n,max_results"`,
		"page":  `alias:"cursor,offset,after"`,
	}
}

// position says where a page of found calls begins: after the call of a [stats.Cursor], which next
// gives and which no call that comes in shifts, or as the number of a page.
type position string

// mostPages bounds the number of a page; those before it are found too.
const mostPages = 200

// JSONSchema implements the hook of invopop/jsonschema.
func (position) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// number returns the number of the page; 1 for a cursor.
func (p position) number() int {
	n, err := strconv.Atoi(string(p))
	if err != nil {
		return 1
	}
	return n
}

// cursor returns the call after which the page begins; the zero cursor for a number.
func (p position) cursor() stats.Cursor {
	c, _ := stats.ParseCursor(string(p))
	return c
}

// Check implements [schema.Checker].
func (p position) Check(string) error {
	if n, err := strconv.Atoi(string(p)); err == nil {
		if n < 1 || n > mostPages {
			return fmt.Errorf("%d is out of range; give a page from 1 to %d, or narrow the dates", n, mostPages)
		}
		return nil
	}
	if _, err := stats.ParseCursor(string(p)); err != nil {
		return errors.New("it is neither a number nor what next gives")
	}
	return nil
}

type findCallsOutput struct {
	Coverage   answer.Coverage                 `json:"coverage"`
	Found      int                             `json:"found" desc:"Calls that fit."`
	FoundExact bool                            `json:"found_exact" desc:"false: at least so many."`
	First      int                             `json:"first"`
	Last       int                             `json:"last"`
	Window     answer.StatsWindow              `json:"window"`
	Order      string                          `json:"order"`
	Filters    answer.Arguments[query.Filters] `json:"filters"`
	Only       stats.Only                      `json:"only,omitempty"`
	answer.Table
	Next *answer.Arguments[findCallsInput] `json:"next,omitempty" desc:"Arguments for the calls that follow."`
	answer.Frame

	byTime bool // the rows are in order of their time
	full   bool // there was no room for more rows
}

// Measured tells metrics how exact the answer is; see coverage.
func (out *findCallsOutput) Measured() (exactness string, cached, read, counted int) {
	return out.Coverage.Measured()
}

// findCalls is the tool for calls that the API's own filters cannot find.
var findCalls = tool[findCallsInput, *findCallsOutput]{
	name:  "find_calls",
	chart: true,
	title: "Find calls",
	description: "Finds calls by length, hour, weekday, several statuses, agent's name, contact, missed callers " +
		"nobody called back, repeat callers, longest first. " +
		"It says how many fit, and takes the filters of get_call_stats.",
	limit: longTime,
	run:   answerFindCalls,
}

func answerFindCalls(ctx context.Context, q *query.Question, in findCallsInput) (*findCallsOutput, error) {
	in.Limit = cmp.Or(in.Limit, talkover.DefaultPerPage)
	ctx, meter := talkover.WithMeter(ctx)
	narrowed, err := q.Narrow(ctx, in.Filters)
	if err != nil {
		return nil, err
	}
	order := cmp.Or(in.Sort, stats.Newest)
	skip := (in.Page.number() - 1) * in.Limit
	found, err := stats.Find(ctx, q.Calls, stats.Search{
		Filter: narrowed.Filter(), Order: order, Only: in.Only, Limit: in.Limit, Skip: skip, After: in.Page.cursor(),
		Progress: progress(ctx),
	})
	if err != nil {
		return nil, err
	}
	calls := found.Rows
	in.Filters = narrowed.Filters
	out := &findCallsOutput{
		Coverage: answer.NewCoverage(found.Coverage, narrowed.Window, q.Now, meter.Requests()),
		Found:    found.Total, FoundExact: found.All,
		Window: narrowed.Shown(), Order: string(order) + " first",
		Filters: answer.Arguments[query.Filters]{Args: narrowed.Filters}, Only: in.Only,
		Table: answer.NewTable(answer.CallColumns(q.Zone, q.LabelsOf(calls)), calls), Frame: q.Frame(),
		byTime: order == stats.Newest || order == stats.Oldest,
	}
	out.Coverage.Looked = true
	noteUnread(&out.Frame, calls)
	noteStale(&out.Frame, calls, q.Now)
	if found.Withheld > 0 {
		out.Note("%s with a withheld number left out.", answer.Plural(found.Withheld, "missed call", "missed calls"))
	}
	switch {
	case found.Total == 0 && found.All:
		out.Note("%s", narrowed.Loosen(q.Now))
	case len(calls) == 0 && found.Total > 0:
		in.Page = position(strconv.Itoa((found.Total + in.Limit - 1) / in.Limit))
		out.Note("Page %d is past the end; the last is page %s.", skip/in.Limit+1, in.Page)
		out.Next = &answer.Arguments[findCallsInput]{Args: in}
	default:
		out.fit(in, calls, found.Skipped, found.Next)
	}
	return out, nil
}

// fit cuts the table of calls, of which so many were skipped, to what an answer may take in
// either half, and says how to see those that follow: after the last that is shown.
func (out *findCallsOutput) fit(in findCallsInput, calls []talkover.Call, skipped int, next stats.Cursor) {
	out.follow(in, stats.CursorOf(talkover.Call{})) // for the room that it takes
	if out.full = answer.FindSize.Fit(&out.Table, out.byTime, out.Text, out) > 0; out.full {
		next = stats.CursorOf(calls[len(out.Rows)-1])
	}
	out.follow(in, next)
	if n := len(out.Rows); n > 0 {
		out.First, out.Last = skipped+1, skipped+n
	}
}

// follow says how to see the calls after a cursor, if it is one.
func (out *findCallsOutput) follow(in findCallsInput, after stats.Cursor) {
	out.Next = nil
	if after != (stats.Cursor{}) {
		in.Page = position(after.String())
		out.Next = &answer.Arguments[findCallsInput]{Args: in}
	}
}

func (out *findCallsOutput) Text() string {
	var b strings.Builder
	n := answer.Plural(out.Found, "call found", "calls found")
	if !out.FoundExact {
		n = "At least " + n
	}
	which := "none shown"
	if out.Last > 0 {
		which = fmt.Sprintf("%s, %d-%d shown", out.Order, out.First, out.Last)
		if out.full {
			which += ", as many as an answer holds"
		}
	}
	filters := out.Filters.Args.String()
	if only := "only=" + string(out.Only); out.Only != "" && filters == answer.NoFilters {
		filters = only
	} else if out.Only != "" {
		filters += " " + only
	}
	fmt.Fprintf(&b, "%s (%s); %s; now %s.\n", n, filters, which, out.Now)
	fmt.Fprintf(&b, "%s; %s.\n", out.Coverage, answer.Plural(out.Coverage.Requests, "request", "requests"))
	out.WriteNotes(&b)
	out.Write(&b, out.byTime)
	switch {
	case out.Next != nil && out.Last == 0:
		b.WriteString("Last page: " + out.Next.JSON())
	case out.Next != nil:
		b.WriteString("Next: " + out.Next.JSON())
	case out.Last > 0:
		b.WriteString("These are the last.")
	}
	return b.String()
}
