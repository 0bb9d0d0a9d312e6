package stats

import (
	"context"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Ask answers a question by the plan of the fewest requests ([scan.State.Plan]), within
// the time of ctx and what the limiter lets through. What cannot be read in time is
// left out, and the answer is about the rest; where nothing can be answered, the
// error is an [*talkover.Error] with the wait. A question that compares days without a first
// one fails with [ErrNoBeginning].
func Ask(ctx context.Context, api scan.API, q Question) (*Report, error) {
	q.adopt()
	if q.Compare != "" {
		return askBoth(ctx, api, q)
	}
	return ask(ctx, api, q)
}

// adopt takes the fields that stand for a filter into it.
func (q *Question) adopt() {
	f := &q.Filter
	if q.Now == nil {
		q.Now = time.Now
	}
	if q.Query != (talkover.CallQuery{}) {
		f.adopt(q.Query)
	}
	if q.Zone != nil {
		f.Zone = q.Zone
	}
	if q.ExcludeTests {
		f.Tests = ExcludeTests
	}
}

func (f *Filter) adopt(q talkover.CallQuery) {
	f.Days = Days{From: q.DateFrom, To: q.DateTo}
	f.Direction, f.AgentID, f.Search = q.Direction, q.AgentID, q.Search
	if q.Status != "" {
		f.Statuses = []string{q.Status}
	}
}
