package stats

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// prove compares the API's count of kept days with their calls. Where it differs,
// it looks for the days that changed by halves, and drops them.
func (r *run) prove(ctx context.Context, from, to cache.Date, counted int) error {
	have := 0
	for d := from; d <= to; d++ {
		have += r.kept[d].Calls.Len()
	}
	at := r.clock()
	switch {
	case counted == have:
		for d := from; d <= to; d++ {
			r.account.MarkProven(at, d)
			r.use(d, r.kept[d], at)
			k := r.state.Days[d]
			k.Proven = true
			r.state.Days[d] = k
		}
		return nil
	case from == to || have <= 2*r.state.PageSize:
		r.drop(ctx, from, to)
		return nil
	}
	// Each half is counted by itself: what one leaves of the sum would be of two moments,
	// and a call that went from one half in between would stand for one of the other.
	middle := from + (to-from)/2
	for _, half := range [][2]cache.Date{{middle + 1, to}, {from, middle}} {
		n, err := r.count(ctx, half[0], half[1])
		if err != nil {
			return err
		}
		if err := r.prove(ctx, half[0], half[1], n); err != nil {
			return err
		}
	}
	return nil
}

// drop forgets days that must be read again.
func (r *run) drop(ctx context.Context, from, to cache.Date) {
	for d := from; d <= to; d++ {
		r.account.Drop(ctx, d)
		delete(r.state.Days, d)
		delete(r.days, d)
		delete(r.kept, d)
	}
	r.state.Missing = Unknown
}

