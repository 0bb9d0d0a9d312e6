package stats_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
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
	rows, _ := l.page(l.query, 0, len(l.records))
	for i := range rows {
		s.add(rows[i].id)
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
		i := l.r.IntN(len(l.records))
		switch c := &l.records[i]; {
		case k < l.inserts: // often in the same second as the newest
			l.ids++
			c := record{at: at, id: l.ids, status: []uint8{ringing, completed}[l.r.IntN(2)]}
			l.records = slices.Insert(l.records, 0, c)
		case k < l.inserts+l.deletes:
			l.records = slices.Delete(l.records, i, i+1)
		case k < l.inserts+l.deletes+l.gains:
			c.status, c.updated = completed, at
		default:
			c.status, c.updated = busy, at
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
				complete, calm, calmComplete, passes := 0, 0, 0, 0
				for seed := range uint64(runs) {
					r := rand.New(rand.NewPCG(seed, 3))
					l := &restless{fakeAPI: &fakeAPI{records: generate(seed, 120+r.IntN(900), 5*24*time.Hour)}, r: r, start: time.Now(), query: k.query,
						inserts: k.inserts, deletes: k.deletes, gains: k.gains, loses: k.loses, ids: 10_000}
					l.rate = []float64{0.01, 0.03, 0.1, 0.4, 1.5}[seed%5]
					if k.name == "nothing moves" {
						l.rate = 0
					}
					l.before = l.move
					l.latency = func() time.Duration {
						return 40*time.Millisecond + time.Duration(r.Int64N(int64(300*time.Millisecond)))
					}
					sink := new(taken)
					reader := stats.Reader{Calls: l, Query: k.query, Budget: 100, Now: now}
					c, err := reader.Read(t.Context(), sink)
					passes = max(passes, sink.passes)
					switch {
					case err != nil:
						t.Fatal(err)
					case c.Complete && !slices.Contains(l.states, sink.sum):
						t.Errorf("seed %d: %d calls are said to be all, of a log that never was these %d in %d states", seed, c.Matched, sink.calls, len(l.states))
					case c.Complete && (c.Matched != sink.calls || c.Scanned != sink.calls || c.Reason != ""):
						t.Errorf("seed %d: %+v, having read %d", seed, c, sink.calls)
					case !c.Complete && c.Reason == "":
						t.Errorf("seed %d: not complete for no reason", seed)
					}
					if c.Complete {
						complete++
					}
					if l.rate <= 0.03 {
						calm++
						if c.Complete {
							calmComplete++
						}
					}
				}
				t.Logf("%d of %d readings complete, %d of %d where little moves, %d passes at most", complete, runs, calmComplete, calm, passes)
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
				l.records = slices.Insert(l.records, 0, record{id: 9999, at: now.Unix()})
				set(0, completed)
			},
		},
	} {
		for _, clock := range []struct {
			what    string
			changed time.Duration // after the reading began, by the API's clock
			ahead   time.Duration // of ours
		}{{"later", time.Second, 0}, {"in the same second", 0, 300 * time.Millisecond}, {"by a clock that is behind", time.Second, 2 * time.Minute}} {
			api := &fakeAPI{records: invent(1, 401, 24*time.Hour, 0)}
			for i := range api.records {
				api.records[i].status, api.records[i].seconds = completed, 0
			}
			api.records[appears].status = ringing
			var states []sum
			keep := func() {
				var s sum
				rows, _ := api.page(q, 0, 500)
				for i := range rows {
					s.add(rows[i].id)
				}
				states = append(states, s)
			}
			api.before = func(n int) error {
				if change := changes[n]; change != nil {
					change(api, func(at int, status uint8) {
						api.records[at].status, api.records[at].updated = status, now.Add(clock.changed).Unix()
					})
				}
				keep()
				return nil
			}
			sink := new(taken)
			reader := stats.Reader{Calls: api, Query: q, Budget: 8, Now: now.Add(clock.ahead)}
			c, err := reader.Read(t.Context(), sink)
			if err != nil || c.Complete && !slices.Contains(states, sink.sum) {
				t.Errorf("call %d appears, %s: %+v, %v: there never were these %d calls", appears, clock.what, c, err, sink.calls)
			}
		}
	}
}

