package scan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

const (
	// readOnTime bounds how long the reading goes on after a partial answer.
	readOnTime = 5 * time.Minute
	// readOnShare is the part of the limit that it leaves to questions: a fifth.
	readOnShare = 5
)

// deadline is when the last request may be under way.
func (r *Run) deadline(ctx context.Context) time.Time {
	d, ok := ctx.Deadline()
	if !ok {
		d = r.start.Add(usualTime)
	}
	return d.Add(-endTime)
}

// left returns how many requests may go in time.
func (r *Run) left(ctx context.Context) int {
	d := time.Until(r.deadline(ctx))
	if d <= 0 {
		return 0
	}
	n, limit := r.api.Allowance(d)
	if limit == 0 {
		return unlimited
	}
	if r.stop != nil { // it has minutes, and waits for what each lets through
		n *= int(readOnTime / time.Minute)
	}
	return max(n-r.Reserve, 0)
}

// tell counts a request and reports progress before it is sent, with the wait where
// the limiter holds it back.
func (r *Run) tell(what string, left int) {
	r.telling.Lock() // pages are asked for side by side
	r.sent++
	r.planned = max(r.planned, r.sent+left)
	done, total := r.sent, r.planned
	r.telling.Unlock()
	if r.Progress == nil {
		return
	}
	if n, limit := r.api.Allowance(0); limit > 0 && n == 0 {
		if d := r.waitFor(1); d > 0 {
			what += fmt.Sprintf("; waiting %d s for the plan's limit", int(d.Round(time.Second)/time.Second))
		}
	}
	r.Progress(done, total, what)
}

// waitFor returns how long it takes until so many requests may go, within two
// minutes.
func (r *Run) waitFor(n int) time.Duration {
	const most = 120
	seconds := 0
	for ; seconds < most; seconds++ {
		if may, limit := r.api.Allowance(time.Duration(seconds) * time.Second); limit == 0 || may >= min(n, max(limit/2, 1)) {
			break
		}
	}
	return time.Duration(seconds) * time.Second
}

// ask sends one request.
func (r *Run) ask(ctx context.Context, q talkover.CallQuery, page, size int, what string, left int) (talkover.Page[talkover.Call], error) {
	q.Page, q.PerPage = page, size
	r.tell(what, left)
	start := time.Now()
	answer, err := r.api.ListCalls(talkover.Bulk(ctx), q)
	if took := time.Since(start); err == nil {
		r.telling.Lock()
		if r.pace == 0 || took < r.pace {
			r.pace = took
		}
		r.telling.Unlock()
	}
	return answer, err
}

// countQuery asks the API for its own count of a query, in one small request.
func (r *Run) countQuery(ctx context.Context, q talkover.CallQuery, left int) (int, error) {
	page, err := r.ask(ctx, q, 1, 1, "counting", left)
	if err != nil {
		return 0, err
	}
	if page.Pagination == nil {
		return 0, &talkover.Error{Reason: talkover.Malformed, Status: 200}
	}
	return page.Pagination.Total, nil
}

// countUTC counts the calls of UTC days for a proof. Where the API cut days in another zone,
// it would count calls of the days beside them, which could stand for calls that went: so
// the newest and the oldest call that it counts must lie in the days, as long as nothing
// has shown which zone it is. It reports false where one does not.
func (r *Run) countUTC(ctx context.Context, from, to cache.Date) (n int, utc bool, err error) {
	q := talkover.CallQuery{DateFrom: from.String(), DateTo: to.String()}
	page, err := r.ask(ctx, q, 1, 1, "counting", 0)
	if err != nil {
		return 0, false, err
	}
	if page.Pagination == nil {
		return 0, false, &talkover.Error{Reason: talkover.Malformed, Status: 200}
	}
	n = page.Pagination.Total
	zone := r.Account.Zone()
	if n > 1 && !zone.AtEnd { // else no zone is left that has calls of the day before in these
		oldest, err := r.ask(ctx, q, n, 1, "the oldest call of these days", 0)
		if err != nil {
			return 0, false, err
		}
		page.Rows = append(slices.Clone(page.Rows), oldest.Rows...)
	}
	days := ofDays(from, to)
	outside := func(c talkover.Call) bool { return !c.CreatedAt.IsZero() && !days.holds(c.CreatedAt) }
	return n, zone.UTC() || !slices.ContainsFunc(page.Rows, outside), nil
}

func (r *Run) count(ctx context.Context, from, to cache.Date) (int, error) {
	return r.countQuery(ctx, talkover.CallQuery{DateFrom: from.String(), DateTo: to.String()}, 0)
}

// listQuery asks for the calls of a window by the API's own filters a day
// more at each end where the API cuts days in another zone.
func (r *Run) listQuery(w Window) talkover.CallQuery {
	q := r.Query
	wider := cache.Date(0)
	if r.Account.Zone().Other {
		wider = 1
	}
	if q.DateFrom = ""; !w.From.IsZero() {
		q.DateFrom = (cache.DateOf(w.From) - wider).String()
	}
	if q.DateTo = ""; !w.To.IsZero() {
		q.DateTo = (cache.DateOf(w.To.Add(-1)) + wider).String()
	}
	return q
}

// daysQuery asks for all calls of UTC days, without an end where they have not ended.
func (r *Run) daysQuery(from, to cache.Date) talkover.CallQuery {
	q := talkover.CallQuery{DateFrom: from.String(), DateTo: to.String()}
	if to >= cache.DateOf(r.Now()) {
		q.DateTo = ""
	}
	return q
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
