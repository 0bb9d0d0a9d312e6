package tools

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
)

// period names days by today, so that a model computes no dates.
type period string

const (
	today     period = "today"
	yesterday period = "yesterday"
)

// periods lists the periods. Those that are not over are whole all the same: this_month goes
// on to its last day. Weeks begin on Mondays.
var periods = []period{
	today, yesterday, "this_week", "last_week", "this_month", "last_month", "last_7_days", "last_30_days", "last_90_days",
}

// JSONSchema implements the hook of invopop/jsonschema.
func (period) JSONSchema() *jsonschema.Schema { return oneOf(periods) }

// days returns the first and the last day of the period, at a moment in a zone. The last
// 7, 30 and 90 days are those before today.
func (p period) days(now time.Time) (from, to schema.Date) {
	// A day of UTC has no change of clocks, so that 24 hours are a day.
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	first, last := day, day
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	month := day.AddDate(0, 0, 1-day.Day())
	switch p {
	case yesterday:
		first, last = day.AddDate(0, 0, -1), day.AddDate(0, 0, -1)
	case "this_week":
		first, last = monday, monday.AddDate(0, 0, 6)
	case "last_week":
		first, last = monday.AddDate(0, 0, -7), monday.AddDate(0, 0, -1)
	case "this_month":
		first, last = month, month.AddDate(0, 1, -1)
	case "last_month":
		first, last = month.AddDate(0, -1, 0), month.AddDate(0, 0, -1)
	case "last_7_days":
		first, last = day.AddDate(0, 0, -7), day.AddDate(0, 0, -1)
	case "last_30_days":
		first, last = day.AddDate(0, 0, -30), day.AddDate(0, 0, -1)
	case "last_90_days":
		first, last = day.AddDate(0, 0, -90), day.AddDate(0, 0, -1)
	}
	return schema.Date(first.Format(time.DateOnly)), schema.Date(last.Format(time.DateOnly))
}

// periodOf returns the period that words such as "Last week" mean, or "".
func periodOf(words string) period {
	p := period(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(words)))
	if slices.Contains(periods, p) {
		return p
	}
	return ""
}

// day is a day as models give it: YYYY-MM-DD, or the word for a period, which
// [filters.Validate] understands or refuses.
type day string

// JSONSchema implements the hook of invopop/jsonschema. It has no pattern, since hosts that
// hold arguments against one would refuse "yesterday".
func (day) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Spell implements [schema.Speller].
func (day) Spell(value string) string { return schema.Date("").Spell(value) }

// Check implements [schema.Checker].
func (d day) Check(today string) error {
	if periodOf(string(d)) != "" {
		return nil
	}
	if err := schema.Date(d).Check(today); err != nil {
		return fmt.Errorf("%w, or use period: %s", err, joined(periods))
	}
	return nil
}

// date returns the date of a day, today and yesterday being those of a moment.
func (d day) date(now time.Time) schema.Date {
	if p := periodOf(string(d)); p != "" {
		first, _ := p.days(now)
		return first
	}
	return schema.Date(d)
}

// window holds the days that a question is about. A bound that is "" is none.
type window struct {
	from, to schema.Date
	zone     *time.Location
}

// begins returns the first moment of the window, or the zero time.
func (w window) begins() time.Time { return w.startOf(w.from.Time()) }

// ends returns the first moment after the window, or the zero time.
func (w window) ends() time.Time {
	if w.to == "" {
		return time.Time{}
	}
	return w.startOf(w.to.Time().AddDate(0, 0, 1))
}

func (w window) startOf(d time.Time) time.Time {
	if d.IsZero() {
		return d
	}
	return startOfDay(time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, w.zone))
}

// String writes the window in full, such as Mon 2026-11-23 00:00 - 24:00 America/New_York.
func (w window) String() string { return between(w.begins(), w.ends()) + " " + w.zone.String() }

// between writes what lies from one moment on and before another, each zero for no bound.
// The moments must be in the zone of the answer.
func between(from, to time.Time) string {
	begins, ends := beginForm(from, nowForm), endForm(to, nowForm)
	switch {
	case from.IsZero() && to.IsZero():
		return "all days"
	case to.IsZero():
		return "since " + begins
	case from.IsZero():
		return "until " + ends
	case begins[:len(dayForm)] == ends[:len(dayForm)]:
		return begins + " - " + ends[len(dayForm)+1:]
	}
	return begins + " - " + ends
}

// beginForm writes the beginning of a stretch in a form that ends in minutes, and the seconds
// where there are some: calls of that minute may be left out.
func beginForm(t time.Time, form string) string {
	if t.Second() != 0 {
		form += ":05"
	}
	return formed(t, form)
}

// endForm writes the end of a stretch likewise, but where that is the first moment of a day, as
// 24:00 of the day before.
func endForm(t time.Time, form string) string {
	if t.IsZero() || !t.Equal(startOfDay(t)) {
		return beginForm(t, form)
	}
	day := startOfDay(t.Add(-time.Nanosecond))
	return strings.TrimSuffix(day.Format(form), day.Format(clockForm)) + "24:00"
}

// startOfDay returns the first moment of the day of t. Where clocks go forward at midnight,
// that is later than 00:00.
func startOfDay(t time.Time) time.Time {
	s := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	for s.Day() != t.Day() {
		s = s.Add(15 * time.Minute)
	}
	return s
}
