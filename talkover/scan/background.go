package scan

import (
	"context"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// ReadOn goes on reading the days of the window after a partial answer, at the share
// of bulk work, until they are read, a question comes, or five minutes are over.
func (r *Run) ReadOn() {
	s := r.state
	if r.Enough > 0 && r.ended == "" {
		return // nobody asked for the rest
	}
	if !s.Keeps || s.Unbounded || s.Searched || r.total() == Unknown || r.total() > s.Share {
		return
	}
	api, w := r.api, Wanted{Window: r.Window, Query: r.Query, Now: r.Now, Account: r.Account}
	w.Query.Status, w.Query.Direction, w.Query.AgentID = "", "", ""
	r.Account.InBackground(readOnTime, func(ctx, life context.Context) {
		type progress struct{ left, begun int }
		for before := (progress{}); ctx.Err() == nil; {
			next := newRun(&polite{api, ctx.Done()}, w)
			next.stop = ctx.Done()
			next.state.From, next.state.Unbounded = s.From, false
			next.state.LiveHeld = true // which would be read in vain
			step, cancel := context.WithTimeout(life, readOnTime)
			err := next.gather(step)
			cancel()
			missing := next.state.missing()
			var at progress
			for _, stretch := range missing {
				at.left += int(stretch.To-stretch.From) + 1
			}
			if begun, ok := next.Account.Begun(next.Now()); ok {
				at.begun = begun.Calls.Len()
			}
			if err != nil || at.left == 0 || at == before && next.sent > 0 {
				return // it is all read, or gets nowhere
			}
			before = at
			if next.sent == 0 { // until the limit lets some through
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
			}
		}
	})
}

// polite leaves a part of the limit to questions.
type polite struct {
	API
	stop <-chan struct{}
}

// ListCalls waits until more may go than is left to questions. Once it must give way, it
// lists no more pages, and still counts, for the proof of those that were read.
func (p *polite) ListCalls(ctx context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
	for {
		select {
		case <-p.stop:
			if q.PerPage > 1 {
				return talkover.Page[talkover.Call]{}, errStopped
			}
			return p.API.ListCalls(ctx, q)
		default:
		}
		if may, limit := p.Allowance(0); limit == 0 || may > limit/readOnShare {
			return p.API.ListCalls(ctx, q)
		}
		select {
		case <-p.stop:
		case <-time.After(time.Second):
		case <-ctx.Done():
			return talkover.Page[talkover.Call]{}, ctx.Err()
		}
	}
}
