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

// JSONSchema implements the hook of invopop/jsonschema.
func (Outcomes) JSONSchema() *jsonschema.Schema {
	return schema.OneOf(append(slices.Clone(talkover.Statuses), stats.StatusOpen, stats.StatusUnanswered, stats.StatusMissed, stats.StatusOther))
}

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
	for _, d := range []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday} {
		if name := d.String(); strings.EqualFold(value, name) || strings.EqualFold(value, name+"s") {
			return name[:3]
		}
	}
	return value
}

// Filters says which calls a question is about. Questions that count calls and those that
// find them take the same.
type Filters struct {
	Status     []Outcomes        `json:"status,omitempty" jsonschema_description:"Any of these. open: still going on; unanswered: no-answer, busy, failed; missed: inbound and unanswered." takes:"statuses" alias:"state,outcome,result,call_status"`
	Direction  Direction         `json:"direction,omitempty" jsonschema_description:"Came in or went out." alias:"type,call_type,call_direction"`
	Agent      string            `json:"agent,omitempty" jsonschema:"maxLength=120" jsonschema_description:"Label, name or id of an agent." takes:"agent_id,agent_name,agent_label" alias:"agents"`
	Period     Period            `json:"period,omitempty" jsonschema_description:"Days by today, in place of date_from and date_to; last_N_days end yesterday." alias:"range,window,when,time_range"`
	DateFrom   Day               `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD, of timezone." alias:"from,start,since,after,start_date,from_date,date,day"`
	DateTo     Day               `json:"date_to,omitempty" jsonschema_description:"Last day, included." alias:"to,end,until,before,end_date,to_date"`
	Contact    answer.SearchTerm `json:"contact,omitempty" jsonschema:"maxLength=40" jsonschema_description:"The other party's number or its beginning, such as +44." alias:"phone,number,phone_number,caller,callee" masked:"number"`
	Search     answer.SearchTerm `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of either number or of the SID." alias:"q,query,sid,call_sid" masked:"number"`
	MinSeconds int               `json:"min_seconds,omitempty" jsonschema:"minimum=0" jsonschema_description:"At least this long." alias:"min_duration,duration_min,longer_than"`
	MaxSeconds *int              `json:"max_seconds,omitempty" jsonschema:"minimum=0" jsonschema_description:"At most this long." alias:"max_duration,duration_max,shorter_than"`
	HourFrom   int               `json:"hour_from,omitempty" jsonschema:"minimum=0,maximum=23" jsonschema_description:"First hour of the day." alias:"from_hour,after_hour"`
	HourTo     *int              `json:"hour_to,omitempty" jsonschema:"minimum=0,maximum=23" jsonschema_description:"Last hour, included: 17 is until 17:59." alias:"to_hour,before_hour"`
	Weekdays   []Weekday         `json:"weekdays,omitempty" jsonschema_description:"Any of these." takes:"weekday" alias:"days,day_of_week"`
	Tests      testCalls         `json:"test_calls,omitempty" jsonschema_description:"include if left out." alias:"exclude_test_calls,exclude_tests,no_tests,is_testing,tests"`
	Timezone   schema.Zone       `json:"timezone,omitempty" jsonschema_description:"IANA zone of days and hours." alias:"tz,zone,time_zone"`
}

// filter is what is known of an argument of [Filters] beyond its field. The tags of that have its
// words, its other names, its bounds, and what limits it while numbers are masked.
type filter struct {
	ask   func(*stats.Filter, Narrowed) // puts it to the log; nil where a field of the same name takes it
	write func(Filters) string          // how answers show it; nil for argument=value

	by   []stats.Dimension // the dimensions whose groups it can tell
	pick func(f *Filters, by stats.Dimension, key string) bool
}

