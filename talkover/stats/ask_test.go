package stats_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// ask answers a question with a budget of 60 requests, unless it says another.
func ask(t testing.TB, api *fakeAPI, q stats.Question) *stats.Report {
	t.Helper()
	q.Now = now
	if q.Budget == 0 {
		q.Budget = 60
	}
	api.requests, api.most, api.asked = 0, 0, nil
	r, err := stats.Ask(context.Background(), api, q)
	if err != nil {
		t.Fatalf("%v by %v: %v", q.Query, q.By, err)
	}
	return r
}

// isTruth holds every figure of a report that claims to have read all calls
// against the calls themselves.
func isTruth(t *testing.T, r *stats.Report, by []stats.Dimension, calls []talkover.Call, zone *time.Location) {
	t.Helper()
	if !r.Complete || r.Method != stats.Scan || r.Matched != len(calls) || r.Reason != "" {
		t.Errorf("%v: %+v, want all %d calls", by, r.Coverage, len(calls))
		return
	}
	sameMeasures(t, by, r.Totals.M, truth(calls, len(calls)))
	groups := grouped(by, calls, zone)
	if len(by) == 0 {
		groups = nil
	}
	if len(r.Rows) != len(groups) {
		t.Errorf("%v: %d groups, want %d", by, len(r.Rows), len(groups))
		return
	}
	sum := map[stats.Metric]float64{}
	for _, row := range r.Rows {
		sameMeasures(t, fmt.Sprint(by, row.Values), row.M, truth(groups[keyOf(row.Values)], len(calls)))
		for name, m := range row.M {
			sum[name] += m.Value
		}
	}
	for _, name := range []stats.Metric{stats.Calls, stats.Share, stats.Answered, stats.NoAnswer, stats.Busy, stats.Failed, stats.Open, stats.TalkSeconds} {
		if len(groups) > 0 && math.Abs(sum[name]-r.Totals.M[name].Value) > 1e-9 {
			t.Errorf("%v: %s of groups adds up to %v of %v", by, name, sum[name], r.Totals.M[name].Value)
		}
	}
}

// A log of 4,000 calls: every figure by every dimension and pair of dimensions.
func TestSmallLogIsExact(t *testing.T) {
	t.Parallel()
	api := &fakeAPI{records: generate(1, 4000, 40*24*time.Hour)}
	for i := range 60 { // what the API has added since
		api.records[i*66].status = voicemail
	}
	all := calls(api.records)
	askings := append(pairs(), nil)
	for _, d := range dimensions {
		askings = append(askings, []stats.Dimension{d})
	}
	for _, by := range askings {
		r := ask(t, api, stats.Question{By: by})
		isTruth(t, r, by, all, time.UTC)
		if api.requests > 44 {
			t.Errorf("%v: %d requests for 40 pages", by, api.requests)
		}
	}
	r := ask(t, api, stats.Question{})
	tests, short := 0, 0
	for _, c := range all {
		if c.IsTesting {
			tests++
		}
		if c.Answered() && c.Duration >= 1 && c.Duration <= 6 {
			short++
		}
	}
	if diff := cmp.Diff(contactTruth(all), *r.Contacts); diff != "" || *r.Tests != tests || *r.Short != short || r.Scanned != 4000 {
		t.Errorf("%d tests (want %d), %d short (want %d), %d read: %s", *r.Tests, tests, *r.Short, short, r.Scanned, diff)
	}
	t.Logf("%d requests for 40 pages", api.requests)
}

func TestFiltersAndExcludedTestsOfASmallLog(t *testing.T) {
	api := &fakeAPI{records: generate(2, 3000, 40*24*time.Hour)}
	for _, q := range []talkover.CallQuery{
		{Status: "completed"}, {Direction: "inbound"}, {AgentID: "agent-3"}, {DateFrom: "2026-10-20"}, {DateTo: "2026-10-20"},
		{Status: "no-answer", Direction: "inbound", AgentID: "agent-2", DateFrom: "2026-10-01", DateTo: "2026-11-01"},
	} {
		for _, without := range []bool{false, true} {
			by := []stats.Dimension{stats.ByWeekday, stats.ByContact}
			rows, n := api.page(q, 0, 3000)
			want := calls(rows)
			if without {
				want = slices.DeleteFunc(want, func(c talkover.Call) bool { return c.IsTesting })
			}
			r := ask(t, api, stats.Question{Query: q, By: by, ExcludeTests: without})
			if r.Matched != n || *r.Tests == 0 || len(want) == 0 {
				t.Errorf("%+v: matched %d with %d tests, want %d", q, r.Matched, *r.Tests, n)
			}
			r.Matched = len(want) // the API counts tests
			isTruth(t, r, by, want, time.UTC)
		}
	}
}

