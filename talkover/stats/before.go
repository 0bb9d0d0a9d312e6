package stats

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// askBoth answers a question and what it compares with. Parts of windows are never
// compared.
func askBoth(ctx context.Context, api scan.API, q Question) (*Report, error) {
	if _, _, err := q.Compare.Before(q.Filter.Days, q.Filter.Zone, q.Now()); err != nil {
		return nil, err
	}
	now := q
	left, _ := api.Allowance(0)
	now.Reserve += left / 3 // for the other window
	var sent atomic.Int64   // pages are read side by side
	if q.Progress != nil {
		now.Progress = func(done, total int, what string) {
			sent.Store(int64(done))
			q.Progress(done, total, what)
		}
	}
	report, err := ask(ctx, api, now)
	if err != nil {
		return nil, err
	}
	before := new(Before)
	report.Before = before
	before.Days, before.Until, _ = q.Compare.Before(q.Filter.Days, q.Filter.Zone, report.AsOf)
	other := q
	other.Filter.Days = before.Days
	if q.Progress != nil {
		n := int(sent.Load())
		other.Progress = func(done, total int, what string) { q.Progress(n+done, n+total, "the other window, "+what) }
	}
	was, err := ask(ctx, api, other)
	var limited *talkover.Error
	switch {
	case errors.As(err, &limited) && limited.Reason == talkover.RateLimited:
		before.Reason = "the plan's requests are used up" + inSeconds(limited.Wait)
		return report, nil
	case err != nil:
		return nil, err
	}
	before.Coverage = was.Coverage
	switch {
	case !report.Whole || !was.Whole:
		before.Reason = "one of the windows could be read in part only, and parts are not compared" + inSeconds(max(report.AskAgain, was.AskAgain))
	case !report.Exact || !was.Exact:
		before.Reason = "one of the windows is not exact"
	default:
		before.Totals = was.Totals
		zone := zoneOf(q.Filter.Zone)
		report.pair(was, spanOf(q.Filter.Days, before.Until, zone), spanOf(before.Days, before.Days.Until, zone))
	}
	return report, nil
}
