package stats_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// became is what becomes of a missed call by now: "" if it was returned.
func became(f stats.Filter, c talkover.Call, all []talkover.Call) stats.Only {
	result := stats.OnlyNeverCalledBack
	for _, o := range all {
		if contactOf(o) != contactOf(c) || !countsTests(f, o) || !o.CreatedAt.After(c.CreatedAt) {
			continue
		}
		if kind(o) == stats.Answered {
			return ""
		}
		result = stats.OnlyNotReached
	}
	return result
}

// wanted is what a search is for, by going through all calls of the log.
func wanted(s stats.Search, all []talkover.Call) []talkover.Call {
	found := askedFor(s.Filter, all)
	times := map[string]int{}
	for _, c := range found {
		times[contactOf(c)]++
	}
	found = slices.DeleteFunc(found, func(c talkover.Call) bool {
		switch s.Only {
		case "":
			return false
		case stats.OnlyRepeat:
			return times[contactOf(c)] < 2 || isWithheld(contactOf(c))
		}
		if !isMissed(c) || isWithheld(contactOf(c)) {
			return true
		}
		b := became(s.Filter, c, all)
		return b == "" || s.Only != stats.OnlyUnreturned && b != s.Only
	})
	slices.SortStableFunc(found, func(x, y talkover.Call) int {
		switch s.Order {
		case stats.Oldest:
			return x.CreatedAt.Compare(y.CreatedAt)
		case stats.Longest:
			return cmp.Or(y.Duration-x.Duration, y.CreatedAt.Compare(x.CreatedAt))
		case stats.Shortest:
			return cmp.Or(x.Duration-y.Duration, y.CreatedAt.Compare(x.CreatedAt))
		}
		return y.CreatedAt.Compare(x.CreatedAt)
	})
	return found
}

// anySearch draws a search.
func anySearch(t *testing.T, r *rand.Rand) stats.Search {
	s := stats.Search{
		Filter: anyFilter(t, r, 40), Now: clock(), Limit: 1 + r.IntN(50),
		Order: []stats.Order{stats.Newest, stats.Oldest, stats.Longest, stats.Shortest}[r.IntN(4)],
	}
	if r.IntN(3) == 0 {
		s.Only = []stats.Only{stats.OnlyNeverCalledBack, stats.OnlyNotReached, stats.OnlyUnreturned, stats.OnlyRepeat}[r.IntN(4)]
	}
	return s
}

// line is the place of a call in an order; calls of one second come in any order.
func line(o stats.Order, c talkover.Call) string {
	if o == stats.Oldest || o == stats.Newest {
		return c.CreatedAt.String()
	}
	return fmt.Sprint(c.Duration, c.CreatedAt)
}

