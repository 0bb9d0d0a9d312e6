package tools

import (
	"fmt"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// coverage says which calls an answer rests on, and whether these are all.
type coverage struct {
	Exact       bool   `json:"exact" jsonschema_description:"Every figure is that of all calls between from and to."`
	Complete    bool   `json:"complete" jsonschema_description:"That is all that was asked."`
	FieldsExact bool   `json:"fields_exact" jsonschema_description:"false: durations, numbers and test flags are as of read_at."`
	Method      string `json:"method" jsonschema:"enum=read,enum=search,enum=list,enum=counts"`
	AsOf        string `json:"as_of"`
	From        string `json:"from,omitempty" jsonschema_description:"What the figures are about."`
	To          string `json:"to,omitempty"`
	AskedFrom   string `json:"asked_from,omitempty"`
	AskedTo     string `json:"asked_to,omitempty"`
	Calls       int    `json:"calls" jsonschema_description:"Calls that fit the filters; of find_calls, that were looked through."`
	ReadAt      string `json:"read_at,omitempty" jsonschema_description:"When the oldest of these were read."`
	Requests    int    `json:"requests"`
	Left        *int   `json:"calls_left,omitempty" jsonschema_description:"Calls of the days asked that the answer is not about."`
	LeftCost    int    `json:"requests_left,omitempty"`
	AskAgain    int    `json:"ask_again_in_seconds,omitempty"`
	Reason      ours   `json:"reason,omitempty" jsonschema_description:"Why it is not all, or not exact."`

	cached int  // calls that an earlier question had read
	readAt ours // in words
	about  ours // what the figures are about, in words
	asked  ours // what was asked
	goesOn bool // the window is not over
	looked bool // calls are those that were looked through
}

// newCoverage shows a coverage, how many requests it took, and the days that were asked
// about.
func newCoverage(c stats.Coverage, w window, now time.Time, requests int) coverage {
	from, to := inZone(c.From, w.zone), inZone(c.To, w.zone)
	out := coverage{
		Exact: c.Exact, Complete: c.Complete, FieldsExact: c.FieldsExact, Method: string(c.Method), AsOf: c.AsOf.In(w.zone).Format(secondForm),
		From: beginForm(from, minuteForm), To: endForm(to, minuteForm), AskedFrom: beginForm(w.begins(), minuteForm), AskedTo: endForm(w.ends(), minuteForm),
		Calls: c.Calls, Requests: requests, LeftCost: c.Requests, AskAgain: int((c.AskAgain + time.Second - 1) / time.Second),
		Reason: ours(c.Reason), cached: min(c.Cached, c.Calls), // a reason holds numbers, days and names of filters alone
		about: ours(between(from, to) + " " + w.zone.String()), asked: ours(w.String()),
	}
	if c.Complete {
		out.From, out.To, out.about = out.AskedFrom, out.AskedTo, out.asked
		out.goesOn = now.Before(w.ends()) && !now.Before(w.begins())
	}
	if !c.ReadAt.IsZero() {
		out.ReadAt, out.readAt = c.ReadAt.In(w.zone).Format(secondForm), ours(c.ReadAt.In(w.zone).Format(nowForm))
	}
	if !c.Complete && c.Left != calls.Unknown {
		out.Left = &c.Left
	}
	return out
}

// measured says for metrics how exact an answer is, and how many calls it rests on: those of
// earlier questions, those read now, and those that the API counted.
func (c coverage) measured() (exactness string, cached, read, counted int) {
	switch {
	case !c.Exact:
		exactness = "inexact"
	case !c.Complete:
		exactness = "part"
	default:
		exactness = "exact"
	}
	if c.Method == string(calls.ByCounts) {
		return exactness, 0, 0, c.Calls
	}
	return exactness, c.cached, c.Calls - c.cached, 0
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
	some := string(plural(c.Calls, "call", "calls") + about)
	all := string(every(c.Calls, "call", "calls") + about)
	var s string
	switch {
	case !c.Exact:
		s = "NOT EXACT: " + some
	case !c.Complete:
		s = "Exact for " + some + " only"
		if c.about != c.asked {
			s += fmt.Sprintf(" (asked: %s)", c.asked)
		}
		if c.Left != nil {
			s += fmt.Sprintf("; %s left", plural(*c.Left, "call is", "calls are"))
		}
	case c.Method == string(calls.ByCounts):
		s = "Exact, counted by Talkover: " + all
	case c.looked:
		s = "Exact, looked through: " + all
	default:
		s = "Exact: " + all
	}
	s += ", as of " + c.AsOf[len(c.AsOf)-len("15:04:05"):]
	if !c.FieldsExact {
		s += "; fields as read on " + string(c.readAt)
	}
	if c.Reason != "" {
		s += ": " + string(c.Reason)
	}
	if c.AskAgain > 0 {
		s += fmt.Sprintf(". Ask again in %d s for the rest; that goes on where this stopped", c.AskAgain)
	}
	return s
}
