package stats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkover/talkover-mcp/talkover"
)

// Method says how an answer was got.
type Method string

// The methods of the plan.
const (
	Scan   Method = "scan"   // every call was read
	Counts Method = "counts" // the API counted by filters; durations come from a sample
	Sample Method = "sample" // pages from all over the log
)

// Coverage is which calls an answer rests on.
type Coverage struct {
	Method   Method
	Complete bool   // nothing is missing: the figures not marked as estimates are exact
	Matched  int    // calls that match, as the API counts them
	Scanned  int    // calls that were read
	Reason   string // why it is not complete; empty where it is
}

// Lister lists calls; [talkover.Client] is one.
type Lister interface {
	ListCalls(context.Context, talkover.CallQuery) (talkover.Page[talkover.Call], error)
}

// Sink takes the calls that a Reader reads, each once. It knows nothing of
// pages, and a Reader nothing of what is done with calls.
type Sink interface {
	Reset()                 // the log moved, and reading starts over
	Add(talkover.Call) bool // false where no more are wanted; some may still come
}

const (
	atOnce    = 4  // requests at a time
	lookahead = 12 // pages asked for or waiting to be taken
	tries     = 3  // readings of a log that moves
	// clockError is how far the API's clock may be behind ours.
	clockError = 5 * time.Minute
)

// Reader reads calls of one window, newest first.
type Reader struct {
	Calls    Lister
	Query    talkover.CallQuery    // which calls; Page and PerPage are the Reader's
	Budget   int                   // the most requests; reading stops short of it
	Now      time.Time             // to know which windows get no new calls
	Progress func(page, pages int) // told before each request; may be nil
	// Backwards reads from the last page to the first, so that the oldest calls
	// come first, for a sink that soon has enough. A log that moves is read again
	// forwards.
	Backwards bool
	First     *talkover.Page[talkover.Call] // the first page, if it was read already

	requests int
}

// page asks for one page.
func (r *Reader) page(ctx context.Context, n, pages int) (talkover.Page[talkover.Call], error) {
	if r.Progress != nil {
		r.Progress(n, pages)
	}
	q := r.Query
	q.Page, q.PerPage = n, talkover.MaxPerPage
	return r.Calls.ListCalls(talkover.Bulk(ctx), q)
}

// pass is one reading of the log, from the first page to the last.
type pass struct {
	sink         Sink
	seen         map[string]struct{}
	total        int    // of the first answer
	pages        int    // that it makes
	size         int    // rows of a full page
	watermark    string // the id of the newest call of the first answer
	newest       time.Time
	low, high    int // of all totals
	old          int // distinct calls at or below the watermark
	unread       int // rows, or fields that figures need, that could not be read
	last         int // rows of the last page taken
	enough       bool
	disordered   bool
	backwards    bool
	byStatus     bool      // calls may come into the list, and go, by changing their status
	latest       time.Time // the last change of a call of the first answer
	changed      bool      // a call that was read changed since
	knowsNoTotal bool
}

// errEnough ends a reading whose sink wants no more.
var errEnough = errors.New("enough")

// Read reads all calls of the window into the sink, in the order of the API,
// which is newest first.
//
// Rows move between pages while calls come and go. Taking each call once and
// comparing totals is not proof: a deletion hides a call that an insertion makes
// up for. So the first answer gives a total T0 and a watermark, its newest call;
// and after the last page, the first is read again, for a total T1 and the calls
// above the watermark. The reading is complete if no total ever fell, the calls
// at or below the watermark are T0, and those above it are T1 - T0. Else it
// starts over, twice at most, and then says that it is not complete. One page
// proves itself, and a window that gets no new calls needs no second look.
//
// A call comes into a list of one status below the watermark, when it changes its
// status, and could make up for one that went. There, the calls at or below the
// watermark are those of the first answer if they are T0 and none of them changed
// since: no call after the first page was updated as late as the latest on it. That
// is complete as of that moment, and needs no second look.
//
// A page that cannot be read is an error. Out of time or of budget, it returns
// what it has, as not complete.
func (r *Reader) Read(ctx context.Context, sink Sink) (Coverage, error) {
	for try := 1; ; try++ {
		sink.Reset()
		p := &pass{sink: sink, seen: map[string]struct{}{}, backwards: r.Backwards && try == 1, byStatus: r.Query.Status != ""}
		c, moved, err := r.read(ctx, p)
		if err != nil || !moved || try == tries {
			return c, err
		}
		if r.requests+p.pages+1 > r.Budget {
			c.Reason += "; reading it again would take more requests than this call may send"
			return c, nil
		}
	}
}

