package stats_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
	"github.com/talkover/talkover-mcp/talkover/scan/scantest"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// account is what a cache keeps of the tests' account.
func account(c *cache.Cache) *cache.Account {
	return c.Account(talkover.NewSecret("talq_test_token").Key, now)
}

// tenQuestions are about the same month.
var tenQuestions = []stats.Question{
	{}, {By: []stats.Dimension{stats.ByAgent}}, {By: []stats.Dimension{stats.ByHour}}, {By: []stats.Dimension{stats.ByDay, stats.ByStatus}},
	{By: []stats.Dimension{stats.ByContact}}, {Filter: filterOf(talkover.CallQuery{Status: "no-answer"}, time.UTC), By: []stats.Dimension{stats.ByHour}},
	{Filter: filterOf(talkover.CallQuery{Direction: "inbound"}, time.UTC), By: []stats.Dimension{stats.ByWeekday}}, {By: []stats.Dimension{stats.ByLine}},
	{Filter: filterOf(talkover.CallQuery{AgentID: "agent-2"}, time.UTC), By: []stats.Dimension{stats.ByStatus}}, {By: []stats.Dimension{stats.ByWeekday, stats.ByHour}, Filter: stats.Filter{Tests: stats.ExcludeTests}},
}

// A month of 6,500 calls, ten questions a second apart, on a plan of 100 requests a
// minute whose API takes 150 ms: all are exact, for the price of one.
func TestTenQuestionsAboutAMonth(t *testing.T) {
	for _, name := range []string{"UTC", "America/New_York"} {
		synctest.Test(t, func(t *testing.T) {
			api := &served{API: &fakeAPI{Records: generate(7, 6940, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
			z := zone(t, name)
			from := now.AddDate(0, 0, -30).Format(time.DateOnly)
			var month []talkover.Call
			for _, c := range calls(api.Records) {
				if c.CreatedAt.In(z).Format(time.DateOnly) >= from {
					month = append(month, c)
				}
			}
			kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
			defer kept.Close()
			c, a, at := client(t, api), account(kept), clock()
			total := 0
			for i, q := range tenQuestions {
				q.Filter.Days.From, q.Filter.Zone, q.Now, q.Account = from, z, at, a
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
				before, start := api.Count(), time.Now()
				r, err := stats.Ask(ctx, c, q)
				cancel()
				if err != nil {
					t.Fatal(err)
				}
				took, sent := time.Since(start), api.Count()-before
				total += sent
				t.Logf("%2d. %-22s exact %v whole %v, %d calls, %d cached, %3d requests, %s", i+1, fmt.Sprint(q.By), r.Exact, r.Whole, r.Calls, r.Cached, sent, took.Round(time.Millisecond))
				if !r.Exact || !r.Whole || i > 1 && took > 3*time.Second {
					t.Errorf("%v: %+v in %s", q.By, r.Coverage, took)
				}
				time.Sleep(time.Second)
			}
			if pages := (len(month) + 99) / 100; total > pages+12 || api.Refused > 0 {
				t.Errorf("%d requests for %d pages, %d refused", total, pages, api.Refused)
			}
			t.Logf("%s: %d calls, %d requests", name, len(month), total)
		})
	}
}

// asked answers a question over what is kept, and counts its requests.
func asked(t *testing.T, api scan.API, s *fakeAPI, q stats.Question) (*stats.Report, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	before := s.Count()
	r, err := stats.Ask(ctx, api, q)
	if err != nil {
		t.Fatal(err)
	}
	return r, s.Count() - before
}

// A second later the same question has the same figures for nothing, a minute later for
// a few requests; and it notices a call that went from a day that is kept.
func TestTheSameQuestionAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &served{API: &fakeAPI{Records: generate(7, 3000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		c := client(t, api)
		q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-06"}, time.UTC), By: []stats.Dimension{stats.ByDay}, Now: clock(), Account: account(kept)}
		one, _ := asked(t, c, api.API, q)
		time.Sleep(time.Second)
		two, requests := asked(t, c, api.API, q)
		if requests != 0 || two.Totals.M[stats.TalkSeconds] != one.Totals.M[stats.TalkSeconds] || !two.AsOf.Equal(one.AsOf) || !two.Exact || !two.Whole {
			t.Errorf("again: %d requests, %+v after %+v", requests, two.Coverage, one.Coverage)
		}
		time.Sleep(time.Minute)
		three, requests := asked(t, c, api.API, q)
		live := len(within(api.Records, talkover.CallQuery{DateFrom: "2026-11-04"}))
		if most := 3 + (live+99)/100; requests > most || three.Calls != one.Calls || !three.AsOf.After(one.AsOf) {
			t.Errorf("a minute later: %d requests, want %d: %+v", requests, most, three.Coverage)
		}
		time.Sleep(time.Minute)
		api.Mu.Lock()
		api.Records = slices.Delete(slices.Clone(api.Records), 2000, 2001) // of a closed day
		api.Mu.Unlock()
		four, requests := asked(t, c, api.API, q)
		if four.Calls != one.Calls-1 || !four.Exact || !four.Whole || requests > 20 {
			t.Errorf("after a loss: %d requests, %+v", requests, four.Coverage)
		}
	})
}

// With 4,000 calls a day, answers are exact about what could be read, say what is left,
// and go on where they stopped.
func TestABusyLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := invent(7, 26_000, 10*24*time.Hour, 0)
		all := calls(records)
		api := &served{API: &fakeAPI{Records: records, Takes: 150 * time.Millisecond}}
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		c := client(t, api)
		q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-27"}, time.UTC), By: []stats.Dimension{stats.ByHour}, Now: clock(), Account: account(kept)}
		last := 0
		for minute := range 8 {
			r, requests := asked(t, c, api.API, q)
			part := part(r, all)
			part = slices.DeleteFunc(part, func(c talkover.Call) bool { return c.CreatedAt.Format(time.DateOnly) < "2026-10-27" })
			if !r.Exact || r.Calls != len(part) || r.Calls == 0 || r.Calls < last || r.Whole || r.Missing <= 0 || (r.AskAgain <= 0) != (minute > 1) || r.AskAgain > time.Minute {
				t.Errorf("minute %d: %+v, where there are %d calls", minute, r.Coverage, len(part))
			}
			t.Logf("minute %d: %d calls of %s to %s, %d left, %d requests, ask again in %s", minute, r.Calls, r.From.Format(time.DateOnly), r.To.Format(time.DateOnly), r.Missing, requests, r.AskAgain)
			last = r.Calls
			time.Sleep(time.Minute)
		}
		if last < 10_000 || api.Refused > 0 {
			t.Errorf("after 8 minutes %d calls are kept; %d requests refused", last, api.Refused)
		}
	})
}

