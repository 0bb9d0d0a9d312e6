package query

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// Period names days by today, so that a model computes no dates.
type Period string

const (
	Today     Period = "today"
	Yesterday Period = "yesterday"
)

// Periods lists the periods. Those that are not over are whole all the same: this_month goes
// on to its last day. Weeks begin on Mondays.
var Periods = []Period{
	Today, Yesterday, "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter",
	"this_year", "last_year", "last_7_days", "last_30_days", "last_90_days",
}

// JSONSchema implements the hook of invopop/jsonschema.
func (Period) JSONSchema() *jsonschema.Schema { return schema.OneOf(Periods) }

// Days returns the first and the last day of the period, at a moment in a zone. The last
// 7, 30 and 90 days are those before today.
func (p Period) Days(now time.Time) (from, to schema.Date) {
	// A day of UTC has no change of clocks, so that 24 hours are a day.
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	first, last := day, day
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	month := day.AddDate(0, 0, 1-day.Day())
	quarter, year := month.AddDate(0, -(int(month.Month())-1)%3, 0), month.AddDate(0, 1-int(month.Month()), 0)
	switch p {
	case Yesterday:
		first, last = day.AddDate(0, 0, -1), day.AddDate(0, 0, -1)
	case "this_week":
		first, last = monday, monday.AddDate(0, 0, 6)
	case "last_week":
		first, last = monday.AddDate(0, 0, -7), monday.AddDate(0, 0, -1)
	case "this_month":
		first, last = month, month.AddDate(0, 1, -1)
	case "last_month":
		first, last = month.AddDate(0, -1, 0), month.AddDate(0, 0, -1)
	case "this_quarter":
		first, last = quarter, quarter.AddDate(0, 3, -1)
	case "last_quarter":
		first, last = quarter.AddDate(0, -3, 0), quarter.AddDate(0, 0, -1)
	case "this_year":
		first, last = year, year.AddDate(1, 0, -1)
	case "last_year":
		first, last = year.AddDate(-1, 0, 0), year.AddDate(0, 0, -1)
	case "last_7_days":
		first, last = day.AddDate(0, 0, -7), day.AddDate(0, 0, -1)
	case "last_30_days":
		first, last = day.AddDate(0, 0, -30), day.AddDate(0, 0, -1)
	case "last_90_days":
		first, last = day.AddDate(0, 0, -90), day.AddDate(0, 0, -1)
	}
	return schema.Date(first.Format(time.DateOnly)), schema.Date(last.Format(time.DateOnly))
}

// IsRolling reports whether the period is so many days before today, which are no month even where they
// are those of one.
func (p Period) IsRolling() bool { return strings.HasSuffix(string(p), "_days") }

// periodOf returns the period that words such as "Last week" mean, or "".
func periodOf(words string) Period {
	p := Period(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(words)))
	if slices.Contains(Periods, p) {
		return p
	}
	return ""
}

// Day is a day as models give it: YYYY-MM-DD, or the word for a period, which
// [filters.Validate] understands or refuses.
type Day string

// JSONSchema implements the hook of invopop/jsonschema. It has no pattern, since hosts that
// hold arguments against one would refuse "yesterday".
func (Day) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Spell implements [schema.Speller].
func (Day) Spell(value string) string { return schema.Date("").Spell(value) }

// Check implements [schema.Checker].
func (d Day) Check(today string) error {
	if periodOf(string(d)) != "" {
		return nil
	}
	if err := schema.Date(d).Check(today); err != nil {
		return fmt.Errorf("%w, or use period: %s", err, answer.Joined(Periods))
	}
	return nil
}

// date returns the date of a day, today and yesterday being those of a moment.
func (d Day) date(now time.Time) schema.Date {
	if p := periodOf(string(d)); p != "" {
		first, _ := p.Days(now)
		return first
	}
	return schema.Date(d)
}
