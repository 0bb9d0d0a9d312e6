package stats_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// now is the moment at which the tests ask; a Thursday.
var now = time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)

// record is a call of a fake log, small enough for a million of them.
type record struct {
	at        int64 // unix seconds
	updated   int64 // likewise; 0 for the end of the call
	id        uint32
	seconds   uint16
	contact   uint16
	status    uint8 // of statuses
	direction uint8 // 0 inbound, 1 outbound
	agent     uint8 // 0 for a deleted one
	test      bool
}

// statuses are the documented seven and one that the API has added.
var statuses = append(slices.Clone(stats.Statuses), "voicemail")

const (
	initiated = iota
	ringing
	answered
	completed
	failed
	busy
	noAnswer
	voicemail
)

var numbers = func() (all [2048]string) {
	for i := range all {
		all[i] = "+1202" + strconv.Itoa(5550000+i)
	}
	return all
}()

func agentOf(i uint8) talkover.Agent {
	if i == 0 {
		return talkover.Agent{}
	}
	n := strconv.Itoa(int(i))
	return talkover.Agent{ID: "agent-" + n, Name: "a" + n, Label: "Agent " + n}
}

// call is the record as a client reads it.
func (r *record) call() talkover.Call {
	c := talkover.Call{
		ID: strconv.Itoa(int(r.id)), Status: statuses[r.status], Duration: int(r.seconds), IsTesting: r.test,
		Direction: "inbound", From: numbers[r.contact], To: "+1212555010" + strconv.Itoa(int(r.agent%3)),
		Agent: agentOf(r.agent), CreatedAt: time.Unix(r.at, 0).UTC(),
		UpdatedAt: time.Unix(max(r.at+int64(r.seconds), r.updated), 0).UTC(),
	}
	if r.direction == 1 {
		c.Direction, c.From, c.To = "outbound", c.To, c.From
	}
	return c
}

func calls(records []record) []talkover.Call {
	all := make([]talkover.Call, len(records))
	for i := range records {
		all[i] = records[i].call()
	}
	return all
}

// generate invents the n calls before now, newest first: with busy hours and
// quiet nights and weekends, more and longer calls as time goes on, hours in
// which a campaign rings many who do not answer, and some calls in progress.
func generate(seed uint64, n int, over time.Duration) []record { return invent(seed, n, over, 40) }

// invent is generate with a campaign about every so many hours; 0 for none.
func invent(seed uint64, n int, over time.Duration, campaigns int) []record {
	r := rand.New(rand.NewPCG(seed, 7))
	hours := int(over / time.Hour)
	weights, campaign, sum := make([]float64, hours), make([]bool, hours), 0.0
	for i := range weights {
		at := now.Add(-time.Duration(i+1) * time.Hour)
		w := []float64{1, 1, 1, 1, 1, 2, 4, 12, 30, 40, 44, 38, 25, 30, 42, 44, 36, 27, 15, 8, 5, 3, 2, 1}[at.Hour()]
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			w /= 4
		}
		w *= (1.5 - float64(i)/float64(hours)) * (0.5 + r.Float64())
		if campaign[i] = campaigns > 0 && (r.IntN(campaigns) == 0 || i > 0 && campaign[i-1] && r.IntN(2) == 0); campaign[i] {
			w *= 8
		}
		weights[i], sum = w, sum+w
	}
	records := make([]record, 0, n)
	var hour [3600]uint16
	due := 0.0
	for i, w := range weights {
		due += w / sum * float64(n)
		k := int(due+0.5) - len(records)
		if i == hours-1 {
			k = n - len(records)
		}
		for range k {
			hour[r.IntN(3600)]++
		}
		from := now.Add(-time.Duration(i+1) * time.Hour)
		age := float64(i) / float64(hours)
		for s := 3599; s >= 0; s-- {
			for ; hour[s] > 0; hour[s]-- {
				c := record{at: from.Unix() + int64(s), id: uint32(n - len(records)), test: r.IntN(30) == 0}
				c.contact = uint16(r.IntN(300))
				if r.IntN(4) == 0 {
					c.contact = uint16(r.IntN(20))
				}
				c.agent = uint8(r.IntN(6)) + 1
				if age > 0.3 && r.IntN(8) == 0 {
					c.agent = 0
				}
				c.direction = uint8(r.IntN(2))
				answers := 75 - int(20*age) - from.Hour()%7
				if campaign[i] && r.IntN(5) > 0 {
					c.agent, c.direction, answers = 6, 1, 25
				}
				switch {
				case r.IntN(100) < answers:
					c.status = completed
					if r.IntN(12) == 0 {
						c.status = answered
					}
					mean := 40 + 30*float64(c.agent) - 40*age
					c.seconds = uint16(1 + min(r.ExpFloat64()*mean, 7200))
				case r.IntN(3) > 0:
					c.status = noAnswer
				default:
					c.status = []uint8{busy, failed, failed}[r.IntN(3)]
				}
				if ago := now.Unix() - c.at; ago < 60 || int64(c.seconds) >= ago {
					c.status, c.seconds = []uint8{initiated, ringing, answered}[min(ago/30, 2)], 0
				}
				records = append(records, c)
			}
		}
	}
	return records
}

