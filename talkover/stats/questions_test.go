package stats_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

var questions = flag.Int("questions", 30, "how many random questions to ask, of each kind")

// related are the metrics that follow from other calls and from days.
var related = []stats.Metric{
	stats.Contacts, stats.Repeat, stats.Withheld, stats.Unreturned, stats.NotCalledBack, stats.CalledBackNoAnswer, stats.WithheldMissed, stats.PerDay,
}

// whole is truth and what follows from other calls and from days: each call is compared
// with each.
func whole(f stats.Filter, by []stats.Dimension, values []stats.Value, theirs, all []talkover.Call, of int) map[stats.Metric]stats.Measure {
	m := truth(theirs, of)
	n := map[stats.Metric]int{}
	times := map[string]int{}
	for _, c := range theirs {
		number := contactOf(c)
		switch {
		case isWithheld(number):
			n[stats.Withheld]++
			if isMissed(c) {
				n[stats.WithheldMissed]++
			}
			continue
		case isMissed(c):
			if b := became(f, c, all); b != "" {
				n[stats.Metric(b)]++
				n[stats.Unreturned]++
			}
		}
		if times[number]++; times[number] == 1 {
			n[stats.Contacts]++
		} else if times[number] == 2 {
			n[stats.Repeat]++
		}
	}
	for _, name := range related {
		m[name] = stats.Measure{Value: float64(n[name]), Known: true}
	}
	delete(m, stats.PerDay)
	if f.Days.From == "" {
		return m
	}
	days, inDays := 0, 0
	end := now
	if !f.Days.Until.IsZero() && f.Days.Until.Before(end) {
		end = f.Days.Until
	}
	for day := f.Days.From; (f.Days.To == "" || day <= f.Days.To) && (calendar{f.Zone}).reach(next(day), "00:00:00").Compare(end) <= 0; day = next(day) {
		noon, _ := time.Parse("2006-01-02 15", day+" 12")
		at := talkover.Call{CreatedAt: noon}
		isOf := len(f.Weekdays) == 0 || slices.Contains(f.Weekdays, noon.Weekday())
		for i, d := range by {
			if slices.Contains([]stats.Dimension{stats.ByDay, stats.ByWeek, stats.ByMonth, stats.ByWeekday}, d) {
				key, _ := placed(d, at, time.UTC)
				isOf = isOf && key == values[i].Key
			}
		}
		if isOf {
			days++
			for _, c := range theirs {
				if c.CreatedAt.In(f.Zone).Format("2006-01-02") == day {
					inDays++
				}
			}
		}
	}
	if days > 0 {
		m[stats.PerDay] = stats.Measure{Value: float64(inDays) / float64(days), Known: true}
	}
	return m
}

// isSorted holds the order of rows against its definition, and how many of them rank.
func isSorted(t *testing.T, what any, q stats.Question, r *stats.Report) {
	t.Helper()
	by, order, rows := q.By, r.Order, r.Rows
	name, ascending := strings.CutSuffix(string(order), " asc")
	fewest := 0.0
	switch order := strings.TrimSuffix(string(q.Order), " asc"); {
	case q.MinCalls != nil:
		fewest = float64(*q.MinCalls)
	case strings.HasSuffix(order, "_rate") || strings.HasPrefix(order, "mean_") || strings.HasPrefix(order, "median_") ||
		strings.HasPrefix(order, "p95_") || strings.HasPrefix(order, "minutes_") || strings.HasPrefix(order, "called_back_in_"):
		fewest = 20
	}
	ranks := func(r stats.Row) bool {
		return order == stats.ByValue || !slices.Contains(r.Values, stats.WithheldNumber) && r.M[stats.Metric(name)].Known && r.M[stats.Calls].Value >= fewest
	}
	for i, row := range rows {
		if ranks(row) != (i < r.Ranked) && stats.RowOrder(q.Order) == order {
			t.Errorf("%v by %v: row %d of %d that rank: %v", what, order, i, r.Ranked, row.M)
			return
		}
	}
	value := func(r stats.Row) string {
		var all []string
		for i, v := range r.Values {
			if by[i] == stats.ByWeekday {
				v.Key = fmt.Sprint(slices.Index(stats.Weekdays, v.Key))
				v.Name = v.Key
			}
			all = append(all, v.Name+" "+v.Key)
		}
		return strings.Join(all, "|")
	}
	for i := range max(len(rows)-1, 0) {
		x, y := rows[i], rows[i+1]
		a, b := x.M[stats.Metric(name)], y.M[stats.Metric(name)]
		n, m := x.M[stats.Calls].Value, y.M[stats.Calls].Value
		ok := value(x) < value(y)
		switch {
		case order == stats.ByValue || ranks(x) && !ranks(y):
			ok = ok || order != stats.ByValue
		case a != b:
			ok = a.Known && !b.Known || a.Value > b.Value != ascending
		case n != m:
			ok = n > m
		}
		if !ok {
			t.Errorf("%v by %v: row %d, %v with %v, is before %v with %v", what, order, i, x.Values, a, y.Values, b)
			return
		}
	}
}

