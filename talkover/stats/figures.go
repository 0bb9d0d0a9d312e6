// Package stats answers questions about any number of calls in few requests, and
// never by a guess: an answer is exact for the window that it names.
//
// The arithmetic ([Figures], [Groups]) adds up calls wherever they come from. The
// questions ([Ask], [Find]) have package scan get them, which says what of them is
// proven.
package stats

import (
	"maps"
	"slices"

	"github.com/talkover/talkover-mcp/talkover"
)

// Statuses are those that the API documents, and can filter by.
var Statuses = []string{"initiated", "ringing", "answered", "completed", "failed", "busy", "no-answer"}

// shortCall is the most seconds of a short call, by the carriers' rule.
const shortCall = 6

// IsOpen reports whether a call is still going on: initiated, ringing, or
// answered with no duration yet. Every other call is final.
func IsOpen(c talkover.Call) bool {
	o := outcomeOf(c.Status)
	return o.open || o.mayBeOpen && c.Duration == 0
}

// IsMissed reports whether a call is final and nobody answered it.
func IsMissed(c talkover.Call) bool { return !IsOpen(c) && !c.Answered() }

// Contact is the other party's number, and Line our own.
func Contact(c talkover.Call) string {
	if c.Direction == "inbound" {
		return c.From
	}
	return c.To
}

// Line is our own number of a call.
func Line(c talkover.Call) string {
	if c.Direction == "inbound" {
		return c.To
	}
	return c.From
}

// Figures are what is added up of a set of calls. The zero value is the empty
// set. Memory grows with the distinct durations, not with the calls.
type Figures struct {
	Calls    int
	Answered int // status answered or completed
	NoAnswer int
	Busy     int
	Failed   int
	Open     int // see IsOpen
	Short    int // answered and over, 6 s or less
	Tests    int
	Talk     int // seconds of answered calls

	openAnswered int         // of Answered and of Open
	durations    map[int]int // seconds of answered calls -> calls
}

// outcome tells how a call ended, by its status.
type outcome struct {
	answered, mayBeOpen, open bool
	count                     func(*Figures) *int // one of NoAnswer, Busy and Failed, or nil
}

func outcomeOf(status string) outcome {
	switch talkover.PlainStatus(status) {
	case "completed":
		return outcome{answered: true}
	case "answered":
		return outcome{answered: true, mayBeOpen: true}
	case "initiated", "ringing":
		return outcome{open: true}
	case "no-answer":
		return outcome{count: func(f *Figures) *int { return &f.NoAnswer }}
	case "busy":
		return outcome{count: func(f *Figures) *int { return &f.Busy }}
	case "failed":
		return outcome{count: func(f *Figures) *int { return &f.Failed }}
	}
	return outcome{}
}

// Add takes a call in.
func (f *Figures) Add(c talkover.Call) { f.add(outcomeOf(c.Status), c.Duration, c.IsTesting) }

func (f *Figures) add(o outcome, seconds int, test bool) {
	f.Calls++
	if test {
		f.Tests++
	}
	open := o.open || o.mayBeOpen && seconds == 0
	if open {
		f.Open++
	}
	if o.count != nil {
		*o.count(f)++
	}
	if !o.answered {
		return
	}
	f.Answered++
	f.Talk += seconds
	if open {
		f.openAnswered++
	} else if seconds <= shortCall {
		f.Short++
	}
	if f.durations == nil {
		f.durations = map[int]int{}
	}
	f.durations[seconds]++
}

// Merge takes in the calls of another set.
func (f *Figures) Merge(o *Figures) {
	f.Calls += o.Calls
	f.Answered += o.Answered
	f.NoAnswer += o.NoAnswer
	f.Busy += o.Busy
	f.Failed += o.Failed
	f.Open += o.Open
	f.Short += o.Short
	f.Tests += o.Tests
	f.Talk += o.Talk
	f.openAnswered += o.openAnswered
	if f.durations == nil && o.durations != nil {
		f.durations = map[int]int{}
	}
	for seconds, n := range o.durations {
		f.durations[seconds] += n
	}
}

// Final is how many calls are over.
func (f *Figures) Final() int { return f.Calls - f.Open }

// AnswerRate is the share of final calls that were answered, after the
// answer-bid ratio of ITU-T E.411 and E.425; 0 where no call is final.
func (f *Figures) AnswerRate() float64 { return ratio(f.Answered-f.openAnswered, f.Final()) }

// Mean is the talk time of an answered call in seconds; 0 where there is none.
func (f *Figures) Mean() float64 { return ratio(f.Talk, f.Answered) }

// Quantile is the talk time, in seconds, that a share q of answered calls does
// not exceed: the smallest duration d with at least q of the calls at d or less
// (the inverse of the empirical distribution). It is exact.
func (f *Figures) Quantile(q float64) int {
	need := q * float64(f.Answered)
	n := 0
	for _, seconds := range slices.Sorted(maps.Keys(f.durations)) {
		if n += f.durations[seconds]; float64(n) >= need-1e-9 {
			return seconds
		}
	}
	return 0
}

func ratio(a, b int) float64 {
	if b <= 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Measure is one figure. It is exact, or it is not known.
type Measure struct {
	Value float64
	Known bool // false where it cannot be told
}

// Metric names a measure, as answers do.
type Metric string

// The metrics of totals and of each group, as docs/numbers.md defines them.
const (
	Calls          Metric = "calls"
	Share          Metric = "share" // of calls
	Answered       Metric = "answered"
	Open           Metric = "open"
	Unanswered     Metric = "unanswered"
	NoAnswer       Metric = "no_answer"
	Busy           Metric = "busy"
	Failed         Metric = "failed"
	OtherStatus    Metric = "other"
	Missed         Metric = "missed"
	AnswerRate     Metric = "answer_rate" // of final calls, as the next two
	UnansweredRate Metric = "unanswered_rate"
	NoAnswerRate   Metric = "no_answer_rate"
	TalkSeconds    Metric = "talk_seconds" // of answered calls, as the next three
	MeanSeconds    Metric = "mean_seconds"
	MedianSeconds  Metric = "median_seconds"
	P95Seconds     Metric = "p95_seconds"
	ShortCalls     Metric = "short_calls"
	PerDay         Metric = "per_day"
)

// The metrics of totals, and of groups where a question asks for them.
const (
	Contacts        Metric = "contacts"
	Repeat          Metric = "repeat_contacts"
	Withheld        Metric = "withheld" // calls with a withheld number, which is no contact
	Unreturned      Metric = "unreturned"
	NeverCalledBack Metric = "never_called_back"
	NotReached      Metric = "not_reached"
	WithheldMissed  Metric = "withheld_missed" // missed calls that unreturned leaves out
)

// PeakConcurrent is a metric of totals alone.
const PeakConcurrent Metric = "peak_concurrent"

// Metrics are those of before, in the order of answers.
var Metrics = []Metric{
	Calls, Share, Answered, AnswerRate, NoAnswer, Busy, Failed, Open,
	TalkSeconds, MeanSeconds, MedianSeconds, P95Seconds,
}

// AllMetrics are all of them, in the order of answers.
var AllMetrics = []Metric{
	Calls, Share, Answered, Open, Unanswered, NoAnswer, Busy, Failed, OtherStatus, Missed,
	AnswerRate, UnansweredRate, NoAnswerRate, TalkSeconds, MeanSeconds, MedianSeconds, P95Seconds, ShortCalls, PerDay,
	Contacts, Repeat, Withheld, Unreturned, NeverCalledBack, NotReached, WithheldMissed, PeakConcurrent,
}