// renew confirms the fields of kept days by the API's counts of each status and
// each agent that they hold.
func (r *run) renew(ctx context.Context, from, to cache.Date) error {
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
	checks := []check{{q, calls}}
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		if slices.Contains(Statuses, status) {
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
	if len(checks) > r.state.pages(calls) || len(checks) > r.state.Left {
		r.drop(ctx, from, to) // which is cheaper to read
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
	at := r.clock()
	for d := from; d <= to; d++ {
		r.account.MarkRenewed(at, d)
		day := *r.kept[d].Day
		day.Renewed = at
		r.account.Save(ctx, &day)
		r.use(d, r.kept[d], at)
		r.state.Days[d] = DayState{Calls: day.Calls.Len(), Proven: true}
	}
	return nil
}

// reader reads a list for this question.
func (r *run) reader(q talkover.CallQuery, first *talkover.Page[talkover.Call]) *Reader {
	last, bounded := cache.ParseDate(q.DateTo)
	closed := bounded && last <= r.state.Closed
	return &Reader{
		Calls: r.api, Query: q, Closed: closed, Backwards: closed && r.state.OldestFirst,
		Budget: max(r.state.Left, 1), Now: r.clock(), First: first, Stop: r.stop, Pace: r.pace,
		Progress: func(page, pages int) { r.tell(fmt.Sprintf("page %d of %d", page, pages), pages-page) },
	}
}

// learn takes what a reading says of the API and of the limit. It reports whether
// the API turned out to cut days in another zone than UTC: then no day can be kept,
// and the list is read instead, a day wider at both ends.
func (r *run) learn(got Reading) (startOver bool) {
	before := r.account.Zone()
	r.account.LearnZone(got.Zone)
	if got.Limited != nil {
		r.ended, r.wait = got.Reason, got.Limited
	}
	if !got.Zone.Other || before.Other {
		return false
	}
	r.startOver()
	return true
}

// startOver goes on with the list, since no day can be kept.
func (r *run) startOver() {
	s := &r.state
	s.Keeps, s.ListRead, s.List, s.Days = false, false, Unknown, nil
	r.first, r.list, r.live, r.days = nil, nil, nil, map[cache.Date]part{}
}

// readLive reads the days that are not closed.
func (r *run) readLive(ctx context.Context, from, to cache.Date) error {
	calls := packer{until: r.until(), want: r.enough}
	if r.state.OldestFirst {
		calls.until = nil
	}
	reader := r.reader(r.daysQuery(from, to), r.firstL)
	r.firstL, r.state.LiveHeld = nil, true
	got, err := reader.Read(ctx, &calls)
	if err != nil || r.learn(got) {
		return err
	}
	p := r.partOf(ofDays(from, to), &calls, got, reader)
	if p == nil {
		return nil
	}
	if ok, err := r.edgesHold(ctx, from, to); err != nil || !ok {
		return err
	}
	if r.live = p; got.Whole && p.inexact == "" {
		r.account.KeepLive(cache.Live{From: from, To: to, Calls: p.calls, AsOf: got.AsOf})
	}
	return nil
}

// partOf makes a part of what was read of a window; nil where it is not proven, for
// want of requests or time.
func (r *run) partOf(w window, calls *packer, got Reading, reader *Reader) *part {
	p := part{window: w, calls: calls.Columns(), asOf: got.AsOf, inexact: got.Inexact}
	if calls.lost > 0 && p.inexact == "" {
		p.inexact = fmt.Sprintf("%d calls have values that no call can have", calls.lost)
	}
	if !got.Whole {
		if reader.Backwards {
			p.to = got.Edge
		} else {
			p.from = got.Edge.Add(time.Microsecond)
		}
		if r.done = true; calls.until == nil || calls.found < calls.want {
			r.ended = got.Reason
		}
	}
	if p.inexact != "" && (!got.Whole || got.Limited != nil) {
		r.scrap = &p
		return nil
	}
	return &p
}

// readDays reads closed days that are not kept, as many as it can, and keeps them.
func (r *run) readDays(ctx context.Context, from, to cache.Date) error {
	sink := &dayPacker{from: from, to: to, packer: packer{until: r.until(), want: r.enough}}
	reader := r.reader(r.daysQuery(from, to), nil)
	if !r.account.Zone().UTC() {
		reader.Budget -= 3 // for what edgesHold may ask
	}
	got, err := reader.Read(ctx, sink)
	if err != nil || r.learn(got) {
		return err
	}
	if got.Inexact != "" || sink.lost > 0 {
		if got.Whole {
			return r.failed(from, to, sink, got)
		}
		r.ended = got.Inexact
		if got.Limited == nil && from < to {
			r.ended = ""
			return r.failed(from, to, sink, got)
		}
		return nil
	}
	if !got.Whole {
		// The day that was begun is not whole, and serves this answer alone.
		edge := cache.DateOf(got.Edge)
		r.begun = &part{window: ofDays(edge, edge), calls: sink.columns(edge), asOf: got.AsOf}
		if reader.Backwards {
			to, r.begun.to = min(to, edge-1), got.Edge
		} else {
			from, r.begun.from = max(from, edge+1), got.Edge.Add(time.Microsecond)
		}
		if r.done = true; sink.until == nil || sink.found < sink.want {
			r.ended = got.Reason
		}
	}
	if ok, err := r.edgesHold(ctx, from, to); err != nil || !ok {
		r.begun = nil
		return err
	}
	r.keep(ctx, sink, from, to, got)
	return nil
}

// edgesHold finds out whether the API cuts days where UTC does, at both ends of days
// that were read: no call of the day before lies in them, and none of theirs in the day
// after. Days beside them that are kept or live showed it already.
func (r *run) edgesHold(ctx context.Context, from, to cache.Date) (bool, error) {
	if r.account.Zone().UTC() {
		return true, nil
	}
	holds := true
	if !r.knows(from - 1) {
		q := talkover.CallQuery{DateTo: (from - 1).String()}
		page, err := r.ask(ctx, q, 1, 1, "the end of the day before", 0)
		if err != nil {
			return false, err
		}
		holds = len(page.Rows) == 0 || page.Rows[0].CreatedAt.Before(from.Start())
	}
	if after := to + 1; after <= cache.DateOf(r.clock()) && !r.knows(after) {
		n, err := r.count(ctx, after, after)
		if err != nil {
			return false, err
		}
		if n > 0 {
			q := talkover.CallQuery{DateFrom: after.String(), DateTo: after.String()}
			page, err := r.ask(ctx, q, n, 1, "the beginning of the day after", 0)
			if err != nil {
				return false, err
			}
			holds = holds && (len(page.Rows) == 0 || !page.Rows[0].CreatedAt.Before(to.End()))
		}
	}
	if !holds {
		r.account.LearnZone(cache.Zone{Other: true})
		r.startOver()
	}
	return holds, nil
}

// knows reports whether a day was read, by this question or an earlier one.
func (r *run) knows(d cache.Date) bool {
	_, read := r.days[d]
	_, kept := r.kept[d]
	return read || kept || r.begun != nil && cache.DateOf(r.begun.from) == d || r.live != nil && !r.live.from.After(d.Start()) && d.Start().Before(r.live.to)
}

// openTime is the age at which a call that still counts as going on will not change.
const openTime = 48 * time.Hour

// keep takes days that were read and proven, and keeps those that are closed for
// good.
func (r *run) keep(ctx context.Context, sink *dayPacker, from, to cache.Date, got Reading) {
	for d := from; d <= to; d++ {
		calls := sink.columns(d)
		r.days[d] = part{window: ofDays(d, d), calls: calls, asOf: got.AsOf}
		r.state.Days[d] = DayState{Calls: calls.Len(), Proven: true}
		if r.state.Missing != Unknown {
			r.state.Missing = max(r.state.Missing-calls.Len(), 0)
		}
		day := &cache.Day{Date: d, Calls: calls, ReadAt: got.AsOf, Renewed: got.AsOf}
		day.Brief = d.End().After(got.AsOf.Add(-openTime)) && hasOpen(calls)
		r.account.Keep(r.clock(), got.AsOf, day)
		if !day.Brief {
			r.account.Save(ctx, day)
		}
	}
}

// failed deals with days whose reading could not be proven: they are read again in
// shorter stretches, each day at last alone; a day that fails alone is inexact, and
// not tried again for an hour.
func (r *run) failed(from, to cache.Date, sink *dayPacker, got Reading) error {
	if from < to {
		if r.state.Stretch = 1; to-from >= 7 {
			r.state.Stretch = 7
		}
		return nil
	}
	r.account.MarkFailed(r.clock(), from)
	reason := got.Inexact
	if reason == "" {
		reason = "its calls and their count differ"
	}
	calls := sink.columns(from)
	r.state.Days[from] = DayState{Calls: calls.Len(), Failed: true}
	r.days[from] = part{
		window: ofDays(from, from), calls: calls, asOf: got.AsOf,
		inexact: fmt.Sprintf("%s: %s", from, reason),
	}
	return nil
}

// hasOpen reports whether a call is still going on.
func hasOpen(c *cache.Columns) bool {
	for r := range c.Rows() {
		o := outcomeOf(c.Statuses()[r.Status()])
		if o.open || o.mayBeOpen && r.Seconds() == 0 {
			return true
		}
	}
	return false
}
