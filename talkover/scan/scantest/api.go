package scantest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// API lists a log as Talkover does. What a test wants otherwise, it sets. Mu guards all
// of it while requests are under way.
type API struct {
	Records     []Record             // newest first
	Cap         int                  // the most rows of a page; 100 if 0
	Takes       time.Duration        // of each request
	Latency     func() time.Duration // instead of Takes
	OldestFirst bool
	NoTotals    bool
	Before      func(n int) error // called before the n-th request is answered, from 1
	Change      func(*talkover.Page[talkover.Call])
	NoAgents    bool
	ClockAhead  time.Duration // of the clock here
	Budget      int           // requests that may go; 60 if 0

	Mu       sync.Mutex
	Requests int // so far
	flying   int
	Most     int                  // requests at once
	Asked    []talkover.CallQuery // so far
}

// enter counts a request, and waits as long as it takes.
func (f *API) enter(ctx context.Context) (leave func(), err error) {
	f.Mu.Lock()
	f.Requests++
	f.flying++
	f.Most = max(f.Most, f.flying)
	n, takes := f.Requests, f.Takes
	if f.Latency != nil {
		takes = f.Latency()
	}
	f.Mu.Unlock()
	err = ctx.Err()
	if takes > 0 && err == nil {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	f.Mu.Lock()
	if f.Before != nil && err == nil {
		err = f.Before(n)
	}
	return func() { f.flying--; f.Mu.Unlock() }, err
}

// Allowance returns what is left of the budget, whenever that is.
func (f *API) Allowance(time.Duration) (requests, limit int) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	limit = f.Budget
	if limit == 0 {
		limit = 60
	}
	return max(limit-f.Requests, 0), limit
}

// Ahead returns ClockAhead.
func (f *API) Ahead() time.Duration {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return f.ClockAhead
}

// Count returns how many requests there were.
func (f *API) Count() int {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return f.Requests
}

// Clock returns the time of the tests, as it goes on from [Now].
func Clock() func() time.Time {
	start := time.Now()
	return func() time.Time { return Now.Add(time.Since(start)) }
}

// ListAgents lists the six agents that there are.
func (f *API) ListAgents(ctx context.Context, _ talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error) {
	leave, err := f.enter(ctx)
	defer leave()
	var p talkover.Page[talkover.AgentInfo]
	if f.NoAgents {
		return p, &talkover.Error{Reason: talkover.Refused, Status: 403}
	}
	for i := uint8(1); i <= 6; i++ {
		p.Rows = append(p.Rows, talkover.AgentInfo{Agent: AgentOf(i)})
	}
	p.Pagination = &talkover.Pagination{CurrentPage: 1, LastPage: 1, PerPage: talkover.MaxPerPage, Total: len(p.Rows)}
	return p, err
}

// ListCalls lists a page of the log.
func (f *API) ListCalls(ctx context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
	leave, err := f.enter(ctx)
	defer leave()
	f.Asked = append(f.Asked, q)
	var p talkover.Page[talkover.Call]
	if err != nil {
		return p, err
	}
	size := q.PerPage
	if f.Cap > 0 {
		size = min(size, f.Cap)
	}
	rows, total := f.Page(q, (q.Page-1)*size, size)
	p.Rows = Calls(rows)
	if f.OldestFirst {
		slices.Reverse(p.Rows)
	}
	if !f.NoTotals {
		p.Pagination = &talkover.Pagination{Total: total, PerPage: size, CurrentPage: q.Page}
	}
	if f.Change != nil {
		f.Change(&p)
	}
	return p, nil
}

// Page returns the n rows from the first on that match, and how many match.
func (f *API) Page(q talkover.CallQuery, first, n int) ([]Record, int) {
	matching := Within(f.Records, q)
	status, direction, agent := slices.Index(Statuses, q.Status), slices.Index([]string{"inbound", "outbound"}, q.Direction), -1
	if q.AgentID != "" {
		agent, _ = strconv.Atoi(q.AgentID[len("agent-"):])
	}
	if status < 0 && direction < 0 && agent < 0 {
		return matching[min(first, len(matching)):min(first+n, len(matching))], len(matching)
	}
	var rows []Record
	total := 0
	for i := range matching {
		r := &matching[i]
		if status >= 0 && int(r.Status) != status || direction >= 0 && int(r.Direction) != direction || agent >= 0 && int(r.Agent) != agent {
			continue
		}
		if total >= first && len(rows) < n {
			rows = append(rows, *r)
		}
		total++
	}
	return rows, total
}

// Within returns the records of the UTC days that a query asks for.
func Within(records []Record, q talkover.CallQuery) []Record {
	before := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(records, t.Unix(), func(r Record, unix int64) int {
			if r.At >= unix {
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

// Shifted is an API whose days begin so much earlier than those of UTC.
type Shifted struct {
	*API
	Offset time.Duration
}

// ListCalls lists a page of the log.
func (s *Shifted) ListCalls(ctx context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
	moved := &API{Records: slices.Clone(s.Records)}
	for i := range moved.Records {
		moved.Records[i].At += int64(s.Offset.Seconds())
	}
	p, err := moved.ListCalls(ctx, q)
	for i := range p.Rows {
		p.Rows[i].CreatedAt = p.Rows[i].CreatedAt.Add(-s.Offset)
		p.Rows[i].UpdatedAt = p.Rows[i].UpdatedAt.Add(-s.Offset)
	}
	s.Mu.Lock()
	s.Requests++
	s.Mu.Unlock()
	return p, err
}
