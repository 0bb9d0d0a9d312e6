package tools

import (
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// meanings say what metrics mean, where their names do not, as short as can be. Those with the
// same meaning share it.
var meanings = []struct {
	metrics []stats.Metric
	meaning string
}{
	{[]stats.Metric{stats.Share}, "share: of all these calls"},
	{[]stats.Metric{stats.Unanswered}, "unanswered: no-answer, busy or failed"},
	{[]stats.Metric{stats.Missed}, "missed: inbound and unanswered"},
	{[]stats.Metric{stats.Open}, "open: still going on"},
	{[]stats.Metric{stats.OtherStatus}, "other: a status beyond those"},
	{[]stats.Metric{stats.AnswerRate, stats.UnansweredRate, stats.NoAnswerRate}, "rates: of calls that are over"},
	{[]stats.Metric{stats.TalkSeconds, stats.MeanSeconds, stats.MedianSeconds, stats.P95Seconds}, "seconds: of answered calls"},
	{[]stats.Metric{stats.ShortCalls}, "short_calls: answered, 6 s or less"},
	{[]stats.Metric{stats.PerDay}, "per_day: of days that are over"},
	{[]stats.Metric{stats.Withheld}, "withheld: calls without a number"},
	{[]stats.Metric{stats.Unreturned}, "unreturned: missed, and no call with that number answered since"},
	{[]stats.Metric{stats.NeverCalledBack}, "never_called_back: no call since, either way"},
	{[]stats.Metric{stats.NotReached}, "not_reached: called since, either way, none answered"},
}

// legendOf explains metrics in one line.
func legendOf(names []stats.Metric, more ...string) answer.SafeText {
	var parts []string
	for _, m := range meanings {
		if slices.ContainsFunc(m.metrics, func(name stats.Metric) bool { return slices.Contains(names, name) }) {
			parts = append(parts, m.meaning)
		}
	}
	for _, m := range more {
		if m != "" {
			parts = append(parts, m)
		}
	}
	return answer.SafeText(strings.Join(parts, "; "))
}
