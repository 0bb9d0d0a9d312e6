package tools

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
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

// callFilters holds the filters of List Calls, by the vendor's names.
type callFilters struct {
	Status    callStatus        `json:"status,omitempty" desc:"Only calls in this status."`
	Direction query.Direction   `json:"direction,omitempty" desc:"Only calls that came in or went out."`
	AgentID   answer.SearchTerm `json:"agent_id,omitempty" jsonschema:"maxLength=100"`
	DateFrom  schema.Date       `json:"date_from,omitempty" desc:"First day, YYYY-MM-DD (UTC)."`
	DateTo    schema.Date       `json:"date_to,omitempty" desc:"Last day, included, YYYY-MM-DD (UTC)."`
	Search    answer.SearchTerm `json:"search,omitempty" jsonschema:"maxLength=100" masked:"number"`
}

// Tags implements [schema.Tagged].
func (callFilters) Tags() schema.Tags {
	return schema.Tags{
		"status":    `alias:"state,call_status,outcome,result,statuses"`,
		"direction": `alias:"type,call_type,call_direction"`,
		"agent_id": `desc:"Only calls of the agent with this id (not its name)." ` +
			`alias:"agent_name,agent_label,agents"`,
		"date_from": `alias:"from,start,since,after,start_date,from_date,date_start,date,day,created_after"`,
		"date_to":   `alias:"to,end,until,before,end_date,to_date,date_end,created_before"`,
		"search": `desc:"Part of a phone number in E.164 (+12025550123) or of a call SID." ` +
			`alias:"q,query,phone,number,phone_number,contact,caller,sid,call_sid,call_id,id,filter"`,
	}
}

// callStatus is one of [talkover.Statuses].
type callStatus string

// JSONSchema implements the hook of invopop/jsonschema.
func (callStatus) JSONSchema() *jsonschema.Schema { return schema.OneOf(talkover.Statuses) }

// Validate implements [schema.Validator].
func (f *callFilters) Validate() schema.Faults { return query.InOrder(f.DateFrom, f.DateTo) }