// read makes one pass. moved reports that another one may do better.
func (r *Reader) read(ctx context.Context, p *pass) (c Coverage, moved bool, err error) {
	c = Coverage{Method: Scan}
	var first talkover.Page[talkover.Call]
	if r.First != nil {
		first, r.First = *r.First, nil
		r.requests++
	} else if first, err = r.one(ctx, 1, 1); err != nil {
		return c, false, err
	}
	p.open(first)
	defer func() { c.Scanned = len(p.seen) }()
	c.Matched = p.total
	if p.backwards = p.backwards && p.pages > 1 && p.pages < r.Budget; !p.backwards {
		p.take(first, 0)
	}
	// By the API's own clock, since ours may be ahead; but what was updated long ago
	// is no change, wherever it stands.
	p.latest, p.changed = r.Now.Add(-clockError), false
	for _, call := range first.Rows {
		if call.UpdatedAt.After(p.latest) {
			p.latest = call.UpdatedAt
		}
	}
	if err = r.rest(ctx, p); p.backwards && (err == nil || errors.Is(err, errEnough)) {
		if p.low != p.high {
			c.Reason = "calls came or went while the log was read"
			return c, true, nil
		}
		if err == nil {
			changed := p.changed
			p.take(first, 0)
			p.changed = changed
		}
	}
	switch {
	case errors.Is(err, errEnough):
		c.Reason = "as many calls as were wanted were found"
		return c, false, nil
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		c.Reason = fmt.Sprintf("time ran out with %d of %d calls read", len(p.seen), p.total)
		return c, false, nil
	case err != nil:
		return c, false, err
	case p.knowsNoTotal:
		c.Matched, c.Reason = len(p.seen), "Talkover did not say how many calls match"
		return c, false, nil
	case len(p.seen) < p.total && r.requests >= r.Budget:
		c.Reason = fmt.Sprintf("%d of %d calls were read, as many as this call may", len(p.seen), p.total)
		return c, false, nil
	}
	above := 0
	if p.pages > 1 && !p.byStatus && !Settled(r.Query, r.Now) {
		if r.requests >= r.Budget {
			c.Reason = "no request was left to look whether calls came or went meanwhile"
			return c, false, nil
		}
		again, err := r.one(ctx, 1, p.pages)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			c.Reason = "time ran out before a last look whether calls came or went meanwhile"
			return c, false, nil
		} else if err != nil {
			return c, false, err
		}
		above = p.above(again)
		p.take(again, above)
		if again.Pagination != nil {
			c.Matched = again.Pagination.Total
		}
	}
	switch {
	case p.unread > 0:
		c.Reason = fmt.Sprintf("%d calls could not be read in full", p.unread)
		return c, false, nil
	case p.disordered:
		c.Reason = "Talkover did not list the calls newest first, so calls that came or went meanwhile cannot be told"
		return c, false, nil
	case p.byStatus && p.changed, p.low < p.total, p.high > c.Matched && !p.byStatus, p.old != p.total, above < 0, c.Matched-p.total != above:
		c.Reason = "calls came or went while the log was read"
		return c, true, nil
	}
	c.Complete = true
	return c, false, nil
}

// one asks for a page within the budget.
func (r *Reader) one(ctx context.Context, n, pages int) (talkover.Page[talkover.Call], error) {
	r.requests++
	return r.page(ctx, n, pages)
}

