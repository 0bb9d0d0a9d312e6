package stats

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
	Calls           Metric = "calls"
	Share           Metric = "share" // of calls
	Answered        Metric = "answered"
	Open            Metric = "open"
	Unanswered      Metric = "unanswered"
	NoAnswer        Metric = "no_answer"
	Busy            Metric = "busy"
	Failed          Metric = "failed"
	OtherStatus     Metric = "other"
	Missed          Metric = "missed"
	AnswerRate      Metric = "answer_rate" // of final calls (ITU-T E.411, E.425), as the next two
	UnansweredRate  Metric = "unanswered_rate"
	NoAnswerRate    Metric = "no_answer_rate"
	TalkSeconds     Metric = "talk_seconds" // of answered calls, as the next three
	MeanSeconds     Metric = "mean_seconds"
	MedianSeconds   Metric = "median_seconds"
	P95Seconds      Metric = "p95_seconds"
	ShortCalls      Metric = "short_calls"
	PerDay          Metric = "per_day"
	Contacts        Metric = "contacts"
	Repeat          Metric = "repeat_contacts"
	Withheld        Metric = "withheld" // calls with a withheld number, which is no contact
	Unreturned      Metric = "unreturned"
	NeverCalledBack Metric = "never_called_back"
	NotReached      Metric = "not_reached"
	WithheldMissed  Metric = "withheld_missed" // missed calls that unreturned leaves out
	PeakConcurrent  Metric = "peak_concurrent" // of totals alone
)

// need is what must be known of calls to tell a metric.
type need uint8

// The needs.
const (
	durations need = 1 << iota // how long they took
	numbers                    // with whom they were
	distinct                   // that they are one set: numbers of several are not added up
	moments                    // likewise, when they began and ended
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
}

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
	{Calls, 0, Whole, nCalls, one},
	{Share, 0, Rate, nCalls, nOf},
	{Answered, 0, Whole, nAnswered, one},
	{Open, 0, Whole, nOpen, one},
	{Unanswered, 0, Whole, nUnanswered, one},
	{NoAnswer, 0, Whole, nNoAnswer, one},
	{Busy, 0, Whole, nBusy, one},
	{Failed, 0, Whole, nFailed, one},
	{OtherStatus, 0, Whole, nOther, one},
	{Missed, 0, Whole, nMissed, one},
	{AnswerRate, 0, Rate, nAnswered, nFinal},
	{UnansweredRate, 0, Rate, nUnanswered, nFinal},
	{NoAnswerRate, 0, Rate, nNoAnswer, nFinal},
	{TalkSeconds, durations, Whole, nTalk, one},
	{MeanSeconds, durations, Tenths, nTalk, nAnswered},
	{MedianSeconds, durations, Whole, nMedian, nAnswered},
	{P95Seconds, durations, Whole, nP95, nAnswered},
	{ShortCalls, durations, Whole, nShort, one},
	{PerDay, overDays, Tenths, nOfDays, nDays},
	{Contacts, numbers | distinct, Whole, nContacts, one},
	{Repeat, numbers | distinct, Whole, nRepeat, one},
	{Withheld, numbers, Whole, nWithheld, one},
	{Unreturned, later, Whole, nUnreturned, one},
	{NeverCalledBack, later, Whole, nNeverCalledBack, one},
	{NotReached, later, Whole, nNotReached, one},
	{WithheldMissed, later, Whole, nWithheldMissed, one},
	{PeakConcurrent, moments, Whole, nPeak, one},
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

// Unit says how the metric is shown.
func (name Metric) Unit() Unit { return name.row().shown }
