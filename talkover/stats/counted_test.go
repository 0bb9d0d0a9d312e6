package stats_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// million is twelve months of a busy account.
var million = sync.OnceValue(func() []record { return invent(9, 1_000_000, 365*24*time.Hour, 0) })

// within the part that a report is about.
func part(r *stats.Report, all []talkover.Call) []talkover.Call {
	return slices.DeleteFunc(slices.Clone(all), func(c talkover.Call) bool {
		return c.CreatedAt.Before(r.From) || !r.To.IsZero() && !c.CreatedAt.Before(r.To)
	})
}

// counted holds each figure of an answer of counts that is known against the calls.
func counted(t *testing.T, r *stats.Report, by []stats.Dimension, all []talkover.Call, zone *time.Location) {
	t.Helper()
	calls := part(r, all)
	if r.Method != scan.Counts || !r.Exact || r.Calls != len(calls) || r.Tests != nil || r.Totals.M[stats.Contacts].Known {
		t.Errorf("%v: %+v, want %d calls", by, r.Coverage, len(calls))
		return
	}
	same := func(what any, row stats.Row, theirs []talkover.Call) {
		t.Helper()
		want := truth(theirs, len(calls))
		for _, name := range plain {
			if m := row.M[name]; m.Known && m != want[name] {
				t.Errorf("%v %v: %s is %v, want %v", by, what, name, m.Value, want[name].Value)
			}
		}
		if !row.M[stats.Calls].Known {
			t.Errorf("%v %v: calls are not known", by, what)
		}
	}
	same("totals", r.Totals, calls)
	for _, name := range []stats.Metric{stats.Answered, stats.Open, stats.Unanswered, stats.NoAnswer, stats.Busy, stats.Failed, stats.OtherStatus, stats.AnswerRate} {
		if !r.Totals.M[name].Known && !(name == stats.AnswerRate && len(calls) == 0) {
			t.Errorf("%v: %s is not known", by, name)
		}
	}
	if p := r.Read; p != nil { // the durations are of just the calls that it names
		read := part(&stats.Report{Coverage: scan.Coverage{From: p.From, To: p.To}}, all)
		if p.Calls != len(read) || p.Totals.M[stats.Contacts].Value == 0 {
			t.Errorf("%v: %d calls and %v contacts were read from %v to %v, want %d calls", by, p.Calls, p.Totals.M[stats.Contacts].Value, p.From, p.To, len(read))
		}
		want := truth(read, len(read))
		for _, name := range []stats.Metric{stats.TalkSeconds, stats.MeanSeconds, stats.MedianSeconds, stats.P95Seconds} {
			if m := p.Totals.M[name]; m != want[name] {
				t.Errorf("%v: of the calls that were read, %s is %v, want %v", by, name, m, want[name])
			}
		}
	}
	named := slices.Clone(calls)
	for i, c := range named {
		if !slices.Contains(stats.Statuses, c.Status) {
			named[i].Status = "other"
		}
	}
	groups := grouped(by, named, zone)
	if len(by) == 2 { // what no filter names stands in one row
		for key, theirs := range groups {
			if by[1] == stats.ByStatus && theirs[0].Status == "other" {
				delete(groups, key)
				groups["other|other"] = append(groups["other|other"], theirs...)
			}
		}
	}
	if len(by) == 0 {
		groups = nil
	}
	if len(r.Rows) != len(groups) {
		t.Errorf("%v: %d rows, want %d", by, len(r.Rows), len(groups))
	}
	sum := 0
	for _, row := range r.Rows {
		theirs := groups[keyOf(row.Values)]
		same(row.Values, row, theirs)
		sum += len(theirs)
	}
	if len(groups) > 0 && sum != len(calls) {
		t.Errorf("%v: rows add up to %d of %d", by, sum, len(calls))
	}
}

