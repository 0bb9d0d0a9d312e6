package query

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// These arguments take one value of a list.
type (
	Outcomes  string // of talkover.Statuses, or one that stands for several
	Direction string // of talkover.Directions
	Weekday   string // of stats.Weekdays
	testCalls string // include, exclude or only
)

// outcomes are all that a status can be asked for: those that the API documents, those that stand for several,
// and others that it is known to have.
var outcomes = append(slices.Clone(talkover.Statuses),
	stats.StatusOpen, stats.StatusUnanswered, stats.StatusMissed, "voicemail", "canceled", stats.StatusOther)

// JSONSchema implements the hook of invopop/jsonschema.
func (Outcomes) JSONSchema() *jsonschema.Schema { return schema.OneOf(outcomes) }

// JSONSchema implements the hook of invopop/jsonschema.
func (Direction) JSONSchema() *jsonschema.Schema { return schema.OneOf(talkover.Directions) }

// JSONSchema implements the hook of invopop/jsonschema.
func (Weekday) JSONSchema() *jsonschema.Schema { return schema.OneOf(stats.Weekdays) }

// JSONSchema implements the hook of invopop/jsonschema.
func (testCalls) JSONSchema() *jsonschema.Schema {
	return schema.OneOf([]stats.TestCalls{stats.IncludeTests, stats.ExcludeTests, stats.OnlyTests})
}

// Spell implements [schema.Speller]. It takes the whole name of a weekday.
func (Weekday) Spell(value string) string {
	for d := range 7 {
		if name := time.Weekday(d).String(); strings.EqualFold(value, name) || strings.EqualFold(value, name+"s") {
			return name[:3]
		}
	}
	return value
}

// Filters says which calls a question is about. Questions that count calls and those that
// find them take the same.
type Filters struct {
	Status     []Outcomes        `json:"status,omitempty"`
	Direction  Direction         `json:"direction,omitempty"`
	Agent      string            `json:"agent,omitempty" jsonschema:"maxLength=120"`
	Period     Period            `json:"period,omitempty"`
	DateFrom   Day               `json:"date_from,omitempty"`
	DateTo     Day               `json:"date_to,omitempty"`
	Contact    answer.SearchTerm `json:"contact,omitempty" jsonschema:"maxLength=40" masked:"number"`
	Line       answer.SearchTerm `json:"line,omitempty" jsonschema:"maxLength=40" masked:"number"`
	MinSeconds int               `json:"min_seconds,omitempty" jsonschema:"minimum=0"`
	MaxSeconds *int              `json:"max_seconds,omitempty" jsonschema:"minimum=0"`
	Hours      Hours             `json:"hours,omitempty"`
	Weekdays   []Weekday         `json:"weekdays,omitempty"`
	Tests      testCalls         `json:"test_calls,omitempty"`
	Timezone   schema.Zone       `json:"timezone,omitempty"`
}

// filter is what is known of an argument of [Filters] beyond its field. The tags of that have its
// bounds, and what limits it while numbers are masked.
type filter struct {
	tags  reflect.StructTag             // what a line has no room for, of its words and other names
	apply func(*stats.Filter, Narrowed) // puts it to the log; nil where a field of the same name takes it
	write func(Filters) string          // how answers show it; nil for argument=value

	by   []stats.Dimension // the dimensions whose groups it can tell
	pick func(f *Filters, by stats.Dimension, key string) bool
}

