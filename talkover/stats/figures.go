// Package stats answers questions about any number of calls in few requests, and
// never by a guess: an answer is exact for the window that it names.
//
// A [Filter] says which calls. The arithmetic ([Figures], [Groups]) adds up calls wherever
// they come from. The questions ([Ask], [Find]) have package scan get them, which says what
// of them is proven.
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

// IsMissed reports whether a call came in and nobody answered it: its status is no-answer,
// busy or failed.
func IsMissed(c talkover.Call) bool {
	return c.Direction == talkover.Inbound && outcomeOf(c.Status).unanswered()
}

// Contact returns the other party's number.
func Contact(c talkover.Call) string {
	if c.Direction == talkover.Inbound {
		return c.From
	}
	return c.To
}

// outcome tells how a call ended, by its status.
type outcome uint8

// The outcomes.
const (
	otherwise outcome = iota // a status that the API does not document
	underWay                 // initiated or ringing
	spoken                   // answered: under way or over
	completed
	notAnswered
	wasBusy
	hasFailed
)

func outcomeOf(status string) outcome {
	switch talkover.PlainStatus(status) {
	case talkover.StatusInitiated, talkover.StatusRinging:
		return underWay
	case talkover.StatusAnswered:
		return spoken
	case talkover.StatusCompleted:
		return completed
	case talkover.StatusNoAnswer:
		return notAnswered
	case talkover.StatusBusy:
		return wasBusy
	case talkover.StatusFailed:
		return hasFailed
	}
	return otherwise
}

func (o outcome) isOpen(seconds int) bool { return o == underWay || o == spoken && seconds == 0 }

func (o outcome) isAnswered(seconds int) bool { return o == completed || o == spoken && seconds != 0 }

func (o outcome) unanswered() bool { return o >= notAnswered }

// Figures are what is added up of a set of calls. The zero value is the empty
// set. Memory grows with the distinct durations, not with the calls. Each call is in one
// of Answered, Open, NoAnswer, Busy, Failed and Other.
type Figures struct {
	Calls    int
	Answered int // completed, or answered and over
	Open     int // see [talkover.IsOpen]
	NoAnswer int
	Busy     int
	Failed   int
	Other    int // in a status that the API does not document
	Missed   int // see IsMissed
	Short    int // answered, 6 s or less
	Tests    int
	Talk     int // seconds of answered calls

	durations map[int]int // seconds of answered calls -> calls
	ofDays    int         // calls of the days that are over
	followed
}

// Add takes a call in.
func (f *Figures) Add(c talkover.Call) {
	f.add(outcomeOf(c.Status), c.Duration, c.Direction == talkover.Inbound, c.IsTesting)
}

func (f *Figures) add(o outcome, seconds int, inbound, test bool) {
	f.Calls++
	if test {
		f.Tests++
	}
	if inbound && o.unanswered() {
		f.Missed++
	}
	switch {
	case o.isOpen(seconds):
		f.Open++
	case o == notAnswered:
		f.NoAnswer++
	case o == wasBusy:
		f.Busy++
	case o == hasFailed:
		f.Failed++
	case o == otherwise:
		f.Other++
	default:
		f.Answered++
		f.Talk += seconds
		if seconds <= shortCall {
			f.Short++
		}
		if f.durations == nil {
			f.durations = map[int]int{}
		}
		f.durations[seconds]++
	}
}

// Merge takes in the calls of another set.
func (f *Figures) Merge(o *Figures) {
	f.Calls += o.Calls
	f.Answered += o.Answered
	f.Open += o.Open
	f.NoAnswer += o.NoAnswer
	f.Busy += o.Busy
	f.Failed += o.Failed
	f.Other += o.Other
	f.Missed += o.Missed
	f.Short += o.Short
	f.Tests += o.Tests
	f.Talk += o.Talk
	f.ofDays += o.ofDays
	f.followed.merge(o.followed)
	if f.durations == nil && o.durations != nil {
		f.durations = map[int]int{}
	}
	for seconds, n := range o.durations {
		f.durations[seconds] += n
	}
}

// Unanswered adds up NoAnswer, Busy and Failed.
func (f *Figures) Unanswered() int { return f.NoAnswer + f.Busy + f.Failed }

// Final returns how many calls are over.
func (f *Figures) Final() int { return f.Calls - f.Open }

// AnswerRate returns the share of final calls that were answered, after the
// answer-bid ratio of ITU-T E.411 and E.425; 0 where no call is final.
func (f *Figures) AnswerRate() float64 { return ratio(f.Answered, f.Final()) }

// Mean returns the talk time of an answered call in seconds; 0 where there is none.
func (f *Figures) Mean() float64 { return ratio(f.Talk, f.Answered) }

// Quantile returns the talk time, in seconds, that a share q of answered calls does
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
