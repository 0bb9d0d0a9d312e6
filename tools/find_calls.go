package tools

import (
	"cmp"
	"context"
	"encoding/json"
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
	Status     []string    `json:"status,omitempty" jsonschema:"enum=initiated,enum=ringing,enum=answered,enum=completed,enum=failed,enum=busy,enum=no-answer,enum=open,enum=missed" jsonschema_description:"Any of these; open is still going on, missed is no-answer, busy or failed." alias:"statuses,state,outcome"`
	Direction  string      `json:"direction,omitempty" jsonschema:"enum=inbound,enum=outbound" jsonschema_description:"Came in or went out." alias:"type,call_type"`
	AgentID    string      `json:"agent_id,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Of the agent with this id." alias:"agent,agent_name"`
	DateFrom   schema.Date `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD." alias:"from,start,since,start_date,date,day"`
	DateTo     schema.Date `json:"date_to,omitempty" jsonschema_description:"Last day, included." alias:"to,end,until,end_date"`
	Search     string      `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a number or SID." alias:"q,query,phone,number,sid"`
	MinSeconds int         `json:"min_seconds,omitempty" jsonschema:"minimum=0" jsonschema_description:"At least this long." alias:"min_duration,duration_min,longer_than"`
	MaxSeconds *int        `json:"max_seconds,omitempty" jsonschema:"minimum=0" jsonschema_description:"At most this long." alias:"max_duration,duration_max,shorter_than"`
	HourFrom   int         `json:"hour_from,omitempty" jsonschema:"minimum=0,maximum=23" jsonschema_description:"First hour of the day." alias:"from_hour,after_hour"`
	HourTo     *int        `json:"hour_to,omitempty" jsonschema:"minimum=0,maximum=23" jsonschema_description:"Last hour, included: 17 is until 17:59." alias:"to_hour,before_hour"`
	Weekdays   []string    `json:"weekdays,omitempty" jsonschema:"enum=Mon,enum=Tue,enum=Wed,enum=Thu,enum=Fri,enum=Sat,enum=Sun" jsonschema_description:"On any of these." alias:"weekday,days"`
	Timezone   schema.Zone `json:"timezone,omitempty" jsonschema_description:"IANA zone of days and hours." alias:"tz,zone"`
	Sort       stats.Order `json:"sort,omitempty" jsonschema:"enum=newest,enum=oldest,enum=longest,enum=shortest,default=newest" jsonschema_description:"Which come first." alias:"order,order_by,sort_by"`
	Only       stats.Only  `json:"only,omitempty" jsonschema:"enum=unreturned_missed,enum=repeat_contacts" jsonschema_description:"Missed callers with no later call in the window, or numbers with several."`
	Limit      int         `json:"limit,omitempty" jsonschema:"minimum=1,maximum=50,default=20" jsonschema_description:"Calls to show." alias:"count,per_page,top,n,max_results"`
}

// Validate implements [schema.Validator].
func (in *findCallsInput) Validate() []schema.Fault {
	f := callFilters{DateFrom: in.DateFrom, DateTo: in.DateTo}
	faults := f.Validate()
	if in.MaxSeconds != nil && *in.MaxSeconds < in.MinSeconds {
		faults = append(faults, schema.Fault{Argument: "min_seconds", Problem: fmt.Sprintf("%d is more than max_seconds %d; swap them", in.MinSeconds, *in.MaxSeconds)})
	}
	return faults
}

// hours lists the hours from hour_from to hour_to, past midnight if hour_to is
// the earlier one; none for a whole day.
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

// search is what to look for.
func (in findCallsInput) search(zone *time.Location) stats.Search {
	s := stats.Search{
		Query: talkover.CallQuery{
			Direction: in.Direction, AgentID: in.AgentID, Search: in.Search,
			DateFrom: string(in.DateFrom), DateTo: string(in.DateTo),
		},
		MinSeconds: in.MinSeconds, MaxSeconds: in.MaxSeconds, Hours: in.hours(), Zone: zone,
		Order: cmp.Or(in.Sort, stats.Newest), Only: in.Only, Limit: in.Limit,
	}
	add := func(status string) {
		if !slices.Contains(s.Statuses, status) {
			s.Statuses = append(s.Statuses, status)
		}
	}
	for _, status := range in.Status {
		switch status {
		case "open":
			s.Open = true
		case "missed":
			add("no-answer")
			add("busy")
			add("failed")
		default:
			add(status)
		}
	}
	for _, day := range in.Weekdays {
		s.Weekdays = append(s.Weekdays, time.Weekday((slices.Index(stats.Weekdays, day)+1)%7))
	}
	return s
}

// appliedSearch is the arguments as answers repeat them.
type appliedSearch findCallsInput

func (appliedSearch) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

