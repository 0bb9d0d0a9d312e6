package scan_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// sum tells sets of calls apart: how many there are, and the sum of their ids'
// hashes, in which a call that is there twice counts twice.
type sum struct {
	calls  int
	hashes uint64
}

func (s *sum) add(id uint32) {
	s.calls++
	h := (uint64(id) + 1) * 0x9e3779b97f4a7c15
	s.hashes += (h ^ h>>29) * 0xbf58476d1ce4e5b9
}

// taken is a sink that keeps the sum of what a Reader read.
type taken struct {
	sum
	passes int
}

func (s *taken) Reset() { s.sum, s.passes = sum{}, s.passes+1 }

func (s *taken) Add(c talkover.Call) bool {
	id, _ := strconv.ParseUint(c.ID, 10, 32)
	s.add(uint32(id))
	return true
}

// restless is a log that changes between any two answers.
type restless struct {
	*fakeAPI
	r                              *rand.Rand
	start                          time.Time
	query                          talkover.CallQuery
	rate                           float64 // changes between two answers, on average
	inserts, deletes, gains, loses int     // in which proportion
	states                         []sum   // each that there was since the first answer
	ids                            uint32
}

func (l *restless) keep() {
	var s sum
	rows, _ := l.Page(l.query, 0, len(l.Records))
	for i := range rows {
		s.add(rows[i].ID)
	}
	l.states = append(l.states, s)
}

func (l *restless) move(n int) error {
	if n == 1 {
		l.keep()
		return nil
	}
	for l.r.Float64() < l.rate/(1+l.rate) {
		at := now.Unix() + int64(time.Since(l.start).Seconds())
		k := l.r.IntN(l.inserts + l.deletes + l.gains + l.loses)
		i := l.r.IntN(len(l.Records))
		switch c := &l.Records[i]; {
		case k < l.inserts: // often in the same second as the newest
			l.ids++
			c := record{At: at, ID: l.ids, Status: []uint8{ringing, completed}[l.r.IntN(2)]}
			l.Records = slices.Insert(l.Records, 0, c)
		case k < l.inserts+l.deletes:
			l.Records = slices.Delete(l.Records, i, i+1)
		case k < l.inserts+l.deletes+l.gains:
			c.Status, c.Updated = completed, at
		default:
			c.Status, c.Updated = busy, at
		}
		l.keep()
	}
	return nil
}

// A reading of a log that moves is never said to be complete unless it took the
// very calls that the log had at one moment of the reading.
func TestNoFalseClaimOfCompleteness(t *testing.T) {
	type kind struct {
		name                           string
		query                          talkover.CallQuery
		inserts, deletes, gains, loses int
		least                          float64 // the share of readings that must be complete where little moves
	}
	for _, k := range []kind{
		{"nothing moves", talkover.CallQuery{}, 1, 0, 0, 0, 1},
		{"calls come", talkover.CallQuery{}, 1, 0, 0, 0, 0.95},
		{"calls come and go", talkover.CallQuery{}, 2, 1, 0, 0, 0},
		{"calls end", talkover.CallQuery{Status: "completed"}, 1, 0, 1, 0, 0.5},
		{"calls come, go, end and are taken back", talkover.CallQuery{Status: "completed"}, 2, 1, 1, 1, 0},
		{"old calls go, and as many appear", talkover.CallQuery{Status: "completed"}, 0, 1, 1, 0, 0},
	} {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const runs = 170
				all, calm, calmComplete, passes := 0, 0, 0, 0
				for seed := range uint64(runs) {
					r := rand.New(rand.NewPCG(seed, 3))
					l := &restless{fakeAPI: &fakeAPI{Records: generate(seed, 120+r.IntN(900), 5*24*time.Hour)}, r: r, start: time.Now(), query: k.query,
						inserts: k.inserts, deletes: k.deletes, gains: k.gains, loses: k.loses, ids: 10_000}
					l.rate = []float64{0.01, 0.03, 0.1, 0.4, 1.5}[seed%5]
					if k.name == "nothing moves" {
						l.rate = 0
					}
					l.Before = l.move
					l.Latency = func() time.Duration {
						return 40*time.Millisecond + time.Duration(r.Int64N(int64(300*time.Millisecond)))
					}
					sink := new(taken)
					reader := scan.Reader{Calls: l, Query: k.query, Budget: 100, Now: now}
					c, err := reader.Read(t.Context(), sink)
					passes = max(passes, sink.passes)
					switch {
					case err != nil:
						t.Fatal(err)
					case complete(c) && !slices.Contains(l.states, sink.sum):
						t.Errorf("seed %d: %d calls are said to be all, of a log that never was these %d in %d states", seed, c.Total, sink.calls, len(l.states))
					case complete(c) && (c.Total != sink.calls || c.Read != sink.calls || c.Reason != ""):
						t.Errorf("seed %d: %+v, having read %d", seed, c, sink.calls)
					case !complete(c) && c.Inexact == "":
						t.Errorf("seed %d: not complete for no reason", seed)
					}
					if complete(c) {
						all++
					}
					if l.rate <= 0.03 {
						calm++
						if complete(c) {
							calmComplete++
						}
					}
				}
				t.Logf("%d of %d readings complete, %d of %d where little moves, %d passes at most", all, runs, calmComplete, calm, passes)
				if share := float64(calmComplete) / float64(calm); share < k.least || passes > 3 {
					t.Errorf("%.2f of the readings were complete, want %.2f; %d passes", share, k.least, passes)
				}
			})
		})
	}
}