func TestNothingMatches(t *testing.T) {
	for _, by := range [][]stats.Dimension{nil, {stats.ByAgent}, {stats.ByDay, stats.ByHour}} {
		api := &fakeAPI{}
		r := ask(t, api, stats.Question{By: by})
		isTruth(t, r, by, nil, time.UTC)
		if api.requests != 1 || *r.Contacts != (stats.ContactFigures{}) {
			t.Errorf("%v: %d requests, contacts %+v", by, api.requests, r.Contacts)
		}
	}
}

// million is twelve months of a busy account.
var million = sync.OnceValue(func() []record { return invent(9, 1_000_000, 365*24*time.Hour, 0) })

// A log of 1,000,000 calls, where a reader of pages needs 10,000 requests.
func TestLargeLogIsCounted(t *testing.T) {
	t.Parallel()
	api := &fakeAPI{records: million()}
	for _, d := range []stats.Dimension{"", stats.ByStatus, stats.ByDirection, stats.ByAgent, stats.ByMonth} {
		var by []stats.Dimension
		if d != "" {
			by = append(by, d)
		}
		type sum struct{ calls, answered, noAnswer, busy, failed, talk int }
		add := func(s *sum, c *record) {
			s.calls++
			switch c.status {
			case answered, completed:
				s.answered++
				s.talk += int(c.seconds)
			case noAnswer:
				s.noAnswer++
			case busy:
				s.busy++
			case failed:
				s.failed++
			}
		}
		var all sum
		want := map[string]*sum{}
		seen := map[[3]int64]*sum{} // of the fields that make the key, which takes longer to write
		for i := range api.records {
			c := &api.records[i]
			add(&all, c)
			if d == "" {
				continue
			}
			k := map[stats.Dimension][3]int64{
				stats.ByStatus: {int64(c.status)}, stats.ByDirection: {0, int64(c.direction)}, stats.ByAgent: {0, 0, int64(c.agent)},
			}[d]
			if d == stats.ByMonth {
				k[0] = c.at / 86400
			}
			if seen[k] == nil {
				key, _ := placed(d, c.call(), time.UTC)
				if want[key] == nil {
					want[key] = new(sum)
				}
				seen[k] = want[key]
			}
			add(seen[k], c)
		}
		r := ask(t, api, stats.Question{By: by})
		if api.requests > 70 || r.Method != stats.Counts || !r.Complete || r.Matched != 1_000_000 {
			t.Errorf("%v: %d requests, %+v", by, api.requests, r.Coverage)
		}
		exactly := func(what string, m map[stats.Metric]stats.Measure, name stats.Metric, want int) {
			t.Helper()
			if got := m[name]; got != (stats.Measure{Value: float64(want), Known: true}) {
				t.Errorf("%v %s: %s is %+v, want %d", by, what, name, got, want)
			}
		}
		near := func(what string, m map[stats.Metric]stats.Measure, name stats.Metric, want, within float64) float64 {
			t.Helper()
			got := m[name]
			off := math.Abs(got.Value-want) / want
			if off > within || !got.Known || !got.Estimate || got.Low > got.Value || got.High < got.Value || got.Low >= got.High {
				t.Errorf("%v %s: %s is %+v, want %.1f within %.0f %%", by, what, name, got, want, 100*within)
			}
			return off
		}
		exactly("totals", r.Totals.M, stats.Calls, all.calls)
		exactly("totals", r.Totals.M, stats.Answered, all.answered)
		exactly("totals", r.Totals.M, stats.NoAnswer, all.noAnswer)
		exactly("totals", r.Totals.M, stats.Busy, all.busy)
		exactly("totals", r.Totals.M, stats.Failed, all.failed)
		off := near("totals", r.Totals.M, stats.MeanSeconds, float64(all.talk)/float64(all.answered), 0.06)
		near("totals", r.Totals.M, stats.TalkSeconds, float64(all.talk), 0.06)
		groups, share, worst := 0.0, 0.0, 0.0
		for _, row := range r.Rows {
			w := want[row.Values[0].Key]
			if w == nil {
				t.Errorf("%v: there is no group %v", by, row.Values)
				continue
			}
			exactly(row.Values[0].Name, row.M, stats.Calls, w.calls)
			groups, share = groups+row.M[stats.Calls].Value, share+row.M[stats.Share].Value
			if d != stats.ByMonth && row.M[stats.MeanSeconds].Known && w.talk > 0 {
				worst = max(worst, near(row.Values[0].Name, row.M, stats.MeanSeconds, float64(w.talk)/float64(w.answered), 1))
			}
		}
		if d != "" && (groups != r.Totals.M[stats.Calls].Value || math.Abs(share-1) > 1e-9 || len(r.Rows) != len(want)) {
			t.Errorf("%v: %d groups of %v calls, share %v; want %d of %d", by, len(r.Rows), groups, share, len(want), all.calls)
		}
		if r.Contacts != nil || r.Short != nil || r.Tests != nil {
			t.Errorf("%v: tells of contacts, short calls or tests, which were not all read", by)
		}
		t.Logf("%v: %d requests, %d calls read, mean talk time off by %.1f %%, of groups %.1f %% at most", by, api.requests, r.Scanned, 100*off, 100*worst)
	}
}