type findCallsOutput struct {
	Coverage   coverage      `json:"coverage"`
	Found      int           `json:"found" jsonschema_description:"Calls that fit."`
	FoundExact bool          `json:"found_exact" jsonschema_description:"false: at least so many."`
	Window     statsWindow   `json:"window"`
	Order      string        `json:"order"`
	Filters    appliedSearch `json:"filters"`
	Columns    []string      `json:"columns"`
	Rows       []row         `json:"rows"`
	frame
}

// findCalls is the tool for calls that the API's own filters cannot name.
func findCalls() tool[findCallsInput, *findCallsOutput] {
	return tool[findCallsInput, *findCallsOutput]{
		name:  "find_calls",
		title: "Find calls",
		description: "Finds calls by what list_calls cannot filter or sort: length, hour, weekday, several statuses, missed callers nobody rang back, repeat callers, longest first. " +
			"It reads all calls of the window that may fit, and says how far it looked.",
		limit: longTime,
		run: func(ctx context.Context, c Config, in findCallsInput) (*findCallsOutput, error) {
			return c.findCalls(ctx, in)
		},
	}
}

func (c Config) findCalls(ctx context.Context, in findCallsInput) (*findCallsOutput, error) {
	if in.Timezone != "" {
		c.Zone, _ = time.LoadLocation(string(in.Timezone)) // it was checked
	}
	in.Limit = cmp.Or(in.Limit, talkover.DefaultPerPage)
	ctx, meter := talkover.WithMeter(ctx)
	s := in.search(c.Zone)
	s.Now, s.Budget = c.Now(), c.budget()
	s.Progress = func(done, total int, what string) { progress(ctx, done, total, what) }
	found, err := stats.Find(ctx, c.Client, s)
	if err != nil {
		return nil, err
	}
	m := mask(c.MaskNumbers)
	in.Search, in.AgentID = m.search(in.Search), m.search(in.AgentID)
	out := &findCallsOutput{
		Coverage: newCoverage(found.Coverage, meter.Requests()),
		Found:    found.Total, FoundExact: found.All,
		Window: statsWindow{DateFrom: string(in.DateFrom), DateTo: string(in.DateTo), Timezone: c.Zone.String()},
		Order:  string(s.Order) + " first", Filters: appliedSearch(in),
		Columns: callColumns, Rows: []row{}, frame: c.frame(),
	}
	for _, call := range found.Calls {
		out.Rows = append(out.Rows, c.callRow(call))
	}
	if !found.Complete && !found.LookedBackTo.IsZero() {
		out.note("It looked back to %s only. Narrow the dates to look further.", found.LookedBackTo.In(c.Zone).Format(minuteForm))
	}
	if found.Total == 0 && found.All {
		c.noteAgent(ctx, &out.frame, s.Query.AgentID)
	}
	out.fit()
	return out, nil
}

// findTokens is what the text of an answer may take, by our estimate; the
// structure says the same in a fifth more.
const findTokens = 2600

// fit cuts the table to what an answer may take.
func (out *findCallsOutput) fit() {
	rows := out.Rows
	out.Rows = []row{}
	spent := tokens(out.text())
	for i, r := range rows {
		cells := r.csv(nil)
		if out.byTime() { // the day stands above
			_, cells[0], _ = strings.Cut(cells[0], " ")
		}
		if spent += tokens(strings.Join(cells, ",") + "\n"); spent > findTokens {
			out.note("%d of the %d calls to show are left out, for an answer has no room for more; ask with a smaller window for the others.", len(rows)-i, len(rows))
			rows = rows[:i]
			break
		}
	}
	out.Rows = rows
}

// byTime reports whether the rows are in order of their time.
func (out *findCallsOutput) byTime() bool {
	sort := cmp.Or(out.Filters.Sort, stats.Newest)
	return sort == stats.Newest || sort == stats.Oldest
}

func (out *findCallsOutput) size() int { return len(out.Rows) }

// String echoes the arguments.
func (in appliedSearch) String() string {
	b, _ := json.Marshal(findCallsInput(in))
	return string(b)
}

func (out *findCallsOutput) text() string {
	var b strings.Builder
	n := plural(out.Found, "call found", "calls found")
	if !out.FoundExact {
		n = "At least " + n
	}
	fmt.Fprintf(&b, "%s, %s, %d shown; asked: %s; times %s; now %s.\n", n, out.Order, len(out.Rows), out.Filters, out.Timezone, out.Now)
	read := fmt.Sprintf("%d of %s that may fit", out.Coverage.Scanned, plural(out.Coverage.Matched, "call", "calls"))
	if out.Coverage.Complete {
		fmt.Fprintf(&b, "Coverage: complete; %s read in %s.\n", read, plural(out.Coverage.Requests, "request", "requests"))
	} else {
		fmt.Fprintf(&b, "Coverage: NOT COMPLETE; %s read in %s: %s.\n", read, plural(out.Coverage.Requests, "request", "requests"), out.Coverage.Reason)
	}
	out.writeNotes(&b)
	if len(out.Rows) > 0 {
		writeCSV(&b, out.Columns, out.Rows, out.byTime())
	}
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