// Calls that change their status between two answers, so that no total tells: of
// a list of completed calls, one goes from a page that was read, and an older one
// appears; the last call of a page has then moved to one that was read. The API
// tells changes to the second, and its clock may be behind ours.
func TestCallsThatChangeTheirStatusMeanwhile(t *testing.T) {
	q := talkover.CallQuery{Status: "completed"}
	for appears, changes := range map[int]map[int]func(l *fakeAPI, set func(at int, status uint8)){
		250: { // on a page that was not read yet, as one goes
			3: func(_ *fakeAPI, set func(int, uint8)) { set(120, busy); set(250, completed) },
		},
		150: { // on one that was, and later one goes as another comes
			3: func(_ *fakeAPI, set func(int, uint8)) { set(150, completed) },
			5: func(l *fakeAPI, set func(int, uint8)) {
				set(50, busy)
				l.Records = slices.Insert(l.Records, 0, record{ID: 9999, At: now.Unix()})
				set(0, completed)
			},
		},
	} {
		for _, clock := range []struct {
			what    string
			changed time.Duration // after the reading began, by the API's clock
			ahead   time.Duration // of ours
		}{{"later", time.Second, 0}, {"in the same second", 0, 300 * time.Millisecond}, {"by a clock that is behind", time.Second, 2 * time.Minute}} {
			api := &fakeAPI{Records: invent(1, 401, 24*time.Hour, 0)}
			for i := range api.Records {
				api.Records[i].Status, api.Records[i].Seconds = completed, 0
			}
			api.Records[appears].Status = ringing
			var states []sum
			keep := func() {
				var s sum
				rows, _ := api.Page(q, 0, 500)
				for i := range rows {
					s.add(rows[i].ID)
				}
				states = append(states, s)
			}
			api.Before = func(n int) error {
				if change := changes[n]; change != nil {
					change(api, func(at int, status uint8) {
						api.Records[at].Status, api.Records[at].Updated = status, now.Add(clock.changed).Unix()
					})
				}
				keep()
				return nil
			}
			sink := new(taken)
			reader := scan.Reader{Calls: api, Query: q, Budget: 8, Now: now.Add(clock.ahead)}
			c, err := reader.Read(t.Context(), sink)
			if err != nil || complete(c) && !slices.Contains(states, sink.sum) {
				t.Errorf("call %d appears, %s: %+v, %v: there never were these %d calls", appears, clock.what, c, err, sink.calls)
			}
		}
	}
}

