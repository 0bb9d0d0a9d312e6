package talkover

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	maxAttempts = 3
	// The jitter is full: from nothing to 0.5 s before the second attempt, to
	// twice that before the third, and never more than 8 s.
	firstJitter = 500 * time.Millisecond
	maxJitter   = 8 * time.Second
)

// retrying runs an attempt, which must be a GET, up to three times. The limiter lets
// each attempt through. A wait that the API asks for is kept if it fits the deadline
// of ctx; else the call fails at once and says how long to wait.
func retrying[T any](ctx context.Context, c *Client, bulk bool, attempt func() (T, error)) (T, error) {
	attempts := 0
	var last *Error
	result, err := backoff.Retry(ctx, func() (T, error) {
		var none T
		permit, err := c.limiter.acquire(ctx, bulk)
		if err != nil {
			if errors.As(err, &last) {
				last.Attempts = attempts
			}
			return none, backoff.Permanent(err)
		}
		attempts++
		result, err := func() (T, error) {
			defer permit.release()
			return attempt()
		}()
		if err == nil {
			return result, nil
		}
		if !errors.As(err, &last) {
			return none, backoff.Permanent(err)
		}
		last.Attempts = attempts
		switch {
		case !last.retryable() || attempts == maxAttempts || ctx.Err() != nil:
			return none, backoff.Permanent(err)
		case last.Wait > longestWait(ctx):
			return none, backoff.Permanent(err)
		case last.Wait > 0:
			wait := last.Wait + roundedDown
			c.limiter.pause(wait)
			return none, &backoff.RetryAfterError{Duration: wait}
		}
		return none, err
	},
		backoff.WithMaxTries(maxAttempts),
		backoff.WithNotify(func(_ error, wait time.Duration) {
			c.usage.retries.Add(1)
			c.usage.addWait(wait)
		}),
		backoff.WithMaxElapsedTime(0), // the deadline of ctx is the bound
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: firstJitter / 2, RandomizationFactor: 1, Multiplier: 2, MaxInterval: maxJitter / 2,
		}))
	switch {
	case err == nil:
		return result, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return result, ctx.Err()
	case last != nil: // says more than that the time of ctx is over
		return result, last
	}
	return result, err
}

// askedWait returns how long an answer asks to wait before the next request; 0 where
// it does not ask. It believes a day at most, so that no answer holds an account back for
// years.
func askedWait(h http.Header, status int, inBody time.Duration) time.Duration {
	return min(toldWait(h, status, inBody), maxWaitSeconds*time.Second)
}

// toldWait returns the wait as the answer tells it.
func toldWait(h http.Header, status int, inBody time.Duration) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	if s := h.Get("Retry-After"); s != "" {
		if seconds, err := strconv.Atoi(s); err == nil {
			return time.Duration(min(max(seconds, 0), maxWaitSeconds)) * time.Second
		}
		if at, err := http.ParseTime(s); err == nil { // all three forms of a date
			return max(time.Until(at), 0)
		}
	}
	if inBody > 0 {
		return inBody
	}
	if until, ok := resetTime(h); ok {
		return max(time.Until(until), 0)
	}
	return 0
}