// read reads all of a log with a budget of 60.
func read(t testing.TB, api *fakeAPI, q talkover.CallQuery) (stats.Coverage, *taken) {
	t.Helper()
	sink := new(taken)
	reader := stats.Reader{Calls: api, Query: q, Budget: 60, Now: now}
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
		{0, "", 1}, {1, "", 1}, {100, "", 1}, {101, "", 3}, {200, "", 3}, {1001, "", 12},
		{500, "2026-11-05", 6}, {500, "2026-11-04", 6}, // the API may cut its days elsewhere
		{500, "2026-11-03", 5}, {2000, "2026-10-31", 20}, {90, "2026-10-31", 1},
	} {
		api := &fakeAPI{records: invent(1, test.calls, 3*24*time.Hour, 0)}
		if to, err := time.Parse(time.DateOnly, test.to); err == nil {
			shift := int64(now.Sub(to).Seconds())
			for i := range api.records {
				api.records[i].at -= shift
			}
		}
		c, sink := read(t, api, talkover.CallQuery{DateTo: test.to})
		if !c.Complete || sink.calls != test.calls || api.requests != test.requests {
			t.Errorf("%d calls up to %q: %d requests, %+v; want %d", test.calls, test.to, api.requests, c, test.requests)
		}
	}
}

// What is not a whole reading of an orderly log says so, and why.
func TestWhatIsNotComplete(t *testing.T) {
	for name, test := range map[string]struct {
		api     *fakeAPI
		matched int
		read    int
		reason  string
	}{
		"no totals":            {&fakeAPI{noTotals: true}, 1050, 1050, "did not say how many"},
		"oldest first":         {&fakeAPI{oldestFirst: true}, 1050, 1050, "newest first"},
		"rows that are none":   {&fakeAPI{change: func(p *talkover.Page[talkover.Call]) { p.Rows, p.Unreadable = p.Rows[1:], 1 }}, 1050, 1039, "could not be read"},
		"fields without sense": {&fakeAPI{change: func(p *talkover.Page[talkover.Call]) { p.Rows[0].Unread = []string{"duration"} }}, 1050, 1050, "could not be read"},
		"a page that is empty": {&fakeAPI{change: func(p *talkover.Page[talkover.Call]) {
			if p.Pagination.CurrentPage == 4 {
				p.Rows = nil
			}
		}}, 1050, 950, "came or went"},
		"the same page again": {&fakeAPI{change: func(p *talkover.Page[talkover.Call]) {
			if p.Pagination.CurrentPage == 7 {
				p.Rows = slices.Repeat(p.Rows[:1], 100)
			}
		}}, 1050, 951, "came or went"},
		"a total that is wrong": {&fakeAPI{change: func(p *talkover.Page[talkover.Call]) { p.Pagination.Total = 1051 }}, 1051, 1050, "came or went"},
	} {
		api := test.api
		api.records = generate(3, 1050, 10*24*time.Hour)
		c, sink := read(t, api, talkover.CallQuery{})
		if c.Complete || c.Matched != test.matched || c.Scanned != test.read || sink.calls != test.read || !strings.Contains(c.Reason, test.reason) {
			t.Errorf("%s: %+v; want %d of %d read, %q", name, c, test.read, test.matched, test.reason)
		}
		if api.requests > 36 || sink.passes > 3 {
			t.Errorf("%s: %d requests in %d passes", name, api.requests, sink.passes)
		}
	}
}