// complete reports whether a list was read to its end, and that is proven.
func complete(r scan.Reading) bool { return r.Whole && r.Inexact == "" }

// read reads all of a log with a budget of 60. Its days until 2026-11-03 are closed.
func read(t testing.TB, api *fakeAPI, q talkover.CallQuery) (scan.Reading, *taken) {
	t.Helper()
	sink := new(taken)
	reader := scan.Reader{Calls: api, Query: q, Budget: 60, Now: now, Closed: q.DateTo != "" && q.DateTo <= "2026-11-03"}
	c, err := reader.Read(t.Context(), sink)
	if err != nil {
		t.Fatal(err)
	}
	return c, sink
}

// Requests are what pages there are, and one more where calls may have come.
func TestRequestsOfAReading(t *testing.T) {
	for _, test := range []struct {
		calls    int
		to       string
		requests int
	}{
		{0, "", 1}, {1, "", 1}, {99, "", 1}, {100, "", 2}, {101, "", 3}, {199, "", 3}, {200, "", 4}, {1001, "", 12},
		{550, "2026-11-05", 7}, {550, "2026-11-04", 7}, // they may yet get calls
		{550, "2026-11-03", 6}, {1990, "2026-10-31", 20}, {90, "2026-10-31", 1},
		{500, "2026-11-03", 6}, {100, "2026-11-03", 2}, // a full last page does not show that nothing follows
	} {
		api := &fakeAPI{Records: invent(1, test.calls, 3*24*time.Hour, 0)}
		if to, err := time.Parse(time.DateOnly, test.to); err == nil {
			shift := int64(now.Sub(to).Seconds())
			for i := range api.Records {
				api.Records[i].At -= shift
			}
		}
		c, sink := read(t, api, talkover.CallQuery{DateTo: test.to})
		if !complete(c) || sink.calls != test.calls || api.Requests != test.requests {
			t.Errorf("%d calls up to %q: %d requests, %+v; want %d", test.calls, test.to, api.Requests, c, test.requests)
		}
	}
}

// What is not a whole reading of an orderly log says so, and why.
func TestWhatIsNotComplete(t *testing.T) {
	for name, test := range map[string]struct {
		api    *fakeAPI
		total  int
		read   int
		reason string
	}{
		"no totals":            {&fakeAPI{NoTotals: true}, 0, 1050, "did not say how many"},
		"oldest first":         {&fakeAPI{OldestFirst: true}, 1050, 1050, "newest first"},
		"rows that are none":   {&fakeAPI{Change: func(p *talkover.Page[talkover.Call]) { p.Rows, p.Unreadable = p.Rows[1:], 1 }}, 1050, 1039, "could not be read"},
		"fields without sense": {&fakeAPI{Change: func(p *talkover.Page[talkover.Call]) { p.Rows[0].Unread = []string{"duration"} }}, 1050, 1050, "could not be read"},
		"a page that is empty": {&fakeAPI{Change: func(p *talkover.Page[talkover.Call]) {
			if p.Pagination.CurrentPage == 4 {
				p.Rows = nil
			}
		}}, 1050, 950, "came or went"},
		"a page that is short": {&fakeAPI{Change: func(p *talkover.Page[talkover.Call]) {
			if p.Pagination.CurrentPage == 4 {
				p.Rows = p.Rows[:99]
			}
		}}, 1050, 1049, "came or went"},
		"a call on a later page than it should be": {&fakeAPI{Change: func() func(p *talkover.Page[talkover.Call]) {
			var late talkover.Call
			return func(p *talkover.Page[talkover.Call]) {
				switch p.Pagination.CurrentPage {
				case 4:
					late, p.Rows = p.Rows[99], p.Rows[:99]
				case 11:
					late.CreatedAt = p.Rows[len(p.Rows)-1].CreatedAt
					p.Rows = append(p.Rows, late)
				}
			}
		}()}, 1050, 1050, "came or went"},
		"the same page again": {&fakeAPI{Change: func(p *talkover.Page[talkover.Call]) {
			if p.Pagination.CurrentPage == 7 {
				p.Rows = slices.Repeat(p.Rows[:1], 100)
			}
		}}, 1050, 951, "came or went"},
		"a total that is wrong":         {&fakeAPI{Change: func(p *talkover.Page[talkover.Call]) { p.Pagination.Total = 1051 }}, 1051, 1050, "came or went"},
		"pages in another order":        {&fakeAPI{Change: swapPages(3, 6)}, 1050, 1050, "newest first"},
		"a total that is one too small": {&fakeAPI{Change: func(p *talkover.Page[talkover.Call]) { p.Pagination.Total-- }}, 1049, 1050, "came or went"},
	} {
		api := test.api
		api.Records = generate(3, 1050, 10*24*time.Hour)
		c, sink := read(t, api, talkover.CallQuery{})
		if complete(c) || c.Total != test.total || c.Read != test.read || sink.calls != test.read || !strings.Contains(c.Inexact, test.reason) {
			t.Errorf("%s: %+v; want %d of %d read, %q", name, c, test.read, test.total, test.reason)
		}
		if api.Requests > 36 || sink.passes > 3 {
			t.Errorf("%s: %d requests in %d passes", name, api.Requests, sink.passes)
		}
	}
}