// filters are all that are more than a field here, and a field and a row of package stats.
var filters = map[string]filter{
	"status": {
		ask: func(f *stats.Filter, a Narrowed) {
			for _, s := range a.Status {
				f.Statuses = append(f.Statuses, string(s))
			}
		},
		by: []stats.Dimension{stats.ByStatus}, pick: pickStatus,
	},
	"direction": {
		by: []stats.Dimension{stats.ByDirection},
		pick: func(f *Filters, _ stats.Dimension, key string) bool {
			f.Direction = Direction(key)
			return slices.Contains(talkover.Directions, key)
		},
	},
	"agent": {
		ask: func(f *stats.Filter, a Narrowed) { f.AgentID = a.AgentID },
		by:  []stats.Dimension{stats.ByAgent},
		pick: func(f *Filters, _ stats.Dimension, label string) bool {
			f.Agent = label
			return true
		},
	},
	"period": {write: inWindow},
	"date_from": {
		ask:   func(f *stats.Filter, a Narrowed) { f.Days = stats.Days{From: string(a.From), To: string(a.To)} },
		write: inWindow,
		by:    []stats.Dimension{stats.ByDay, stats.ByWeek, stats.ByMonth}, pick: pickDays,
	},
	"date_to": {write: inWindow},
	"contact": {
		by: []stats.Dimension{stats.ByContact},
		pick: func(f *Filters, _ stats.Dimension, key string) bool {
			f.Contact = answer.SearchTerm(key)
			return key != ""
		},
	},
	"search": {ask: func(f *stats.Filter, a Narrowed) { f.Search = a.Search.Dialled() }},
	"hour_from": {
		ask: func(f *stats.Filter, a Narrowed) {
			if from, to := a.hours(); (to+1-from)%24 != 0 {
				f.Hours = stats.Hours{From: from, To: (to + 1) % 24}
			}
		},
		write: func(f Filters) string {
			if from, to := f.hours(); from != 0 || to != 23 {
				return fmt.Sprintf("hours %02d:00-%02d:59", from, to)
			}
			return ""
		},
		by: []stats.Dimension{stats.ByHour},
		pick: func(f *Filters, _ stats.Dimension, key string) bool {
			hour, err := strconv.Atoi(key)
			f.HourFrom, f.HourTo = hour, &hour
			return err == nil
		},
	},
	"hour_to": {write: func(Filters) string { return "" }}, // hour_from has both
	"weekdays": {
		ask: func(f *stats.Filter, a Narrowed) {
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
	"timezone": {ask: func(f *stats.Filter, a Narrowed) { f.Zone = a.Window.Zone }, write: inWindow},
}

// inWindow writes nothing: the window says which days are meant, and of which zone.
func inWindow(Filters) string { return "" }

// Zone implements [zoned].
func (f Filters) Zone() *time.Location { return f.Timezone.Location() }

// Validate implements [schema.Validator].
func (f *Filters) Validate() []schema.Fault {
	faults := f.dayFaults()
	if f.MaxSeconds != nil && *f.MaxSeconds < f.MinSeconds {
		faults = append(faults, schema.Fault{Argument: "min_seconds", Problem: fmt.Sprintf("%d is more than max_seconds %d; swap them", f.MinSeconds, *f.MaxSeconds)})
	}
	return faults
}

// BothDays reports a period beside days.
var BothDays = schema.Fault{Argument: "period", Problem: "give it, or date_from and date_to, not both"}

// dayFaults reports what is wrong with a period beside days, or with days that are none. It
// takes a longer period that stands alone in date_from for the period that it is.
func (f *Filters) dayFaults() (faults []schema.Fault) {
	from, to := periodOf(string(f.DateFrom)), periodOf(string(f.DateTo))
	long := func(p Period) bool { return p != "" && p != Today && p != Yesterday }
	if long(from) && f.Period == "" && (f.DateTo == "" || to == from) {
		f.Period, f.DateFrom, f.DateTo = from, "", ""
		return nil
	}
	fault := func(argument, format string, args ...any) {
		faults = append(faults, schema.Fault{Argument: argument, Problem: fmt.Sprintf(format, args...)})
	}
	switch {
	case long(from):
		fault("date_from", "%s is no day; give period=%s, without date_from and date_to", from, from)
	case long(to):
		fault("date_to", "%s is no day; give period=%s, without date_from and date_to", to, to)
	case f.Period != "" && (f.DateFrom != "" || f.DateTo != ""):
		faults = append(faults, BothDays)
	case from == "" && to == "":
		faults = InOrder(schema.Date(f.DateFrom), schema.Date(f.DateTo))
	}
	return faults
}

// InOrder reports a fault if the last day is before the first.
func InOrder(from, to schema.Date) []schema.Fault {
	if from == "" || to == "" || from <= to {
		return nil
	}
	return []schema.Fault{{Argument: "date_from", Problem: fmt.Sprintf("%s is after date_to %s; swap them", from, to)}}
}

// Narrowed holds filters with the days and the agent that they mean.
type Narrowed struct {
	Filters // as an answer repeats them
	answer.Window
	AgentID string
}

// Narrow finds out which days and which agent filters mean. The error is [schema.Faults], a
// refusal, or that of the API.
func (q *Question) Narrow(ctx context.Context, f Filters) (Narrowed, error) {
	w := answer.Window{From: f.DateFrom.date(q.Now), To: f.DateTo.date(q.Now), Zone: q.Zone}
	if f.Period != "" {
		w.From, w.To = f.Period.Days(q.Now)
	}
	if faults := InOrder(w.From, w.To); faults != nil {
		return Narrowed{}, schema.Faults(faults)
	}
	a := Narrowed{Filters: f, Window: w}
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
		if row := filters[answer.ArgumentOf(field)]; row.ask != nil {
			row.ask(&f, a)
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

// hours returns the first and the last hour of the day that are asked for, both included. The
// last may be the earlier one: then they go over midnight.
func (f Filters) hours() (from, to int) {
	if f.HourTo != nil {
		return f.HourFrom, *f.HourTo
	}
	return f.HourFrom, 23
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

// Loosen says what to try if nothing matched.
func (a Narrowed) Loosen() answer.SafeText {
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
