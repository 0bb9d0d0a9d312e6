package scan

import (
	"context"
	"errors"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// frames are the totals before and after the counts of groups.
const frames = 2

// counts returns the fewest requests that count what is wanted; 0 where the API cannot
// count it.
func (r *Run) counts() int {
	s := &r.state
	from, to := r.countedDays()
	if r.Counter == nil || r.Account.Zone().Other || !s.Unbounded && from > to {
		return 0
	}
	n := r.Counter.Cost(from, to, s.Unbounded)
	if n > 0 {
		n += frames
	}
	return n
}

// countedDays returns the closed UTC days that lie wholly in the window.
func (r *Run) countedDays() (from, to cache.Date) {
	from, to = r.state.From, min(r.state.To, r.state.Closed)
	if r.Window.From.After(from.Start()) {
		from++
	}
	if !r.Window.To.IsZero() && r.Window.To.Before(to.End()) {
		to--
	}
	return from, to
}

// countDays has the API count the groups in closed days, framed by equal totals.
// What is left of the window is read, where that can be paid for.
func (r *Run) countDays(ctx context.Context) error {
	if err := r.readEdges(ctx); err != nil {
		return err
	}
	from, to := r.countedDays()
	base := r.Query
	base.DateFrom, base.DateTo = from.String(), to.String()
	if r.Window.From.IsZero() {
		base.DateFrom = ""
	}
	c := &counted{Window: Window{r.Window.From, to.End()}}
	if !r.Window.From.IsZero() {
		c.From = from.Start()
	}
	groups, err := r.Counter.Groups(ctx, base, from, to, r.agents)
	switch {
	case errors.Is(err, ErrUncountable):
		r.stopCounting()
		return nil
	case err != nil:
		return err
	}
	before, err := r.countQuery(ctx, base, groups+frames)
	if err != nil {
		return err
	}
	counts, err := r.countAll(ctx, r.Counter.Queries(before, r.left(ctx)-1))
	if err != nil {
		return err
	}
	after, err := r.countQuery(ctx, base, 0)
	if err != nil {
		return err
	}
	c.asOf = r.Now()
	var ok bool
	if c.calls, ok = r.Counter.Take(counts); !ok || after != before {
		r.stopCounting() // calls went meanwhile
		return nil
	}
	r.counted = c
	return nil
}

// stopCounting goes on with reading, as far as it can.
func (r *Run) stopCounting() {
	r.Counter, r.state.Counts, r.state.Counted = nil, 0, false
}

// countAll asks for the count of each query, some at a time.
func (r *Run) countAll(ctx context.Context, queries []talkover.CallQuery) ([]int, error) {
	counts := make([]int, len(queries))
	err := each(ctx, len(queries), func(ctx context.Context, i int) (err error) {
		counts[i], err = r.countQuery(ctx, queries[i], len(queries)-i)
		return err
	})
	return counts, err
}

// agents implements [Agents].
func (r *Run) agents(ctx context.Context, most int) ([]talkover.AgentInfo, error) {
	all, err := talkover.ReadAll(talkover.Bulk(ctx), func(ctx context.Context, q talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error) {
		r.tell("agents", 0)
		return r.api.ListAgents(ctx, q)
	}, talkover.AgentQuery{}, most)
	var refused *talkover.Error
	switch {
	case errors.As(err, &refused) && refused.Reason == talkover.Refused && refused.Status != 401:
		return nil, ErrUncountable // the calls may be listed, but not the agents
	case err != nil:
		return nil, err
	case !all.Complete || len(all.Rows) > most: // the calls of one that is missing would count as nobody's
		return nil, ErrUncountable
	}
	return all.Rows, nil
}

// readEdges reads what of the window cannot be counted: the live days, and the days that
// a window begins and ends in which is none of UTC days. Where that cannot be paid for, the answer
// is about the rest.
func (r *Run) readEdges(ctx context.Context) error {
	s := &r.state
	s.Left = r.left(ctx) - s.Counts
	if live := max(s.From, s.Closed+1); s.To > s.Closed && !s.LiveHeld {
		if s.Live == Unknown {
			if err := r.lookAtLive(ctx, live, s.To); err != nil {
				return err
			}
			s.Left--
		}
		if s.pages(s.Live)+1 <= s.Left {
			if err := r.readLive(ctx, live, s.To); err != nil {
				return err
			}
		}
	}
	from, to := r.countedDays()
	if last := min(s.To, s.Closed); to < last {
		if err := r.readEdge(ctx, last); err != nil {
			return err
		}
	}
	if from == s.From || s.Unbounded {
		return nil
	}
	return r.readEdge(ctx, s.From)
}

// readEdge reads a closed day, where that can be paid for.
func (r *Run) readEdge(ctx context.Context, day cache.Date) error {
	s := &r.state
	if _, ok := r.days[day]; ok {
		return nil
	}
	if n, err := r.count(ctx, day, day); err != nil || s.pages(n)+2 > r.left(ctx)-s.Counts {
		return err
	}
	s.Left = r.left(ctx) - s.Counts
	if s.Days == nil {
		s.Days = map[cache.Date]DayState{}
	}
	return r.readDays(ctx, day, day)
}