// swapPages changes the rows of two pages for each other.
func swapPages(one, other int) func(*talkover.Page[talkover.Call]) {
	records := generate(3, 1050, 10*24*time.Hour)
	return func(p *talkover.Page[talkover.Call]) {
		for from, to := range map[int]int{one: other, other: one} {
			if p.Pagination.CurrentPage == from {
				p.Rows = calls(records[(to-1)*100 : to*100])
			}
		}
	}
}

// A total that leaves out the first call of a page of its own would hide it: a full
// last page is not the end until the next one is empty.
func TestATotalThatIsOffByOneAtAFullPage(t *testing.T) {
	for _, closed := range []bool{false, true} {
		api := &fakeAPI{Records: generate(3, 1001, 10*24*time.Hour)}
		api.Change = func(p *talkover.Page[talkover.Call]) { p.Pagination.Total-- }
		reader := scan.Reader{Calls: api, Budget: 60, Now: now, Closed: closed}
		if c, err := reader.Read(t.Context(), new(taken)); err != nil || complete(c) {
			t.Errorf("closed %v: %+v, %v", closed, c, err)
		}
	}
}

// A filter that the API ignores makes figures of calls that nobody asked for.
func TestIgnoredFilters(t *testing.T) {
	for name, q := range map[string]talkover.CallQuery{
		"status": {Status: "busy"}, "direction": {Direction: "inbound"}, "agent_id": {AgentID: "agent-2"},
		"date_from": {DateFrom: "2026-11-01"}, "date_to": {DateTo: "2026-10-30"}, "search": {Search: "5550007"},
	} {
		api := &fakeAPI{Records: generate(3, 1050, 20*24*time.Hour)}
		ignoring := &deaf{api}
		reader := scan.Reader{Calls: ignoring, Query: q, Budget: 60, Now: now, Closed: name == "date_to"}
		c, err := reader.Read(t.Context(), new(taken))
		if err != nil || complete(c) || !strings.Contains(c.Inexact, "ignores") || !strings.Contains(c.Inexact, name) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

// deaf is an API that ignores every filter.
type deaf struct{ *fakeAPI }

func (d *deaf) ListCalls(ctx context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
	return d.fakeAPI.ListCalls(ctx, talkover.CallQuery{Page: q.Page, PerPage: q.PerPage})
}

// With fewer requests than pages, the newest calls are read, and proven by one more.
func TestBudgetIsKept(t *testing.T) {
	for _, closed := range []bool{false, true} {
		for budget := 2; budget <= 13; budget++ {
			api := &fakeAPI{Records: generate(3, 990, 10*24*time.Hour)}
			sink := new(taken)
			reader := scan.Reader{Calls: api, Budget: budget, Now: now, Closed: closed}
			c, err := reader.Read(t.Context(), sink)
			least := 11
			if closed {
				least = 10
			}
			if err != nil || api.Requests > budget || c.Inexact != "" || c.Total != 990 || c.Whole != (budget >= least) || c.Whole == (c.Reason != "") {
				t.Errorf("budget %d: %d requests, %+v, %v", budget, api.Requests, c, err)
			}
			if n := 100 * (budget - 1); !c.Whole && (c.Read != n || c.Edge.Unix() != api.Records[n-1].At) {
				t.Errorf("budget %d: %+v, want %d calls", budget, c, n)
			}
		}
	}
	// A log that moves is not read again where that takes more than there is.
	api := &fakeAPI{Records: generate(3, 1000, 10*24*time.Hour)}
	api.Before = func(int) error { api.Records = api.Records[:len(api.Records)-1]; return nil }
	sink := new(taken)
	reader := scan.Reader{Calls: api, Budget: 20, Now: now}
	if c, err := reader.Read(t.Context(), sink); err != nil || complete(c) || sink.passes != 1 || !strings.Contains(c.Inexact, "more requests") {
		t.Errorf("%d passes, %+v, %v", sink.passes, c, err)
	}
}

// Read from its last page on, a closed list brings the oldest calls.
func TestBackwards(t *testing.T) {
	for _, n := range []int{90, 100, 950, 1000, 1001} {
		for budget := 3; budget <= 13; budget++ {
			api := &fakeAPI{Records: generate(3, n, 10*24*time.Hour)}
			var got []talkover.Call
			reader := scan.Reader{Calls: api, Budget: budget, Now: now, Closed: true, Backwards: true}
			c, err := reader.Read(t.Context(), &gathered{&got})
			if err != nil || (c.Inexact != "") != (c.Read == 0) || api.Requests > budget {
				t.Errorf("%d calls, budget %d: %d requests, %+v, %v", n, budget, api.Requests, c, err)
			}
			if c.Inexact != "" {
				continue // it claims nothing
			}
			all := calls(api.Records)
			slices.Reverse(all)
			for i, call := range all {
				claimed := c.Whole || call.CreatedAt.Before(c.Edge)
				if claimed && !slices.ContainsFunc(got, func(g talkover.Call) bool { return g.ID == call.ID }) {
					t.Fatalf("%d calls, budget %d: call %d is said to be read: %+v", n, budget, i, c)
				}
			}
			if !c.Whole && len(got) < 100*(budget-4) {
				t.Errorf("%d calls, budget %d: %d read", n, budget, len(got))
			}
		}
	}
}

// gathered is a sink that keeps calls.
type gathered struct{ calls *[]talkover.Call }

func (g *gathered) Reset() { *g.calls = nil }

func (g *gathered) Add(c talkover.Call) bool { *g.calls = append(*g.calls, c); return true }

// The newest calls of a log that moves are claimed only if they are those that it had.
func TestNoFalseClaimOfTheNewestCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proven := 0
		for seed := range uint64(400) {
			r := rand.New(rand.NewPCG(seed, 5))
			l := &restless{fakeAPI: &fakeAPI{Records: generate(seed, 400+r.IntN(900), 5*24*time.Hour)}, r: r, start: time.Now(), inserts: 1, deletes: int(seed % 2), ids: 10_000}
			l.rate = []float64{0.03, 0.1, 0.3, 0.6}[seed%4]
			var states []map[uint32]int64 // ids and times
			l.Before = func(n int) error {
				err := l.move(n)
				state := make(map[uint32]int64, len(l.Records))
				for _, rec := range l.Records {
					state[rec.ID] = rec.At
				}
				states = append(states, state)
				return err
			}
			l.Latency = func() time.Duration {
				return 40*time.Millisecond + time.Duration(r.Int64N(int64(300*time.Millisecond)))
			}
			var got []talkover.Call
			reader := scan.Reader{Calls: l, Budget: 3 + r.IntN(3), Now: now}
			c, err := reader.Read(t.Context(), &gathered{&got})
			if err != nil {
				t.Fatal(err)
			}
			if c.Whole || c.Inexact != "" {
				continue
			}
			proven++
			have := map[string]bool{}
			for _, call := range got {
				have[call.ID] = true
			}
			if !slices.ContainsFunc(states, func(state map[uint32]int64) bool {
				claimed := 0
				for id, at := range state {
					if at > c.Edge.Unix() {
						if claimed++; !have[strconv.Itoa(int(id))] {
							return false
						}
					}
				}
				newer := 0
				for _, call := range got {
					if call.CreatedAt.After(c.Edge) {
						newer++
					}
				}
				return claimed == newer
			}) {
				t.Errorf("seed %d: the calls since %s never were these: %+v", seed, c.Edge, c)
			}
		}
		t.Logf("%d of 400 were proven", proven)
		if proven < 150 {
			t.Errorf("only %d of 400 readings were proven", proven)
		}
	})
}