// rest reads the pages after the first, some at a time, and takes them in order.
func (r *Reader) rest(ctx context.Context, p *pass) error {
	if p.enough {
		return errEnough
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		page talkover.Page[talkover.Call]
		err  error
	}
	asking := make(chan struct{}, atOnce)
	var waiting []chan result
	next := 2
	ask := func() {
		n, answer := next, make(chan result, 1)
		if p.backwards {
			n = p.pages + 2 - next
		}
		next++
		r.requests++
		waiting = append(waiting, answer)
		go func() {
			asking <- struct{}{}
			defer func() { <-asking }()
			if ctx.Err() != nil {
				answer <- result{err: ctx.Err()}
				return
			}
			page, err := r.page(ctx, n, max(p.pages, n))
			answer <- result{page, err}
		}()
	}
	defer func() { // nobody asks on after the end
		cancel()
		for _, w := range waiting {
			<-w
		}
	}()
	ahead := 1 // more and more: a sink that has enough early costs little
	for {
		for len(waiting) < ahead && next <= p.pages && r.requests < r.Budget {
			ask()
		}
		// Calls that came meanwhile push old ones onto a page more.
		if len(waiting) == 0 && !p.backwards && p.last == p.size && (p.old < p.total || p.knowsNoTotal) && r.requests < r.Budget {
			ask()
		}
		if len(waiting) == 0 {
			return nil
		}
		answer := <-waiting[0]
		waiting = waiting[1:]
		if answer.err != nil {
			return answer.err
		}
		p.take(answer.page, 0)
		if p.enough {
			return errEnough
		}
		ahead = min(2*ahead, lookahead)
	}
}

// open learns from the first answer what there is to read.
func (p *pass) open(first talkover.Page[talkover.Call]) {
	p.size = pageSize(first)
	p.knowsNoTotal = first.Pagination == nil
	if !p.knowsNoTotal {
		p.total = first.Pagination.Total
	}
	p.pages = max((p.total+p.size-1)/p.size, 1)
	p.low, p.high = p.total, p.total
	if len(first.Rows) > 0 {
		p.watermark, p.newest = first.Rows[0].Key(), first.Rows[0].CreatedAt
	}
}

// pageSize is how many rows the API puts on a page, of a hundred that it was asked
// for.
func pageSize(page talkover.Page[talkover.Call]) int {
	if p := page.Pagination; p != nil && p.PerPage > 0 && p.PerPage < talkover.MaxPerPage {
		return p.PerPage
	}
	return talkover.MaxPerPage
}

// take hands the calls of a page that are new to the sink. The first so many are
// above the watermark, whatever their time.
func (p *pass) take(page talkover.Page[talkover.Call], above int) {
	if page.Pagination != nil {
		p.low, p.high = min(p.low, page.Pagination.Total), max(p.high, page.Pagination.Total)
	}
	p.last = len(page.Rows) + page.Unreadable
	p.unread += page.Unreadable
	more := true
	for i := 1; i < len(page.Rows); i++ {
		p.disordered = p.disordered || page.Rows[i].CreatedAt.After(page.Rows[i-1].CreatedAt)
	}
	for i, c := range p.inOrder(page.Rows) {
		id := c.Key()
		if _, ok := p.seen[id]; ok {
			continue
		}
		p.seen[id] = struct{}{}
		if i >= above && !c.CreatedAt.After(p.newest) {
			p.old++
		}
		if len(c.Unread) > 0 {
			p.unread++
		}
		p.changed = p.changed || !c.UpdatedAt.Before(p.latest)
		more = p.sink.Add(c)
	}
	p.enough = !more && !p.disordered // an order that fails can end nothing early
}

// inOrder is the calls of a page in the order of the pass.
func (p *pass) inOrder(calls []talkover.Call) []talkover.Call {
	if p.backwards {
		calls = slices.Clone(calls)
		slices.Reverse(calls)
	}
	return calls
}

// above counts the calls above the watermark; -1 where it is not on the page.
func (p *pass) above(again talkover.Page[talkover.Call]) int {
	for i, c := range again.Rows {
		if c.Key() == p.watermark {
			return i
		}
	}
	return -1
}

// each runs n requests, some at a time.
func each(ctx context.Context, n int, f func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(ctx, i)
		})
	}
	return g.Wait()
}
