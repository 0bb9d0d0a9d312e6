package answer

import (
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
)

// Window holds the days that a question is about. A bound that is "" is none.
type Window struct {
	From, To schema.Date
	Zone     *time.Location
}

// Begins returns the first moment of the window, or the zero time.
func (w Window) Begins() time.Time { return w.startOf(w.From.Time()) }

// Ends returns the first moment after the window, or the zero time.
func (w Window) Ends() time.Time {
	if w.To == "" {
		return time.Time{}
	}
	return w.startOf(w.To.Time().AddDate(0, 0, 1))
}

func (w Window) startOf(d time.Time) time.Time {
	if d.IsZero() {
		return d
	}
	return startOfDay(time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, w.Zone))
}

// String writes the window in full, such as Mon 2026-11-23 00:00 - 24:00 America/New_York.
func (w Window) String() string { return Between(w.Begins(), w.Ends()) + " " + w.Zone.String() }

// Between writes what lies from one moment on and before another, each zero for no bound.
// The moments must be in the zone of the answer.
func Between(from, to time.Time) string {
	begins, ends := BeginForm(from, NowForm), EndForm(to, NowForm)
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

// BeginForm writes the beginning of a stretch in a form that ends in minutes, and the seconds
// where there are some: calls of that minute may be left out.
func BeginForm(t time.Time, form string) string {
	if t.Second() != 0 {
		form += ":05"
	}
	return Formed(t, form)
}

// EndForm writes the end of a stretch likewise, but where that is the first moment of a day, as
// 24:00 of the day before.
func EndForm(t time.Time, form string) string {
	if t.IsZero() || !t.Equal(startOfDay(t)) {
		return BeginForm(t, form)
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

// Span is a stretch of time, as the structure of an answer has it. A bound that is zero is none.
type Span struct {
	From Moment `json:"from,omitzero"`
	To   Moment `json:"to,omitzero"`
}

// NewSpan shows what lies from one moment on and before another, both in the zone of the answer.
func NewSpan(from, to time.Time) Span {
	return Span{Moment{from, SafeText(BeginForm(from, MinuteForm))}, Moment{to, SafeText(EndForm(to, MinuteForm))}}
}

// String writes the span in full, such as Mon 2026-11-23 00:00 - 24:00.
func (s Span) String() string { return Between(s.From.Time, s.To.Time) }

// StatsWindow holds the days that were asked for.
type StatsWindow struct {
	Span
	Timezone string `json:"timezone"`
}

// Shown returns the window as the structure of an answer has it.
func (w Window) Shown() StatsWindow {
	return StatsWindow{NewSpan(w.Begins(), w.Ends()), w.Zone.String()}
}
