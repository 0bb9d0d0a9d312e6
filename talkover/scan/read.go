package scan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

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
		got.Zone, got.After = p.fit.zone(), r.After != nil
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
		got.Reason = fmt.Sprintf("%d of %s were read, as many as this call may", len(p.seen), talkover.Plural(p.total, "call", "calls"))
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
