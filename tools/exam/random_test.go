package exam_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/tools/exam"
)

var random = flag.Int("random", 30, "how many random questions to ask about the demo")

// TestRandomQuestions asks questions of random filters, groups, metrics and orders. Every
// figure of their answers must be true.
func TestRandomQuestions(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	c := converse(t, logOf(t, "demo"), accounts["demo"]().Transport(), 0, func() time.Time { return exam.Now }, true)
	tools := map[string]int{}
	for i := range *random {
		tool, args := randomQuestion(r)
		tools[tool]++
		b, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c.shown = false
			a := c.ask(t, tool+" "+string(b))
			if !a.structure.coverage.exact {
				t.Errorf("%s %s: %+v", tool, b, a.structure.coverage)
			}
			if a.tokens > mostLargest {
				t.Errorf("%s %s: %d tokens", tool, b, a.tokens)
			}
		})
	}
	if tools["get_call_stats"] == 0 || tools["find_calls"] == 0 {
		t.Error(tools)
	}
}

// randomQuestion returns a tool and arguments for it.
func randomQuestion(r *rand.Rand) (tool string, args map[string]any) {
	args = map[string]any{}
	some := func(of int, name string, values ...any) {
		if r.IntN(of) == 0 {
			args[name] = values[r.IntN(len(values))]
		}
	}
	if r.IntN(5) > 0 {
		some(1, "period", "yesterday", "this_week", "last_week", "this_month", "last_month", "last_7_days",
			"last_30_days", "last_90_days", "today")
	} else {
		some(1, "date_from", "2026-10-20", "2026-10-25", "2026-11-01")
		some(2, "date_to", "2026-11-01", "2026-11-03")
	}
	some(2, "timezone", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
	some(4, "direction", "inbound", "outbound")
	some(4, "status", []string{"missed"}, []string{"unanswered"}, []string{"open"}, []string{"busy", "failed"},
		[]string{"completed", "answered"}, []string{"no-answer", "open"})
	some(6, "agent", "Customer Support", "Reminder Agent", "(deleted)", "Patient Intake")
	some(6, "contact", "+1202", "+44", "+12025550138")
	some(8, "min_seconds", 1, 20, 100)
	some(8, "max_seconds", 120, 700)
	some(5, "hours", "8-10", "12-18", "22-4", "0-1", "business", "after_hours")
	some(9, "line", "+1202", "+44", "+12025550142")
	some(6, "weekdays", []string{"Sat", "Sun"}, []string{"Tue", "Thu"})
	some(4, "test_calls", "exclude", "only", "include")
	if r.IntN(3) == 0 {
		some(2, "sort", "newest", "oldest", "longest", "shortest")
		some(3, "only", "not_called_back", "called_back_no_answer", "unreturned", "repeat_contacts")
		some(2, "limit", 1, 5, 50)
		return "find_calls", args
	}
	by := []string{
		"status", "direction", "agent", "day", "week", "month", "weekday", "hour", "contact", "line", "country",
		"shift",
	}
	r.Shuffle(len(by), func(i, k int) { by[i], by[k] = by[k], by[i] })
	if n := r.IntN(3); n > 0 {
		args["group_by"] = by[:n]
		some(4, "top", 3, 10)
		some(4, "order", "calls", "value", "answer_rate", "mean_seconds")
	}
	metrics := append(append([]string{}, named[:len(named)-1]...), more[:len(more)-1]...)
	r.Shuffle(len(metrics), func(i, k int) { metrics[i], metrics[k] = metrics[k], metrics[i] })
	some(3, "metrics", metrics[:1+r.IntN(4)])
	if args["period"] != nil {
		some(6, "compare", "previous_period", "week_before", "month_before", "year_before")
	}
	return "get_call_stats", args
}
