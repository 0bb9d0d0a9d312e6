package scan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Lister lists calls; [talkover.Client] is one.
type Lister interface {
	ListCalls(context.Context, talkover.CallQuery) (talkover.Page[talkover.Call], error)
}

const (
	atOnce    = 4  // requests at a time
	lookahead = 12 // pages asked for or waiting to be taken
	tries     = 3  // readings of a log that moves
	// clockError bounds how far the API's clock may be behind ours.
	clockError = 5 * time.Minute
	// lastLook is the time that is kept for the last request of a reading.
	lastLook = 3 * time.Second
)

// Reader reads one list of calls, newest first.
type Reader struct {
	Calls    Lister
	Query    talkover.CallQuery // which calls; Page and PerPage are the Reader's
	Closed   bool               // no call is added to this list, and none changes its status
	Budget   int                // the most requests, the last look included
	Now      time.Time
	Progress func(page, pages int)         // told before each request; may be nil
	First    *talkover.Page[talkover.Call] // the first page, if it was read already
	// Backwards reads a closed list from its last page to the first, so that the
	// oldest calls come first.
	Backwards bool
	// After holds the newest calls of a closed list, by an earlier reading that ended early
	// and was proven. The reading goes on after them if the last of them is still in its
	// place: calls go from a closed list and none comes, so then none of them went. Else it
	// starts from the beginning. May be nil; it is not used backwards.
	After *cache.Columns
	// Stop ends the reading early once it is closed; may be nil.
	Stop <-chan struct{}
	// Pace is the time of the fastest answer so far, which tells how much must be left
	// for the last look; 0 where there was none.
	Pace time.Duration

	requests int
}

// Reading says what a Reader read, and what of it is proven.
type Reading struct {
	Total int  // calls of the list, as the API counts them
	Read  int  // calls that were read
	Whole bool // the list was read to its end
	After bool // it went on after the calls of [Reader.After], which the sink did not get
	// Edge bounds what was read of a list that was not read to its end: all calls
	// later than Edge were read, or all earlier ones where it was read backwards.
	Edge     time.Time
	AsOf     time.Time // moment of the last answer, after Now
	Reason   string    // why it is not whole
	Inexact  string    // why that is not proven; empty where it is
	Limited  error     // the limit or the time that ended the reading; nil for any other end
	Requests int
	Pages    int // of the list
	Zone     cache.Zone
}

// Read reads the calls of the list into the sink, newest first.
//
// Rows move between pages while calls come and go. Taking each call once and
// comparing totals is not proof: a deletion hides a call that an insertion makes
// up for. So the first answer gives a total T0 and a watermark, its newest call;
// and after the last page, the first is read again, for a total T1 and the calls
// above the watermark. The reading is complete if no total ever fell, the calls
// at or below the watermark are T0, and those above it are T1 - T0. Else it
// starts over, twice at most, and then says that it is not complete. One page
// proves itself. In a closed list every total must be T0, and all calls are T0.
//
// A reading that ends early is proven by the same last look, or in a closed list by
// one more count after the last page; then all calls later than the oldest that was
// read are there.
//
// A call comes into a list of one status below the watermark, when it changes its
// status, and could make up for one that went. There, the calls at or below the
// watermark are those of the first answer if they are T0 and none of them changed
// since: no call after the first page was updated as late as the latest on it. That
// is complete as of that moment, and needs no second look. Read in part, such a
// list is not proven.
//
// Every page must hold what was asked: calls that fit the filters, newest first,
// and as many as its own total says. A page that cannot be read is an error.
func (r *Reader) Read(ctx context.Context, sink Sink) (Reading, error) {
	start := time.Now()
	for try := 1; ; try++ {
		sink.Reset()
		p := &pass{
			sink: sink, seen: map[string]struct{}{}, fit: fitOf(r.Query),
			closed: r.Closed, backwards: r.Backwards && r.Closed, byStatus: r.Query.Status != "" && !r.Closed,
		}
		got, moved, err := r.read(ctx, p)
		got.Read, got.Requests, got.AsOf = len(p.seen), r.requests, r.Now.Add(time.Since(start))
		got.Pages, got.Zone, got.After = p.pages, p.fit.zone(), r.After != nil
		if got.Inexact == "" {
			got.Inexact = p.inexact()
		}
		if err != nil || !moved || try == tries {
			return got, err
		}
		if r.requests+p.pages+1 > r.Budget || r.stopped() {
			got.Inexact += "; reading it again would take more requests than this call may send"
			return got, nil
		}
	}
}

