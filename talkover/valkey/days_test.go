package valkey_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan/scantest"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

const token = "talq_test_token"

// analyst is a replica that answers questions about a log.
type analyst struct {
	client  *talkover.Client
	account *cache.Account
}

// analysts starts replicas that share a server, or nothing.
func analysts(t *testing.T, w *world, api *scantest.Served, n int, shared bool) (all []analyst) {
	t.Helper()
	for range n {
		config := talkover.Config{Token: talkover.NewSecret(token), Transport: api, RateLimit: 100, Replicas: n}
		options := cache.Options{Calls: cache.DefaultCalls, Note: func(problem string, err error) { t.Errorf("%s: %v", problem, err) }}
		if shared {
			w.replica()
			s := w.servers[len(w.servers)-1]
			config.Ledger, options.Store = s.Ledger, s.Days()
		}
		c, err := talkover.New(config)
		if err != nil {
			t.Fatal(err)
		}
		kept := cache.New(options)
		t.Cleanup(kept.Close)
		all = append(all, analyst{c, kept.Account(c.Key, scantest.Now)})
	}
	return all
}

// tenQuestions are about the same month; those of talkover/stats.
var tenQuestions = []stats.Question{
	{}, {By: []stats.Dimension{stats.ByAgent}}, {By: []stats.Dimension{stats.ByHour}}, {By: []stats.Dimension{stats.ByDay, stats.ByStatus}},
	{By: []stats.Dimension{stats.ByContact}}, {Filter: stats.Filter{Statuses: []string{"no-answer"}}, By: []stats.Dimension{stats.ByHour}},
	{Filter: stats.Filter{Direction: "inbound"}, By: []stats.Dimension{stats.ByWeekday}}, {By: []stats.Dimension{stats.ByLine}},
	{Filter: stats.Filter{AgentID: "agent-2"}, By: []stats.Dimension{stats.ByStatus}}, {By: []stats.Dimension{stats.ByWeekday, stats.ByHour}, Filter: stats.Filter{Tests: stats.ExcludeTests}},
}

// answer asks one question, which must get an exact answer about all of its window.
func (a analyst) answer(t *testing.T, q stats.Question, clock func() time.Time) *stats.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	q.Filter.Days.From, q.Now, q.Account = scantest.Now.AddDate(0, 0, -30).Format(time.DateOnly), clock, a.account
	r, err := stats.Ask(ctx, a.client, q)
	if err != nil {
		t.Error(err)
		return nil
	}
	if !r.Exact || !r.Whole {
		t.Errorf("%v: %+v", q.By, r.Coverage)
	}
	return r
}

// The ten questions of a conversation go to three replicas in turn, and cost what they
// cost one.
func TestADayReadByOneReplicaIsReadByNoOther(t *testing.T) {
	cost := map[bool]int{}
	var reports [2][]*stats.Report
	for i, n := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, n)
			api := &scantest.Served{API: &scantest.API{Records: scantest.Generate(7, 6940, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
			all := analysts(t, w, api, n, n > 1)
			if n > 1 {
				calm(t, w.servers[0].Ledger(talkover.NewSecret(token).Key))
			}
			clock := scantest.Clock()
			for j, q := range tenQuestions {
				r := all[j%n].answer(t, q, clock)
				reports[i] = append(reports[i], r)
				time.Sleep(time.Second)
			}
			if api.Refused > 0 {
				t.Errorf("%d replicas: %d refused", n, api.Refused)
			}
			cost[n > 1] = api.Count()
		})
	}
	t.Logf("one replica: %d requests; three in turn: %d", cost[false], cost[true])
	if cost[true] > cost[false]+10 {
		t.Errorf("three replicas sent %d requests, one %d", cost[true], cost[false])
	}
	for i, one := range reports[0] {
		if three := reports[1][i]; one.Calls != three.Calls || len(one.Rows) != len(three.Rows) || one.Totals.M[stats.TalkSeconds] != three.Totals.M[stats.TalkSeconds] {
			t.Errorf("question %d: one replica says %d calls in %d rows, three %d in %d", i+1, one.Calls, len(one.Rows), three.Calls, len(three.Rows))
		}
	}
}

// Three replicas are asked the same at the same moment: one reads, the others wait for it.
func TestOneReplicaAtATimeReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		api := &scantest.Served{API: &scantest.API{Records: scantest.Generate(7, 4000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
		all := analysts(t, w, api, 3, true)
		calm(t, w.servers[0].Ledger(talkover.NewSecret(token).Key))
		clock := scantest.Clock()
		var crowd sync.WaitGroup
		for _, a := range all {
			crowd.Go(func() { a.answer(t, stats.Question{}, clock) })
		}
		crowd.Wait()
		if n := api.Count(); n > 40+10 {
			t.Errorf("%d requests for a log of 40 pages", n)
		}
	})
}

