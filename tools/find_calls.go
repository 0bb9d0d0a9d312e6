package tools

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

type findCallsInput struct {
	Status     []searchStatus `json:"status,omitempty" jsonschema_description:"Any of these; open is still going on, missed is no-answer, busy or failed." alias:"statuses,state,outcome"`
	Direction  direction      `json:"direction,omitempty" jsonschema_description:"Came in or went out." alias:"type,call_type"`
	AgentID    needle         `json:"agent_id,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Of the agent with this id." alias:"agent,agent_name"`
	DateFrom   schema.Date    `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD." alias:"from,start,since,start_date,date,day"`
	DateTo     schema.Date    `json:"date_to,omitempty" jsonschema_description:"Last day, included." alias:"to,end,until,end_date"`
	Search     needle         `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a number or SID." alias:"q,query,phone,number,sid"`
	MinSeconds int            `json:"min_seconds,omitempty" jsonschema:"minimum=0" jsonschema_description:"At least this long." alias:"min_duration,duration_min,longer_than"`
	MaxSeconds *int           `json:"max_seconds,omitempty" jsonschema:"minimum=0" jsonschema_description:"At most this long." alias:"max_duration,duration_max,shorter_than"`
	HourFrom   int            `json:"hour_from,omitempty" jsonschema:"minimum=0,maximum=23" jsonschema_description:"First hour of the day." alias:"from_hour,after_hour"`
	HourTo     *int           `json:"hour_to,omitempty" jsonschema:"minimum=0,maximum=23" jsonschema_description:"Last hour, included: 17 is until 17:59." alias:"to_hour,before_hour"`
	Weekdays   []weekday      `json:"weekdays,omitempty" jsonschema_description:"On any of these." alias:"weekday,days"`
	Timezone   schema.Zone    `json:"timezone,omitempty" jsonschema_description:"IANA zone of days and hours." alias:"tz,zone"`
	Sort       stats.Order    `json:"sort,omitempty" jsonschema:"enum=newest,enum=oldest,enum=longest,enum=shortest,default=newest" jsonschema_description:"Which come first." alias:"order,order_by,sort_by"`
	Only       stats.Only     `json:"only,omitempty" jsonschema:"enum=unreturned_missed,enum=repeat_contacts" jsonschema_description:"Missed callers with no later call in the window, or numbers with several."`
	Limit      int            `json:"limit,omitempty" jsonschema:"minimum=1,maximum=50,default=20" jsonschema_description:"Calls to show." alias:"count,per_page,top,n,max_results"`
}

// searched implements [searcher].
func (in findCallsInput) searched() (string, needle) { return "search", in.Search }

// searchStatus names a status of calls, or open or missed, which stand for several.
type searchStatus string

const (
	openCalls   searchStatus = "open"
	missedCalls searchStatus = "missed"
)

// missedStatuses lists the statuses of final calls that nobody answered.
var missedStatuses = []string{talkover.StatusNoAnswer, talkover.StatusBusy, talkover.StatusFailed}

// JSONSchema implements the hook of invopop/jsonschema.
func (searchStatus) JSONSchema() *jsonschema.Schema {
	return oneOf(append(slices.Clone(talkover.Statuses), string(openCalls), string(missedCalls)))
}

// Validate implements [schema.Validator].
func (in *findCallsInput) Validate() []schema.Fault {
	faults := inOrder(in.DateFrom, in.DateTo)
	if in.MaxSeconds != nil && *in.MaxSeconds < in.MinSeconds {
		faults = append(faults, schema.Fault{Argument: "min_seconds", Problem: fmt.Sprintf("%d is more than max_seconds %d; swap them", in.MinSeconds, *in.MaxSeconds)})
	}
	return faults
}

// zone returns the zone that was asked for, or nil.
func (in findCallsInput) zone() *time.Location { return in.Timezone.Location() }

// hours lists the hours from hour_from to hour_to, past midnight if hour_to is the
// earlier one. It lists none if they are the whole day.
func (in findCallsInput) hours() []int {
	last := 23
	if in.HourTo != nil {
		last = *in.HourTo
	}
	var hours []int
	for h := in.HourFrom; ; h = (h + 1) % 24 {
		if hours = append(hours, h); h == last {
			break
		}
	}
	if len(hours) == 24 {
		return nil
	}
	return hours
}