const movedReason = "calls came or went while the log was read"

// read makes one pass. moved reports that another one may do better.
func (r *Reader) read(ctx context.Context, p *pass) (got Reading, moved bool, err error) {
	first, n, err := r.begin(ctx, p)
	if err == nil {
		err = readable(first)
	}
	if err != nil {
		return got, false, err
	}
	p.open(first)
	got.Total = p.total
	p.backwards = p.backwards && p.pages > 1
	// By the API's own clock, since ours may be ahead; but what was updated long ago
	// is no change, wherever it stands.
	p.latest = r.Now.Add(-clockError)
	for _, call := range first.Rows {
		if call.UpdatedAt.After(p.latest) {
			p.latest = call.UpdatedAt
		}
	}
	if !p.backwards {
		p.take(first, n)
		p.changed = false
		p.enough = p.enough && !r.Backwards // one page has both ends
	}
	err = r.rest(ctx, p)
	if p.backwards && err == nil && p.taken == p.pages-1 { // the first page comes last
		p.take(first, 1)
	}
	switch {
	case err == nil && (p.taken >= p.pages || p.knowsNoTotal):
	case err == nil:
		got.Reason = fmt.Sprintf("%d of %d calls were read, as many as this call may", len(p.seen), p.total)
	case errors.Is(err, errEnough):
		got.Reason = "as many calls as were wanted were found"
	case errors.Is(err, errStopped):
		got.Reason = "the reading gave way"
	case outOf(ctx, err):
		got.Reason, got.Limited = endOf(err), err
	default:
		return got, false, err
	}
	if got.Whole = got.Reason == ""; !got.Whole {
		got.Edge = p.edge
	}
	if p.inexact() != "" {
		return got, false, nil
	}
	moved, err = r.prove(ctx, p, &got)
	return got, moved, err
}

// begin asks for the page with which a pass begins: the first, or the one on which the
// calls of After end.
func (r *Reader) begin(ctx context.Context, p *pass) (first talkover.Page[talkover.Call], n int, err error) {
	size := talkover.MaxPerPage
	for r.After != nil && !p.backwards {
		n := (r.After.Len()-1)/size + 1
		page, err := r.page(ctx, n, n)
		switch smaller := pageSize(page) < size; {
		case err != nil:
			return page, n, err
		case smaller:
			size = pageSize(page)
		case p.goOn(r.After, page, n):
			return page, n, nil
		default:
			r.After = nil
		}
	}
	if r.First != nil {
		first, r.First = *r.First, nil
		r.requests++
		return first, 1, nil
	}
	first, err = r.page(ctx, 1, 1)
	return first, 1, err
}

// prove finds out what holds of a pass.
func (r *Reader) prove(ctx context.Context, p *pass, got *Reading) (moved bool, err error) {
	whole := got.Whole
	unproven := func(reason string) (bool, error) {
		got.Inexact = reason
		return reason == movedReason, nil
	}
	above := 0
	switch {
	case !whole && p.edge.IsZero():
		return unproven("nothing was read")
	case whole && p.pages == 1, whole && p.closed, whole && p.byStatus:
	case !whole && p.byStatus:
		return unproven("a list of one status cannot be proven in part while calls change theirs")
	default:
		q := r.Query
		q.Page, q.PerPage = 1, talkover.MaxPerPage
		if p.closed {
			q.PerPage = 1
		}
		again, err := r.ask(ctx, q, 1, p.pages)
		if err != nil && !outOf(ctx, err) {
			return false, err
		}
		if err != nil {
			got.Limited = err
			return unproven("no request was left to look whether calls came or went meanwhile")
		}
		if again.Pagination == nil {
			return unproven("Talkover did not say how many calls match")
		}
		got.Total = again.Pagination.Total
		if !p.closed {
			if above = p.above(again); above < 0 {
				return unproven(movedReason)
			}
			p.look(again, above)
		}
		p.low, p.high = min(p.low, got.Total), max(p.high, got.Total)
	}
	switch {
	case p.uneven, p.low < p.total:
		return unproven(movedReason)
	case whole && (p.byStatus && p.changed || p.high > got.Total && !p.byStatus || p.old != p.total || got.Total-p.total != above):
		return unproven(movedReason)
	case !whole && (p.high > got.Total || got.Total-p.total != above || p.old != p.reach()):
		return unproven(movedReason)
	}
	return false, nil
}

