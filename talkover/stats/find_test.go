package stats_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan/scantest"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// wanted is what a search is for, by going through all calls of the log.
func wanted(s stats.Search, all []talkover.Call) (found []talkover.Call) {
	inWindow := func(c talkover.Call) bool {
		day := c.CreatedAt.In(s.Zone).Format(time.DateOnly)
		return (s.Query.DateFrom == "" || day >= s.Query.DateFrom) && (s.Query.DateTo == "" || day <= s.Query.DateTo)
	}
	with := map[string][]talkover.Call{}
	for _, c := range all {
		if inWindow(c) {
			with[stats.Contact(c)] = append(with[stats.Contact(c)], c)
		}
	}
	for _, c := range all {
		at := c.CreatedAt.In(s.Zone)
		later, others := false, false
		for _, o := range with[stats.Contact(c)] {
			later = later || o.CreatedAt.After(c.CreatedAt)
			others = others || o.ID != c.ID
		}
		open := c.Status == "initiated" || c.Status == "ringing" || c.Status == "answered" && c.Duration == 0
		switch {
		case !inWindow(c),
			s.Query.Direction != "" && c.Direction != s.Query.Direction,
			s.Query.AgentID != "" && c.Agent.ID != s.Query.AgentID,
			(len(s.Statuses) > 0 || s.Open) && !slices.Contains(s.Statuses, c.Status) && !(s.Open && open),
			c.Duration < s.MinSeconds, s.MaxSeconds != nil && c.Duration > *s.MaxSeconds,
			len(s.Hours) > 0 && !slices.Contains(s.Hours, at.Hour()),
			len(s.Weekdays) > 0 && !slices.Contains(s.Weekdays, at.Weekday()),
			s.Only == stats.RepeatContacts && !others,
			s.Only == stats.UnreturnedMissed && (c.Direction != "inbound" || open || c.Status == "answered" || c.Status == "completed" || later):
			continue
		}
		found = append(found, c)
	}
	slices.SortStableFunc(found, func(x, y talkover.Call) int {
		switch s.Order {
		case stats.Oldest:
			return x.CreatedAt.Compare(y.CreatedAt)
		case stats.Longest:
			return y.Duration - x.Duration
		case stats.Shortest:
			return x.Duration - y.Duration
		}
		return 0 // as it is: newest first
	})
	return found
}

// anySearch draws a search.
func anySearch(r *rand.Rand) stats.Search {
	s := stats.Search{
		Zone: time.UTC, Now: clock(), Limit: 1 + r.IntN(50),
		Order: []stats.Order{stats.Newest, stats.Oldest, stats.Longest, stats.Shortest}[r.IntN(4)],
	}
	one := func(n int) bool { return r.IntN(n) == 0 }
	if one(3) {
		s.Zone, _ = time.LoadLocation([]string{"Asia/Kolkata", "America/Los_Angeles", "Europe/Berlin"}[r.IntN(3)])
	}
	if one(2) {
		s.Query.DateFrom = now.AddDate(0, 0, -r.IntN(45)).Format(time.DateOnly)
	}
	if one(2) {
		s.Query.DateTo = now.AddDate(0, 0, -r.IntN(30)).Format(time.DateOnly)
	}
	if one(3) {
		s.Query.Direction = []string{"inbound", "outbound"}[r.IntN(2)]
	}
	if one(4) {
		s.Query.AgentID = scantest.AgentOf(uint8(1 + r.IntN(6))).ID
	}
	if one(2) {
		for range 1 + r.IntN(4) {
			if status := stats.Statuses[r.IntN(7)]; !slices.Contains(s.Statuses, status) {
				s.Statuses = append(s.Statuses, status)
			}
		}
	}
	s.Open = one(8)
	if one(3) {
		s.MinSeconds = r.IntN(400)
	}
	if one(4) {
		most := s.MinSeconds + r.IntN(300)
		s.MaxSeconds = &most
	}
	if one(4) {
		for h := range 1 + r.IntN(12) {
			s.Hours = append(s.Hours, (9+h)%24)
		}
	}
	if one(5) {
		s.Weekdays = []time.Weekday{time.Weekday(r.IntN(7)), time.Weekday(r.IntN(7))}
	}
	if one(6) {
		s.Only = []stats.Only{stats.UnreturnedMissed, stats.RepeatContacts}[r.IntN(2)]
	}
	return s
}

