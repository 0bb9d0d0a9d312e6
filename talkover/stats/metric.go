package stats

import (
	"fmt"
	"slices"
	"strings"
)

// Measure is one figure. It is exact, or it is not known.
type Measure struct {
	Value float64
	Known bool // false where it cannot be told
}

// Metric names a measure, as answers do.
type Metric string

// The metrics, as docs/numbers.md defines them. Groups have those of contacts and of later calls
// where a question asks for them.
const (
	Calls              Metric = "calls"
	Share              Metric = "share" // of calls
	Answered           Metric = "answered"
	Open               Metric = "open"
	Unanswered         Metric = "unanswered"
	NoAnswer           Metric = "no_answer"
	Busy               Metric = "busy"
	Failed             Metric = "failed"
	OtherStatus        Metric = "other"
	Missed             Metric = "missed"
	AnswerRate         Metric = "answer_rate" // of final calls (ITU-T E.411, E.425), as the next two
	UnansweredRate     Metric = "unanswered_rate"
	NoAnswerRate       Metric = "no_answer_rate"
	TalkSeconds        Metric = "talk_seconds" // of answered calls, as the next three
	MeanSeconds        Metric = "mean_seconds"
	MedianSeconds      Metric = "median_seconds"
	P95Seconds         Metric = "p95_seconds"
	ShortCalls         Metric = "short_calls"
	PerDay             Metric = "per_day"
	Contacts           Metric = "contacts"
	Repeat             Metric = "repeat_contacts"
	Withheld           Metric = "withheld" // calls with a withheld number, which is no contact
	Unreturned         Metric = "unreturned"
	UnreturnedContacts Metric = "unreturned_contacts"
	NotCalledBack      Metric = "not_called_back"
	CalledBackNoAnswer Metric = "called_back_no_answer"
	WaitingHours       Metric = "waiting_hours"
	CalledBack         Metric = "called_back"
	MinutesToCallBack  Metric = "minutes_to_call_back"
	CalledBackIn1h     Metric = "called_back_in_1h"
	CalledBackIn24h    Metric = "called_back_in_24h"
	TalkMinutes        Metric = "talk_minutes"
	WithheldMissed     Metric = "withheld_missed" // missed calls that unreturned leaves out
	PeakConcurrent     Metric = "peak_concurrent"
)

// need is what must be known of calls to tell a metric.
type need uint8

// The needs.
const (
	durations need = 1 << iota // how long they took
	numbers                    // with whom they were
	distinct                   // that they are one set: numbers of several are not added up
	moments                    // likewise, but for parts of time, when they began and ended
	later                      // all calls since, up to now
	overDays                   // how many days they are of
)

// metricRow is all that is known of one metric, which is a fraction; it is not known where that
// is of 0.
type metricRow struct {
	name  Metric
	needs need
	shown Unit
	n, of counter
	in    Place
	is    string // its definition; that of the rows before it where they share one
	after string // the standard that has it
	short string // what a legend says of it, where its name does not say all
}

// Place is where answers show a metric that was not asked for, or a set of such places.
type Place uint16

// The places.
const (
	InTables      Place = 1 << iota // a row of a table
	InStatuses                      // a row of a table by status
	InPairs                         // a row that is paired with one of another window
	InComparisons                   // the totals of two windows
	SeldomInRows                    // left out of rows where it is 0 in all
	OnRequest                       // nowhere, unless it is asked for
	SeldomInTotal                   // left out of totals where it is 0

	usual = InTables | InPairs | InComparisons
)

// Unit says how a metric is shown.
type Unit uint8

// The units.
const (
	Whole  Unit = iota // a number of calls, seconds or contacts
	Tenths             // a mean, worth a digit after the point
	Rate               // a fraction of 1, in text in per cent
)

