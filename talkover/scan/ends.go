package scan

import (
	"context"
	"errors"

	"github.com/talkover/talkover-mcp/talkover"
)

// errEnough ends a reading whose sink wants no more.
var errEnough = errors.New("enough")

// errStopped ends a reading that gives way.
var errStopped = errors.New("stopped")

// outOf reports whether a request failed for want of time or of the plan's requests.
func outOf(ctx context.Context, err error) bool {
	var api *talkover.Error
	return errors.As(err, &api) && (api.Reason == talkover.RateLimited || api.Reason == talkover.TimedOut) ||
		errors.Is(err, context.DeadlineExceeded) && !errors.Is(ctx.Err(), context.Canceled)
}

// endOf says in words what a request was out of.
func endOf(err error) string {
	var api *talkover.Error
	if errors.As(err, &api) && api.Reason == talkover.RateLimited {
		return "the plan's requests are used up"
	}
	return "time ran out"
}

// isUnauthorized reports whether the API refuses the token.
func isUnauthorized(err error) bool {
	var api *talkover.Error
	return errors.As(err, &api) && api.IsTokenUnknown()
}
