package scan_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// busyDay is a log of 20,000 calls of 2026-10-20, newest first, with one call on the days
// beside it.
func busyDay() []record {
	start := time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC).Unix()
	records := []record{{At: start + 86400 + 60, ID: 1, Status: completed}}
	for i := range 20_000 {
		records = append(records, record{At: start + 86400 - 4*int64(i+1), ID: uint32(2 + i), Status: completed, Contact: uint16(i % 300)})
	}
	return append(records, record{At: start - 60, ID: 99_999, Status: completed})
}

var theDay = scan.Window{From: time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 21, 0, 0, 0, 0, time.UTC)}

// A day of more calls than one question can read is read by several, each from where the
// one before stopped, without anything in the background.
func TestABegunDayIsReadOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &served{API: &fakeAPI{Records: busyDay(), Takes: 150 * time.Millisecond}}
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		c, at := client(t, api), clock()
		last, questions := 0, 0
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			before := api.Count()
			a, err := got(scan.Gather(ctx, c, scan.Wanted{Window: theDay, Now: at, Account: kept.Account(talkover.NewSecret("t").Key, at())}))
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			questions++
			t.Logf("%d. %d calls, %d of them cached, %d left, %d requests, ask again in %s: %s", questions, a.Calls, a.Cached, a.Missing, api.Count()-before, a.AskAgain, a.Reason)
			if !a.Exact || a.Calls <= last || a.Cached < last || a.Cached > last+1 || a.Calls != a.there(calls(api.Records)) || a.Calls != len(a.calls) || !a.Whole && a.AskAgain == 0 {
				t.Fatalf("%+v, after %d calls", a.Coverage, last)
			}
			if last = a.Calls; a.Whole {
				break
			}
			time.Sleep(time.Minute)
		}
		if requests := api.Count(); last != 20_000 || questions > 4 || requests > 200+6*questions || api.Refused > 0 {
			t.Errorf("%d questions took %d requests for 200 pages", questions, requests)
		}
	})
}

// Calls that go between two readings of a day are never in an answer, wherever they were,
// and those that moved up into their place are.
func TestCallsGoFromABegunDay(t *testing.T) {
	for name, gone := range map[string][]int{
		"none": nil, "one that was read": {10}, "the last that was read": {6800}, "the one after": {6801}, "one that was not read": {15_000},
		"one of each": {10, 15_000}, "a hundred": func() (all []int) {
			for i := range 100 {
				all = append(all, 100+i)
			}
			return all
		}(),
	} {
		for _, pages := range []int{100, 50} {
			synctest.Test(t, func(t *testing.T) {
				api := &fakeAPI{Records: busyDay(), Budget: 71, Cap: pages}
				kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
				defer kept.Close()
				at := clock()
				whole := false
				for question := 0; question < 12 && !whole; question++ {
					a, err := got(scan.Gather(t.Context(), api, scan.Wanted{Window: theDay, Now: at, Account: kept.Account(talkover.NewSecret("t").Key, at())}))
					if err != nil {
						t.Fatal(err)
					}
					whole = a.Whole
					if question == 0 {
						for _, i := range slices.Backward(gone) { // they are in order
							api.Records = slices.Delete(slices.Clone(api.Records), 1+i, 2+i)
						}
						if a.Calls < 3000 || a.Calls >= 20_000 {
							t.Fatalf("%d calls were read", a.Calls)
						}
					} else if there := within(api.Records, talkover.CallQuery{DateFrom: "2026-10-20", DateTo: "2026-10-20"}); !a.Exact || !slices.EqualFunc(a.calls, there[:len(a.calls)], func(c talkover.Call, r record) bool { return c.ID == strconv.Itoa(int(r.ID)) }) {
						t.Errorf("%s, %d a page, question %d: %d calls are not those that there are: %+v", name, pages, question, len(a.calls), a.Coverage)
					}
					api.Mu.Lock()
					api.Requests = 0
					api.Mu.Unlock()
					time.Sleep(time.Minute)
				}
				if !whole {
					t.Errorf("%s, %d a page: the day was not read whole", name, pages)
				}
			})
		}
	}
}

// What was begun is proven for a minute, as a day is, and is then no answer by itself.
func TestABegunDayIsProvenForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeAPI{Records: busyDay(), Budget: 71}
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		at := clock()
		ask := func() (*answer, error) {
			return got(scan.Gather(t.Context(), api, scan.Wanted{Window: theDay, Now: at, Account: kept.Account(talkover.NewSecret("t").Key, at())}))
		}
		one, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		two, err := ask()
		if err != nil || two.Calls != one.Calls || !two.Exact || !two.AsOf.Equal(one.AsOf) || two.Cached != one.Calls {
			t.Errorf("a second later: %+v, %v; after %+v", two, err, one.Coverage)
		}
		time.Sleep(time.Minute)
		if three, err := ask(); err == nil {
			t.Errorf("a minute later, without a request: %+v", three.Coverage)
		}
	})
}