func TestBudgetIsKept(t *testing.T) {
	for budget := 1; budget <= 12; budget++ {
		api := &fakeAPI{records: generate(3, 1000, 10*24*time.Hour)}
		sink := new(taken)
		reader := stats.Reader{Calls: api, Budget: budget, Now: now}
		c, err := reader.Read(t.Context(), sink)
		if err != nil || api.requests > budget || c.Complete != (budget >= 11) || c.Matched != 1000 || c.Scanned != min(100*budget, 1000) || c.Complete == (c.Reason != "") {
			t.Errorf("budget %d: %d requests, %+v, %v", budget, api.requests, c, err)
		}
	}
	// A log that moves is not read again where that takes more than there is.
	api := &fakeAPI{records: generate(3, 1000, 10*24*time.Hour)}
	api.before = func(int) error { api.records = api.records[:len(api.records)-1]; return nil }
	sink := new(taken)
	reader := stats.Reader{Calls: api, Budget: 20, Now: now}
	if c, err := reader.Read(t.Context(), sink); err != nil || c.Complete || sink.passes != 1 || !strings.Contains(c.Reason, "more requests") {
		t.Errorf("%d passes, %+v, %v", sink.passes, c, err)
	}
}

// few is a sink that wants some calls and no more.
type few struct{ want int }

func (s *few) Reset()                 {}
func (s *few) Add(talkover.Call) bool { s.want--; return s.want > 0 }

// The page on which it has enough is the last one that it gets.
func TestASinkThatHasEnoughEndsTheReading(t *testing.T) {
	for want, requests := range map[int]int{1: 1, 100: 1, 101: 2, 150: 2, 250: 5} {
		api := &fakeAPI{records: generate(3, 4000, 10*24*time.Hour)}
		sink := &few{want}
		reader := stats.Reader{Calls: api, Budget: 60, Now: now}
		c, err := reader.Read(t.Context(), sink)
		if err != nil || c.Complete || c.Reason == "" || c.Matched != 4000 || sink.want > 0 || sink.want <= -100 || api.requests > requests {
			t.Errorf("%d calls wanted: %d requests, %d too many, %+v, %v", want, api.requests, -sink.want, c, err)
		}
	}
}

// A page that fails is an error, whichever it is, and no smaller answer.
func TestAPageThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	for _, want := range []error{
		&talkover.Error{Reason: talkover.Refused, Status: 401},
		&talkover.Error{Reason: talkover.Malformed, Status: 200},
		&talkover.Error{Reason: talkover.RateLimited, Wait: time.Minute},
		context.Canceled,
	} {
		for _, log := range []struct {
			calls, requests int
			by              []stats.Dimension
		}{{1000, 11, nil}, {20_000, 50, []stats.Dimension{stats.ByDirection}}, {20_000, 50, []stats.Dimension{stats.ByHour}}} {
			records := generate(3, log.calls, 20*24*time.Hour)
			for at := 1; at <= log.requests; at++ {
				api := &fakeAPI{records: records, before: func(n int) error {
					if n == at {
						return want
					}
					return nil
				}}
				r, err := stats.Ask(t.Context(), api, stats.Question{Now: now, Budget: 60, By: log.by})
				if !errors.Is(err, want) || r != nil {
					t.Errorf("request %d of a log of %d by %v fails: %+v, %v", at, log.calls, log.by, r, err)
				}
			}
		}
	}
}

// Where time runs out, the answer is what was read by then.
func TestDeadlineHalfWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeAPI{records: generate(3, 2000, 20*24*time.Hour), takes: time.Second}
		for patience := 1700 * time.Millisecond; ; patience += 500 * time.Millisecond {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			start := time.Now()
			r, err := stats.Ask(ctx, api, stats.Question{Now: now, Budget: 60, By: []stats.Dimension{stats.ByAgent}})
			cancel()
			if took := time.Since(start); took > patience {
				t.Errorf("%s, where there was time for %s", took, patience)
			}
			if err != nil {
				t.Errorf("after %s: %v, where calls were read", patience, err)
				continue
			}
			if r.Complete {
				isTruth(t, r, []stats.Dimension{stats.ByAgent}, calls(api.records), time.UTC)
				break
			}
			n := int(r.Totals.M[stats.Calls].Value)
			if r.Matched != 2000 || r.Scanned != n || n < 100 || !strings.Contains(r.Reason, "time") || r.Contacts != nil || r.Short != nil {
				t.Errorf("after %s: %+v with totals of %d", patience, r.Coverage, n)
			}
		}
	})
}

