package tools

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// prompt describes a ready-made question that a person picks in a host. Its text names
// the tools and arguments that answer it. [schema.NewInput] must take In.
type prompt[In any] struct {
	name        string
	title       string
	description string                            // for people
	text        func(in In, now time.Time) string // now is in the zone of answers
}

// register adds the prompt to a server.
func (p prompt[In]) register(s *server.MCPServer, qs *questions) {
	input := schema.NewInput[In]()
	m := mcp.Prompt{Name: p.name, Title: p.title, Description: p.description}
	for _, a := range input.Arguments() {
		m.Arguments = append(m.Arguments,
			mcp.PromptArgument{Name: a.Name, Description: a.Description, Required: a.Required})
	}
	s.AddPrompt(m, func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		args, err := json.Marshal(r.Params.Arguments)
		if err != nil {
			return nil, answer.InvalidParams("the arguments are not JSON")
		}
		now := qs.Now().In(qs.Zone)
		in, err := input.Decode(args, now.Format(time.DateOnly))
		if err != nil {
			// faults, in words for people
			return nil, answer.Answering(err, answer.Leaving(qs.MaskNumbers, err.Error()))
		}
		text := p.text(in, now)
		return mcp.NewGetPromptResult(p.description, []mcp.PromptMessage{
			mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text)),
		}), nil
	})
}

// row implements [registrar].
func (p prompt[In]) row() (name string, counts bool) { return p.name, false }

// steps writes the text of a prompt: what to do, which calls to make, what to write.
func steps(do, write string, calls ...answer.SafeText) string {
	var b strings.Builder
	b.WriteString(do + " Call these tools:\n")
	for i, call := range calls {
		fmt.Fprintf(&b, "%d. %s\n", i+1, call)
	}
	b.WriteString(write + honest)
	return b.String()
}

// about returns what writes calls about the same calls: of an agent, from one day to another, each ""
// for all.
func about(agent string, from, to schema.Date) func(tool string, more ...any) answer.SafeText {
	return func(tool string, more ...any) answer.SafeText {
		return answer.WrittenCall(tool, append([]any{"agent", agent, "date_from", from, "date_to", to}, more...)...)
	}
}

// honest ends each prompt.
const honest = " Say what the first line of each answer says of its coverage. Invent no number."

// agentArgument narrows a prompt to one agent, by the name that people know.
type agentArgument struct {
	Agent string `json:"agent,omitempty" jsonschema:"maxLength=120" desc:"Name of one agent; all if left out."`
}

type dayInput struct {
	Date schema.Date `json:"date,omitempty" desc:"Day, YYYY-MM-DD; yesterday if left out." alias:"day,on"`
	agentArgument
}

type windowInput struct {
	Period   query.Period `json:"period,omitempty" desc:"Days by today; last_7_days if nothing is given."`
	DateFrom schema.Date  `json:"date_from,omitempty" desc:"First day, YYYY-MM-DD, in place of period."`
	DateTo   schema.Date  `json:"date_to,omitempty" desc:"Last day, included; today if left out." alias:"to,end,until"`
}

// Tags implements [schema.Tagged].
func (windowInput) Tags() schema.Tags {
	return schema.Tags{
		"date_from": `alias:"from,start,since"`,
	}
}

// Validate implements [schema.Validator].
func (in *windowInput) Validate() schema.Faults {
	if in.Period != "" && (in.DateFrom != "" || in.DateTo != "") {
		return schema.Faults{query.BothDays}
	}
	return query.InOrder(in.DateFrom, in.DateTo)
}

// days fills in what was left out: of days without a first one, the six before.
func (in windowInput) days(now time.Time) (from, to schema.Date) {
	if in.DateFrom == "" && in.DateTo == "" {
		return cmp.Or(in.Period, "last_7_days").Days(now)
	}
	from, to = in.DateFrom, in.DateTo
	if to == "" {
		_, to = query.Today.Days(now)
		to = max(to, from)
	}
	if from == "" {
		from = schema.Date(to.Time().AddDate(0, 0, -6).Format(time.DateOnly))
	}
	return from, to
}

var dailyReport = prompt[dayInput]{
	name: "daily_report", title: "Daily report",
	description: "What happened on the phone on one day, against that weekday a week before.",
	text: func(in dayInput, now time.Time) string {
		day := in.Date
		if day == "" {
			day, _ = query.Yesterday.Days(now)
		}
		call := about(in.Agent, day, day)
		calls := []answer.SafeText{
			call("get_call_stats", "compare", "week_before"),
			call("get_call_stats", "group_by", []string{"hour"}),
			call("find_calls", "only", "unreturned"),
		}
		if in.Agent == "" {
			calls = append(calls, call("get_call_stats", "group_by", []string{"agent"}))
		}
		return steps("Report on the phone calls of "+string(day)+".",
			"Then write half a page: volume and answer rate against the week before, the busiest hour, "+
				"how the agents differ, and who should be called back.", calls...)
	},
}

type missedInput struct {
	windowInput
	agentArgument
}

