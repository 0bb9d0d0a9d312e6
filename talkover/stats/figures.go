// Package stats answers questions about any number of calls, and never by a guess: an answer is
// exact for the window that it names.
//
// A [Filter] says which calls, and a [Question] or a [Search] what of them. [Ask] and [Find] have
// a [Log] get them, which says what of them is proven. What is known of each filter stands in one
// row of filterRows, and of each metric in one of metricRows.
package stats

import (
	"maps"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Statuses are those that the API documents, and can filter by.
var Statuses = talkover.Statuses

// shortCall is the most seconds of a short call, by the carriers' rule.
const shortCall = 6

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

// endedAs counts calls that nobody answered by how they ended.
var endedAs = [...]counter{otherwise: nOther, notAnswered: nNoAnswer, wasBusy: nBusy, hasFailed: nFailed}

// kind is what figures need to know of a status and a direction.
type kind struct {
	outcome
	inbound bool
}

// kindsOf tells the kinds of a table.
func kindsOf(table []calls.Kind) []kind {
	kinds := make([]kind, len(table))
	for i, k := range table {
		kinds[i] = kind{outcomeOf(k.Status), k.Direction == talkover.Inbound}
	}
	return kinds
}

// missed reports whether a call came in and nobody answered it.
func (k kind) missed() bool { return k.inbound && k.unanswered() }

// counter names what is counted or added up of a set of calls. Each call is in one of nAnswered,
// nOpen, nNoAnswer, nBusy, nFailed and nOther.
type counter int

// The counters.
const (
	one    counter = iota // is 1
	nCalls                // calls
	nOf                   // calls in all
	nAnswered
	nOpen // see [talkover.IsOpen]
	nFinal
	nUnanswered
	nNoAnswer
	nBusy
	nFailed
	nOther // in a status that the API does not document
	nMissed
	nShort  // answered, 6 s or less
	nTalk   // seconds of answered calls
	nMedian // likewise, that half of them do not exceed, times answered calls
	nP95
	nOfDays // calls of the days that are over
	nDays   // that are over
	nWithheld
	nNotCalledBack // missed; we called nobody since, and nobody talked
	nCalledBackNoAnswer
	nUnreturned
	nWaiting // the people of these
	nWithheldMissed
	nFollowed   // missed calls of which it is known what became of them
	nCalledBack // those after which we called
	nInHour     // within an hour
	nInDay
	nBack     // seconds until half of them were called back
	nMinute   // 60, where any was
	nLong     // seconds since the first that was not returned
	nHour     // 3,600, where any was not
	nSixty    // is 60
	nContacts // distinct numbers
	nRepeat   // of them, with two calls or more
	nPeak     // calls at one moment
	counters
)

// figures are what is added up of a set of calls. The zero value is the empty set. Memory grows
// with the distinct durations, not with the calls.
type figures struct {
	n         [counters]int
	durations map[int]int // seconds of answered calls -> calls
	key       [2]string   // of the place of the calls among the days
	waits     map[int]int // seconds until we called back -> missed calls
	waiting   map[uint32]bool
	ofTime    bool // they are all calls of some hours or days
	lacks     need // what is not known of the calls
}

// add takes in n calls of a kind and length.
func (f *figures) add(k kind, seconds, n int) {
	open := k.isOpen(seconds)
	f.n[nCalls] += n
	if !open {
		f.n[nFinal] += n
	}
	if k.unanswered() {
		f.n[nUnanswered] += n
	}
	if k.missed() {
		f.n[nMissed] += n
	}
	switch {
	case open:
		f.n[nOpen] += n
	case k.isAnswered(seconds):
		f.n[nAnswered] += n
		f.n[nTalk] += n * seconds
		if seconds <= shortCall {
			f.n[nShort] += n
		}
		tally(&f.durations, seconds, n)
	default:
		f.n[endedAs[k.outcome]] += n
	}
}

// merge takes in another set, which has none of the same calls. Numbers that are in both are not
// told from others any more, nor are days.
func (f *figures) merge(o *figures) {
	most := max(f.n[nPeak], o.n[nPeak])
	for i, n := range o.n {
		f.n[i] += n
	}
	f.n[nPeak] = most
	f.lacks |= o.lacks | distinct
	if !o.ofTime {
		f.lacks |= moments
	}
	if f.key != o.key {
		f.lacks |= overDays
	}
	for _, m := range []struct {
		all *map[int]int
		of  map[int]int
	}{{&f.durations, o.durations}, {&f.waits, o.waits}} {
		for seconds, n := range m.of {
			tally(m.all, seconds, n)
		}
	}
}

// tally adds to the calls of a length.
func tally(m *map[int]int, seconds, n int) {
	if *m == nil {
		*m = map[int]int{}
	}
	(*m)[seconds] += n
}

// quantile returns the time, in seconds, that a share of so many per cent of calls does not exceed:
// the smallest one with at least that share at it or less (the inverse of the empirical
// distribution). It is exact, and 0 of no calls.
func quantile(times map[int]int, percent int) int {
	n, all := 0, 0
	for _, calls := range times {
		all += calls
	}
	for _, seconds := range slices.Sorted(maps.Keys(times)) {
		if n += times[seconds]; 100*n >= percent*all {
			return seconds
		}
	}
	return 0
}

// measures tells what is known of the calls.
func (f *figures) measures() map[Metric]Measure {
	f.n[one], f.n[nSixty] = 1, 60
	f.n[nMedian], f.n[nP95] = quantile(f.durations, 50)*f.n[nAnswered], quantile(f.durations, 95)*f.n[nAnswered]
	f.n[nBack], f.n[nMinute] = quantile(f.waits, 50), 60*min(f.n[nCalledBack], 1)
	f.n[nHour] = 3600 * min(f.n[nUnreturned], 1)
	known := make(map[Metric]Measure, len(metricRows))
	for _, m := range metricRows {
		if of := f.n[m.of]; of > 0 && f.lacks&m.needs == 0 {
			known[m.name] = Measure{float64(f.n[m.n]) / float64(of), true}
		}
	}
	return known
}

// contacted takes in so many calls with one number.
func (f *figures) contacted(withheld bool, calls int) {
	switch {
	case withheld:
		f.n[nWithheld] += calls
	case calls > 0:
		f.n[nContacts]++
		if calls > 1 {
			f.n[nRepeat]++
		}
	}
}

// became takes in what became of a missed call so long ago.
func (f *figures) became(withheld bool, person uint32, what fate, ago time.Duration) {
	if withheld {
		f.n[nWithheldMissed]++
		return
	}
	f.n[nFollowed]++
	if what.called {
		f.n[nCalledBack]++
		tally(&f.waits, int(what.wait/time.Second), 1)
		if what.wait <= time.Hour {
			f.n[nInHour]++
		}
		if what.wait <= 24*time.Hour {
			f.n[nInDay]++
		}
	}
	switch what.what {
	case "":
		return
	case OnlyNotCalledBack:
		f.n[nNotCalledBack]++
	case OnlyCalledBackNoAnswer:
		f.n[nCalledBackNoAnswer]++
	}
	f.n[nUnreturned]++
	f.n[nLong] = max(f.n[nLong], int(ago/time.Second))
	if f.waiting == nil {
		f.waiting = map[uint32]bool{}
	}
	f.waiting[person] = true
	f.n[nWaiting] = len(f.waiting)
}
