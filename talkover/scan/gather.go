package scan

import (
	"context"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Gather gets the calls that are wanted by the plan of the fewest requests
// ([State.Plan]), within the time of ctx and what the limiter lets through. What cannot
// be read in time is left out.
func Gather(ctx context.Context, api API, w Wanted) (*Run, error) {
	r := newRun(api, w)
	if r.state.Keeps {
		defer r.Account.Pin(r.state.From, r.state.To)()
	}
	if err := r.gather(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// gather gets the calls of the window, by a plan that is made again after each step
// that learns something.
func (r *Run) gather(ctx context.Context) (err error) {
	if r.Window.empty() {
		return nil
	}
	if r.state.Keeps {
		if r.state.Unbounded { // it may end before it finds where the log begins
			r.state.From = r.Account.Oldest(r.state.To)
		}
		r.recall(ctx)
	}
	var release func()
	defer func() {
		if err == nil && r.ended != "" {
			err = r.lastResort(ctx)
		}
		if release != nil {
			release()
		}
	}()
	for steps := 0; steps < 1000; steps++ {
		r.state.Left = r.left(ctx)
		r.state.Counts = r.counts()
		plan := r.state.Plan()
		if len(plan) == 0 || r.done || r.ended != "" || plan.Requests() > r.cheap() && r.hasEnough() {
			return nil
		}
		step := plan[0]
		r.planned = max(r.planned, r.sent+plan.Requests())
		if release == nil && r.state.Keeps && r.stop == nil && (step.Do == SizeDays || step.Do == ReadDays || step.Do == LookAtLive || step.Do == ReadLive) {
			waiting, cancel := context.WithDeadline(ctx, r.deadline(ctx).Add(-lastLook))
			var err error
			release, err = r.Account.Turn(waiting)
			cancel()
			switch {
			case err != nil && ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				r.ended = "another question was reading the log all the time"
				return nil
			}
			r.recall(ctx) // what another question has read meanwhile
			continue
		}
		if edges := r.edgeCost(step); r.state.Left < min(step.Requests, leastReading)+edges {
			r.ended = "the plan's requests are used up"
			return nil
		}
		err := r.do(ctx, step)
		r.keepTime(ctx)
		switch {
		case err == nil:
		case outOf(ctx, err):
			r.ended, r.wait = endOf(err), err
		case isUnauthorized(err):
			r.Account.Forget(context.WithoutCancel(ctx)) // nobody may read what its token could
			return err
		default:
			return err
		}
	}
	return nil
}

// edgeCost returns what [Run.edgesHold] may ask for after a step that reads days.
func (r *Run) edgeCost(step Step) int {
	if step.Do != ReadDays || r.Account.Zone().UTC() {
		return 0
	}
	return edgeRequests
}

// lastResort proves the newest calls, of which a page was read to learn how many there
// are, where that is all that can be answered: it takes one request.
func (r *Run) lastResort(ctx context.Context) error {
	if r.firstL == nil || r.state.OldestFirst || len(r.Segments()) > 0 || r.left(ctx) < 1 {
		return nil
	}
	ended, wait := r.ended, r.wait
	r.state.Left = 2 // that page and the last look
	err := r.readLive(ctx, max(r.state.From, r.state.Closed+1), r.state.To)
	if r.live != nil {
		r.ended, r.wait = ended, wait
	}
	if err != nil && outOf(ctx, err) {
		return nil
	}
	return err
}

// keepTime begins anew where an answer showed that the clock here is ahead.
func (r *Run) keepTime(ctx context.Context) {
	s := &r.state
	closed := closedBefore(r.there(r.Now()))
	if closed >= s.Closed {
		return // a day that ends meanwhile is live until the next question
	}
	s.Closed, s.Live, s.LiveHeld = closed, Unknown, false
	r.firstL, r.live, r.days = nil, nil, map[cache.Date]Part{}
	if s.Keeps && !s.Unbounded {
		r.recall(ctx)
	}
}

// do carries out one step.
func (r *Run) do(ctx context.Context, step Step) (err error) {
	s := &r.state
	switch step.Do {
	case LookAtList:
		var page talkover.Page[talkover.Call]
		if page, err = r.ask(ctx, r.listQuery(r.Window), 1, talkover.MaxPerPage, "page 1", 0); err != nil {
			return err
		}
		r.first, s.PageSize, s.List = &page, pageSize(page), 0
		if page.Pagination != nil {
			s.List = page.Pagination.Total
		}
	case FindOldest:
		return r.findOldest(ctx)
	case LookAtLive:
		return r.lookAtLive(ctx, step.From, step.To)
	case SizeDays:
		n, err := r.count(ctx, step.From, step.To)
		if err != nil {
			return err
		}
		for d := step.From; d <= step.To; d++ {
			n -= s.Days[d].Calls
		}
		s.Missing = max(n, 0)
	case ProveDays:
		return r.prove(ctx, step.From, step.To)
	case RenewDays:
		return r.renew(ctx, step.From, step.To)
	case ReadDays:
		return r.readDays(ctx, step.From, step.To)
	case ReadLive:
		return r.readLive(ctx, step.From, step.To)
	case ReadList:
		s.ListRead = true
		return r.readList(ctx)
	case CountDays:
		s.Counted = true
		return r.countDays(ctx)
	}
	return nil
}

// findOldest finds the day with which an unbounded list begins.
func (r *Run) findOldest(ctx context.Context) error {
	q := r.listQuery(r.Window)
	oldest, err := r.ask(ctx, q, r.state.List, 1, "the oldest call", 1)
	if err != nil {
		return err
	}
	s := &r.state
	if len(oldest.Rows) == 0 || oldest.Rows[0].CreatedAt.IsZero() {
		s.Keeps, s.Unbounded = false, false // it can be read as a list
		return nil
	}
	s.From = cache.DateOf(oldest.Rows[0].CreatedAt)
	q.DateTo = (s.From - 1).String()
	older, err := r.countQuery(ctx, q, 0)
	if err != nil {
		return err
	}
	if older > 0 {
		s.Keeps = false // the order fails: its last call is not the oldest
	}
	s.Unbounded = false
	if s.Keeps {
		r.recall(ctx)
	}
	return nil
}