// What cannot be counted is a sample, and says so.
func TestLargeLogIsSampled(t *testing.T) {
	t.Parallel()
	api := &fakeAPI{records: million()}
	for _, by := range [][]stats.Dimension{{stats.ByHour}, {stats.ByLine, stats.ByStatus}, {stats.ByDay}} {
		for _, without := range []bool{false, true} {
			r := ask(t, api, stats.Question{By: by, ExcludeTests: without})
			if r.Method != stats.Sample || r.Complete || r.Reason == "" || api.requests > 60 || r.Scanned == 0 {
				t.Errorf("%v: %d requests, %+v", by, api.requests, r.Coverage)
			}
			sum, worst := 0.0, 0.0
			for _, row := range r.Rows {
				calls, share := row.M[stats.Calls], row.M[stats.Share]
				sum += share.Value
				if !calls.Estimate || calls.Low > calls.Value || calls.High < calls.Value {
					t.Errorf("%v %v: %+v", by, row.Values, calls)
				}
				// A share is of the calls of the totals.
				worst = max(worst, math.Abs(calls.Value/r.Totals.M[stats.Calls].Value-share.Value))
			}
			if math.Abs(sum-1) > 1e-6 || worst > 1e-6 {
				t.Errorf("%v (tests excluded: %v): shares add up to %.4f, and differ from calls by %.4f", by, without, sum, worst)
			}
		}
	}
}

// A status that has no filter, and calls without an agent, are what remains.
func TestWhatNoFilterNamesIsCountedToo(t *testing.T) {
	api := &fakeAPI{records: generate(3, 20_000, 100*24*time.Hour)}
	strange := 0
	for i := range api.records {
		if i%90 == 0 {
			api.records[i].status = voicemail
			strange++
		}
	}
	r := ask(t, api, stats.Question{By: []stats.Dimension{stats.ByStatus}})
	i := slices.IndexFunc(r.Rows, func(row stats.Row) bool { return row.Values[0].Key == "" })
	if i < 0 || r.Rows[i].M[stats.Calls] != (stats.Measure{Value: float64(strange), Known: true}) {
		t.Errorf("no row of the %d calls in an unknown status: %+v", strange, r.Rows)
	}
	r = ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent, stats.ByDirection}, Budget: 50})
	sum := 0.0
	for _, row := range r.Rows {
		sum += row.M[stats.Calls].Value
	}
	if r.Method != stats.Counts || sum != 20_000 {
		t.Errorf("%+v: groups add up to %v", r.Coverage, sum)
	}
}

// Where the agents may not be listed, a sample tells of them.
func TestAgentsThatMayNotBeListed(t *testing.T) {
	api := &fakeAPI{records: generate(3, 20_000, 100*24*time.Hour), noAgents: true}
	r := ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}})
	if r.Method != stats.Sample || len(r.Rows) != 7 {
		t.Errorf("%+v with %d rows", r.Coverage, len(r.Rows))
	}
}

// Days, weeks, months and weekdays of a log too large to read, with a window and
// without, are those of UTC and add up.
func TestCountedDays(t *testing.T) {
	t.Parallel()
	api := &fakeAPI{records: generate(5, 30_000, 50*24*time.Hour)}
	for _, q := range []talkover.CallQuery{{}, {DateFrom: "2026-10-06"}, {DateTo: "2026-10-25"}, {DateFrom: "2026-10-07", DateTo: "2026-11-04"}, {DateFrom: "2026-10-01", DateTo: "2026-12-31", Direction: "inbound"}} {
		for _, d := range []stats.Dimension{stats.ByDay, stats.ByWeek, stats.ByMonth, stats.ByWeekday} {
			rows, n := api.page(q, 0, 30_000)
			want := grouped([]stats.Dimension{d}, calls(rows), time.UTC)
			r := ask(t, api, stats.Question{Query: q, By: []stats.Dimension{d}})
			if r.Method != stats.Counts || r.Matched != n || !r.UTCDays || api.requests > 60 {
				t.Errorf("%+v by %s: %+v, want %d matched", q, d, r.Coverage, n)
				continue
			}
			got := map[string]int{}
			for _, row := range r.Rows {
				got[row.Values[0].Key] = int(row.M[stats.Calls].Value)
			}
			for key, theirs := range want {
				if got[key] != len(theirs) {
					t.Errorf("%+v by %s: %d calls of %s, want %d", q, d, got[key], key, len(theirs))
				}
			}
			if len(got) != len(want) {
				t.Errorf("%+v by %s: %d groups, want %d", q, d, len(got), len(want))
			}
		}
	}
}