// filters are all that is known of each: a row here, beside its field, and one of package stats.
var filters = map[string]filter{
	"status": {
		tags: `desc:"Any of these. open: still going on; unanswered: no-answer, busy, failed; missed: inbound and ` +
			`unanswered." ` +
			`takes:"statuses" alias:"state,outcome,result,call_status"`,
		apply: func(f *stats.Filter, a Narrowed) {
			for _, s := range a.Status {
				f.Statuses = append(f.Statuses, string(s))
			}
		},
		by: []stats.Dimension{stats.ByStatus}, pick: pickStatus,
	},
	"direction": {
		tags: `desc:"Came in or went out." alias:"type,call_type,call_direction"`,
		by:   []stats.Dimension{stats.ByDirection},
		pick: func(f *Filters, _ stats.Dimension, key string) bool {
			f.Direction = Direction(key)
			return slices.Contains(talkover.Directions, key)
		},
	},
	"agent": {
		tags:  `desc:"Label, name or id of an agent." takes:"agent_id,agent_name,agent_label" alias:"agents"`,
		apply: func(f *stats.Filter, a Narrowed) { f.AgentID = a.AgentID },
		by:    []stats.Dimension{stats.ByAgent},
		pick: func(f *Filters, _ stats.Dimension, label string) bool {
			f.Agent = label
			return true
		},
	},
	"period": {
		tags: `desc:"Days by today, in place of date_from and date_to; last_N_days end yesterday." ` +
			`alias:"range,window,when,time_range"`,
		write: inWindow,
	},
	"date_from": {
		tags: `desc:"First day, YYYY-MM-DD, of timezone." ` +
			`alias:"from,start,since,after,start_date,from_date,date,day"`,
		apply: func(f *stats.Filter, a Narrowed) { f.Days = stats.Days{From: string(a.From), To: string(a.To)} },
		write: inWindow,
		by:    []stats.Dimension{stats.ByDay, stats.ByWeek, stats.ByMonth}, pick: pickDays,
	},
	"date_to": {
		tags:  `desc:"Last day, included." alias:"to,end,until,before,end_date,to_date"`,
		write: inWindow,
	},
	"contact": {
		tags: `desc:"The other party's number or its beginning, such as +44; or withheld." ` +
			`alias:"phone,number,phone_number,caller,callee,search,q,query"`,
		by: []stats.Dimension{stats.ByContact, stats.ByCountry},
		pick: func(f *Filters, _ stats.Dimension, key string) bool {
			f.Contact = answer.SearchTerm(key)
			return key != "" && key != stats.Other.Key
		},
	},
	"line": {
		tags: `desc:"Our number, likewise." alias:"our_number,did,to_number,from_number"`,
		by:   []stats.Dimension{stats.ByLine},
		pick: func(f *Filters, _ stats.Dimension, key string) bool {
			f.Line = answer.SearchTerm(key)
			return key != ""
		},
	},
	"min_seconds": {tags: `desc:"At least this long." alias:"min_duration,duration_min,longer_than"`},
	"max_seconds": {tags: `desc:"At most this long." alias:"max_duration,duration_max,shorter_than"`},
	"hours": {
		tags: `desc:"Times of the day, without the end: 9-17 is until 16:59; also 22-6, Mon-Fri 9-17:30, business, after_hours." ` +
			`alias:"hour_from,hour_to,from_hour,to_hour,after_hour,before_hour,hour,time_of_day,shift,` +
			`business_hours"`,
		apply: func(f *stats.Filter, a Narrowed) { f.Hours = a.Hours.mean(a.business) },
		by:    []stats.Dimension{stats.ByHour, stats.ByShift},
		pick: func(f *Filters, by stats.Dimension, key string) bool {
			f.Hours = Hours(key)
			hour, err := strconv.Atoi(key)
			if by == stats.ByHour {
				f.Hours = Hours(fmt.Sprintf("%d-%d", hour, hour+1))
			}
			return by == stats.ByShift || err == nil
		},
	},
	"weekdays": {
		tags: `desc:"Any of these." takes:"weekday" alias:"days,day_of_week"`,
		apply: func(f *stats.Filter, a Narrowed) {
			for _, d := range a.Weekdays {
				f.Weekdays = append(f.Weekdays, time.Weekday((slices.Index(stats.Weekdays, string(d))+1)%7))
			}
		},
		by: []stats.Dimension{stats.ByWeekday},
		pick: func(f *Filters, _ stats.Dimension, key string) bool {
			f.Weekdays = []Weekday{Weekday(key)}
			return true
		},
	},
	"test_calls": {
		tags: `desc:"include if left out." alias:"exclude_test_calls,exclude_tests,no_tests,is_testing,tests"`,
	},
	"timezone": {
		tags:  `desc:"IANA zone of days and hours." alias:"tz,zone,time_zone"`,
		apply: func(f *stats.Filter, a Narrowed) { f.Zone = a.Window.Zone }, write: inWindow,
	},
}

// Tags implements [schema.Tagged].
func (Filters) Tags() schema.Tags {
	tags := schema.Tags{}
	for argument, row := range filters {
		tags[argument] = row.tags
	}
	return tags
}

// inWindow writes nothing: the window says which days are meant, and of which zone.
func inWindow(Filters) string { return "" }

// Zone implements [zoned].
func (f Filters) Zone() *time.Location { return f.Timezone.Location() }

// Hours are times of the day as models give them; see [stats.ParseHours].
type Hours string

// named reports whether the hours are named after those of the business.
func (h Hours) named() bool { return h == stats.Business || h == stats.AfterHours }

// JSONSchema implements the hook of invopop/jsonschema.
func (Hours) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Check implements [schema.Checker].
func (h Hours) Check(string) error {
	if h.named() {
		return nil
	}
	if _, err := stats.ParseHours(string(h)); err != nil {
		return fmt.Errorf("%w, nor business or after_hours", err)
	}
	return nil
}

// mean returns the hours that are meant, by those of the business.
func (h Hours) mean(business stats.Hours) stats.Hours {
	switch h {
	case stats.Business:
		return business
	case stats.AfterHours:
		return business.Outside()
	}
	hours, _ := stats.ParseHours(string(h)) // which [Hours.Check] has held
	return hours
}

// NoBusinessHours refuses an argument that needs the hours of the business, where nobody set them.
func NoBusinessHours(argument string) schema.Fault {
	return schema.Fault{Argument: argument, Problem: "TALKOVER_BUSINESS_HOURS is not set, so nobody knows the " +
		"business hours; " +
		"give hours themselves, such as Mon-Fri 9-17"}
}