// A log of 1,000,000 calls, where a reader of pages needs 10,000 requests, is counted
// in at most 70, in closed days; the live ones are too large to be read.
func TestLargeLogIsCounted(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector takes a minute to invent the log")
	}
	t.Parallel()
	for _, d := range []stats.Dimension{"", stats.ByStatus, stats.ByDirection, stats.ByAgent, stats.ByMonth} {
		var by []stats.Dimension
		if d != "" {
			by = append(by, d)
		}
		api := &fakeAPI{Records: million(), Budget: 70}
		r := ask(t, api, stats.Question{By: by, Filter: filterOf(talkover.CallQuery{DateFrom: "2025-11-06"}, time.UTC)})
		if api.Requests > 70 || r.Whole || !r.Exact || r.Method != scan.Counts || r.Reason == "" || r.Missing < 5000 {
			t.Errorf("%v: %d requests, %+v", by, api.Requests, r.Coverage)
		}
		type sum struct{ calls, answered float64 }
		keys := map[[2]int64]string{} // of what makes the key, which takes longer to write
		want := map[string]sum{}
		for i := range api.Records {
			c := &api.Records[i]
			if c.At < r.From.Unix() || c.At >= r.To.Unix() {
				continue
			}
			of := map[stats.Dimension][2]int64{stats.ByStatus: {0, int64(c.Status)}, stats.ByDirection: {0, int64(c.Direction)}, stats.ByAgent: {0, int64(c.Agent)}, stats.ByMonth: {c.At / 86400}}[d]
			key, ok := keys[of]
			if !ok && d != "" {
				key, _ = placed(d, c.Call(), time.UTC)
				keys[of] = key
			}
			s := want[key]
			s.calls++
			if c.Status == answered && c.Seconds > 0 || c.Status == completed {
				s.answered++
			}
			want[key] = s
		}
		rows := r.Rows
		if d == "" {
			rows = []stats.Row{{Values: []stats.Value{{}}, M: r.Totals.M}}
		}
		if len(rows) != len(want) {
			t.Errorf("%v: %d rows, want %d", by, len(rows), len(want))
		}
		for _, row := range rows {
			w := want[keyOf(row.Values)]
			if row.M[stats.Calls].Value != w.calls || row.M[stats.Answered].Known && row.M[stats.Answered].Value != w.answered {
				t.Errorf("%v %v: %+v, want %+v", by, row.Values, row.M, w)
			}
		}
	}
}

// Days, weeks, months, weekdays, agents, statuses and directions of logs too large to
// read, with the live days, which are read: deleted agents and strange statuses too.
func TestCounts(t *testing.T) {
	t.Parallel()
	records := generate(5, 30_000, 200*24*time.Hour)
	for i := range records {
		if i%90 == 0 {
			records[i].Status = voicemail
		}
	}
	all := calls(records)
	for _, q := range []talkover.CallQuery{
		{}, {DateFrom: "2026-06-06"}, {DateTo: "2026-10-25"}, {DateFrom: "2026-06-07", DateTo: "2026-11-04"},
		{DateFrom: "2026-05-01", DateTo: "2026-12-31", Direction: "inbound"}, {Status: "completed"},
	} {
		if testing.Short() && q.DateFrom == "" {
			continue // the race detector takes ten times as long
		}
		theirs := slices.DeleteFunc(slices.Clone(all), func(c talkover.Call) bool {
			day := c.CreatedAt.Format(time.DateOnly)
			return q.DateFrom != "" && day < q.DateFrom || q.DateTo != "" && day > q.DateTo ||
				q.Direction != "" && c.Direction != q.Direction || q.Status != "" && c.Status != q.Status
		})
		for _, by := range [][]stats.Dimension{
			nil, {stats.ByDay}, {stats.ByWeek}, {stats.ByMonth}, {stats.ByWeekday}, {stats.ByAgent}, {stats.ByStatus}, {stats.ByDirection}, {stats.ByDirection, stats.ByStatus},
		} {
			api := &fakeAPI{Records: records}
			r := ask(t, api, stats.Question{Filter: filterOf(q, time.UTC), By: by})
			if api.Requests > 60 {
				t.Errorf("%+v by %v: %d requests", q, by, api.Requests)
			}
			if r.Method != scan.Counts { // too many groups
				if part := part(r, theirs); !r.Exact || r.Calls != len(part) {
					t.Errorf("%+v by %v: %+v, where there are %d", q, by, r.Coverage, len(part))
				}
				continue
			}
			counted(t, r, by, theirs, time.UTC)
			if !r.Whole {
				t.Errorf("%+v by %v: %+v", q, by, r.Coverage)
			}
		}
	}
}