// One replica read a day before a call went from it, and another one after. The first
// finds by the API's count that its reading is no longer true, and takes the later one.
func TestALaterReadingReplacesAnEarlierOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		records := scantest.Generate(7, 2000, 37*24*time.Hour)
		api := &scantest.Served{API: &scantest.API{Records: records, Takes: 150 * time.Millisecond}}
		all := analysts(t, w, api, 2, true)
		calm(t, w.servers[0].Ledger(talkover.NewSecret(token).Key))
		clock := scantest.Clock()
		before := all[0].answer(t, stats.Question{}, clock)
		all[1].answer(t, stats.Question{}, clock)
		time.Sleep(2 * time.Minute)
		api.Mu.Lock()
		gone := len(records) / 2
		api.Records = append(append([]scantest.Record{}, records[:gone]...), records[gone+1:]...)
		api.Mu.Unlock()
		after := all[0].answer(t, stats.Question{}, clock)
		api.Mu.Lock()
		sent := len(api.Asked)
		api.Mu.Unlock()
		other := all[1].answer(t, stats.Question{}, clock)
		if before.Calls != after.Calls+1 || other.Calls != after.Calls {
			t.Errorf("%d calls, then %d; the other replica says %d", before.Calls, after.Calls, other.Calls)
		}
		for _, q := range api.Asked[sent:] {
			if q.PerPage > 1 && q.DateTo != "" {
				t.Errorf("the other replica reads days again: %+v", q)
			}
		}
	})
}

// What the server has says nothing of calls, dates and tokens; what of it was changed, or
// is of another account, counts for nothing.
func TestWhatTheServerSees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		api := &scantest.Served{API: &scantest.API{Records: scantest.Generate(7, 1000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
		all := analysts(t, w, api, 2, true)
		calm(t, w.servers[0].Ledger(talkover.NewSecret(token).Key))
		all[0].answer(t, stats.Question{}, scantest.Clock())
		synctest.Wait()
		kinds := map[string]int{}
		for _, k := range w.redis.Keys() {
			_, rest, _ := strings.Cut(k, "}:")
			kind, _, _ := strings.Cut(rest, ":")
			kinds[kind]++
			if strings.Contains(k, token) || strings.Contains(k, "2026") || strings.Contains(k, "10-") {
				t.Errorf("the key %s tells something", k)
			}
		}
		if diff := cmp.Diff(map[string]int{"day": 29, "days": 1, "limit": 1, "note": 30, "places": 1}, kinds); diff != "" {
			t.Errorf("keys (-want +got)\n%s", diff)
		}
		dump := w.redis.Dump()
		for _, secret := range []string{token, "+1202555", "agent-2", "completed", "2026-10"} {
			if strings.Contains(dump, secret) {
				t.Errorf("the server knows %q", secret)
			}
		}
		store := w.servers[0].Days()
		for _, k := range w.redis.Keys() {
			account, name, ok := strings.Cut(k, "}:day:")
			if !ok {
				continue
			}
			account = strings.TrimPrefix(account, "talkover:{")
			sealed, err := store.Get(t.Context(), account, name)
			if err != nil || len(sealed) == 0 {
				t.Fatalf("%v, %d bytes", err, len(sealed))
			}
			// An earlier reading does not replace it, a later one does.
			for _, test := range []struct {
				at   time.Time
				want []byte
			}{{time.UnixMicro(1), sealed}, {scantest.Now.AddDate(1, 0, 0), []byte("other")}} {
				if err := store.Put(t.Context(), account, name, test.at, time.Now().Add(time.Hour), []byte("other")); err != nil {
					t.Fatal(err)
				}
				if got, _ := store.Get(t.Context(), account, name); !bytes.Equal(got, test.want) {
					t.Errorf("after a put at %v there are %d bytes", test.at, len(got))
				}
			}
			if err := store.Forget(t.Context(), account, ""); err != nil {
				t.Fatal(err)
			}
			break
		}
		for _, k := range w.redis.Keys() {
			if strings.Contains(k, ":day") {
				t.Errorf("%s is not forgotten", k)
			}
		}
	})
}

// A day that was changed on the server is read from Talkover again.
func TestAChangedDayIsNoDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		store := w.servers[0].Days()
		problems := 0
		options := cache.Options{Calls: 1000, Store: store, Note: func(string, error) { problems++ }}
		key := talkover.NewSecret(token).Key
		day := &cache.Day{Date: cache.DateOf(scantest.Now) - 5, Calls: new(cache.Builder).Columns(), ReadAt: scantest.Now, Renewed: scantest.Now}
		one := cache.New(options).Account(key, scantest.Now)
		one.Save(t.Context(), day)
		find := func() int {
			return len(cache.New(options).Account(key, scantest.Now).Days(t.Context(), day.Date, day.Date, scantest.Now))
		}
		if find() != 1 {
			t.Fatal("a day that was saved is not found")
		}
		for _, k := range w.redis.Keys() {
			if strings.Contains(k, ":day:") {
				v, _ := w.redis.Get(k)
				changed := []byte(v)
				changed[len(changed)-1] ^= 1
				_ = w.redis.Set(k, string(changed))
			}
		}
		if n := find(); n != 0 || problems != 1 {
			t.Errorf("%d days are found, with %d problems", n, problems)
		}
	})
}