// Searches of each kind, and the very next rows of each until there are none: the right
// calls in the right order, each once.
func TestFindAgainstGoingThroughAllCalls(t *testing.T) {
	api, all := oddAPI(generate(5, 4000, 40*24*time.Hour), 400)
	r := rand.New(rand.NewPCG(1, 1))
	searches := 200
	if testing.Short() {
		searches = 80 // the race detector takes a minute for all
	}
	kinds := map[stats.Only]int{}
	for range searches {
		s := anySearch(t, r)
		api.Requests = 0
		found, err := stats.Find(context.Background(), api, s)
		if err != nil {
			t.Fatal(err)
		}
		want := wanted(s, all)
		if found.All && found.Total != len(want) || !found.All && (found.Total > len(want) || found.Total <= s.Limit && found.Total < len(want)) {
			t.Errorf("%+v: %d found, all %v, want %d", s, found.Total, found.All, len(want))
		}
		if !found.Exact {
			t.Errorf("%+v: not exact: %s", s, found.Reason)
		}
		if s.Only == "" && api.Requests > 46 || api.Requests > 92 {
			t.Errorf("%+v: %d requests for 40 pages", s, api.Requests)
		}
		if len(want) > 0 {
			kinds[s.Only]++
		}
		seen := map[string]bool{}
		for pages := 0; ; pages++ {
			if found.Skipped != len(seen) || len(found.Calls) != min(s.Limit, len(want)-len(seen)) {
				t.Fatalf("%+v: %d rows after %d of %d, and %d skipped", s, len(found.Calls), len(seen), len(want), found.Skipped)
			}
			for _, c := range found.Calls {
				if line(s.Order, c) != line(s.Order, want[len(seen)]) || seen[c.ID] {
					t.Fatalf("%+v: row %d is of %s, want %s, or came before", s, len(seen), c.CreatedAt, want[len(seen)].CreatedAt)
				}
				if !slices.ContainsFunc(want, func(w talkover.Call) bool { return w.ID == c.ID }) {
					t.Fatalf("%+v: %s is found, and should not be", s, c.ID)
				}
				seen[c.ID] = true
			}
			if found.Next == (stats.Cursor{}) || pages == 5 {
				if pages < 5 && len(seen) != len(want) {
					t.Errorf("%+v: %d rows in all, want %d", s, len(seen), len(want))
				}
				break
			}
			if s.After, err = stats.ParseCursor(found.Next.String()); err != nil || s.After != found.Next {
				t.Fatal(err)
			}
			api.Requests = 0
			if found, err = stats.Find(context.Background(), api, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, only := range []stats.Only{"", stats.OnlyNeverCalledBack, stats.OnlyNotReached, stats.OnlyUnreturned, stats.OnlyRepeat} {
		if kinds[only] < searches/100 {
			t.Errorf("only %q found something %d times: too few to show anything", only, kinds[only])
		}
	}
}

// While calls come in, the next rows are those after the ones that were shown.
func TestNextRowsOfALogThatGrows(t *testing.T) {
	for _, order := range []stats.Order{stats.Newest, stats.Longest} {
		api := &fakeAPI{Records: generate(5, 900, 10*24*time.Hour), Budget: 1000}
		s := stats.Search{Filter: stats.Filter{Zone: time.UTC, Statuses: []string{"completed"}}, Order: order, Limit: 20, Now: clock()}
		want := wanted(s, calls(api.Records))
		at := 0
		for range 5 {
			found, err := stats.Find(context.Background(), api, s)
			if err != nil || len(found.Calls) != 20 {
				t.Fatal(found, err)
			}
			for i, c := range found.Calls {
				if line(order, c) != line(order, want[at+i]) {
					t.Errorf("%s: row %d is of %s, want %s", order, at+i, c.CreatedAt, want[at+i].CreatedAt)
				}
			}
			at += 20
			offset := s
			offset.After, offset.Skip = stats.Cursor{}, found.Skipped
			if again, err := stats.Find(context.Background(), api, offset); err != nil || again.Skipped != found.Skipped || !slices.EqualFunc(again.Calls, found.Calls, func(x, y talkover.Call) bool { return x.ID == y.ID }) {
				t.Errorf("%s: %d skipped, want the same rows as after %d: %v", order, again.Skipped, found.Skipped, err)
			}
			s.After = found.Next
			api.Records = slices.Insert(api.Records, 0, record{At: now.Unix(), ID: uint32(50_000 + at), Status: completed, Seconds: 9999})
		}
	}
}

func TestTextsThatAreNoCursors(t *testing.T) {
	for _, s := range []string{"2", "a.b", "1.2.3.4", "zz.-1.a", "-1.2.a", "%.1.a", "1.2.", "zzzzzzzzzzzz.1.a", "1.x.a"} {
		if c, err := stats.ParseCursor(s); !errors.Is(err, stats.ErrNoCursor) {
			t.Errorf("%q is %v, %v", s, c, err)
		}
	}
	if c, err := stats.ParseCursor(""); err != nil || c != (stats.Cursor{}) || c.String() != "" {
		t.Errorf("%v, %v", c, err)
	}
}

// What is cheap to read is read, so that the total is one: the one page of a day, and
// all that is kept. Else there are at least so many.
func TestTotalsOfWhatIsCheap(t *testing.T) {
	records := generate(5, 4000, 40*24*time.Hour)
	all := calls(records)
	kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
	defer kept.Close()
	days := func(n int) stats.Filter {
		return stats.Filter{Zone: time.UTC, MinSeconds: 100, Days: stats.Days{From: now.AddDate(0, 0, -n).Format("2006-01-02")}}
	}
	for _, test := range []struct {
		name    string
		filter  stats.Filter
		account *cache.Account
		warm    bool
		all     bool
	}{
		{"a day", days(0), nil, false, true},
		{"a month of which nothing is kept", days(30), nil, false, false},
		{"a month that is kept", days(30), account(kept), true, true},
	} {
		api := &fakeAPI{Records: records, Budget: 1000}
		if test.warm {
			if _, err := stats.Ask(t.Context(), api, stats.Question{Filter: stats.Filter{Zone: time.UTC, Days: test.filter.Days}, Account: test.account, Now: clock()}); err != nil {
				t.Fatal(err)
			}
		}
		api.Requests = 0
		s := stats.Search{Filter: test.filter, Order: stats.Newest, Limit: 1, Now: clock(), Account: test.account}
		found, err := stats.Find(t.Context(), api, s)
		want := wanted(s, all)
		if err != nil || found.All != test.all || test.all && found.Total != len(want) || !test.all && (found.Total < 2 || found.Total >= len(want)) || api.Requests > 6 {
			t.Errorf("%s: %d found in %d requests, all %v, want %d: %v", test.name, found.Total, api.Requests, found.All, len(want), err)
		}
	}
}

func TestFindStopsEarlyWhereTheOrderAllows(t *testing.T) {
	for order, most := range map[stats.Order]int{stats.Newest: 3, stats.Oldest: 6, stats.Longest: 43, stats.Shortest: 43} {
		api := &fakeAPI{Records: generate(5, 4000, 40*24*time.Hour)}
		s := stats.Search{Order: order, Limit: 20, Now: clock(), Filter: stats.Filter{MinSeconds: 1}}
		if found, err := stats.Find(context.Background(), api, s); err != nil || len(found.Calls) != 20 || !found.Exact || api.Requests > most {
			t.Errorf("%s: %d calls in %d requests, want at most %d: %v", order, len(found.Calls), api.Requests, most, err)
		}
	}
}

// Of a log that is too large to read, what is found is all that there is in the part
// that is named: the newest, or the oldest where that comes first.
func TestFindBeyondTheBudget(t *testing.T) {
	records := generate(5, 20_000, 200*24*time.Hour)
	all := calls(records)
	for _, order := range []stats.Order{stats.Longest, stats.Oldest, stats.Newest} {
		for _, f := range []stats.Filter{{}, {Days: stats.Days{From: "2026-05-01"}}, {Days: stats.Days{To: "2026-11-03"}}, {Direction: "inbound"}} {
			for _, status := range []string{"", "completed"} {
				if status != "" && f.Direction != "" {
					continue // which can be read whole
				}
				api := &fakeAPI{Records: records}
				f.Zone, f.MinSeconds, f.Statuses = time.UTC, 30, nil
				if status != "" {
					f.Statuses = []string{status}
				}
				s := stats.Search{Filter: f, Order: order, Limit: 10_000, Now: clock()}
				found, err := stats.Find(context.Background(), api, s)
				if err != nil {
					t.Fatal(err)
				}
				want := wanted(s, slices.DeleteFunc(slices.Clone(all), func(c talkover.Call) bool {
					return c.CreatedAt.Before(found.From) || !found.To.IsZero() && !c.CreatedAt.Before(found.To)
				}))
				if found.Whole || found.All || !found.Exact || found.Reason == "" || found.Total != len(want) || found.Coverage.Calls < 3000 || api.Requests > 60 {
					t.Errorf("%s %+v: %+v in %d requests, %d found, want %d", order, f, found.Coverage, api.Requests, found.Total, len(want))
				}
				ends, starts := found.To.IsZero() || f.Days.To != "", found.From.IsZero() || f.Days.From == "2026-05-01"
				if order == stats.Oldest && !starts || order != stats.Oldest && !ends {
					t.Errorf("%s %+v: it is about %s to %s", order, f, found.From, found.To)
				}
			}
		}
	}
}

// Over days that are kept, searches find the same, and the kept days cost no more.
func TestFindOverKeptDays(t *testing.T) {
	api, all := oddAPI(generate(5, 4000, 40*24*time.Hour), 100_000)
	kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
	defer kept.Close()
	r := rand.New(rand.NewPCG(7, 1))
	searches := 150
	if testing.Short() {
		searches = 20 // the race detector takes ten times as long
	}
	for i := range searches {
		s := anySearch(t, r)
		s.Account = account(kept)
		found, err := stats.Find(t.Context(), api, s)
		if err != nil || !found.Exact {
			t.Fatalf("%+v: %+v, %v", s, found, err)
		}
		want := wanted(s, all)
		if found.All && found.Total != len(want) || len(found.Calls) != min(s.Limit, len(want)) {
			t.Errorf("search %d, %+v: %d shown of %d, all %v, want %d", i, s, len(found.Calls), found.Total, found.All, len(want))
		}
		for j, c := range found.Calls {
			if line(s.Order, c) != line(s.Order, want[j]) {
				t.Fatalf("search %d, %+v: call %d is of %s, want %s", i, s, j, c.CreatedAt, want[j].CreatedAt)
			}
		}
	}
	if api.Requests > 400 {
		t.Errorf("%d requests for 150 searches of 40 pages", api.Requests)
	}
}

// The oldest calls of a log that moves are the oldest.
func TestOldestFirstOfALogThatMoves(t *testing.T) {
	api := &fakeAPI{Records: generate(5, 4000, 40*24*time.Hour)}
	first := calls(api.Records[len(api.Records)-30:])
	slices.Reverse(first)
	ids := uint32(50_000)
	api.Before = func(int) error {
		ids++
		api.Records = slices.Insert(api.Records, 0, record{At: now.Unix(), ID: ids, Status: completed, Seconds: 9})
		return nil
	}
	found, err := stats.Find(context.Background(), api, stats.Search{Order: stats.Oldest, Limit: 30, Now: clock()})
	if err != nil || !found.Exact || len(found.Calls) != 30 {
		t.Fatalf("%+v %v", found, err)
	}
	for i, c := range found.Calls {
		if !c.CreatedAt.Equal(first[i].CreatedAt) {
			t.Errorf("call %d is of %s, want %s", i, c.CreatedAt, first[i].CreatedAt)
		}
	}
}

func TestFindFailsWholeWhereAPageFails(t *testing.T) {
	api := &fakeAPI{Records: generate(5, 1000, 10*24*time.Hour)}
	broken := errors.New("broken")
	api.Before = func(n int) error {
		if n == 5 {
			return broken
		}
		return nil
	}
	if found, err := stats.Find(context.Background(), api, stats.Search{Order: stats.Longest, Limit: 5, Now: clock()}); !errors.Is(err, broken) || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}
