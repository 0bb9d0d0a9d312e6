package stats_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// plain are the metrics that follow from the calls of a group alone.
var plain = []stats.Metric{
	stats.Calls, stats.Share, stats.Answered, stats.Open, stats.Unanswered, stats.NoAnswer, stats.Busy, stats.Failed, stats.OtherStatus, stats.Missed,
	stats.AnswerRate, stats.UnansweredRate, stats.NoAnswerRate, stats.TalkSeconds, stats.MeanSeconds, stats.MedianSeconds, stats.P95Seconds, stats.ShortCalls,
}

// kind is the one column that a call is in.
func kind(c talkover.Call) stats.Metric {
	switch strings.ReplaceAll(c.Status, "_", "-") {
	case "initiated", "ringing":
		return stats.Open
	case "answered":
		if c.Duration == 0 {
			return stats.Open
		}
		return stats.Answered
	case "completed":
		return stats.Answered
	case "no-answer":
		return stats.NoAnswer
	case "busy":
		return stats.Busy
	case "failed":
		return stats.Failed
	}
	return stats.OtherStatus
}

// isMissed is inbound and unanswered.
func isMissed(c talkover.Call) bool {
	k := kind(c)
	return c.Direction == "inbound" && (k == stats.NoAnswer || k == stats.Busy || k == stats.Failed)
}

// truth is each plain metric that is known of some calls out of so many, straight from
// the definitions.
func truth(calls []talkover.Call, of int) map[stats.Metric]stats.Measure {
	n := map[stats.Metric]int{}
	var durations []int
	for _, c := range calls {
		k := kind(c)
		n[k]++
		if k == stats.NoAnswer || k == stats.Busy || k == stats.Failed {
			n[stats.Unanswered]++
		}
		if isMissed(c) {
			n[stats.Missed]++
		}
		if k == stats.Answered {
			durations = append(durations, c.Duration)
			n[stats.TalkSeconds] += c.Duration
			if c.Duration <= 6 {
				n[stats.ShortCalls]++
			}
		}
	}
	n[stats.Calls] = len(calls)
	m := map[stats.Metric]stats.Measure{}
	for _, name := range []stats.Metric{
		stats.Calls, stats.Answered, stats.Open, stats.Unanswered, stats.NoAnswer, stats.Busy, stats.Failed, stats.OtherStatus, stats.Missed, stats.TalkSeconds, stats.ShortCalls,
	} {
		m[name] = stats.Measure{Value: float64(n[name]), Known: true}
	}
	fraction := func(name stats.Metric, a, b int) {
		if b > 0 {
			m[name] = stats.Measure{Value: float64(a) / float64(b), Known: true}
		}
	}
	final := len(calls) - n[stats.Open]
	fraction(stats.Share, len(calls), of)
	fraction(stats.AnswerRate, n[stats.Answered], final)
	fraction(stats.UnansweredRate, n[stats.Unanswered], final)
	fraction(stats.NoAnswerRate, n[stats.NoAnswer], final)
	fraction(stats.MeanSeconds, n[stats.TalkSeconds], len(durations))
	slices.Sort(durations)
	for name, percent := range map[stats.Metric]int{stats.MedianSeconds: 50, stats.P95Seconds: 95} {
		if k := len(durations); k > 0 {
			m[name] = stats.Measure{Value: float64(durations[(k*percent+99)/100-1]), Known: true}
		}
	}
	return m
}

// placed is the key of a call in a dimension, and how it is shown.
func placed(d stats.Dimension, c talkover.Call, zone *time.Location) (key, name string) {
	at := c.CreatedAt.In(zone)
	year, month, date := at.Date()
	switch d {
	case stats.ByStatus:
		key = strings.ReplaceAll(c.Status, "_", "-")
	case stats.ByDirection:
		key = c.Direction
	case stats.ByAgent:
		if c.Agent.ID == "" {
			return "", "(deleted)"
		}
		return c.Agent.ID, c.Agent.Label
	case stats.ByDay:
		key = fmt.Sprintf("%d-%02d-%02d", year, month, date)
	case stats.ByWeek:
		noon := time.Date(year, month, date, 12, 0, 0, 0, time.UTC)
		for noon.Weekday() != time.Monday {
			noon = noon.Add(-24 * time.Hour)
		}
		key = noon.Format("2006-01-02")
	case stats.ByMonth:
		key = fmt.Sprintf("%d-%02d", year, month)
	case stats.ByWeekday:
		key = at.Weekday().String()[:3]
	case stats.ByHour:
		key = fmt.Sprintf("%02d", at.Hour())
	case stats.ByLine:
		key = lineOf(c)
	case stats.ByContact:
		if key = contactOf(c); isWithheld(key) {
			return "withheld", "(withheld)"
		}
	case stats.ByCountry: // of numbers of the test, which are of one country or none
		switch key = contactOf(c); {
		case isWithheld(key):
			return "withheld", "(withheld)"
		case !strings.HasPrefix(key, "+1"):
			return "other", "other"
		}
		key = "+1"
	}
	return key, key
}

// grouped divides calls, by the keys of all dimensions.
func grouped(by []stats.Dimension, calls []talkover.Call, zone *time.Location) map[string][]talkover.Call {
	groups := map[string][]talkover.Call{}
	for _, c := range calls {
		var keys []string
		for _, d := range by {
			key, _ := placed(d, c, zone)
			keys = append(keys, key)
		}
		k := strings.Join(keys, "|")
		groups[k] = append(groups[k], c)
	}
	return groups
}

