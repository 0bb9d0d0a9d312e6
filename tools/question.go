package tools

import (
	"context"
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// question holds what one call works with. It is set once, before a tool runs: an answer
// has one account, one zone and one moment.
type question struct {
	client *talkover.Client // of the caller's account
	caller string           // as the gate knows it; "" without one
	zone   *time.Location   // of every day, hour and time in the answer
	now    time.Time        // in zone
	demo   bool
	masked bool // the answer hides phone numbers but for their last four digits
	log    *slog.Logger
}

// questions opens a question for each call of a tool, resource or completion.
type questions struct {
	Config
	accounts *accounts
}

// open opens a question in a zone; nil stands for the zone of the configuration. The
// error is errNoToken.
func (qs *questions) open(ctx context.Context, zone *time.Location) (*question, error) {
	client, err := qs.accounts.client(ctx)
	if err != nil {
		return nil, err
	}
	if zone == nil {
		zone = qs.Zone
	}
	q := &question{client: client, zone: zone, now: qs.Now().In(zone), demo: qs.Demo, masked: qs.MaskNumbers, log: qs.Log}
	if qs.CallerOf != nil {
		q.caller = qs.CallerOf(ctx)
	}
	return q, nil
}

// today returns the current UTC day, for faults of dates.
func (qs *questions) today() string { return qs.Now().UTC().Format(time.DateOnly) }

// A question may send so many requests. Sixty of a hundred a minute leave room for other
// questions; larger plans allow more. Without a limit, time is what bounds it.
const (
	mostRequests = 200
	budgetShare  = 60 // of the plan's requests a minute, in per cent
	budgetTime   = 20 * time.Second
)

// budget returns how many requests the question may send from now on.
func (q *question) budget() int {
	allowed, limit := q.client.Allowance(budgetTime)
	if limit == 0 {
		return mostRequests
	}
	return min(allowed, max(limit*budgetShare/100, 1), mostRequests)
}