// The days of a zone that were not all read are no fewer for that.
func TestDeadlineInAWindowOfAZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeAPI{records: generate(3, 3000, 20*24*time.Hour), takes: time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		z := zone(t, "America/New_York")
		r, err := stats.Ask(ctx, api, stats.Question{Query: talkover.CallQuery{DateFrom: "2026-10-20", DateTo: "2026-11-04"}, Zone: z, Now: now, Budget: 60})
		if err != nil {
			t.Fatal(err)
		}
		there := 0
		for _, c := range calls(api.records) {
			if day, _ := placed(stats.ByDay, c, z); day >= "2026-10-20" && day <= "2026-11-04" {
				there++
			}
		}
		if r.Complete || r.Matched < there || r.Scanned > r.Matched {
			t.Errorf("%+v, where %d calls match", r.Coverage, there)
		}
	})
}

// 10,000 calls, with requests that take 200 ms: 4 at once, and little more time
// than that takes.
func TestPagesAreReadSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeAPI{records: generate(3, 10_000, 30*24*time.Hour), takes: 200 * time.Millisecond}
		start := time.Now()
		r := ask(t, api, stats.Question{Budget: 200})
		took, upstream := time.Since(start), 101*api.takes/4
		t.Logf("%d requests, %d at once, in %s; the API needs %s", api.requests, api.most, took, upstream)
		if !r.Complete || api.requests > 104 || api.most > 4 || took > 2*upstream {
			t.Errorf("%+v", r.Coverage)
		}
		api.records = generate(3, 50_000, 30*24*time.Hour)
		start = time.Now()
		r = ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}})
		took, upstream = time.Since(start), time.Duration(api.requests)*api.takes/4
		if r.Method != stats.Counts || api.most > 4 || took > 2*upstream {
			t.Errorf("%d requests, %d at once, in %s; the API needs %s: %+v", api.requests, api.most, took, upstream, r.Coverage)
		}
	})
}

// Nothing is asked once a call is cancelled, and it ends within half a second.
func TestCancelledCallAsksNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, n := range []int{5000, 50_000} {
			for after := 55 * time.Millisecond; after < 2500*time.Millisecond; after += 150 * time.Millisecond {
				api := &fakeAPI{records: generate(3, n, 30*24*time.Hour), takes: 200 * time.Millisecond}
				ctx, cancel := context.WithCancel(t.Context())
				asked := 0
				time.AfterFunc(after, func() {
					api.mu.Lock()
					defer api.mu.Unlock()
					asked = api.requests
					cancel()
				})
				start := time.Now()
				r, err := stats.Ask(ctx, api, stats.Question{Now: now, Budget: 100, By: []stats.Dimension{stats.ByAgent}})
				if took := time.Since(start); !errors.Is(err, context.Canceled) || r != nil || took > after+500*time.Millisecond {
					t.Errorf("cancelled after %s: ended after %s with %v", after, took, err)
				}
				time.Sleep(time.Minute)
				if api.requests != asked {
					t.Errorf("cancelled after %s: %d requests, then %d more", after, asked, api.requests-asked)
				}
			}
		}
	})
}

// Rows are added up and let go: here each has a kilobyte that no figure needs.
func TestRowsAreNotKept(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	grown := func(n int) int64 {
		api := &fakeAPI{records: generate(3, n, 30*24*time.Hour)}
		api.change = func(p *talkover.Page[talkover.Call]) {
			for i := range p.Rows {
				p.Rows[i].FromFormatted = strings.Repeat("x", 1024)
			}
		}
		g := &stats.Groups{By: []stats.Dimension{stats.ByContact, stats.ByHour}, Zone: time.UTC}
		reader := stats.Reader{Calls: api, Budget: 1000, Now: now}
		before := heap()
		if c, err := reader.Read(t.Context(), g); err != nil || !c.Complete {
			t.Fatal(c, err)
		}
		after := heap()
		runtime.KeepAlive(g)
		runtime.KeepAlive(api)
		return after - before
	}
	small, large := grown(10_000), grown(40_000)
	t.Logf("10,000 calls leave %d kB, 40,000 leave %d kB", small>>10, large>>10)
	if large-small > 30_000*256 {
		t.Errorf("each call leaves %d bytes", (large-small)/30_000)
	}
}