func keyOf(values []stats.Value) string {
	keys := make([]string, len(values))
	for i, v := range values {
		keys[i] = v.Key
	}
	return strings.Join(keys, "|")
}

// sameMeasures reports which of some metrics differ, to the last bit.
func sameMeasures(t *testing.T, what any, names []stats.Metric, got, want map[stats.Metric]stats.Measure) {
	t.Helper()
	var wrong []string
	for _, name := range names {
		if got[name] != want[name] {
			wrong = append(wrong, fmt.Sprintf("%s %+v, want %+v", name, got[name], want[name]))
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%v: %s", what, strings.Join(wrong[:min(3, len(wrong))], "; "))
	}
}

func TestDefinitions(t *testing.T) {
	in := func(status string, seconds int) talkover.Call {
		return talkover.Call{Status: status, Duration: seconds, Direction: "inbound"}
	}
	out := func(status string) talkover.Call { return talkover.Call{Status: status, Direction: "outbound"} }
	type expected struct {
		answered, open, unanswered, other, missed, final, short, talk int
		rate, mean                                                    float64
		median, p95                                                   int
	}
	for name, test := range map[string]struct {
		calls []talkover.Call
		want  expected
	}{
		"nothing":                            {nil, expected{}},
		"answered or completed is answered":  {[]talkover.Call{in("answered", 9), in("completed", 11), in("busy", 0), in("no-answer", 0)}, expected{2, 0, 2, 0, 2, 4, 0, 20, 0.5, 10, 9, 11}},
		"open calls are nothing else":        {[]talkover.Call{in("initiated", 0), in("ringing", 0), in("answered", 0), in("completed", 8), in("failed", 0)}, expected{1, 3, 1, 0, 1, 2, 0, 8, 0.5, 8, 8, 8}},
		"no call is final":                   {[]talkover.Call{in("ringing", 0)}, expected{open: 1}},
		"completed in 0 s is final, and 0 s": {[]talkover.Call{in("completed", 0)}, expected{1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0}},
		"6 s are short and 7 s are not":      {[]talkover.Call{in("completed", 1), in("answered", 6), in("completed", 7), in("failed", 3)}, expected{3, 0, 1, 0, 1, 4, 2, 14, 0.75, 14. / 3, 6, 7}},
		"a status of the API's own is other": {[]talkover.Call{in("voicemail", 4), in("", 0), in("completed", 30)}, expected{1, 0, 0, 2, 0, 3, 0, 30, 1. / 3, 30, 30, 30}},
		"a median of two is the lower":       {[]talkover.Call{in("completed", 10), in("completed", 20)}, expected{2, 0, 0, 0, 0, 2, 0, 30, 1, 15, 10, 20}},
		"talk is of answered calls alone":    {[]talkover.Call{in("failed", 500), in("completed", 20)}, expected{1, 0, 1, 0, 1, 2, 0, 20, 0.5, 20, 20, 20}},
		"a ringing call with seconds is open": {[]talkover.Call{in("ringing", 5), in("completed", 10)},
			expected{1, 1, 0, 0, 0, 1, 0, 10, 1, 10, 10, 10}},
		"an outbound call is never missed": {[]talkover.Call{out("no-answer"), out("busy"), out("failed"), in("no_answer", 0)}, expected{0, 0, 4, 0, 1, 4, 0, 0, 0, 0, 0, 0}},
	} {
		for i := range test.calls {
			test.calls[i].CreatedAt = now.Add(-time.Duration(i+1) * time.Hour)
		}
		m := ask(t, &fakeLog{rows: test.calls}, stats.Question{}).Totals.M
		n := func(name stats.Metric) int { return int(m[name].Value) }
		got := expected{
			n(stats.Answered), n(stats.Open), n(stats.Unanswered), n(stats.OtherStatus), n(stats.Missed), n(stats.Calls) - n(stats.Open), n(stats.ShortCalls), n(stats.TalkSeconds),
			m[stats.AnswerRate].Value, m[stats.MeanSeconds].Value, n(stats.MedianSeconds), n(stats.P95Seconds),
		}
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		if n(stats.Answered)+n(stats.Unanswered)+n(stats.Open)+n(stats.OtherStatus) != len(test.calls) {
			t.Errorf("%s: %+v of %d calls", name, m, len(test.calls))
		}
	}
}

func TestQuantileInvertsTheEmpiricalDistribution(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 210; n++ {
		log := &fakeLog{}
		durations := make([]int, n)
		for i := range durations {
			durations[i] = r.IntN(1 + r.IntN(300))
			log.rows = append(log.rows, talkover.Call{Status: "completed", Duration: durations[i], CreatedAt: now.Add(-time.Duration(i+1) * time.Minute)})
		}
		slices.Sort(durations)
		m := ask(t, log, stats.Question{}).Totals.M
		for name, percent := range map[stats.Metric]int{stats.MedianSeconds: 50, stats.P95Seconds: 95} {
			want := 0
			for _, want = range durations {
				at := 0
				for _, d := range durations {
					if d <= want {
						at++
					}
				}
				if 100*at >= percent*n {
					break
				}
			}
			if got := m[name]; got != (stats.Measure{Value: float64(want), Known: true}) {
				t.Fatalf("%d %% of %d calls: %v s, want %d", percent, n, got, want)
			}
		}
	}
}
