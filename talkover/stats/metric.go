package stats

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

// AllMetrics are all of them, in the order of answers.
var AllMetrics = []Metric{
	Calls, Share, Answered, Open, Unanswered, NoAnswer, Busy, Failed, OtherStatus, Missed,
	AnswerRate, UnansweredRate, NoAnswerRate, TalkSeconds, MeanSeconds, MedianSeconds, P95Seconds, ShortCalls, PerDay,
	Contacts, Repeat, Withheld, Unreturned, NeverCalledBack, NotReached, WithheldMissed, PeakConcurrent,
}
