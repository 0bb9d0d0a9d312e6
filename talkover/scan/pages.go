package scan

import (
	"context"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

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
