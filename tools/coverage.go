package tools

import (
	"fmt"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// coverage says which calls an answer rests on, and whether these are all.
type coverage struct {
	Exact     bool   `json:"exact" jsonschema_description:"Every figure is that of all calls between from and to."`
	Method    string `json:"method" jsonschema:"enum=read,enum=counts"`
	AsOf      string `json:"as_of"`
	From      string `json:"from,omitempty" jsonschema_description:"What the figures are about."`
	To        string `json:"to,omitempty"`
	AskedFrom string `json:"asked_from,omitempty"`
	AskedTo   string `json:"asked_to,omitempty"`
	Calls     int    `json:"calls" jsonschema_description:"Calls that fit the filters."`
	Cached    int    `json:"cached,omitempty" jsonschema_description:"Of these, read by an earlier question."`
	ReadAt    string `json:"read_at,omitempty" jsonschema_description:"When the oldest of these were read."`
	Requests  int    `json:"requests"`
	TestCalls *int   `json:"test_calls,omitempty"`
	Left      *int   `json:"calls_left,omitempty" jsonschema_description:"Calls of the days asked that the answer is not about."`
	LeftCost  int    `json:"requests_left,omitempty"`
	AskAgain  int    `json:"ask_again_in_seconds,omitempty"`
	Reason    ours   `json:"reason,omitempty" jsonschema_description:"Why it is not all, or not exact."`
	whole     bool
}

// newCoverage shows a coverage, how many requests it took, and the days that were asked
// about.
func newCoverage(q *question, c scan.Coverage, from, to schema.Date, requests int) coverage {
	out := coverage{
		Exact: c.Exact, Method: string(c.Method), AsOf: c.AsOf.In(q.zone).Format(secondForm),
		From: boundary(c.From.In(q.zone), c.From.IsZero()), To: boundary(lastOf(c.To.In(q.zone)), c.To.IsZero()),
		AskedFrom: string(from), AskedTo: string(to), Calls: c.Calls, Cached: c.Cached,
		Requests: requests, LeftCost: c.Requests, AskAgain: int((c.AskAgain + time.Second - 1) / time.Second),
		Reason: ours(c.Reason), whole: c.Whole, // a reason holds numbers, days and names of filters alone
	}
	if !c.ReadAt.IsZero() {
		out.ReadAt = c.ReadAt.In(q.zone).Format(secondForm)
	}
	if !c.Whole && c.Missing != scan.Unknown {
		out.Left = &c.Missing
	}
	return out
}

// measured says for metrics how exact an answer is, and how many calls it rests on: those of
// earlier questions, those read now, and those that the API counted.
func (c coverage) measured() (exactness string, cached, read, counted int) {
	switch {
	case !c.Exact:
		exactness = "inexact"
	case !c.whole:
		exactness = "part"
	default:
		exactness = "exact"
	}
	if c.Method == string(scan.Counts) {
		return exactness, 0, 0, c.Calls
	}
	return exactness, c.Cached, c.Calls - c.Cached, 0
}

// boundary writes an end of a window: as a day where it lies between two.
func boundary(t time.Time, none bool) string {
	switch {
	case none:
		return ""
	case t.Equal(startOfDay(t)):
		return t.Format(time.DateOnly)
	}
	return t.Format(secondForm)
}

// lastOf returns the day before a moment that begins another day, else the moment.
func lastOf(t time.Time) time.Time {
	if t.Equal(startOfDay(t)) {
		return startOfDay(t.Add(-time.Nanosecond))
	}
	return t
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

// about names the days that the figures are about.
func (c coverage) about() string {
	switch {
	case c.From != "" && c.From == c.To:
		return " of " + c.From
	case c.From != "" && c.To != "":
		return fmt.Sprintf(" of %s to %s", c.From, c.To)
	case c.From != "":
		return " since " + c.From
	case c.To != "":
		return " until " + c.To
	}
	return " of the log"
}

// String writes the coverage as the first line of an answer says it.
func (c coverage) String() string {
	about := c.about()
	calls := string(plural(c.Calls, "call", "calls"))
	var s string
	switch {
	case !c.Exact:
		s = "NOT EXACT: " + calls + about
	case !c.whole:
		s = "Exact for " + calls + about + " only"
		if c.Left != nil {
			s += fmt.Sprintf(", %d calls are left", *c.Left)
		}
	case c.Method == string(scan.Counts):
		s = "Exact, counted by Talkover: all " + calls + about
	default:
		s = "Exact: all " + calls + about
	}
	s += ", as of " + c.AsOf[len(c.AsOf)-len("15:04:05"):]
	if c.Cached > 0 {
		s += fmt.Sprintf("; %d of them cached, validated by Talkover's count", c.Cached)
	}
	if c.Reason != "" {
		s += ": " + string(c.Reason)
	}
	if c.AskAgain > 0 {
		s += fmt.Sprintf(". Ask again in %d s for the rest", c.AskAgain)
	}
	return s
}

// statsWindow holds the days that were asked for.
type statsWindow struct {
	DateFrom     string `json:"date_from,omitempty"`
	DateTo       string `json:"date_to,omitempty"`
	Timezone     string `json:"timezone"`
	PreviousFrom string `json:"previous_from,omitempty"`
	PreviousTo   string `json:"previous_to,omitempty"`
}