// anyQuestion draws a question.
func anyQuestion(t *testing.T, r *rand.Rand) stats.Question {
	q := stats.Question{Filter: anyFilter(t, r, 30), Metrics: []stats.Metric{stats.Unreturned, stats.Contacts, stats.PeakConcurrent}}
	q.By = slices.Clone([][]stats.Dimension{nil, pairs()[r.IntN(45)], {dimensions[r.IntN(10)]}}[r.IntN(3)])
	q.Order = []stats.RowOrder{"", "", stats.ByCalls, stats.ByValue, stats.RowOrder(stats.AllMetrics[r.IntN(len(stats.AllMetrics))])}[r.IntN(5)]
	if r.IntN(2) == 0 && q.Order != "" && q.Order != stats.ByValue {
		q.Order += stats.Ascending
	}
	if r.IntN(4) == 0 {
		q.MinCalls = new(r.IntN(60))
	}
	return q
}

// Questions with each filter, metric and order, against going through all calls.
func TestQuestionsAgainstGoingThroughAllCalls(t *testing.T) {
	records := generate(14, 3000, 30*24*time.Hour)
	for i := range records {
		if i%40 == 0 {
			records[i].Status = voicemail
		}
	}
	log := oddLog(records)
	all := log.rows
	r := rand.New(rand.NewPCG(14, 2))
	empty := 0
	for i := range *questions {
		q := anyQuestion(t, r)
		report := ask(t, log, q)
		what := fmt.Sprintf("%d: %+v by %v", i, q.Filter, q.By)
		want := askedFor(q.Filter, all)
		isAnswer(t, what, report, q, want, all)
		if len(want) == 0 {
			empty++
		}
	}
	if empty > *questions/2 {
		t.Errorf("%d of %d questions are about no call", empty, *questions)
	}
}

// isAnswer holds every figure of a report that was read against the calls themselves.
func isAnswer(t *testing.T, what string, r *stats.Report, q stats.Question, want, all []talkover.Call) {
	t.Helper()
	f := q.Filter
	if !r.Exact || !r.Complete || r.Method != calls.ByReading || r.Calls != len(want) {
		t.Errorf("%s: %+v, want %d calls", what, r.Coverage, len(want))
		return
	}
	names := append(slices.Clone(plain), related...)
	sameMeasures(t, what+": totals", names, r.Totals.M, whole(f, nil, nil, want, all, len(want)))
	tests, hours := 0, [24]int{}
	for _, c := range all {
		if inDays(f, c) && fits(f, c) && c.IsTesting {
			tests++
		}
	}
	for _, c := range want {
		hours[c.CreatedAt.In(f.Zone).Hour()]++
	}
	if *r.Tests != tests {
		t.Errorf("%s: %d test calls, want %d", what, *r.Tests, tests)
	}
	switch most := slices.Max(hours[:]); {
	case (r.BusyHour == nil) != (most == 0):
		t.Errorf("%s: busy hour %v, want %d calls", what, r.BusyHour, most)
	case most > 0 && *r.BusyHour != (stats.BusyHour{Hour: slices.Index(hours[:], most), Calls: most}):
		t.Errorf("%s: busy hour %v, want %v", what, r.BusyHour, hours)
	}
	if len(q.By) == 0 {
		return
	}
	groups := grouped(q.By, want, f.Zone)
	if len(r.Rows) != len(groups) {
		t.Errorf("%s: %d rows, want %d", what, len(r.Rows), len(groups))
		return
	}
	sum := map[stats.Metric]float64{}
	for _, row := range r.Rows {
		theirs := groups[keyOf(row.Values)]
		sameMeasures(t, fmt.Sprint(what, row.Values), names, row.M, whole(f, q.By, row.Values, theirs, all, len(want)))
		for name, m := range row.M {
			sum[name] += m.Value
		}
	}
	for _, name := range []stats.Metric{stats.Calls, stats.Answered, stats.Unanswered, stats.Open, stats.OtherStatus, stats.Missed, stats.Unreturned, stats.Withheld} {
		if len(groups) > 0 && sum[name] != r.Totals.M[name].Value {
			t.Errorf("%s: %s of rows adds up to %v of %v", what, name, sum[name], r.Totals.M[name].Value)
		}
	}
	isSorted(t, what, q, r)
	if rest := stats.Rest(r.Rows); len(r.Rows) > 0 {
		theirs := plain
		sameMeasures(t, what+": all rows together", theirs, rest.M, r.Totals.M)
	}
}