// query returns the query of the API.
func (f callFilters) query() talkover.CallQuery {
	return talkover.CallQuery{
		Status: string(f.Status), Direction: string(f.Direction), AgentID: string(f.AgentID),
		DateFrom: string(f.DateFrom), DateTo: string(f.DateTo), Search: f.Search.Dialled(),
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
	if !same(string(f.Status), c.Status) || !same(string(f.Direction), c.Direction) ||
		!same(string(f.AgentID), c.Agent.ID) {
		return false
	}
	if c.CreatedAt.IsZero() {
		return true
	}
	from, to := f.DateFrom.Time(), f.DateTo.Time()
	return (from.IsZero() || !c.CreatedAt.Before(from.Add(-dayDrift))) &&
		(to.IsZero() || c.CreatedAt.Before(to.AddDate(0, 0, 1).Add(dayDrift)))
}

// asFilters returns the filters as find_calls takes them, but for the search, which it does not take.
func (f callFilters) asFilters() query.Filters {
	all := query.Filters{
		Direction: f.Direction, Agent: string(f.AgentID), DateFrom: query.Day(f.DateFrom), DateTo: query.Day(f.DateTo),
	}
	if f.Status != "" {
		all.Status = []query.Outcomes{query.Outcomes(f.Status)}
	}
	return all
}

// window returns the days that are meant.
func (f callFilters) window() answer.Window {
	return answer.Window{From: f.DateFrom, To: f.DateTo, Zone: time.UTC}
}

// filter returns the filter of stats, by days of UTC.
func (f callFilters) filter() stats.Filter {
	a := query.Narrowed{Filters: f.asFilters(), Window: f.window()}
	a.AgentID = string(f.AgentID)
	all := a.Filter()
	all.Search = f.Search.Dialled()
	return all
}

// loosen says what to try if nothing matched.
func (f callFilters) loosen() answer.SafeText {
	var try []string
	if text := f.Search.Dialled(); strings.Trim(text, "0123456789") == "" && len(text) >= answer.LeastDigits {
		try = append(try, "write the number in E.164, with + and the country")
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
	return answer.SafeText("Nothing matches. To find more: " + strings.Join(try, "; ") + ".")
}

type listCallsInput struct {
	callFilters
	answer.PageInput
}

type listCallsOutput struct {
	answer.Listing[callFilters, listCallsInput]
	Summary summary `json:"tally" desc:"Of this page only."`
}

// JSONSchemaExtend implements the hook of invopop/jsonschema. It describes for calls what
// all lists have, and puts order and tally where the text has them.
func (listCallsOutput) JSONSchemaExtend(s *jsonschema.Schema) {
	p := s.Properties
	p.Value("filters").Description = "The filters that applied."
	p.Value("rows").Description = "Calls; the cells are in the order of columns."
	p.Value("next").Description = "Arguments of the next page, or of the last one if this is past it. Missing on " +
		"the last page."
	_ = p.MoveAfter("tally", "filters") // fails only for a name that is not there
}

// listCalls is the tool that mirrors List Calls: one call of it is one request.
var listCalls = tool[listCallsInput, *listCallsOutput]{
	name:  "list_calls",
	chart: true,
	title: "List calls",
	description: "Lists phone calls of the account's AI voice agents, newest first, one page at a time. " +
		"The answer says how many calls match in all, sums up the page, and gives the arguments of the next page.",
	limit: pageTime,
	run: func(ctx context.Context, q *query.Question, in listCallsInput) (*listCallsOutput, error) {
		wanted := in.query()
		wanted.Page, wanted.PerPage = in.Page, in.PerPage
		page, err := q.Client.ListCalls(ctx, wanted)
		if err != nil {
			return nil, err
		}
		out := listCallsAnswer(q, in, page)
		if out.None() {
			q.NoteAgent(ctx, &out.Frame, string(in.AgentID))
		}
		return out, nil
	},
}

const newestFirst = "newest first"

// listCallsAnswer makes an answer of a page.
func listCallsAnswer(q *query.Question, in listCallsInput, page talkover.Page[talkover.Call]) *listCallsOutput {
	out := &listCallsOutput{}
	order := answer.SafeText(newestFirst)
	newer := func(x, y talkover.Call) int { return y.CreatedAt.Compare(x.CreatedAt) }
	var calls []talkover.Call
	out.Listing, calls = answer.NewListing(q.Frame(), answer.List[talkover.Call, callFilters]{
		Thing: "call", Columns: answer.CallColumns(q.Zone, q.LabelsOf(page.Rows)), Fits: callFilters.fit,
		Review: func(f *answer.Frame, calls []talkover.Call) []talkover.Call {
			noteUnread(f, calls)
			noteStale(f, calls, q.Now)
			if slices.IsSortedFunc(calls, newer) {
				return calls
			}
			order = newestFirst + " within this page"
			f.Note("Talkover did not send this page newest first. It is sorted here, but other pages may hold newer " +
				"calls.")
			return slices.SortedStableFunc(slices.Values(calls), newer)
		},
	}, in.callFilters, in, page)
	out.Order, out.Summary = order, newSummary(calls)
	isContact := in.Search == "" || strings.HasPrefix(string(in.Search), "+")
	if q.Zone.String() != "UTC" && isContact && (in.DateFrom != "" || in.DateTo != "") {
		found := in.asFilters()
		found.Contact = in.Search
		out.Days = ", UTC days"
		out.Note("date_from and date_to are days of UTC here. By days of %s: find_calls %s", q.Zone,
			answer.JSONOf{Args: found})
	}
	return out
}

// longestCall is how long a call may be open before it is said to be stale: hardly a call with an agent takes
// as long, so its end was lost.
const longestCall = 4 * time.Hour

// noteStale says which of the calls are open for so long that their end was lost.
func noteStale(f *answer.Frame, calls []talkover.Call, now time.Time) {
	stale, first := 0, now
	for _, c := range calls {
		if talkover.IsOpen(c.Status, c.Duration) && !c.CreatedAt.IsZero() && now.Sub(c.CreatedAt) > longestCall {
			if stale++; c.CreatedAt.Before(first) {
				first = c.CreatedAt
			}
		}
	}
	if stale > 0 {
		f.Note("%s open for over 4 h (stale), since %s at the earliest: Talkover may have lost the end.",
			answer.Plural(stale, "call here is", "calls here are"), first.In(now.Location()).Format(answer.NowForm))
	}
}

// noteUnread says which fields of the calls could not be read.
func noteUnread(f *answer.Frame, calls []talkover.Call) {
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
		f.Note("The %s of %s could not be read and is blank here.", field,
			answer.Plural(broken[field], "call", "calls"))
	}
}

func (out *listCallsOutput) Text() string {
	var b strings.Builder
	b.Grow(512 + 128*len(out.Rows))
	b.WriteString(out.Head())
	if len(out.Rows) > 0 {
		fmt.Fprintf(&b, "This page: %s.\n", out.Summary)
	}
	out.WriteNotes(&b)
	out.Write(&b, true)
	switch {
	case out.None():
		b.WriteString(string(out.Filters.Args.loosen()))
	case out.Turn > out.Page:
		b.WriteString(out.Step())
		if out.Days == "" { // else it would count those of other days
			b.WriteString("\nAll pages: get_call_stats")
		}
	default:
		b.WriteString(out.Step())
	}
	return b.String()
}

// summary sums up the calls of a page.
type summary struct {
	Status      map[string]int `json:"status"`
	Direction   map[string]int `json:"direction"`
	Answered    int            `json:"answered" desc:"Completed, or answered and over."`
	Open        int            `json:"open,omitempty"`
	TalkSeconds int            `json:"talk_seconds" desc:"Of answered calls."`
	MeanSeconds float64        `json:"mean_seconds,omitempty" desc:"Per answered call."`
	TestCalls   int            `json:"test_calls"`
}

// newSummary sums up calls.
func newSummary(calls []talkover.Call) summary {
	t := summary{Status: map[string]int{}, Direction: map[string]int{}}
	for _, c := range calls {
		t.add(c)
	}
	return t
}

// add takes a call in.
func (t *summary) add(c talkover.Call) {
	t.Status[c.Status]++
	t.Direction[c.Direction]++
	switch {
	case talkover.IsOpen(c.Status, c.Duration):
		t.Open++
	case c.Answered():
		t.Answered++
		t.TalkSeconds += c.Duration
		t.MeanSeconds = math.Round(10*float64(t.TalkSeconds)/float64(t.Answered)) / 10
	}
	if c.IsTesting {
		t.TestCalls++
	}
}

// String writes the summary in words, the most frequent first.
func (t summary) String() string {
	parts := []string{counts(t.Status), counts(t.Direction)}
	if t.Answered > 0 {
		parts = append(parts,
			fmt.Sprintf("talk %d s, mean %g of %d answered", t.TalkSeconds, t.MeanSeconds, t.Answered))
	}
	if t.Open > 0 {
		parts = append(parts, fmt.Sprintf("%d still going on", t.Open))
	}
	if t.TestCalls > 0 {
		parts = append(parts, string(answer.Plural(t.TestCalls, "test call", "test calls")))
	}
	return strings.Join(parts, "; ")
}

// counts writes how many there are of each name, the most frequent first.
func counts(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(x, y string) int {
		return cmp.Or(m[y]-m[x], strings.Compare(x, y))
	})
	for i, name := range names {
		n := m[name]
		switch {
		case name == "":
			name = "unknown"
		case !isPlainWord(name):
			name = fmt.Sprintf("%q", name) // other people's text is no part of our sentence
		}
		names[i] = fmt.Sprintf("%d %s", n, name)
	}
	if more := len(names) - mostCounts; more > 0 {
		names = append(names[:mostCounts], string(answer.Plural(more, "other", "others")))
	}
	return strings.Join(names, ", ")
}

// mostCounts bounds the names that counts writes.
const mostCounts = 10

// isPlainWord reports whether s looks like a documented status or direction.
func isPlainWord(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") == ""
}