// metricRows are all metrics, in the order of answers.
var metricRows = []metricRow{
	{Calls, 0, Whole, nCalls, one, InTables | InStatuses | InPairs | InComparisons,
		"calls that fit the filters, test calls included unless test_calls says otherwise",
		"", ""},
	{Share, 0, Rate, nCalls, nOf, InTables | InStatuses,
		"calls of the group / all calls that fit",
		"", "share: of all these calls"},
	{Answered, 0, Whole, nAnswered, one, usual,
		"status completed, or answered and over",
		"", ""},
	{Open, 0, Whole, nOpen, one, usual | SeldomInRows,
		"initiated, ringing, or answered with no duration yet: still going on; in no other column",
		"", "open: still going on"},
	{Unanswered, 0, Whole, nUnanswered, one, usual,
		"no_answer + busy + failed; answered + unanswered + open + other = calls",
		"", "unanswered: no-answer, busy or failed"},
	{NoAnswer, 0, Whole, nNoAnswer, one, 0,
		"calls in that status",
		"FCC 47 CFR 64.2105", ""},
	{Busy, 0, Whole, nBusy, one, 0,
		"calls in that status",
		"FCC 47 CFR 64.2105", ""},
	{Failed, 0, Whole, nFailed, one, 0,
		"calls in that status",
		"FCC 47 CFR 64.2105", ""},
	{OtherStatus, 0, Whole, nOther, one, usual | SeldomInRows | SeldomInTotal,
		"calls in a status that Talkover does not document, such as canceled, voicemail or queued",
		"", "other: a status beyond those"},
	{Missed, 0, Whole, nMissed, one, InTables | InComparisons,
		"inbound and unanswered; an outbound call that nobody took is not missed",
		"", "missed: inbound and unanswered"},
	{AnswerRate, 0, Rate, nAnswered, nFinal, usual,
		"of calls that are over: calls - open",
		"ABR/ASR, ITU-T E.411, E.425; FCC 47 CFR 64.2105", "rates: of calls that are over"},
	{UnansweredRate, 0, Rate, nUnanswered, nFinal, 0,
		"of calls that are over: calls - open",
		"ABR/ASR, ITU-T E.411, E.425; FCC 47 CFR 64.2105", "rates: of calls that are over"},
	{NoAnswerRate, 0, Rate, nNoAnswer, nFinal, 0,
		"of calls that are over: calls - open",
		"ABR/ASR, ITU-T E.411, E.425; FCC 47 CFR 64.2105", "rates: of calls that are over"},
	{TalkSeconds, durations, Whole, nTalk, one, InComparisons,
		"seconds of answered calls, added up",
		"", "seconds: of answered calls"},
	{TalkMinutes, durations, Tenths, nTalk, nSixty, OnRequest,
		"talk_seconds / 60", "", "minutes: of answered calls"},
	{MeanSeconds, durations, Tenths, nTalk, nAnswered, InTables | InStatuses | InComparisons,
		"of an answered call",
		"ACD, ALOC", "seconds: of answered calls"},
	{MedianSeconds, durations, Whole, nMedian, nAnswered, 0,
		"of an answered call",
		"ACD, ALOC", "seconds: of answered calls"},
	{P95Seconds, durations, Whole, nP95, nAnswered, 0,
		"of an answered call",
		"ACD, ALOC", "seconds: of answered calls"},
	{ShortCalls, durations, Whole, nShort, one, 0,
		"answered, 6 s or less",
		"carriers' short-duration rule", "short_calls: answered, 6 s or less"},
	{PerDay, overDays, Tenths, nOfDays, nDays, 0,
		"calls of the days that are over / those days; not known where none is",
		"", "per_day: of days that are over"},
	{Contacts, numbers | distinct, Whole, nContacts, one, 0,
		"distinct numbers of the other party",
		"", ""},
	{Repeat, numbers | distinct, Whole, nRepeat, one, 0,
		"those with two calls or more in the window",
		"first-contact-resolution proxy", ""},
	{Withheld, numbers, Whole, nWithheld, one, SeldomInTotal,
		"calls with a withheld number (anonymous, restricted, none), which is no contact",
		"", "withheld: calls without a number"},
	{Unreturned, later, Whole, nUnreturned, one, 0,
		"missed calls after which no call with that number was answered, either way, up to now, whatever the window's end and the " +
			"filters; not_called_back + called_back_no_answer",
		"contact-centre practice", "unreturned: missed, and no call with that number answered since"},
	{UnreturnedContacts, later | distinct, Whole, nWaiting, one, OnRequest,
		"distinct numbers of these calls: people who wait",
		"", "unreturned_contacts: people, not calls"},
	{NotCalledBack, later, Whole, nNotCalledBack, one, 0,
		"unreturned, and no later call of ours to that number, however often they tried again",
		"", "not_called_back: of these, we did not call since"},
	{CalledBackNoAnswer, later, Whole, nCalledBackNoAnswer, one, 0,
		"unreturned, with a later call of ours to that number that nobody took, or that is still going on",
		"", "called_back_no_answer: of these, we called and nobody took it"},
	{WaitingHours, later | distinct, Tenths, nLong, nHour, OnRequest,
		"hours since the first of the calls that are unreturned",
		"", "waiting_hours: since the first unreturned call"},
	{CalledBack, later, Whole, nCalledBack, one, OnRequest,
		"missed calls after which we called that number, up to now, whether anybody took it or not",
		"", "called_back: missed, and we called since"},
	{MinutesToCallBack, later, Tenths, nBack, nMinute, OnRequest,
		"median over these of the minutes until our first call",
		"", "minutes_to_call_back: median, of those"},
	{CalledBackIn1h, later, Rate, nInHour, nFollowed, OnRequest,
		"missed calls with a number that we called within an hour, or a day / missed calls with a number",
		"", "called_back_in_: of missed calls with a number"},
	{CalledBackIn24h, later, Rate, nInDay, nFollowed, OnRequest,
		"missed calls with a number that we called within an hour, or a day / missed calls with a number",
		"", "called_back_in_: of missed calls with a number"},
	{WithheldMissed, later, Whole, nWithheldMissed, one, SeldomInTotal,
		"missed calls with a withheld number, which unreturned leaves out",
		"", ""},
	{PeakConcurrent, moments, Whole, nPeak, one, OnRequest,
		"most calls at one moment: each from its begin for as long as it took, or up to now while it is open; those that " +
			"began up to a day before the window count too",
		"", ""},
}

