package scan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
	"github.com/talkover/talkover-mcp/talkover/scan/scantest"
)

// days is a window of UTC days of October, both included.
func days(from, to int) scan.Window {
	return scan.Window{From: time.Date(2026, 10, from, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 10, to+1, 0, 0, 0, 0, time.UTC)}
}

// The days of this API begin at 15:00 UTC of the day before. Nobody calls when it would
// show at the ends of what is read; and within, a call that the API counts on a day later
// would make up for one that went.
func TestAnotherZoneDoesNotMakeUpForACallThatWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeAPI{Budget: 1000}
		for day := 20; day >= 1; day-- {
			if day == 5 {
				fake.Records = append(fake.Records, record{At: days(day, day).From.Add(20 * time.Hour).Unix(), ID: 100, Status: completed})
			}
			fake.Records = append(fake.Records, record{At: days(day, day).From.Add(10 * time.Hour).Unix(), ID: uint32(day), Status: completed})
		}
		api := &scantest.Shifted{API: fake, Offset: 9 * time.Hour}
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		at := clock()
		ask := func(w scan.Window) *answer {
			a, err := got(scan.Gather(t.Context(), api, scan.Wanted{Window: w, Now: at, Account: kept.Account(talkover.NewSecret("t").Key, at())}))
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		if a := ask(days(1, 20)); a.Calls != 21 || !a.Exact || !a.Whole {
			t.Fatalf("%+v", a.Coverage)
		}
		time.Sleep(2 * time.Minute)
		fake.Records = slices.DeleteFunc(slices.Clone(fake.Records), func(r record) bool { return r.ID == 8 })
		if a := ask(days(6, 10)); a.Calls != 4 || !a.Exact || !a.Whole {
			t.Errorf("after a call of the five went: %+v", a.Coverage)
		}
	})
}

// Whatever the zone in which the API cuts days and whenever people call, each of a series
// of answers has the calls of its UTC days as they stand, though calls go in between.
func TestAnyZoneOfTheAPI(t *testing.T) {
	others := 0
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 21))
			offset := time.Duration(r.IntN(53)-24) * 30 * time.Minute // from -12 h to +14 h
			if offset.Abs() < time.Hour {
				offset = 0 // no zone is in use that is nearer to UTC
			}
			first, hours := r.IntN(24), 1+r.IntN(24) // in which people call
			fake := &fakeAPI{Budget: 10_000}
			for i := range 20 + r.IntN(300) {
				hour := (first + r.IntN(hours)) % 24
				at := days(1+r.IntN(30), 1).From.Add(time.Duration(hour)*time.Hour + time.Duration(r.IntN(3600))*time.Second)
				fake.Records = append(fake.Records, record{At: at.Unix(), ID: uint32(i), Status: completed})
			}
			slices.SortFunc(fake.Records, func(x, y record) int { return int(y.At - x.At) })
			kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
			defer kept.Close()
			at, api := clock(), &scantest.Shifted{API: fake, Offset: offset}
			for question := range 8 {
				from := 1 + r.IntN(30)
				to := from + r.IntN(31-from)
				account := kept.Account(talkover.NewSecret("t").Key, at())
				a, err := got(scan.Gather(t.Context(), api, scan.Wanted{Window: days(from, to), Now: at, Account: account}))
				if err != nil {
					t.Fatal(err)
				}
				there := within(fake.Records, talkover.CallQuery{DateFrom: fmt.Sprintf("2026-10-%02d", from), DateTo: fmt.Sprintf("2026-10-%02d", to)})
				if !a.Exact || !a.Whole || !slices.EqualFunc(a.calls, there, func(c talkover.Call, r record) bool { return c.ID == strconv.Itoa(int(r.ID)) }) {
					t.Errorf("seed %d, question %d, zone %s: %d calls of October %d to %d, where there are %d: %+v", seed, question, offset, len(a.calls), from, to, len(there), a.Coverage)
				}
				if len(fake.Records) > 0 && r.IntN(2) == 0 {
					i := r.IntN(len(fake.Records))
					fake.Records = slices.Delete(slices.Clone(fake.Records), i, i+1)
				}
				time.Sleep(time.Duration(61+r.IntN(60)) * time.Second)
				if question == 7 && account.Zone().Other {
					others++
				}
			}
		})
	}
	if others < 30 {
		t.Errorf("only %d of 150 logs showed their zone", others)
	}
}

// Days of a log with few calls are read and proven together, up to a year of them: as calls
// only go, one count tells of a loss on any day as it would of each alone.
func TestAYearIsProvenByOneCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeAPI{Records: generate(5, 400, 365*24*time.Hour), Budget: 10_000}
		kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
		defer kept.Close()
		at := clock()
		year := scan.Window{From: now.AddDate(-1, 0, 0).Truncate(24 * time.Hour), To: now.AddDate(0, 0, -3).Truncate(24 * time.Hour)}
		ask := func() (*answer, int) {
			before := api.Count()
			a, err := got(scan.Gather(t.Context(), api, scan.Wanted{Window: year, Now: at, Account: kept.Account(talkover.NewSecret("t").Key, at())}))
			if err != nil {
				t.Fatal(err)
			}
			if !a.Exact || !a.Whole || a.Calls != a.there(calls(api.Records)) {
				t.Errorf("%+v, where there are %d", a.Coverage, a.there(calls(api.Records)))
			}
			return a, api.Count() - before
		}
		if _, requests := ask(); requests > 12 {
			t.Errorf("%d requests for 4 pages of a year", requests)
		}
		r := rand.New(rand.NewPCG(1, 1))
		for range 20 {
			time.Sleep(61 * time.Second)
			if _, requests := ask(); requests > 2 {
				t.Errorf("%d requests to prove a year", requests)
			}
			time.Sleep(61 * time.Second)
			i := 20 + r.IntN(len(api.Records)-20)
			api.Records = slices.Delete(slices.Clone(api.Records), i, i+1)
			if _, requests := ask(); requests > 16 {
				t.Errorf("%d requests after a loss", requests)
			}
		}
	})
}