// Two processes with one folder read each day about once.
func TestTwoProcessesWithOneStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &served{API: &fakeAPI{Records: generate(7, 3000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
		store := new(memory)
		total := 0
		for i := range 4 {
			kept := cache.New(cache.Options{Calls: cache.DefaultCalls, Store: store})
			q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-06", DateTo: "2026-11-02"}, time.UTC), By: []stats.Dimension{stats.ByDay}, Now: clock(), Account: account(kept)}
			r, requests := asked(t, client(t, api), api.API, q)
			if total += requests; !r.Exact || !r.Whole || i > 0 && requests > 3 {
				t.Errorf("process %d: %d requests, %+v", i, requests, r.Coverage)
			}
			kept.Close()
			time.Sleep(time.Minute)
		}
		if pages := len(within(api.Records, talkover.CallQuery{DateFrom: "2026-10-06", DateTo: "2026-11-02"})) / 100; total > pages+12 {
			t.Errorf("%d requests for %d pages", total, pages)
		}
	})
}

// A day after its reading, counts by status and agent confirm a stretch; where one of
// them changed, it is read again.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &served{API: &fakeAPI{Records: generate(7, 4000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		c := client(t, api)
		q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-06", DateTo: "2026-11-02"}, time.UTC), By: []stats.Dimension{stats.ByStatus}, Now: clock(), Account: account(kept)}
		_, first := asked(t, c, api.API, q)
		time.Sleep(25 * time.Hour)
		r, requests := asked(t, c, api.API, q)
		if requests > 16 || requests < 8 || !r.Exact || !r.Whole || r.Cached != r.Calls {
			t.Errorf("renewed: %d requests after %d, %+v", requests, first, r.Coverage)
		}
		time.Sleep(25 * time.Hour)
		api.Records = slices.Clone(api.Records)
		for i := range api.Records[1500:1600] {
			api.Records[1500+i].Status = failed
		}
		want := truth(calls(within(api.Records, daysOf(q))), r.Calls)
		r, requests = asked(t, c, api.API, q)
		if r.Totals.M[stats.Failed] != want[stats.Failed] || !r.Exact || requests < 10 {
			t.Errorf("changed: %d requests, %v failed, want %v", requests, r.Totals.M[stats.Failed], want[stats.Failed])
		}
	})
}