// page asks for one page of the list.
func (r *Reader) page(ctx context.Context, n, pages int) (talkover.Page[talkover.Call], error) {
	q := r.Query
	q.Page, q.PerPage = n, talkover.MaxPerPage
	return r.ask(ctx, q, n, pages)
}

func (r *Reader) ask(ctx context.Context, q talkover.CallQuery, n, pages int) (talkover.Page[talkover.Call], error) {
	r.requests++
	start := time.Now()
	page, err := r.send(ctx, q, n, pages)
	r.took(time.Since(start))
	return page, err
}

func (r *Reader) send(ctx context.Context, q talkover.CallQuery, n, pages int) (talkover.Page[talkover.Call], error) {
	if r.Progress != nil {
		r.Progress(n, pages)
	}
	return r.Calls.ListCalls(talkover.Bulk(ctx), q)
}

// took learns how fast the API is.
func (r *Reader) took(d time.Duration) {
	if r.Pace == 0 || d < r.Pace {
		r.Pace = d
	}
}

func (r *Reader) stopped() bool {
	select {
	case <-r.Stop:
		return true
	default:
		return false
	}
}

// rest reads the pages after the first, some at a time, and takes them in order.
func (r *Reader) rest(ctx context.Context, p *pass) error {
	if p.enough {
		return errEnough
	}
	var cancel context.CancelFunc
	if deadline, ok := ctx.Deadline(); ok {
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-lastLook-2*r.Pace))
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	defer cancel()
	type result struct {
		page talkover.Page[talkover.Call]
		n    int
		err  error
		took time.Duration
	}
	asking := make(chan struct{}, atOnce)
	var waiting []chan result
	next := max(p.taken+1, 2)
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
			start := time.Now()
			q := r.Query
			q.Page, q.PerPage = n, talkover.MaxPerPage
			page, err := r.send(ctx, q, n, max(p.pages, n))
			answer <- result{page, n, err, time.Since(start)}
		}()
	}
	defer func() { // nobody asks on after the end
		cancel()
		for _, w := range waiting {
			<-w
		}
	}()
	if p.backwards && p.total%p.size == 0 {
		next-- // nothing may follow the last page, if it is full
	}
	ahead := 1 // more and more: a sink that has enough early costs little
	for {
		stopped := r.stopped()
		// One request is kept for the last look, which a closed list needs only in part.
		left := func() bool {
			return !stopped && (r.requests+1 < r.Budget || r.requests < r.Budget && p.closed && next >= p.pages)
		}
		for len(waiting) < ahead && next <= p.pages && left() {
			ask()
		}
		// Calls that came meanwhile push old ones onto a page more; and a full last page
		// does not show that nothing follows.
		if len(waiting) == 0 && next > p.pages && !p.backwards && p.last == p.size && left() {
			ask()
		}
		if len(waiting) == 0 {
			if stopped && next <= p.pages {
				return errStopped
			}
			return nil
		}
		answer := <-waiting[0]
		waiting = waiting[1:]
		if answer.err == nil {
			answer.err = readable(answer.page)
		}
		if answer.err != nil {
			return answer.err
		}
		r.took(answer.took)
		p.take(answer.page, answer.n)
		if p.enough {
			return errEnough
		}
		ahead = min(2*ahead, lookahead)
	}
}