// A call that is missed in a window, and what becomes of it after the window's end and
// beyond the filters.
func TestUnreturnedCalls(t *testing.T) {
	at := func(hours float64, direction, status string, seconds int) talkover.Call {
		c := talkover.Call{ID: fmt.Sprint(hours, direction, status), CreatedAt: now.Add(time.Duration(hours * float64(time.Hour))), Direction: direction, Status: status, Duration: seconds, From: "+1", To: "+2"}
		if direction == "outbound" {
			c.From, c.To = "+2", "+1"
		}
		return c
	}
	missed := at(-72, "inbound", "no-answer", 0)
	test := at(-1, "outbound", "completed", 9)
	test.IsTesting = true
	nobody := missed
	nobody.From = "anonymous"
	window := stats.Filter{Zone: time.UTC, Days: stats.Days{From: "2026-11-02", To: "2026-11-02"}, Direction: "inbound"}
	for name, c := range map[string]struct {
		calls                      []talkover.Call
		tests                      stats.TestCalls
		notCalledBack, inVain, odd float64
	}{
		"no later call":                             {[]talkover.Call{missed}, "", 1, 0, 0},
		"called back after the window":              {[]talkover.Call{missed, at(-1, "outbound", "completed", 9)}, "", 0, 0, 0},
		"called back in vain":                       {[]talkover.Call{missed, at(-1, "outbound", "no-answer", 0)}, "", 0, 1, 0},
		"rang again, and nobody answered":           {[]talkover.Call{missed, at(-71, "inbound", "busy", 0)}, "", 2, 0, 0},
		"rang again in vain, and so did we":         {[]talkover.Call{missed, at(-71, "inbound", "busy", 0), at(-70, "outbound", "failed", 0)}, "", 0, 2, 0},
		"we called between two tries":               {[]talkover.Call{missed, at(-71.5, "outbound", "busy", 0), at(-71, "inbound", "busy", 0)}, "", 1, 1, 0},
		"rang again, and was answered":              {[]talkover.Call{missed, at(-71, "inbound", "answered", 5)}, "", 0, 0, 0},
		"called back twice, once answered":          {[]talkover.Call{missed, at(-3, "outbound", "completed", 9), at(-1, "outbound", "busy", 0)}, "", 0, 0, 0},
		"being called back":                         {[]talkover.Call{missed, at(-0.01, "outbound", "ringing", 0)}, "", 0, 1, 0},
		"being talked to just now":                  {[]talkover.Call{missed, at(-0.01, "outbound", "answered", 0)}, "", 0, 1, 0},
		"called before, not after":                  {[]talkover.Call{at(-73, "outbound", "completed", 9), missed}, "", 1, 0, 0},
		"at the same moment":                        {[]talkover.Call{missed, at(-72, "outbound", "completed", 9)}, "", 1, 0, 0},
		"voicemail is a call, and no answer":        {[]talkover.Call{missed, at(-1, "outbound", "voicemail", 9)}, "", 0, 1, 0},
		"called back in a test":                     {[]talkover.Call{missed, test}, "", 0, 0, 0},
		"called back in a test that does not count": {[]talkover.Call{missed, test}, stats.ExcludeTests, 1, 0, 0},
		"a withheld number":                         {[]talkover.Call{nobody}, "", 0, 0, 1},
		"an outbound call that nobody took":         {[]talkover.Call{at(-72, "outbound", "no-answer", 0)}, "", 0, 0, 0},
	} {
		window.Tests = c.tests
		report := ask(t, &fakeLog{rows: c.calls}, stats.Question{Filter: window, Metrics: []stats.Metric{stats.Unreturned}})
		for metric, want := range map[stats.Metric]float64{stats.NotCalledBack: c.notCalledBack, stats.CalledBackNoAnswer: c.inVain, stats.Unreturned: c.notCalledBack + c.inVain, stats.WithheldMissed: c.odd} {
			if got := report.Totals.M[metric]; got != (stats.Measure{Value: want, Known: true}) {
				t.Errorf("%s: %s %v, want %v: %s", name, metric, got, want, report.Untold(metric))
			}
		}
	}
}

