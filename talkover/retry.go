package talkover

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	maxAttempts = 3
	// firstJitter is the longest wait before the second attempt, and the half of that before
	// the third. The jitter is full: a wait is anything from nothing to that.
	firstJitter = 500 * time.Millisecond
	// maxAsked is the longest wait that is believed, in seconds: plans count by the minute or
	// the day, and no answer shall hold an account back for years.
	maxAsked = 24 * 3600
)

// retrying runs an attempt, which must be a GET, up to three times. The limiter lets
// each attempt through. A wait that the API asks for is kept if it fits the deadline
// of ctx; else the call fails at once and says how long to wait.
func retrying[T any](ctx context.Context, c *Client, bulk bool, attempt func() (T, error)) (T, error) {
	var last *Error
	for attempts := 0; ; {
		result, err := func() (none T, err error) {
			release, err := c.limiter.acquire(ctx, bulk)
			if err != nil {
				return none, err
			}
			defer release()
			attempts++
			return attempt()
		}()
		isOurs := errors.As(err, &last)
		switch {
		case err == nil, last == nil, !isOurs && errors.Is(err, context.Canceled):
			return result, err
		case !isOurs: // the time of ctx is over, and last says more
			return result, last
		}
		last.Attempts = attempts
		if !last.retryable() || attempts == maxAttempts || ctx.Err() != nil || last.Wait > longestWait(ctx) {
			return result, last
		}
		wait := rand.N(firstJitter * time.Duration(attempts))
		if last.Wait > 0 {
			wait = last.Wait + roundedDown
			c.limiter.pause(wait)
		}
		c.usage.add(1, wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done(): // the limiter will say so
		}
	}
}

// askedWait returns how long an answer asks to wait before the next request; 0 where
// it does not ask.
func askedWait(a answer, inBody int) time.Duration {
	var wait time.Duration
	seconds, notSeconds := strconv.Atoi(a.header.Get("Retry-After"))
	date, notDate := http.ParseTime(a.header.Get("Retry-After")) // in all three forms
	until, isReset := resetTime(a.header)
	switch {
	case a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable:
	case notSeconds == nil:
		wait = time.Duration(min(max(seconds, 0), maxAsked)) * time.Second
	case notDate == nil:
		wait = time.Until(date)
	case inBody > 0:
		wait = time.Duration(inBody) * time.Second
	case isReset:
		wait = time.Until(until)
	}
	return min(max(wait, 0), maxAsked*time.Second)
}