// A day with a call that cannot be read makes the answer inexact, is named in it, and is
// not tried again for an hour; the other days are kept.
func TestADayThatCannotBeProven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeAPI{Records: generate(7, 1000, 20*24*time.Hour), Budget: 1000}
		bad := fake.Records[600].ID
		fake.Change = func(p *talkover.Page[talkover.Call]) {
			for i := range p.Rows {
				if p.Rows[i].ID == fmt.Sprint(bad) {
					p.Rows[i].Unread = []string{"duration"}
				}
			}
		}
		day := time.Unix(fake.Records[600].At, 0).UTC().Format(time.DateOnly)
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-18", DateTo: "2026-11-02"}, time.UTC), Now: clock(), Account: account(kept)}
		for _, wait := range []time.Duration{0, time.Second, 30 * time.Minute} {
			time.Sleep(wait)
			r, requests := asked(t, fake, fake, q)
			if r.Exact && r.Whole || !strings.Contains(r.Reason, day) || r.Exact && r.AskAgain > 0 || wait == time.Second && requests > 0 || wait > time.Second && requests > 2 {
				t.Errorf("after %s: %d requests, %+v; the day is %s", wait, requests, r.Coverage, day)
			}
		}
		fake.Change = nil
		time.Sleep(time.Hour)
		if r, _ := asked(t, fake, fake, q); !r.Exact || !r.Whole {
			t.Errorf("once it can be read: %+v", r.Coverage)
		}
	})
}

// A call that was going on when its day was read has its status anew a minute later,
// though no count tells of it.
func TestACallThatIsStillGoingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeAPI{Records: generate(7, 1000, 20*24*time.Hour), Budget: 1000}
		on := slices.IndexFunc(fake.Records, func(r record) bool { return r.At < now.AddDate(0, 0, -2).Unix() })
		fake.Records[on].Status, fake.Records[on].Seconds = ringing, 0
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-18", DateTo: "2026-11-03"}, time.UTC), Now: clock(), Account: account(kept)}
		before, _ := asked(t, fake, fake, q)
		fake.Records[on].Status = completed
		time.Sleep(2 * time.Minute)
		after, _ := asked(t, fake, fake, q)
		if before.Totals.M[stats.Open].Value != 1 || after.Totals.M[stats.Open].Value != 0 || !after.Exact || !after.Whole {
			t.Errorf("open calls went from %v to %v: %+v", before.Totals.M[stats.Open], after.Totals.M[stats.Open], after.Coverage)
		}
	})
}

// Which days are closed is told by the API's clock: with one here that is two days ahead,
// yesterday and today are read as live days, and not kept.
func TestAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead = 48 * time.Hour
		fake := &fakeAPI{Records: generate(7, 1000, 20*24*time.Hour), Budget: 1000}
		fake.Before = func(int) error { fake.ClockAhead = ahead; return nil } // as the first answer tells
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		at := clock()
		q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-18"}, time.UTC), Now: func() time.Time { return at().Add(ahead) }, Account: account(kept)}
		r, _ := asked(t, fake, fake, q)
		if !r.Exact || !r.Whole || r.Calls != len(within(fake.Records, daysOf(q))) {
			t.Errorf("%+v", r.Coverage)
		}
		days := account(kept).Days(t.Context(), cache.DateOf(now)-3, cache.DateOf(now)+3, now)
		for d := cache.DateOf(now) - 1; d <= cache.DateOf(now)+2; d++ {
			if _, ok := days[d]; ok {
				t.Errorf("%s is kept, and is not over", d)
			}
		}
		if len(days) == 0 {
			t.Error("no closed day is kept")
		}
	})
}

