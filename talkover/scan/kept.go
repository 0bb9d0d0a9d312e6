package scan

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// recall looks up what of the window is kept.
func (r *Run) recall(ctx context.Context) {
	now := r.Now()
	s := &r.state
	r.kept = r.Account.Days(ctx, s.From, min(s.To, s.Closed), now)
	s.Days = map[cache.Date]DayState{}
	for d, k := range r.kept {
		proven := now.Sub(k.Proven) < cache.ProofTime
		stale := r.Account.Stale(k, now)
		s.Days[d] = DayState{Calls: k.Calls.Len(), Proven: proven && !stale, Stale: stale}
		if proven && !stale {
			r.use(d, k, k.Proven)
		}
	}
	for d := s.From; d <= min(s.To, s.Closed); d++ {
		if _, ok := s.Days[d]; !ok && r.Account.Failed(d, now) {
			s.Days[d] = DayState{Failed: true}
		}
	}
	s.Begun, s.BegunCalls = 0, 0
	if b, ok := r.Account.Begun(now); ok && b.Date >= s.From && b.Date <= min(s.To, s.Closed) {
		s.Begun, s.BegunCalls = b.Date, b.Calls.Len()
		if last := b.Calls.Row(b.Calls.Len() - 1).Call().CreatedAt; now.Sub(b.Proven) < cache.ProofTime {
			r.begun = &Part{Window: Window{last.Add(time.Microsecond), b.Date.End()}, Calls: b.Calls, asOf: b.Proven, readAt: b.ReadAt, known: b.Calls.Len()}
		}
	}
	if s.To > s.Closed {
		from := max(s.From, s.Closed+1)
		if l, ok := r.Account.Live(ctx, from, s.To, now); ok {
			r.live = &Part{Window: ofDays(from, s.To), Calls: l.Calls, asOf: l.AsOf, readAt: l.AsOf, known: l.Calls.Len()}
			s.LiveHeld = true
		}
	}
	s.Missing = Unknown // other days may be missing now
}

// use takes a kept day that is proven.
func (r *Run) use(d cache.Date, k cache.Kept, proven time.Time) {
	r.days[d] = Part{Window: ofDays(d, d), Calls: k.Calls, asOf: proven, readAt: k.ReadAt, known: k.Calls.Len()}
}

// prove compares the API's count of kept days with their calls. Where it differs,
// it looks for the days that changed by halves, and drops them.
func (r *Run) prove(ctx context.Context, from, to cache.Date) error {
	counted, utc, err := r.countUTC(ctx, from, to)
	if err != nil {
		return err
	}
	if !utc {
		r.otherZone()
		return nil
	}
	have := 0
	for d := from; d <= to; d++ {
		have += r.kept[d].Calls.Len()
	}
	at := r.Now()
	switch {
	case counted == have:
		var dates []cache.Date
		for d := from; d <= to; d++ {
			dates = append(dates, d)
			r.use(d, r.kept[d], at)
			k := r.state.Days[d]
			k.Proven = true
			r.state.Days[d] = k
		}
		r.Account.MarkProven(at, dates...)
		return nil
	case from == to || have <= 2*r.state.PageSize:
		r.drop(ctx, from, to)
		return nil
	}
	// Each half is counted by itself: what one leaves of the sum would be of two moments,
	// and a call that went from one half in between would stand for one of the other.
	middle := from + (to-from)/2
	for _, half := range [][2]cache.Date{{middle + 1, to}, {from, middle}} {
		if err := r.prove(ctx, half[0], half[1]); err != nil || !r.state.Keeps {
			return err
		}
	}
	return nil
}

// drop forgets days that must be read again.
func (r *Run) drop(ctx context.Context, from, to cache.Date) {
	replaced := false
	for d := from; d <= to; d++ {
		replaced = r.Account.Drop(ctx, r.Now(), d) || replaced
		delete(r.state.Days, d)
		delete(r.days, d)
		delete(r.kept, d)
	}
	if r.state.Missing = Unknown; replaced {
		r.recall(ctx) // another replica has read them later
	}
}

// renew confirms the fields of kept days by the API's counts of each status and
// each agent that they hold.
func (r *Run) renew(ctx context.Context, from, to cache.Date) error {
	statuses, agents, calls := map[string]int{}, map[string]int{}, 0
	for d := from; d <= to; d++ {
		c := r.kept[d].Calls
		calls += c.Len()
		for row := range c.Rows() {
			statuses[c.Statuses()[row.Status()]]++
			agents[c.Agents()[row.Agent()].ID]++
		}
	}
	type check struct {
		q    talkover.CallQuery
		want int
	}
	q := talkover.CallQuery{DateFrom: from.String(), DateTo: to.String()}
	var checks []check
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		if slices.Contains(talkover.Statuses, status) {
			q := q
			q.Status = status
			checks = append(checks, check{q, statuses[status]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(agents)) {
		if id != "" {
			q := q
			q.AgentID = id
			checks = append(checks, check{q, agents[id]})
		}
	}
	if len(checks)+1 > r.state.pages(calls) || len(checks)+1 > r.state.Left {
		r.drop(ctx, from, to) // which is cheaper to read
		return nil
	}
	switch counted, utc, err := r.countUTC(ctx, from, to); {
	case err != nil:
		return err
	case !utc:
		r.otherZone()
		return nil
	case counted != calls:
		r.drop(ctx, from, to)
		return nil
	}
	for i, c := range checks {
		n, err := r.countQuery(ctx, c.q, len(checks)-i-1)
		if err != nil {
			return err
		}
		if n != c.want {
			r.drop(ctx, from, to)
			return nil
		}
	}
	at := r.Now()
	for d := from; d <= to; d++ {
		r.Account.MarkRenewed(at, d)
		day := *r.kept[d].Day
		day.Renewed = at
		r.Account.Save(ctx, &day)
		r.use(d, r.kept[d], at)
		r.state.Days[d] = DayState{Calls: day.Calls.Len(), Proven: true}
	}
	return nil
}