// A thousand searches: the right calls in the right order, in few requests.
func TestFindAgainstGoingThroughAllCalls(t *testing.T) {
	api := &fakeAPI{Records: generate(5, 4000, 40*24*time.Hour), Budget: 200}
	all := calls(api.Records)
	r := rand.New(rand.NewPCG(1, 1))
	requests, pages := 0, 0
	searches := 1000
	if testing.Short() {
		searches = 100 // the race detector takes a minute for 1,000
	}
	for range searches {
		s := anySearch(r)
		api.Requests = 0
		found, err := stats.Find(context.Background(), api, s)
		if err != nil {
			t.Fatal(err)
		}
		want := wanted(s, all)
		if found.All && found.Total != len(want) || !found.All && found.Total > len(want) {
			t.Errorf("%+v: %d found, all %v, want %d", s, found.Total, found.All, len(want))
		}
		if !found.Exact {
			t.Errorf("%+v: not exact: %s", s, found.Reason)
		}
		// Calls of one second come in any order.
		line := func(c talkover.Call) string {
			if s.Order == stats.Oldest || s.Order == stats.Newest || s.Order == "" {
				return c.CreatedAt.String()
			}
			return fmt.Sprint(c.Duration, c.CreatedAt)
		}
		for i := range min(len(want), s.Limit) {
			if i >= len(found.Calls) || line(found.Calls[i]) != line(want[i]) {
				t.Fatalf("%+v: call %d of %d is not that of %s", s, i, len(found.Calls), want[i].CreatedAt)
			}
		}
		seen := map[string]bool{}
		for _, c := range found.Calls {
			if seen[c.ID] || !slices.ContainsFunc(want, func(w talkover.Call) bool { return w.ID == c.ID }) {
				t.Fatalf("%+v: %s is found, and should not be, or twice", s, c.ID)
			}
			seen[c.ID] = true
		}
		if len(found.Calls) > s.Limit {
			t.Errorf("%+v: %d calls for a limit of %d", s, len(found.Calls), s.Limit)
		}
		// P is the pages of what the API's own filters leave, the status aside.
		_, matched := api.Page(widest(s), 0, 0)
		p := (matched + 99) / 100
		if api.Requests > p+4 {
			t.Errorf("%+v: %d requests for %d pages", s, api.Requests, p)
		}
		requests, pages = requests+api.Requests, pages+p
	}
	t.Logf("%d requests, where reading every page of each takes %d", requests, pages)
	if requests > pages*9/10 {
		t.Error("filters and orders save nothing")
	}
}

// widest is the API's filters of a search, a day wider for its zone.
func widest(s stats.Search) talkover.CallQuery {
	q := s.Query
	if s.Only != "" {
		q = talkover.CallQuery{DateFrom: q.DateFrom, DateTo: q.DateTo}
	}
	if t, err := time.Parse(time.DateOnly, q.DateFrom); err == nil && s.Zone != time.UTC {
		q.DateFrom = t.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if t, err := time.Parse(time.DateOnly, q.DateTo); err == nil && s.Zone != time.UTC {
		q.DateTo = t.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	return q
}

func TestFindStopsEarlyWhereTheOrderAllows(t *testing.T) {
	for order, most := range map[stats.Order]int{stats.Newest: 3, stats.Oldest: 5, stats.Longest: 43, stats.Shortest: 43} {
		api := &fakeAPI{Records: generate(5, 4000, 40*24*time.Hour)}
		s := stats.Search{Order: order, Limit: 20, Now: clock(), MinSeconds: 1}
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
		for _, q := range []talkover.CallQuery{{}, {DateFrom: "2026-05-01"}, {DateTo: "2026-11-03"}, {Direction: "inbound"}} {
			for _, status := range []string{"", "completed"} {
				if status != "" && q.Direction != "" {
					continue // which can be read whole
				}
				api := &fakeAPI{Records: records}
				s := stats.Search{Query: q, Order: order, Limit: 10_000, MinSeconds: 30, Zone: time.UTC, Now: clock()}
				if status != "" {
					s.Statuses = []string{status}
				}
				found, err := stats.Find(context.Background(), api, s)
				if err != nil {
					t.Fatal(err)
				}
				part := s
				want := wanted(part, slices.DeleteFunc(slices.Clone(all), func(c talkover.Call) bool {
					return c.CreatedAt.Before(found.From) || !found.To.IsZero() && !c.CreatedAt.Before(found.To)
				}))
				if found.Whole || found.All || !found.Exact || found.Reason == "" || found.Total != len(want) || found.Coverage.Calls < 3000 || api.Requests > 60 {
					t.Errorf("%s %+v %s: %+v in %d requests, %d found, want %d", order, q, status, found.Coverage, api.Requests, found.Total, len(want))
				}
				ends, starts := found.To.IsZero() || q.DateTo != "", found.From.IsZero() || q.DateFrom == "2026-05-01"
				if order == stats.Oldest && !starts || order != stats.Oldest && !ends {
					t.Errorf("%s %+v: it is about %s to %s", order, q, found.From, found.To)
				}
			}
		}
	}
}

// Over days that are kept, searches find the same, and the kept days cost no more.
func TestFindOverKeptDays(t *testing.T) {
	api := &fakeAPI{Records: generate(5, 4000, 40*24*time.Hour), Budget: 100_000}
	all := calls(api.Records)
	kept := cache.New(cache.Options{Calls: cache.DefaultCalls})
	defer kept.Close()
	r := rand.New(rand.NewPCG(7, 1))
	searches := 150
	if testing.Short() {
		searches = 20 // the race detector takes ten times as long
	}
	for i := range searches {
		s := anySearch(r)
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
			if !c.CreatedAt.Equal(want[j].CreatedAt) && (s.Order == stats.Newest || s.Order == stats.Oldest) || c.Duration != want[j].Duration && (s.Order == stats.Longest || s.Order == stats.Shortest) {
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
