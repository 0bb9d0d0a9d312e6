package stats

import (
	"time"
)

// Filter says which calls a question is about. The zero value asks for all of them.
type Filter struct {
	Days Days           // when they began
	Zone *time.Location // of days, weekdays and hours; UTC if nil
	// Statuses asks for calls of any of these: those of [Statuses], spelled as there,
	// and [StatusOpen], [StatusUnanswered], [StatusMissed] and [StatusOther]. A status of
	// the API means the status alone: answered is also that of calls under way.
	Statuses  []string
	Direction string // inbound or outbound; "" for both
	AgentID   string // "" for any
	// Contact is the other party's number or its beginning, in international form; only
	// its digits count. Without a digit it is the beginning of a text such as anonymous.
	Contact    string
	Search     string         // the API's own: part of either number or of the SID
	MinSeconds int            // of duration
	MaxSeconds *int           // likewise, included; nil for no bound
	Hours      Hours          // of the day in which calls begin
	Weekdays   []time.Weekday // none for all
	Tests      TestCalls
}

// Days are the days of a zone from From to To, both included, as YYYY-MM-DD; "" for no
// bound. Where Until is not zero, the last of them ends then, within it.
type Days struct {
	From, To string
	Until    time.Time
}

// Hours are the hours of the day from From on and before To: 9 and 17 are 9:00 to 16:59:59.
// They go over midnight where To is not after From: 22 and 6, or 18 and 0 (or 24). Where both
// are equal, they are all hours.
type Hours struct{ From, To int }

// What a filter takes for a status besides those of the API.
const (
	StatusOpen       = "open"       // still going on, see [IsOpen]
	StatusUnanswered = "unanswered" // no-answer, busy or failed
	StatusMissed     = "missed"     // inbound and unanswered
	StatusOther      = "other"      // one that the API does not document
)

// TestCalls says what becomes of test calls; "" is IncludeTests.
type TestCalls string

// What may become of test calls.
const (
	IncludeTests TestCalls = "include"
	ExcludeTests TestCalls = "exclude"
	OnlyTests    TestCalls = "only"
)