// A year by week is counted, and its total is exact.
func TestAYearByWeek(t *testing.T) {
	t.Parallel()
	records := generate(6, 40_000, 360*24*time.Hour)
	api := &fakeAPI{Records: records, Budget: 76}
	r := ask(t, api, stats.Question{By: []stats.Dimension{stats.ByWeek}, Filter: filterOf(talkover.CallQuery{DateFrom: "2025-11-10"}, time.UTC)})
	counted(t, r, []stats.Dimension{stats.ByWeek}, calls(records), time.UTC)
	if !r.Whole || r.Read == nil {
		t.Errorf("%+v", r.Coverage)
	}
}

// In another zone than UTC, the days at the ends are read, and the days between them
// counted.
func TestCountedWindowsOfZones(t *testing.T) {
	t.Parallel()
	records := generate(8, 25_000, 200*24*time.Hour)
	for _, name := range []string{"America/New_York", "Asia/Kolkata"} {
		z := zone(t, name)
		var theirs []talkover.Call
		for _, c := range calls(records) {
			if day := c.CreatedAt.In(z).Format(time.DateOnly); day >= "2026-06-05" && day <= "2026-10-30" {
				theirs = append(theirs, c)
			}
		}
		for _, by := range [][]stats.Dimension{{stats.ByDirection}, {stats.ByAgent}, {stats.ByWeek}} {
			api := &fakeAPI{Records: records, Budget: 70}
			r := ask(t, api, stats.Question{By: by, Filter: filterOf(talkover.CallQuery{DateFrom: "2026-06-05", DateTo: "2026-10-30"}, z)})
			if by[0] == stats.ByWeek { // which the API cannot count
				isTruth(t, &stats.Report{Coverage: scan.Coverage{Exact: r.Exact, Whole: true, Method: r.Method, Calls: r.Calls}, Totals: r.Totals, Rows: r.Rows}, by, part(r, theirs), z)
				continue
			}
			counted(t, r, by, theirs, z)
		}
	}
}

// Where the agents may not be listed, the newest part is read.
func TestAgentsThatMayNotBeListed(t *testing.T) {
	api := &fakeAPI{Records: generate(3, 20_000, 100*24*time.Hour), NoAgents: true}
	r := ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}})
	if r.Method != scan.Read || !r.Exact || r.Whole || len(r.Rows) < 6 || r.Calls < 3000 {
		t.Errorf("%+v with %d rows", r.Coverage, len(r.Rows))
	}
}

// Statuses that change and calls that go while groups are counted never make groups
// that add up to more than their total.
func TestLogsThatChangeWhileTheyAreCounted(t *testing.T) {
	counts := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		api := &fakeAPI{Records: generate(seed, 20_000, 150*24*time.Hour)}
		api.Before = func(int) error {
			for range 3 { // among the live days
				c := &api.Records[r.IntN(300)]
				if c.Status == ringing || c.Status == initiated || r.IntN(4) == 0 {
					c.Status, c.Updated = completed, now.Unix()
				}
			}
			if r.IntN(50) == 0 {
				i := r.IntN(len(api.Records))
				api.Records = slices.Delete(api.Records, i, i+1)
			}
			return nil
		}
		by := [][]stats.Dimension{{stats.ByStatus}, {stats.ByDirection, stats.ByStatus}, {stats.ByAgent}}[seed%3]
		report := ask(t, api, stats.Question{By: by})
		if !report.Exact {
			continue
		}
		if report.Method == scan.Counts {
			counts++
		}
		sum := 0.0
		for _, row := range report.Rows {
			sum += row.M[stats.Calls].Value
		}
		if sum != report.Totals.M[stats.Calls].Value || int(sum) != report.Calls {
			t.Errorf("seed %d by %v: rows add up to %v of %v: %+v", seed, by, sum, report.Totals.M[stats.Calls].Value, report.Coverage)
		}
	}
	if counts < 10 {
		t.Errorf("only %d of 60 were counted", counts)
	}
}