// few is a sink that wants some calls and no more.
type few struct{ want int }

func (s *few) Reset() {}

func (s *few) Add(talkover.Call) bool { s.want--; return s.want > 0 }

// The page on which it has enough is the last one that it gets.
func TestASinkThatHasEnoughEndsTheReading(t *testing.T) {
	for want, requests := range map[int]int{1: 2, 100: 2, 101: 3, 150: 3, 250: 6} { // the last is the look that proves it
		api := &fakeAPI{Records: generate(3, 4000, 10*24*time.Hour)}
		sink := &few{want}
		reader := scan.Reader{Calls: api, Budget: 60, Now: now}
		c, err := reader.Read(t.Context(), sink)
		if err != nil || c.Whole || c.Inexact != "" || c.Reason == "" || c.Total != 4000 || sink.want > 0 || sink.want <= -100 || api.Requests > requests {
			t.Errorf("%d calls wanted: %d requests, %d too many, %+v, %v", want, api.Requests, -sink.want, c, err)
		}
	}
}

// A closed list gets no calls; one that does is not proven, for it is no such list.
func TestAClosedListThatGrows(t *testing.T) {
	api := &fakeAPI{Records: generate(3, 950, 10*24*time.Hour)}
	ids := uint32(5000)
	api.Before = func(n int) error {
		if n > 1 {
			ids++ // at the end, where no page moves
			api.Records = append(api.Records, record{At: api.Records[len(api.Records)-1].At - 1, ID: ids, Status: completed})
		}
		return nil
	}
	reader := scan.Reader{Calls: api, Budget: 60, Now: now, Closed: true}
	if c, err := reader.Read(t.Context(), new(taken)); err != nil || complete(c) {
		t.Errorf("%+v, %v", c, err)
	}
}

