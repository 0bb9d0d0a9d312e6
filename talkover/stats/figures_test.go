package stats_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// truth is every measure of some calls out of so many, straight from the
// definitions.
func truth(calls []talkover.Call, of int) map[stats.Metric]stats.Measure {
	n := map[stats.Metric]int{}
	final, finalAnswered := 0, 0
	var durations []int
	for _, c := range calls {
		isAnswered := c.Status == "answered" || c.Status == "completed"
		isOpen := c.Status == "initiated" || c.Status == "ringing" || c.Status == "answered" && c.Duration == 0
		if isAnswered {
			durations = append(durations, c.Duration)
			n[stats.TalkSeconds] += c.Duration
		}
		if !isOpen {
			final++
			if isAnswered {
				finalAnswered++
			}
		}
		for name, is := range map[stats.Metric]bool{
			stats.Calls: true, stats.Answered: isAnswered, stats.Open: isOpen, stats.Busy: c.Status == "busy",
			stats.Failed: c.Status == "failed", stats.NoAnswer: c.Status == "no-answer" || c.Status == "no_answer",
		} {
			if is {
				n[name]++
			}
		}
	}
	m := map[stats.Metric]stats.Measure{}
	for _, name := range []stats.Metric{stats.Calls, stats.Answered, stats.Open, stats.Busy, stats.Failed, stats.NoAnswer, stats.TalkSeconds} {
		m[name] = stats.Measure{Value: float64(n[name]), Known: true}
	}
	fraction := func(name stats.Metric, a, b int) {
		m[name] = stats.Measure{}
		if b > 0 {
			m[name] = stats.Measure{Value: float64(a) / float64(b), Known: true}
		}
	}
	fraction(stats.Share, len(calls), of)
	fraction(stats.AnswerRate, finalAnswered, final)
	fraction(stats.MeanSeconds, n[stats.TalkSeconds], len(durations))
	slices.Sort(durations)
	for name, percent := range map[stats.Metric]int{stats.MedianSeconds: 50, stats.P95Seconds: 95} {
		m[name] = stats.Measure{}
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
		key = c.Status
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
	case stats.ByContact, stats.ByLine:
		key = c.From
		if (c.Direction == "inbound") == (d == stats.ByLine) {
			key = c.To
		}
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

// sameMeasures reports what differs, to the last bit.
func sameMeasures(t *testing.T, what any, got, want map[stats.Metric]stats.Measure) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	var wrong []string
	for _, name := range stats.Metrics {
		if got[name] != want[name] {
			wrong = append(wrong, fmt.Sprintf("%s %+v, want %+v", name, got[name], want[name]))
		}
	}
	t.Errorf("%v: %s", what, strings.Join(wrong[:min(3, len(wrong))], "; "))
}

// contactTruth is ContactFigures, by comparing each call with each.
func contactTruth(calls []talkover.Call) stats.ContactFigures {
	var f stats.ContactFigures
	with := map[string][]talkover.Call{}
	for _, c := range calls {
		key, _ := placed(stats.ByContact, c, time.UTC)
		with[key] = append(with[key], c)
	}
	f.Contacts = len(with)
	for _, theirs := range with {
		if len(theirs) > 1 {
			f.Repeat++
		}
		for _, c := range theirs {
			missed := c.Direction == "inbound" && !slices.Contains([]string{"initiated", "ringing", "answered", "completed"}, c.Status)
			if missed && !slices.ContainsFunc(theirs, func(o talkover.Call) bool { return o.CreatedAt.After(c.CreatedAt) }) {
				f.UnreturnedMissed++
			}
		}
	}
	lasts := func(c talkover.Call) time.Duration { return time.Duration(c.Duration) * time.Second }
	for _, at := range calls {
		if at.Duration == 0 {
			continue
		}
		n := 0
		for _, c := range calls {
			if since := at.CreatedAt.Sub(c.CreatedAt); since >= 0 && since < lasts(c) {
				n++
			}
		}
		f.PeakConcurrent = max(f.PeakConcurrent, n)
	}
	return f
}

func added(calls []talkover.Call) *stats.Figures {
	f := new(stats.Figures)
	for _, c := range calls {
		f.Add(c)
	}
	return f
}

func TestDefinitions(t *testing.T) {
	call := func(status string, seconds int) talkover.Call {
		return talkover.Call{Status: status, Duration: seconds, Direction: "inbound"}
	}
	type expected struct {
		answered, open, final, short, talk int
		rate, mean                         float64
		median, p95                        int
	}
	for name, test := range map[string]struct {
		calls []talkover.Call
		want  expected
	}{
		"nothing":                             {nil, expected{}},
		"answered or completed is answered":   {[]talkover.Call{call("answered", 9), call("completed", 11), call("busy", 0), call("no-answer", 0)}, expected{2, 0, 4, 0, 20, 0.5, 10, 9, 11}},
		"open calls are out of the divisor":   {[]talkover.Call{call("initiated", 0), call("ringing", 0), call("answered", 0), call("completed", 8), call("failed", 0)}, expected{2, 3, 2, 0, 8, 0.5, 4, 0, 8}},
		"no call is final":                    {[]talkover.Call{call("ringing", 0)}, expected{open: 1}},
		"completed in 0 s is final, and 0 s":  {[]talkover.Call{call("completed", 0)}, expected{1, 0, 1, 1, 0, 1, 0, 0, 0}},
		"6 s are short and 7 s are not":       {[]talkover.Call{call("completed", 1), call("answered", 6), call("completed", 7), call("failed", 3)}, expected{3, 0, 4, 2, 14, 0.75, 14. / 3, 6, 7}},
		"a status of the API's own is final":  {[]talkover.Call{call("voicemail", 4), call("", 0), call("completed", 30)}, expected{1, 0, 3, 0, 30, 1. / 3, 30, 30, 30}},
		"a median of two is the lower":        {[]talkover.Call{call("completed", 10), call("completed", 20)}, expected{2, 0, 2, 0, 30, 1, 15, 10, 20}},
		"talk is of answered calls alone":     {[]talkover.Call{call("failed", 500), call("completed", 20)}, expected{1, 0, 2, 0, 20, 0.5, 20, 20, 20}},
		"a ringing call with seconds is open": {[]talkover.Call{call("ringing", 5), call("completed", 10)}, expected{1, 1, 1, 0, 10, 1, 10, 10, 10}},
	} {
		f := added(test.calls)
		got := expected{f.Answered, f.Open, f.Final(), f.Short, f.Talk, f.AnswerRate(), f.Mean(), f.Quantile(0.5), f.Quantile(0.95)}
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestQuantileInvertsTheEmpiricalDistribution(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 210; n++ {
		durations, f := make([]int, n), new(stats.Figures)
		for i := range durations {
			durations[i] = r.IntN(1 + r.IntN(300))
			f.Add(talkover.Call{Status: "completed", Duration: durations[i]})
		}
		slices.Sort(durations)
		for percent := 1; percent <= 100; percent++ {
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
			if got := f.Quantile(float64(percent) / 100); got != want {
				t.Fatalf("%d %% of %d calls: %d s, want %d", percent, n, got, want)
			}
			if n > 40 && percent%5 != 0 {
				percent++
			}
		}
	}
}

func TestMergedFiguresAreThoseOfAllCalls(t *testing.T) {
	all := calls(generate(3, 900, 5*24*time.Hour))
	merged := new(stats.Figures)
	for part := range slices.Chunk(all, 70) {
		merged.Merge(added(part))
	}
	merged.Merge(new(stats.Figures))
	want := added(all)
	type sum struct{ calls, answered, noAnswer, busy, failed, open, short, tests, talk, final, median, p95 int }
	of := func(f *stats.Figures) sum {
		return sum{f.Calls, f.Answered, f.NoAnswer, f.Busy, f.Failed, f.Open, f.Short, f.Tests, f.Talk, f.Final(), f.Quantile(0.5), f.Quantile(0.95)}
	}
	if of(merged) != of(want) || merged.AnswerRate() != want.AnswerRate() {
		t.Errorf("merged %+v, want %+v", of(merged), of(want))
	}
	tests, short := 0, 0
	for _, c := range all {
		if c.IsTesting {
			tests++
		}
		if c.Answered() && c.Duration >= 1 && c.Duration <= 6 {
			short++
		}
	}
	if merged.Tests != tests || merged.Short != short || tests == 0 || short == 0 {
		t.Errorf("%d test calls and %d short ones, want %d and %d", merged.Tests, merged.Short, tests, short)
	}
}
