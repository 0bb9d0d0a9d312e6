package scan

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// lookAtLive reads the first page of the days that are not closed.
func (r *Run) lookAtLive(ctx context.Context, from, to cache.Date) error {
	page, err := r.ask(ctx, r.daysQuery(from, to), 1, talkover.MaxPerPage, "page 1 of the latest days", 0)
	if err != nil {
		return err
	}
	s := &r.state
	if r.firstL, s.PageSize, s.Live = &page, pageSize(page), 0; page.Pagination != nil {
		s.Live = page.Pagination.Total
	}
	return nil
}

// readLive reads the days that are not closed.
func (r *Run) readLive(ctx context.Context, from, to cache.Date) error {
	calls := r.packer(r.state.Live, r.Enough)
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
	if got.Whole { // else it begins within these days, wherever the API has them begin
		if ok, err := r.edgesHold(ctx, from, to); err != nil || !ok {
			return err
		}
	}
	if r.live = p; got.Whole && p.Inexact == "" {
		r.Account.KeepLive(cache.Live{From: from, To: to, Calls: p.Calls, AsOf: got.AsOf})
	}
	return nil
}

// readDays reads closed days that are not kept, as many as it can, and keeps them.
func (r *Run) readDays(ctx context.Context, from, to cache.Date) error {
	sink := &dayPacker{from: from, to: to, packer: r.packer(r.state.Missing, r.Enough)}
	reader := r.reader(r.daysQuery(from, to), nil)
	begun, goesOn := r.Account.Begun(r.Now())
	if goesOn = goesOn && from == to && from == begun.Date && !reader.Backwards; goesOn {
		reader.After = begun.Calls
	}
	if !r.Account.Zone().UTC() {
		reader.Budget -= edgeRequests
	}
	got, err := reader.Read(ctx, sink)
	if err != nil || r.learn(got) {
		return err
	}
	readAt, known := got.AsOf, 0
	if goesOn = goesOn && got.After; goesOn {
		sink.putBefore(from, begun.Calls)
		readAt, known = begun.ReadAt, begun.Calls.Len()
	}
	if got.Inexact != "" || sink.lost > 0 {
		if got.Whole && goesOn && strings.HasPrefix(got.Inexact, movedReason) {
			r.ended = got.Inexact // the next question goes on from where this one did
			return nil
		}
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
		edge := cache.DateOf(got.Edge)
		r.begun = &Part{Window: ofDays(edge, edge), Calls: sink.columns(edge), asOf: got.AsOf, readAt: readAt, known: known}
		if reader.Backwards {
			to, r.begun.To = min(to, edge-1), got.Edge
		} else {
			from, r.begun.From = max(from, edge+1), got.Edge.Add(time.Microsecond)
		}
		if r.done = true; sink.until == nil || sink.found < sink.want {
			r.ended = got.Reason
		}
	}
	if ok, err := r.edgesHold(ctx, from, to); err != nil || !ok {
		r.begun = nil
		return err
	}
	if !got.Whole && !reader.Backwards {
		r.keepBegun(got, readAt)
	}
	r.keep(ctx, sink, from, to, got, readAt, known)
	return nil
}

// keepBegun keeps what was read of the day that was begun, so that the next question goes
// on there. Calls that are still going on would be read no more.
func (r *Run) keepBegun(got Reading, readAt time.Time) {
	day := &cache.Day{Date: cache.DateOf(got.Edge), Calls: r.begun.Calls, ReadAt: readAt, Renewed: readAt}
	if day.Calls.Len() > 0 && !isBrief(day) {
		r.Account.KeepBegun(r.Now(), got.AsOf, day)
	}
}

// openTime is the age at which a call that still counts as going on will not change.
const openTime = 48 * time.Hour

// keep takes days that were read and proven, and keeps those that are closed for
// good.
func (r *Run) keep(ctx context.Context, sink *dayPacker, from, to cache.Date, got Reading, readAt time.Time, known int) {
	for d := from; d <= to; d++ {
		calls := sink.columns(d)
		r.days[d] = Part{Window: ofDays(d, d), Calls: calls, asOf: got.AsOf, readAt: readAt, known: known}
		r.state.Days[d] = DayState{Calls: calls.Len(), Proven: true}
		if r.state.Missing != Unknown {
			r.state.Missing = max(r.state.Missing-calls.Len(), 0)
		}
		day := &cache.Day{Date: d, Calls: calls, ReadAt: readAt, Renewed: readAt}
		day.Brief = isBrief(day)
		r.Account.Keep(r.Now(), got.AsOf, day)
		if !day.Brief {
			r.Account.Save(ctx, day)
		}
	}
}

// failed deals with days whose reading could not be proven: they are read again in
// shorter stretches, each day at last alone; a day that fails alone is inexact, and
// not tried again for an hour.
func (r *Run) failed(from, to cache.Date, sink *dayPacker, got Reading) error {
	if from < to {
		if r.state.Stretch = 1; to-from >= 7 {
			r.state.Stretch = 7
		}
		return nil
	}
	r.Account.MarkFailed(r.Now(), from)
	reason := got.Inexact
	if reason == "" {
		reason = "its calls and their count differ"
	}
	calls := sink.columns(from)
	r.state.Days[from] = DayState{Calls: calls.Len(), Failed: true}
	r.days[from] = Part{
		Window: ofDays(from, from), Calls: calls, asOf: got.AsOf,
		Inexact: fmt.Sprintf("%s: %s", from, reason),
	}
	return nil
}

// isBrief reports whether a day has a call that was still going on when it was read.
func isBrief(d *cache.Day) bool {
	return d.Date.End().After(d.ReadAt.Add(-openTime)) && hasOpen(d.Calls)
}

// hasOpen reports whether a call is still going on.
func hasOpen(c *cache.Columns) bool {
	for r := range c.Rows() {
		if talkover.IsOpen(c.Statuses()[r.Status()], r.Seconds()) {
			return true
		}
	}
	return false
}