// The window of a zone is its days, from midnight to midnight, also where the
// clocks change at midnight (Santiago, 2026-09-06).
func TestWindowsOfZones(t *testing.T) {
	api := &fakeAPI{records: generate(8, 4000, 80*24*time.Hour)}
	for i := range api.records { // hours around the changes
		for j, at := range []time.Time{time.Date(2026, 9, 6, 2, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)} {
			if i%16 == 8*j {
				api.records[i].at = at.Unix() + int64(i/16)*60
			}
		}
	}
	slices.SortFunc(api.records, func(x, y record) int { return int(y.at - x.at) })
	for name, windows := range map[string][][2]string{
		"Asia/Kolkata":        {{"2026-10-20", "2026-10-20"}, {"2026-10-05", ""}, {"", "2026-09-30"}, {"2026-11-04", "2026-11-06"}},
		"America/Los_Angeles": {{"2026-10-20", "2026-10-20"}, {"2026-11-01", "2026-11-01"}, {"2026-10-31", "2026-10-31"}, {"2026-10-05", ""}, {"", "2026-11-01"}},
		"America/Havana":      {{"2026-10-31", "2026-10-31"}, {"2026-11-01", "2026-11-01"}},
		"America/Santiago":    {{"2026-09-06", "2026-09-06"}, {"2026-09-05", "2026-09-05"}, {"2026-09-06", ""}, {"", "2026-09-05"}},
		"Pacific/Kiritimati":  {{"2026-10-20", "2026-10-21"}, {"2026-11-06", "2026-11-06"}},
	} {
		z := zone(t, name)
		for _, w := range windows {
			var want []talkover.Call
			for _, c := range calls(api.records) {
				day, _ := placed(stats.ByDay, c, z)
				if (w[0] == "" || day >= w[0]) && (w[1] == "" || day <= w[1]) {
					want = append(want, c)
				}
			}
			for _, by := range [][]stats.Dimension{{stats.ByDay}, {stats.ByHour, stats.ByAgent}} {
				r := ask(t, api, stats.Question{Query: talkover.CallQuery{DateFrom: w[0], DateTo: w[1]}, By: by, Zone: z})
				if t.Run(strings.Join([]string{name, w[0], w[1]}, " "), func(t *testing.T) { isTruth(t, r, by, want, z) }); len(want) == 0 {
					t.Errorf("%s %v: the test has no calls", name, w)
				}
			}
		}
	}
}

// Counts know UTC days alone, so a counted window is one of UTC days, whatever
// the zone, and says so.
func TestCountedWindowsOfZonesAreUTCDays(t *testing.T) {
	api := &fakeAPI{records: generate(8, 40_000, 80*24*time.Hour)}
	z := zone(t, "America/New_York")
	q := talkover.CallQuery{DateFrom: "2026-10-05", DateTo: "2026-10-30"}
	rows, n := api.page(q, 0, 40_000)
	for _, by := range []stats.Dimension{stats.ByDirection, stats.ByWeek, stats.ByWeekday} {
		r := ask(t, api, stats.Question{Query: q, By: []stats.Dimension{by}, Zone: z})
		if r.Method != stats.Counts || !r.UTCDays || r.Matched != n || int(r.Totals.M[stats.Calls].Value) != n || !r.Complete {
			t.Errorf("by %s: %+v with totals of %v, want %d", by, r.Coverage, r.Totals.M[stats.Calls].Value, n)
		}
		sum := 0.0
		for _, row := range r.Rows {
			sum += row.M[stats.Calls].Value
			theirs := grouped([]stats.Dimension{by}, calls(rows), time.UTC)[row.Values[0].Key]
			if got := int(row.M[stats.Calls].Value); got != len(theirs) {
				t.Errorf("by %s: %d calls of %v, want %d", by, got, row.Values, len(theirs))
			}
		}
		if int(sum) != n {
			t.Errorf("by %s: groups add up to %v of %d", by, sum, n)
		}
	}
}

