package tools

import (
	"context"
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// question holds what one call of a tool works with. It is set once, before the tool
// runs: an answer has one account, one zone and one moment.
type question struct {
	client *talkover.Client // of the caller's account
	zone   *time.Location   // of every day, hour and time in the answer
	now    time.Time        // in zone
	demo   bool
	masked bool // phone numbers leave without all but their last four digits
	log    *slog.Logger
}

// newQuestion opens a question in a zone, which is that of the configuration if nil.
// The error is errNoToken.
func newQuestion(ctx context.Context, c Config, a *accounts, zone *time.Location) (*question, error) {
	client, err := a.of(ctx)
	if err != nil {
		return nil, err
	}
	if zone == nil {
		zone = c.Zone
	}
	return &question{client: client, zone: zone, now: c.Now().In(zone), demo: c.Demo, masked: c.MaskNumbers, log: c.Log}, nil
}

// Bounds on the requests of one question. Sixty of a hundred a minute leave room for
// others; larger plans allow more, and where there is no limit, time is.
const (
	mostRequests = 200
	budgetShare  = 60 // of the plan's requests a minute, in per cent
	budgetTime   = 20 * time.Second
)

// budget returns how many requests the question may send.
func (q *question) budget() int {
	allowed, limit := q.client.Allowance(budgetTime)
	if limit == 0 {
		return mostRequests
	}
	return min(allowed, max(limit*budgetShare/100, 1), mostRequests)
}
