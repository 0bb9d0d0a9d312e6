package tools

import (
	"fmt"
	"strings"
	"time"

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
	Left      *int   `json:"calls_left,omitempty" jsonschema_description:"Calls of the days asked that the answer is not about."`
	LeftCost  int    `json:"requests_left,omitempty"`
	AskAgain  int    `json:"ask_again_in_seconds,omitempty"`
	Reason    ours   `json:"reason,omitempty" jsonschema_description:"Why it is not all, or not exact."`

	about  ours // what the figures are about, in words
	asked  ours // what was asked
	whole  bool
	goesOn bool // the window is not over
	looked bool // calls are those that were looked through
}

// newCoverage shows a coverage, how many requests it took, and the days that were asked
// about.
func newCoverage(q *question, c scan.Coverage, w window, requests int) coverage {
	from, to := inZone(c.From, q.zone), inZone(c.To, q.zone)
	out := coverage{
		Exact: c.Exact, Method: string(c.Method), AsOf: c.AsOf.In(q.zone).Format(secondForm),
		From: beginForm(from, minuteForm), To: endForm(to, minuteForm), AskedFrom: beginForm(w.begins(), minuteForm), AskedTo: endForm(w.ends(), minuteForm),
		Calls: c.Calls, Cached: c.Cached, Requests: requests, LeftCost: c.Requests, AskAgain: int((c.AskAgain + time.Second - 1) / time.Second),
		Reason: ours(c.Reason), whole: c.Whole, // a reason holds numbers, days and names of filters alone
		about: ours(between(from, to) + " " + q.zone.String()), asked: ours(w.String()),
	}
	if c.Whole {
		out.From, out.To, out.about = out.AskedFrom, out.AskedTo, out.asked
		out.goesOn = q.now.Before(w.ends()) && !q.now.Before(w.begins())
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

// String writes the coverage as the first line of an answer says it.
func (c coverage) String() string {
	about := " " + c.about
	if !strings.HasPrefix(string(c.about), "since ") && !strings.HasPrefix(string(c.about), "until ") {
		about = " of" + about
	}
	if c.goesOn {
		about = " so far" + about
	}
	calls := string(plural(c.Calls, "call", "calls") + about)
	all := string(every(c.Calls, "call", "calls") + about)
	var s string
	switch {
	case !c.Exact:
		s = "NOT EXACT: " + calls
	case !c.whole:
		s = "Exact for " + calls + " only"
		if c.about != c.asked {
			s += fmt.Sprintf(" (asked: %s)", c.asked)
		}
		if c.Left != nil {
			s += fmt.Sprintf("; %s left", plural(*c.Left, "call is", "calls are"))
		}
	case c.Method == string(scan.Counts):
		s = "Exact, counted by Talkover: " + all
	case c.looked:
		s = "Exact, looked through: " + all
	default:
		s = "Exact: " + all
	}
	s += ", as of " + c.AsOf[len(c.AsOf)-len("15:04:05"):]
	if c.Cached > 0 {
		s += fmt.Sprintf("; %d of them cached, validated by Talkover's count", c.Cached)
	}
	if c.Reason != "" {
		s += ": " + string(c.Reason)
	}
	if c.AskAgain > 0 {
		s += fmt.Sprintf(". Ask again in %d s for the rest; that goes on where this stopped", c.AskAgain)
	}
	return s
}

// statsWindow holds the days that were asked for.
type statsWindow struct {
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Timezone string `json:"timezone"`
}

// shown returns the window as the structure of an answer has it.
func (w window) shown() statsWindow {
	return statsWindow{beginForm(w.begins(), minuteForm), endForm(w.ends(), minuteForm), w.zone.String()}
}
