package stats

import (
	"context"
	"time"

	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Ask answers a question by the plan of the fewest requests ([scan.State.Plan]), within
// the time of ctx and what the limiter lets through. What cannot be read in time is
// left out, and the answer is about the rest; where nothing can be answered, the
// error is an [*talkover.Error] with the wait. A question that compares days without a first
// one fails with [ErrNoBeginning].
func Ask(ctx context.Context, api scan.API, q Question) (*Report, error) {
	if q.Now == nil {
		q.Now = time.Now
	}
	if q.Compare != "" {
		return askBoth(ctx, api, q)
	}
	return ask(ctx, api, q)
}