var reviewMissedCalls = prompt[missedInput]{
	name: "review_missed_calls", title: "Review missed calls",
	description: "Who waits to be called back, since when, and when calls are missed.",
	text: func(in missedInput, now time.Time) string {
		from, to := in.days(now)
		call := about(in.Agent, from, to)
		metrics := []string{"missed", "unreturned_contacts", "called_back", "minutes_to_call_back"}
		people := []string{"missed", "called_back_no_answer", "waiting_hours"}
		return steps(fmt.Sprintf("Review the missed calls from %s to %s.", from, to),
			"Then list whom to call back, who waits longest first: how often they tried, since when they wait, and "+
				"whether we called in vain. Say at which hours calls are missed most.",
			call("get_call_stats", "group_by", []string{"contact"}, "order", "waiting_hours", "metrics", people),
			call("get_call_stats", "metrics", metrics),
			call("get_call_stats", "status", []string{"missed"}, "group_by", []string{"weekday", "hour"}))
	},
}

var clientReport = prompt[missedInput]{
	name: "client_report", title: "Report for a client",
	description: "A week or a month (period last_month) for the one whose phone it is, against the time before.",
	text: func(in missedInput, now time.Time) string {
		if in.Period == "" && in.DateFrom == "" && in.DateTo == "" {
			in.Period = "last_week"
		}
		from, to := in.days(now)
		call := about(in.Agent, from, to)
		metrics := []string{
			"calls", "answer_rate", "missed", "talk_minutes", "called_back_in_24h", "unreturned_contacts",
		}
		return steps(fmt.Sprintf("Report on the phone calls from %s to %s to the client whose phone it is.", from, to),
			"Then write a page in plain words: volume, answer rate and minutes against the time before, when people "+
				"call and when calls are missed, which agents took them, and who is still to be called back.",
			call("get_call_stats", "compare", "previous_period", "metrics", metrics),
			call("get_call_stats", "group_by", []string{"agent"}, "metrics", metrics),
			call("get_call_stats", "direction", "inbound", "group_by", []string{"weekday", "hour"}),
			call("get_call_stats", "group_by", []string{"contact"}, "order", "waiting_hours", "top", 10, "metrics",
				[]string{"missed", "waiting_hours"}))
	},
}

var compareAgents = prompt[windowInput]{
	name: "compare_agents", title: "Compare agents",
	description: "How the agents differ in volume, answer rate and talk time.",
	text: func(in windowInput, now time.Time) string {
		from, to := in.days(now)
		call := about("", from, to)
		return steps(fmt.Sprintf("Compare the agents from %s to %s.", from, to),
			"Then write a table, an agent a line, and say what stands out; "+
				"agents that make calls and agents that take them are not alike.",
			call("get_call_stats", "group_by", []string{"agent"}),
			call("get_call_stats", "group_by", []string{"agent"}, "compare", "previous_period"),
			answer.WrittenCall("list_agents", "per_page", 100))
	},
}

type contactInput struct {
	Number string `json:"number" jsonschema:"maxLength=40" desc:"Phone number in E.164, such as +12025550123."`
}

// Tags implements [schema.Tagged].
func (contactInput) Tags() schema.Tags {
	return schema.Tags{
		"number": `alias:"phone,phone_number,contact,search"`,
	}
}

var contactHistory = prompt[contactInput]{
	name: "contact_history", title: "History of a contact",
	description: "All calls with one number, and what is still open.",
	text: func(in contactInput, _ time.Time) string {
		return steps("Tell the history of the calls with one contact.",
			"Then tell it in order: who called whom, when, with what outcome, how long they spoke, "+
				"and whether the last missed call was returned. get_call gives every field of a call by its sid.",
			answer.WrittenCall("find_calls", "contact", in.Number, "sort", "oldest", "limit", 50),
			answer.WrittenCall("find_calls", "contact", in.Number, "only", "unreturned"),
			answer.WrittenCall("get_call_stats", "contact", in.Number, "group_by", []string{"direction", "status"}))
	},
}

var weeklyTrend = prompt[agentArgument]{
	name: "weekly_trend", title: "Weekly trend",
	description: "The last eight weeks: volume, answer rate, talk time.",
	text: func(in agentArgument, now time.Time) string {
		monday, to := query.Period("last_week").Days(now)
		from := schema.Date(monday.Time().AddDate(0, 0, -7*7).Format(time.DateOnly))
		call := about(in.Agent, from, to)
		return steps(fmt.Sprintf("Show the trend of the eight whole weeks from %s to %s.", from, to),
			"Then write a table, a week a line, and say what rises, what falls and which weekday is busiest.",
			call("get_call_stats", "group_by", []string{"week"}),
			call("get_call_stats", "group_by", []string{"weekday"}))
	},
}

type campaignInput struct {
	Campaign string `json:"campaign,omitempty" jsonschema:"maxLength=120"`
}

// Tags implements [schema.Tagged].
func (campaignInput) Tags() schema.Tags {
	return schema.Tags{
		"campaign": `desc:"Name of one campaign; all that are active if left out." alias:"name,search"`,
	}
}

var campaignReview = prompt[campaignInput]{
	name: "campaign_review", title: "Review campaigns",
	description: "How a campaign does, or all that are active.",
	text: func(in campaignInput, _ time.Time) string {
		status := ""
		if in.Campaign == "" {
			status = "active"
		}
		by := func(group string) answer.SafeText {
			return answer.WrittenCall("get_call_stats", "direction", "outbound", "period", "last_30_days",
				"group_by", []string{group})
		}
		return steps("Review how campaigns do.",
			"Then write a line a campaign: calls, completed, failed, success rate as Talkover counts it, "+
				"and whether its hours suit when calls are answered.",
			answer.WrittenCall("list_campaigns", "search", in.Campaign, "status", status), by("agent"), by("hour"))
	},
}