// Calls enter and leave a list of one status wherever they stand, so that a part of it
// cannot be proven, unless its days are closed.
func TestAPartOfAListOfOneStatus(t *testing.T) {
	for _, closed := range []bool{false, true} {
		api := &fakeAPI{Records: generate(3, 2000, 10*24*time.Hour)}
		reader := scan.Reader{Calls: api, Query: talkover.CallQuery{Status: "completed"}, Budget: 4, Now: now, Closed: closed}
		if c, err := reader.Read(t.Context(), new(taken)); err != nil || c.Whole || (c.Inexact == "") != closed {
			t.Errorf("closed %v: %+v, %v", closed, c, err)
		}
	}
}

// A page of which no row can be read is an error, the first one or a later one.
func TestAPageWithoutAReadableRow(t *testing.T) {
	for _, at := range []int{1, 4} {
		api := &fakeAPI{Records: generate(3, 950, 10*24*time.Hour), Change: func(p *talkover.Page[talkover.Call]) {
			if p.Pagination.CurrentPage == at {
				p.Unreadable, p.Rows = len(p.Rows), nil
			}
		}}
		reader := scan.Reader{Calls: api, Budget: 60, Now: now}
		_, err := reader.Read(t.Context(), new(taken))
		var refused *talkover.Error
		if !errors.As(err, &refused) || refused.Reason != talkover.Malformed {
			t.Errorf("page %d: %v", at, err)
		}
	}
}