// An API that cuts days in another zone than UTC is found out, and answers are right: no
// day is kept.
func TestAnAPIOfAnotherZone(t *testing.T) {
	for _, offset := range []time.Duration{-5 * time.Hour, 9 * time.Hour, 90 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			fake := &fakeAPI{Records: generate(7, 2500, 30*24*time.Hour), Budget: 1000}
			elsewhere := &scantest.Shifted{API: fake, Offset: offset}
			kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
			defer kept.Close()
			for range 3 {
				q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-20", DateTo: "2026-11-01"}, time.UTC), By: []stats.Dimension{stats.ByDay}, Now: clock(), Account: account(kept)}
				r, _ := asked(t, elsewhere, fake, q)
				isTruth(t, r, q.By, calls(within(fake.Records, daysOf(q))), time.UTC)
			}
			if s := kept.Summary(); s.Days > 0 {
				t.Errorf("%s: %+v is kept", offset, s)
			}
		})
	}
}

// Where no call gives the zone away, the days beside a stretch do: here the API's days
// begin at 05:00 UTC, and nobody calls in the five hours after the stretch.
func TestAnotherZoneThatNoCallShows(t *testing.T) {
	fake := &fakeAPI{Records: generate(7, 2500, 30*24*time.Hour), Budget: 1000}
	quiet := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC).Unix()
	fake.Records = slices.DeleteFunc(fake.Records, func(r record) bool { return r.At >= quiet && r.At < quiet+5*3600 })
	first := slices.IndexFunc(fake.Records, func(r record) bool { return r.At < time.Date(2026, 10, 20, 8, 0, 0, 0, time.UTC).Unix() })
	fake.Records[first].At = time.Date(2026, 10, 20, 2, 0, 0, 0, time.UTC).Unix() // which the API has on the day before
	slices.SortFunc(fake.Records, func(x, y record) int { return int(y.At - x.At) })
	kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
	defer kept.Close()
	q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-20", DateTo: "2026-11-01"}, time.UTC), By: []stats.Dimension{stats.ByDay}, Now: clock(), Account: account(kept)}
	r, _ := asked(t, &scantest.Shifted{API: fake, Offset: -5 * time.Hour}, fake, q)
	isTruth(t, r, q.By, calls(within(fake.Records, daysOf(q))), time.UTC)
}

// What is more than may be kept is answered for the newest part that can be read, and
// without a word of asking again.
func TestAWindowLargerThanTheShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &served{API: &fakeAPI{Records: generate(7, 9000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
		kept := cache.New(cache.Options{Calls: 1000})
		defer kept.Close()
		q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: "2026-10-02"}, time.UTC), By: []stats.Dimension{stats.ByHour}, Now: clock(), Account: account(kept)}
		r, _ := asked(t, client(t, api), api.API, q)
		if !r.Exact || r.Whole || r.AskAgain != 0 || r.Calls < 1000 || r.Reason == "" || r.Calls != len(part(r, calls(api.Records))) {
			t.Errorf("%+v", r.Coverage)
		}
		if s := kept.Summary(); s.Calls > 1000 {
			t.Errorf("%+v is kept", s)
		}
	})
}

// Where the limit lets enough through within the time of the question, it waits, and
// says so.
func TestWaitingForTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &served{API: &fakeAPI{Records: generate(7, 5000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
		c := client(t, api)
		waits := ""
		ask := func(from string) *stats.Report {
			q := stats.Question{Filter: filterOf(talkover.CallQuery{DateFrom: from}, time.UTC), By: []stats.Dimension{stats.ByHour}, Now: clock(), Progress: func(_, _ int, what string) {
				if strings.Contains(what, "waiting") {
					waits = what
				}
			}}
			r, _ := asked(t, c, api.API, q)
			return r
		}
		ask("2026-10-10")
		time.Sleep(25 * time.Second)
		if r := ask("2026-10-10"); !r.Exact || !r.Whole || !strings.Contains(waits, "for the plan's limit") {
			t.Errorf("%+v, %q", r.Coverage, waits)
		}
		if api.Refused > 0 {
			t.Errorf("%d requests were refused", api.Refused)
		}
	})
}