// AllMetrics are all of them, in the order of answers.
var AllMetrics = func() (names []Metric) {
	for _, m := range metricRows {
		names = append(names, m.name)
	}
	return names
}()

// row returns what is known of a metric; nothing of what is none, such as an order of rows.
func (name Metric) row() metricRow {
	for _, m := range metricRows {
		if m.name == name {
			return m
		}
	}
	return metricRow{}
}

// ofCalls reports whether a metric is a rate, a mean or a quantile of calls, which few calls tell
// badly.
func (m metricRow) ofCalls() bool {
	return slices.Contains([]counter{nFinal, nAnswered, nFollowed, nMinute}, m.of)
}

// Unit says how the metric is shown.
func (name Metric) Unit() Unit { return name.row().shown }

// In lists the metrics that answers show in a place.
func In(place Place) (names []Metric) {
	for _, m := range metricRows {
		if m.in&place != 0 {
			names = append(names, m.name)
		}
	}
	return names
}

// Is reports whether a metric has a place.
func (name Metric) Is(place Place) bool { return name.row().in&place != 0 }

// Follows reports whether a metric depends on all calls since, up to now.
func (name Metric) Follows() bool { return name.row().needs&later != 0 }

// Legend explains metrics whose names do not say all, in one line, and what else there is.
func Legend(names []Metric, more ...string) string {
	var parts []string
	for _, m := range metricRows {
		if m.short != "" && slices.Contains(names, m.name) && !slices.Contains(parts, m.short) {
			parts = append(parts, m.short)
		}
	}
	return strings.Join(append(parts, more...), "; ")
}

// Glossary writes a row of Markdown for each definition of metrics.
func Glossary() string {
	var b strings.Builder
	for i := 0; i < len(metricRows); {
		m, names := metricRows[i], []string{}
		for ; i < len(metricRows) && metricRows[i].is == m.is; i++ {
			names = append(names, string(metricRows[i].name))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(names, ", "), m.is, m.after)
	}
	return b.String()
}