// search returns what to look for.
func (in findCallsInput) search(q *question) stats.Search {
	s := stats.Search{
		Query: callFilters{
			Direction: in.Direction, AgentID: in.AgentID, Search: in.Search, DateFrom: in.DateFrom, DateTo: in.DateTo,
		}.query(),
		MinSeconds: in.MinSeconds, MaxSeconds: in.MaxSeconds, Hours: in.hours(), Zone: q.zone,
		Order: cmp.Or(in.Sort, stats.Newest), Only: in.Only, Limit: in.Limit, Now: q.clock, Account: q.kept,
	}
	add := func(statuses ...string) {
		for _, status := range statuses {
			if !slices.Contains(s.Statuses, status) {
				s.Statuses = append(s.Statuses, status)
			}
		}
	}
	for _, status := range in.Status {
		switch status {
		case openCalls:
			s.Open = true
		case missedCalls:
			add(missedStatuses...)
		default:
			add(string(status))
		}
	}
	for _, day := range in.Weekdays {
		s.Weekdays = append(s.Weekdays, time.Weekday((slices.Index(stats.Weekdays, string(day))+1)%7))
	}
	return s
}

type findCallsOutput struct {
	Coverage   coverage             `json:"coverage"`
	Found      int                  `json:"found" jsonschema_description:"Calls that fit."`
	FoundExact bool                 `json:"found_exact" jsonschema_description:"false: at least so many."`
	Window     statsWindow          `json:"window"`
	Order      ours                 `json:"order"`
	Filters    echo[findCallsInput] `json:"filters"`
	table
	frame

	byTime bool // the rows are in order of their time
}

// Measured tells metrics how exact the answer is; see coverage.
func (out *findCallsOutput) Measured() (exactness string, cached, read, counted int) {
	return out.Coverage.measured()
}

// findCalls makes the tool for calls that the API's own filters cannot find.
func findCalls() tool[findCallsInput, *findCallsOutput] {
	return tool[findCallsInput, *findCallsOutput]{
		name:  "find_calls",
		title: "Find calls",
		description: "Finds calls by what list_calls cannot filter or sort: length, hour, weekday, several statuses, missed callers nobody rang back, repeat callers, longest first. " +
			"It reads all calls of the window that may fit, and says how far it looked.",
		limit: longTime,
		run:   answerFindCalls,
	}
}

func answerFindCalls(ctx context.Context, q *question, in findCallsInput) (*findCallsOutput, error) {
	in.Limit = cmp.Or(in.Limit, talkover.DefaultPerPage)
	ctx, meter := talkover.WithMeter(ctx)
	search := in.search(q)
	search.Progress = func(done, total int, what string) { progress(ctx, done, total, what) }
	found, err := stats.Find(ctx, q.client, search)
	if err != nil {
		return nil, err
	}
	out := &findCallsOutput{
		Coverage: newCoverage(q, found.Coverage, in.DateFrom, in.DateTo, meter.Requests()),
		Found:    found.Total, FoundExact: found.All,
		Window: statsWindow{DateFrom: string(in.DateFrom), DateTo: string(in.DateTo), Timezone: q.zone.String()},
		Order:  ours(search.Order + " first"), Filters: echo[findCallsInput]{in},
		table: newTable(callColumns(q.zone), found.Calls), frame: q.frame(),
		byTime: search.Order == stats.Newest || search.Order == stats.Oldest,
	}
	if found.Total == 0 && found.All {
		q.noteAgent(ctx, &out.frame, string(in.AgentID))
	}
	out.fit()
	return out, nil
}

// fit cuts the table to what an answer may take. The structure takes a fifth more than
// the text, so the text is what counts here.
func (out *findCallsOutput) fit() {
	rows := out.Rows
	out.cut(0)
	keep := fitting(len(rows), findSize.estimate-tokens(out.text()), func(i int) int {
		return tokens(strings.Join(rows[i].text(nil, out.byTime), ",") + "\n")
	})
	if keep < len(rows) {
		out.note("%d of the %d calls to show are left out, for an answer has no room for more; ask with a smaller window for the others.", len(rows)-keep, len(rows))
	}
	out.Rows = rows[:keep]
}

func (out *findCallsOutput) text() string {
	var b strings.Builder
	n := plural(out.Found, "call found", "calls found")
	if !out.FoundExact {
		n = "At least " + n
	}
	fmt.Fprintf(&b, "%s, %s, %d shown; asked: %s; times %s; now %s.\n", n, out.Order, len(out.Rows), out.Filters.json(), out.Timezone, out.Now)
	fmt.Fprintf(&b, "Looked through: %s; %s.\n", out.Coverage, plural(out.Coverage.Requests, "request", "requests"))
	out.writeNotes(&b)
	out.write(&b, out.byTime)
	switch {
	case out.Found == 0:
		b.WriteString("Nothing fits. To find more, leave out a condition or widen the dates.")
	case out.Found > len(out.Rows) || !out.FoundExact:
		fmt.Fprintf(&b, "There are more: raise limit (50 at most), narrow the dates, or count them with get_call_stats.")
	default:
		b.WriteString("These are all.")
	}
	return b.String()
}