// The figures that a sample adds to counted days are of the same days: here calls
// last an hour on Mondays (UTC) and a minute else.
func TestSampledFiguresAreOfTheCountedDays(t *testing.T) {
	api := &fakeAPI{records: generate(8, 20_000, 40*24*time.Hour)}
	for i := range api.records {
		r := &api.records[i]
		r.status, r.seconds = completed, 60
		if time.Unix(r.at, 0).UTC().Weekday() == time.Monday {
			r.seconds = 3600
		}
	}
	r := ask(t, api, stats.Question{By: []stats.Dimension{stats.ByWeekday}, Zone: zone(t, "Asia/Tokyo")})
	for _, row := range r.Rows {
		want := 60.0
		if row.Values[0].Key == "Mon" {
			want = 3600
		}
		if m := row.M[stats.MeanSeconds]; r.Method != stats.Counts || m.Known && m.Value != want {
			t.Errorf("%v: mean of %v s, want %v", row.Values, m, want)
		}
	}
}

// Whether days are those of UTC is said as it is: here it is already the next
// day in Tokyo whenever somebody calls.
func TestDaysAreThoseThatAreSaid(t *testing.T) {
	for _, n := range []int{1000, 20_000} {
		for _, by := range [][]stats.Dimension{{stats.ByDay}, {stats.ByDay, stats.ByContact}} {
			api := &fakeAPI{records: generate(8, n, 20*24*time.Hour)}
			for i := range api.records {
				api.records[i].at = api.records[i].at/86400*86400 - 1 - int64(i%3600)
			}
			slices.SortFunc(api.records, func(x, y record) int { return int(y.at - x.at) })
			tokyo := zone(t, "Asia/Tokyo")
			r := ask(t, api, stats.Question{By: by, Zone: tokyo})
			days, z := map[string]bool{}, tokyo
			if r.UTCDays {
				z = time.UTC
			}
			for _, c := range calls(api.records) {
				day, _ := placed(stats.ByDay, c, z)
				days[day] = true
			}
			for _, row := range r.Rows {
				if !days[row.Values[0].Key] {
					t.Errorf("%d calls by %v, by %s: there are none on %s in %s", n, by, r.Method, row.Values[0].Key, z)
					break
				}
			}
		}
	}
}

// Rows that an API sends at most 50 a page are read, or sampled from all over.
func TestPagesOfFifty(t *testing.T) {
	api := &fakeAPI{records: generate(1, 2500, 30*24*time.Hour), cap: 50}
	r := ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}})
	isTruth(t, r, []stats.Dimension{stats.ByAgent}, calls(api.records), time.UTC)
	if api.requests > 54 {
		t.Errorf("%d requests for 50 pages", api.requests)
	}
	api.records = generate(1, 4000, 30*24*time.Hour) // 80 pages, which the budget does not hold
	r = ask(t, api, stats.Question{By: []stats.Dimension{stats.ByDirection}})
	if r.Method != stats.Counts || !r.Complete || api.requests > 60 {
		t.Errorf("80 pages, and 60 requests: %+v in %d requests", r.Coverage, api.requests)
	}
	api.records = generate(1, 20_000, 30*24*time.Hour)
	for i := range api.records { // the older half of the calls goes out
		api.records[i].direction = uint8(2 * i / len(api.records))
	}
	r = ask(t, api, stats.Question{By: []stats.Dimension{stats.ByDirection, stats.ByHour}})
	outbound := 0.0
	for _, row := range r.Rows {
		if row.Values[0].Key == "outbound" {
			outbound += row.M[stats.Share].Value
		}
	}
	if r.Method != stats.Sample || math.Abs(outbound-0.5) > 0.1 {
		t.Errorf("a share of %.2f is outbound in a sample of a log where half is", outbound)
	}
}

func TestProgressIsToldBeforeEachRequest(t *testing.T) {
	for _, n := range []int{50, 1000, 30_000} {
		api := &fakeAPI{records: generate(1, n, 30*24*time.Hour)}
		var mu sync.Mutex
		told, most := 0, 0
		ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}, Progress: func(done, total int, what string) {
			mu.Lock()
			defer mu.Unlock()
			told, most = told+1, max(most, done)
			if done > total || what == "" {
				t.Errorf("%d of %d: %q", done, total, what)
			}
		}})
		if told != api.requests || most != api.requests {
			t.Errorf("%d calls: told %d times, up to %d, of %d requests", n, told, most, api.requests)
		}
	}
}