// Pages of fifty rows are read as well.
func TestPagesOfFifty(t *testing.T) {
	api := &fakeAPI{Records: generate(1, 2480, 30*24*time.Hour), Cap: 50}
	r := ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}})
	isTruth(t, r, []stats.Dimension{stats.ByAgent}, calls(api.Records), time.UTC)
	if api.Requests > 54 {
		t.Errorf("%d requests for 50 pages", api.Requests)
	}
	api.Records = generate(1, 4000, 30*24*time.Hour) // 80 pages, which the budget does not hold
	r = ask(t, api, stats.Question{By: []stats.Dimension{stats.ByContact}})
	if !r.Exact || r.Whole || r.Calls < 2800 || api.Requests > 60 {
		t.Errorf("80 pages, and 60 requests: %+v in %d requests", r.Coverage, api.Requests)
	}
}

func TestProgressIsToldBeforeEachRequest(t *testing.T) {
	for _, n := range []int{50, 1000, 30_000} {
		api := &fakeAPI{Records: generate(1, n, 30*24*time.Hour)}
		var mu sync.Mutex
		told, most := 0, 0
		ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}, Progress: func(done, total int, what string) {
			mu.Lock()
			defer mu.Unlock()
			told, most = told+1, max(most, done)
			if done > total || strings.TrimSpace(what) == "" {
				t.Errorf("%d of %d: %q", done, total, what)
			}
		}})
		if told != api.Requests || most != api.Requests {
			t.Errorf("%d calls: told %d times, up to %d, of %d requests", n, told, most, api.Requests)
		}
	}
}

// Counts are those of one moment, or none: here a call goes from a closed day between
// two of them, now and then.
func TestCountsAreOfOneMoment(t *testing.T) {
	counts := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 4))
		api := &fakeAPI{Records: generate(seed, 20_000, 150*24*time.Hour)}
		q := talkover.CallQuery{DateFrom: "2026-06-20", DateTo: "2026-11-02"}
		var states [][2]int // inbound and outbound calls
		keep := func() {
			var s [2]int
			for _, rec := range within(api.Records, q) {
				s[rec.Direction]++
			}
			states = append(states, s)
		}
		keep()
		api.Before = func(int) error {
			if r.IntN(25) == 0 {
				i := 5000 + r.IntN(10_000)
				api.Records = slices.Delete(slices.Clone(api.Records), i, i+1)
				keep()
			}
			return nil
		}
		report := ask(t, api, stats.Question{Filter: filterOf(q, time.UTC), By: []stats.Dimension{stats.ByDirection}})
		if report.Method != scan.Counts || !report.Exact {
			continue
		}
		counts++
		got := [2]int{}
		for _, row := range report.Rows {
			i := slices.Index([]string{"inbound", "outbound"}, row.Values[0].Key)
			if i < 0 {
				t.Fatalf("seed %d: %+v of %+v", seed, row, report.Coverage)
			}
			got[i] = int(row.M[stats.Calls].Value)
		}
		if !slices.Contains(states, got) {
			t.Errorf("seed %d: there never were %v calls", seed, got)
		}
	}
	if counts < 5 {
		t.Errorf("only %d of 40 were counted", counts)
	}
}
