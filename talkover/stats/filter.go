package stats

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
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
	AgentID   string // "" for any; [DeletedAgent] for those of none
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
	StatusOpen       = "open"       // still going on, see [talkover.IsOpen]
	StatusUnanswered = "unanswered" // no-answer, busy or failed
	StatusMissed     = "missed"     // inbound and unanswered
	StatusOther      = "other"      // one that the API does not document
)

// DeletedAgent stands for the id of agents that were deleted: their calls have none.
const DeletedAgent = "(deleted)"

// TestCalls says what becomes of test calls; "" is IncludeTests.
type TestCalls string

// What may become of test calls.
const (
	IncludeTests TestCalls = "include"
	ExcludeTests TestCalls = "exclude"
	OnlyTests    TestCalls = "only"
)

// Window returns the moments between which calls begin that are asked for.
func (f *Filter) Window() (w scan.Window) {
	zone := zoneOf(f.Zone)
	if day, ok := parseDay(f.Days.From); ok {
		w.From = startOf(day, zone).UTC()
	}
	if day, ok := parseDay(f.Days.To); ok {
		w.To = startOf(day.AddDate(0, 0, 1), zone).UTC()
	}
	if !f.Days.Until.IsZero() && (w.To.IsZero() || f.Days.Until.Before(w.To)) {
		w.To = f.Days.Until.UTC()
	}
	return w
}

// query returns what the API itself can filter by, as far as one list can.
func (f *Filter) query() talkover.CallQuery {
	q := talkover.CallQuery{Direction: f.Direction, AgentID: f.AgentID, Search: f.Search}
	if f.AgentID == DeletedAgent {
		q.AgentID = ""
	}
	statuses := slices.Compact(slices.Sorted(slices.Values(f.Statuses)))
	switch {
	case len(statuses) != 1:
	case slices.Contains(Statuses, statuses[0]):
		q.Status = statuses[0]
	case statuses[0] == StatusMissed && q.Direction == "":
		q.Direction = talkover.Inbound
	}
	return q
}

// countable returns the statuses of the API that add up to the calls of closed days that
// are asked for; none for all calls. It reports false where the API's counts do not tell.
func (f *Filter) countable() (statuses []string, ok bool) {
	if f.Search != "" || f.Contact != "" || f.MinSeconds > 0 || f.MaxSeconds != nil || f.Hours.From != f.Hours.To || len(f.Weekdays) > 0 ||
		f.AgentID == DeletedAgent || f.Tests == ExcludeTests || f.Tests == OnlyTests {
		return nil, false
	}
	inbound := f.query().Direction == talkover.Inbound
	for _, s := range f.Statuses {
		var more []string
		switch {
		case s == StatusOpen: // calls of closed days in status answered are over
			more = []string{talkover.StatusInitiated, talkover.StatusRinging}
		case s == StatusUnanswered, s == StatusMissed && inbound:
			more = []string{talkover.StatusNoAnswer, talkover.StatusBusy, talkover.StatusFailed}
		case slices.Contains(Statuses, s):
			more = []string{s}
		default:
			return nil, false
		}
		for _, s := range more {
			if !slices.Contains(statuses, s) {
				statuses = append(statuses, s)
			}
		}
	}
	return statuses, true
}