// fakeAPI lists a log as Talkover does. What a test wants otherwise, it sets.
type fakeAPI struct {
	records     []record // newest first
	cap         int      // the most rows of a page; 100 if 0
	takes       time.Duration
	latency     func() time.Duration // instead of takes
	oldestFirst bool
	noTotals    bool
	before      func(n int) error // called before the n-th request is answered, from 1
	change      func(*talkover.Page[talkover.Call])
	noAgents    bool
	ahead       time.Duration // of the clock here
	allowance   int           // requests that may go; 60 if 0

	mu       sync.Mutex
	requests int
	flying   int
	most     int // requests at once
	asked    []talkover.CallQuery
}

// enter counts a request, and waits as long as it takes.
func (f *fakeAPI) enter(ctx context.Context) (leave func(), err error) {
	f.mu.Lock()
	f.requests++
	f.flying++
	f.most = max(f.most, f.flying)
	n, takes := f.requests, f.takes
	if f.latency != nil {
		takes = f.latency()
	}
	f.mu.Unlock()
	err = ctx.Err()
	if takes > 0 && err == nil {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	f.mu.Lock()
	if f.before != nil && err == nil {
		err = f.before(n)
	}
	return func() { f.flying--; f.mu.Unlock() }, err
}

// Allowance is what is left of the allowance.
func (f *fakeAPI) Allowance(time.Duration) (requests, limit int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	limit = f.allowance
	if limit == 0 {
		limit = 60
	}
	return max(limit-f.requests, 0), limit
}

// Ahead is nothing: the tests' clock is that of the API.
func (f *fakeAPI) Ahead() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ahead
}

// count is how many requests there were.
func (f *fakeAPI) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

// clock is the time of the tests, as it goes on.
func clock() func() time.Time {
	start := time.Now()
	return func() time.Time { return now.Add(time.Since(start)) }
}

// ListAgents lists all six but the deleted one.
func (f *fakeAPI) ListAgents(ctx context.Context, _ talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error) {
	leave, err := f.enter(ctx)
	defer leave()
	var p talkover.Page[talkover.AgentInfo]
	if f.noAgents {
		return p, &talkover.Error{Reason: talkover.Refused, Status: 403}
	}
	for i := uint8(1); i <= 6; i++ {
		p.Rows = append(p.Rows, talkover.AgentInfo{Agent: agentOf(i)})
	}
	p.Pagination = &talkover.Pagination{CurrentPage: 1, LastPage: 1, PerPage: talkover.MaxPerPage, Total: len(p.Rows)}
	return p, err
}

func (f *fakeAPI) ListCalls(ctx context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
	leave, err := f.enter(ctx)
	defer leave()
	f.asked = append(f.asked, q)
	var p talkover.Page[talkover.Call]
	if err != nil {
		return p, err
	}
	size := q.PerPage
	if f.cap > 0 {
		size = min(size, f.cap)
	}
	rows, total := f.page(q, (q.Page-1)*size, size)
	p.Rows = calls(rows)
	if f.oldestFirst {
		slices.Reverse(p.Rows)
	}
	if !f.noTotals {
		p.Pagination = &talkover.Pagination{Total: total, PerPage: size, CurrentPage: q.Page}
	}
	if f.change != nil {
		f.change(&p)
	}
	return p, nil
}

// page is the n rows from the first on that match, and how many match.
func (f *fakeAPI) page(q talkover.CallQuery, first, n int) ([]record, int) {
	matching := within(f.records, q)
	status, direction, agent := slices.Index(statuses, q.Status), slices.Index([]string{"inbound", "outbound"}, q.Direction), -1
	if q.AgentID != "" {
		agent, _ = strconv.Atoi(q.AgentID[len("agent-"):])
	}
	if status < 0 && direction < 0 && agent < 0 {
		return matching[min(first, len(matching)):min(first+n, len(matching))], len(matching)
	}
	var rows []record
	total := 0
	for i := range matching {
		r := &matching[i]
		if status >= 0 && int(r.status) != status || direction >= 0 && int(r.direction) != direction || agent >= 0 && int(r.agent) != agent {
			continue
		}
		if total >= first && len(rows) < n {
			rows = append(rows, *r)
		}
		total++
	}
	return rows, total
}

// within is the records of the UTC days that a query asks for.
func within(records []record, q talkover.CallQuery) []record {
	before := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(records, t.Unix(), func(r record, unix int64) int {
			if r.at >= unix {
				return -1
			}
			return 1
		})
		return i // the first record before t
	}
	from, to := 0, len(records)
	if t, err := time.Parse(time.DateOnly, q.DateTo); err == nil {
		from = before(t.AddDate(0, 0, 1))
	}
	if t, err := time.Parse(time.DateOnly, q.DateFrom); err == nil {
		to = before(t)
	}
	return records[from:max(from, to)]
}