// How soon missed callers are called back, and how long the others wait. Two spellings of a number
// are one person, and nobody is called back who withholds the number.
func TestTimeToCallBack(t *testing.T) {
	n := 0
	at := func(minutes int, direction, number, status string) talkover.Call {
		n++
		c := talkover.Call{ID: fmt.Sprint(n), CreatedAt: now.Add(time.Duration(minutes) * time.Minute), Direction: direction, Status: status, From: number, To: "+13125550100"}
		if direction == "outbound" {
			c.From, c.To = c.To, c.From
		}
		return c
	}
	log := &fakeLog{rows: []talkover.Call{
		at(-3000, "inbound", "+12025550101", "no-answer"), // called after ten minutes
		at(-2990, "outbound", "12025550101", "completed"),
		at(-2900, "inbound", "+12025550102", "busy"), // after 100, in vain
		at(-2800, "outbound", "2025550102", "no-answer"),
		at(-2700, "inbound", "+442079460000", "failed"), // after two days, less a bit
		at(-10, "outbound", "00442079460000", "busy"),
		at(-600, "inbound", "+12025550104", "no-answer"), // never, though twice
		at(-300, "inbound", "12025550104", "no-answer"),
		at(-200, "inbound", "anonymous@anonymous.invalid", "no-answer"),
	}}
	for i := range log.rows {
		if log.rows[i].Status == "completed" {
			log.rows[i].Duration = 60
		}
	}
	slices.Reverse(log.rows)
	asked := []stats.Metric{
		stats.CalledBack, stats.MinutesToCallBack, stats.CalledBackIn1h, stats.CalledBackIn24h, stats.UnreturnedContacts,
		stats.WaitingHours, stats.Unreturned, stats.NotCalledBack, stats.CalledBackNoAnswer, stats.WithheldMissed, stats.Contacts, stats.TalkMinutes,
	}
	r := ask(t, log, stats.Question{Filter: stats.Filter{Zone: time.UTC}, Metrics: asked, By: []stats.Dimension{stats.ByContact}})
	for name, want := range map[stats.Metric]float64{
		stats.CalledBack: 3, stats.MinutesToCallBack: 100, stats.CalledBackIn1h: 1.0 / 5, stats.CalledBackIn24h: 2.0 / 5,
		stats.UnreturnedContacts: 3, stats.WaitingHours: 2900.0 / 60, stats.Unreturned: 4, stats.NotCalledBack: 2,
		stats.CalledBackNoAnswer: 2, stats.WithheldMissed: 1, stats.Contacts: 4, stats.TalkMinutes: 1,
	} {
		if got := r.Totals.M[name]; !got.Known || math.Abs(got.Value-want) > 0.01 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// Whether unreturned calls are told where nobody asks for them follows from the question
// alone: not from what is kept.
func TestWhatIsToldOfUnreturnedCalls(t *testing.T) {
	log := logOf(generate(17, 1500, 20*24*time.Hour))
	last := stats.Filter{Zone: time.UTC, Days: stats.Days{From: "2026-10-20"}}
	past, one := last, last
	past.Days.To = "2026-10-30"
	one.AgentID = "agent-2"
	for i, test := range []struct {
		filter  stats.Filter
		metrics []stats.Metric
		known   bool
	}{{last, nil, true}, {past, nil, false}, {one, nil, false}, {past, []stats.Metric{stats.CalledBackNoAnswer}, true}, {one, []stats.Metric{stats.Unreturned}, true}} {
		r := ask(t, log, stats.Question{Filter: test.filter, Metrics: test.metrics})
		if r.Totals.M[stats.Unreturned].Known != test.known || (r.Untold(stats.Unreturned) == "") != test.known {
			t.Errorf("%d: %+v, %q, want known %v", i, r.Totals.M[stats.Unreturned], r.Untold(stats.Unreturned), test.known)
		}
	}
}

// Of a part that begins within a day, that day is none of those that calls a day rest on.
func TestCallsADayOfAPart(t *testing.T) {
	log := logOf(generate(15, 20_000, 60*24*time.Hour))
	log.most = 7000
	f := stats.Filter{Zone: zone(t, "Asia/Kolkata"), Days: stats.Days{From: "2026-09-20"}, MinSeconds: 1}
	r := ask(t, log, stats.Question{Filter: f})
	first := r.From.In(f.Zone).Format("2006-01-02")
	if r.Complete || !r.From.After(calendar{f.Zone}.reach(first, "00:00:00")) {
		t.Fatalf("%+v: a part that begins within a day shows more", r.Coverage)
	}
	f.Days.From = next(first)
	want := whole(f, nil, nil, askedFor(f, log.rows), nil, 1)[stats.PerDay]
	if got := r.Totals.M[stats.PerDay]; !got.Known || got != want {
		t.Errorf("%v calls a day, want %v", got, want)
	}
}