// Validate implements [schema.Validator].
func (f *Filters) Validate() schema.Faults {
	faults := f.dayFaults()
	if f.MaxSeconds != nil && *f.MaxSeconds < f.MinSeconds {
		faults.Add("min_seconds", "%d is more than max_seconds %d; swap them", f.MinSeconds, *f.MaxSeconds)
	}
	return faults
}

// BothDays reports a period beside days.
var BothDays = schema.Fault{Argument: "period", Problem: "give it, or date_from and date_to, not both"}

// dayFaults reports what is wrong with a period beside days, or with days that are none. It
// takes a longer period that stands alone in date_from for the period that it is.
func (f *Filters) dayFaults() (faults schema.Faults) {
	from, to := periodOf(string(f.DateFrom)), periodOf(string(f.DateTo))
	long := func(p Period) bool { return p != "" && p != Today && p != Yesterday }
	if long(from) && f.Period == "" && (f.DateTo == "" || to == from) {
		f.Period, f.DateFrom, f.DateTo = from, "", ""
		return nil
	}
	switch {
	case long(from):
		faults.Add("date_from", "%s is not a day; give period=%s, without date_from and date_to", from, from)
	case long(to):
		faults.Add("date_to", "%s is not a day; give period=%s, without date_from and date_to", to, to)
	case f.Period != "" && (f.DateFrom != "" || f.DateTo != ""):
		faults = append(faults, BothDays)
	case from == "" && to == "":
		faults = InOrder(schema.Date(f.DateFrom), schema.Date(f.DateTo))
	}
	return faults
}

// InOrder reports a fault if the last day is before the first.
func InOrder(from, to schema.Date) (faults schema.Faults) {
	if from != "" && to != "" && from > to {
		faults.Add("date_from", "%s is after date_to %s; swap them", from, to)
	}
	return faults
}

// Narrowed holds filters with the days and the agent that they mean.
type Narrowed struct {
	Filters // as an answer repeats them
	answer.Window
	AgentID  string
	business stats.Hours
}

// Narrow finds out which days and which agent filters mean. The error is [schema.Faults], a
// refusal, or that of the API.
func (q *Question) Narrow(ctx context.Context, f Filters) (Narrowed, error) {
	w := answer.Window{From: f.DateFrom.date(q.Now), To: f.DateTo.date(q.Now), Zone: q.Zone}
	if f.Period != "" {
		w.From, w.To = f.Period.Days(q.Now)
	}
	if faults := InOrder(w.From, w.To); faults != nil {
		return Narrowed{}, faults
	}
	if f.Hours.named() && q.Business.IsZero() {
		return Narrowed{}, schema.Faults{NoBusinessHours("hours")}
	}
	a := Narrowed{Filters: f, Window: w, business: q.Business}
	a.Period, a.DateFrom, a.DateTo = "", Day(w.From), Day(w.To)
	switch {
	case f.Agent == "":
	case strings.EqualFold(f.Agent, answer.Deleted):
		a.Agent, a.AgentID = answer.Deleted, stats.DeletedAgent
	default:
		var err error
		if a.Agent, a.AgentID, err = q.findAgent(ctx, f.Agent); err != nil {
			return Narrowed{}, err
		}
	}
	return a, nil
}

// Filter returns the filter of stats.
func (a Narrowed) Filter() (f stats.Filter) {
	from, to := reflect.ValueOf(a.Filters), reflect.ValueOf(&f).Elem()
	for _, field := range reflect.VisibleFields(from.Type()) {
		if row := filters[schema.NameOf(field)]; row.apply != nil {
			row.apply(&f, a)
		} else if same := to.FieldByName(field.Name); same.IsValid() {
			same.Set(from.FieldByIndex(field.Index).Convert(same.Type()))
		}
	}
	return f
}

// Pick narrows the filters to a group of a dimension. It reports false if no filter can tell it.
func (f *Filters) Pick(by stats.Dimension, key string) bool {
	for _, row := range filters {
		if slices.Contains(row.by, by) {
			return row.pick(f, by, key)
		}
	}
	return false
}

// String writes the filters that are given.
func (f Filters) String() string {
	own := map[string]string{}
	for argument, row := range filters {
		if row.write != nil {
			own[argument] = row.write(f)
		}
	}
	return answer.Written(f, own)
}

// Loosen says what to try if nothing matched up to now.
func (a Narrowed) Loosen(now time.Time) answer.SafeText {
	if a.From != "" && a.Begins().After(now) {
		return "These days are to come: no call can be there yet."
	}
	f := a.Filter()
	names := f.Given()
	var try []string
	if i := slices.Index(names, "dates"); i >= 0 {
		names, try = slices.Delete(names, i, i+1), append(try, "widen the dates")
	}
	if a.Contact != "" && !strings.HasPrefix(string(a.Contact), "+") {
		try = append(try, "begin contact with + and the country")
	}
	if len(names) > 0 {
		try = append(try, "leave out "+strings.Join(names, " or "))
	}
	if len(try) == 0 {
		return "This account has no calls yet."
	}
	return answer.SafeText("Nothing fits. To find more: " + strings.Join(try, "; ") + ".")
}
