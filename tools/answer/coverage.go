package answer

import (
	"fmt"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Coverage says which calls an answer rests on, and whether these are all.
type Coverage struct {
	Exact       bool     `json:"exact" desc:"Every figure is that of all calls between from and to."`
	Complete    bool     `json:"complete" desc:"That is all that was asked."`
	FieldsExact bool     `json:"fields_exact" desc:"false: durations, numbers and test flags are as of read_at."`
	Method      string   `json:"method" jsonschema:"enum=read,enum=search,enum=list,enum=counts"`
	AsOf        Moment   `json:"as_of"`
	From        Moment   `json:"from,omitzero" desc:"What the figures are about."`
	To          Moment   `json:"to,omitzero"`
	AskedFrom   Moment   `json:"asked_from,omitzero"`
	AskedTo     Moment   `json:"asked_to,omitzero"`
	Calls       int      `json:"calls" desc:"Calls that fit the filters; of find_calls, that were looked through."`
	ReadAt      Moment   `json:"read_at,omitzero" desc:"When the oldest of these were read."`
	Requests    int      `json:"requests"`
	Left        *int     `json:"calls_left,omitempty" desc:"Calls of the days asked that the answer is not about."`
	LeftCost    int      `json:"requests_left,omitempty"`
	AskAgain    int      `json:"ask_again_in_seconds,omitempty"`
	Reason      SafeText `json:"reason,omitempty" desc:"Why it is not all, or not exact."`

	cached int  // calls that an earlier question had read
	goesOn bool // the window is not over
	Looked bool `json:"-"` // calls are those that were looked through
}

// NewCoverage shows a coverage, how many requests it took, and the days that were asked
// about.
func NewCoverage(c stats.Coverage, w Window, now time.Time, requests int) Coverage {
	is, asked := NewSpan(InZone(c.From, w.Zone), InZone(c.To, w.Zone)), NewSpan(w.Begins(), w.Ends())
	if c.Complete {
		is = asked
	}
	out := Coverage{
		Exact: c.Exact, Complete: c.Complete, FieldsExact: c.FieldsExact, Method: string(c.Method),
		AsOf: Second(c.AsOf, w.Zone), From: is.From, To: is.To, AskedFrom: asked.From, AskedTo: asked.To,
		Calls: c.Calls, ReadAt: Second(c.ReadAt, w.Zone), Requests: requests, LeftCost: c.Requests,
		AskAgain: int((c.AskAgain + time.Second - 1) / time.Second),
		Reason:   SafeText(c.Reason), // it holds numbers, days and names of filters alone
		cached:   min(c.Cached, c.Calls),
		goesOn:   c.Complete && now.Before(w.Ends()) && !now.Before(w.Begins()),
	}
	if !c.Complete && c.Left != calls.Unknown {
		out.Left = &c.Left
	}
	return out
}

// IsWhole reports whether calls are all that were asked for, with every field as it is.
func IsWhole(c stats.Coverage) bool { return c.Exact && c.Complete && c.FieldsExact }

// Measured says for metrics how exact an answer is, and how many calls it rests on: those of
// earlier questions, those read now, and those that the API counted.
func (c Coverage) Measured() (exactness string, cached, read, counted int) {
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
func (c Coverage) String() string {
	of, zone := " of ", " "+c.AsOf.Location().String()
	if c.From.IsZero() != c.To.IsZero() { // since a moment, or until one
		of = " "
	}
	if c.goesOn {
		of = " so far" + of
	}
	days, asked := Span{c.From, c.To}.String()+zone, Span{c.AskedFrom, c.AskedTo}.String()+zone
	about := of + days
	some := string(Plural(c.Calls, "call", "calls")) + about
	all := string(Every(c.Calls, "call", "calls")) + about
	var s string
	switch {
	case !c.Exact:
		s = "NOT EXACT: " + some
	case !c.Complete:
		s = "Exact for " + some + " only"
		if days != asked {
			s += fmt.Sprintf(" (asked: %s)", asked)
		}
		if c.Left != nil {
			s += fmt.Sprintf("; %s left", Plural(*c.Left, "call is", "calls are"))
		}
	case c.Method == string(calls.ByCounts):
		s = "Exact, counted by Talkover: " + all
	case c.Looked:
		s = "Exact, looked through: " + all
	default:
		s = "Exact: " + all
	}
	s += ", as of " + c.AsOf.Format(time.TimeOnly)
	if !c.FieldsExact {
		s += "; fields as read on " + c.ReadAt.Format(NowForm)
	}
	if c.Reason != "" {
		s += ": " + string(c.Reason)
	}
	if c.AskAgain > 0 {
		s += fmt.Sprintf(". Ask again in %d s for the rest; that goes on where this stopped", c.AskAgain)
	}
	return s
}
