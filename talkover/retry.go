package talkover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/singleflight"
)

const (
	maxAttempts = 3
	// The longest wait that the API or the limiter may ask of a call.
	maxWait = 30 * time.Second
	// What is left for the request after a wait; less would be asking in vain.
	answerTime = 2 * time.Second
	// The jitter is full: from nothing to 0.5 s before the second attempt, to
	// twice that before the third, and never more than 8 s.
	firstJitter = 500 * time.Millisecond
	mostJitter  = 8 * time.Second
	// Laravel tells whole seconds: its window may close up to one later.
	roundedDown = time.Second
)

// retrying runs an attempt, which must be a GET, up to three times. Each waits
// for its turn at the limiter. Waits that the API asks for are kept if they fit
// the deadline of ctx; else the call fails at once and says how long to wait.
func retrying[T any](ctx context.Context, c *Client, bulk bool, attempt func() (T, error)) (T, error) {
	attempts := 0
	var last *Error
	result, err := backoff.Retry(ctx, func() (T, error) {
		var none T
		if err := c.limiter.acquire(ctx, bulk); err != nil {
			if errors.As(err, &last) {
				last.Attempts = attempts
			}
			return none, backoff.Permanent(err)
		}
		attempts++
		result, err := func() (T, error) {
			defer c.limiter.release()
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
		case !last.mayPass() || attempts == maxAttempts || ctx.Err() != nil:
			return none, backoff.Permanent(err)
		case last.Wait > patience(ctx):
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
			c.usage.wait(wait)
		}),
		backoff.WithMaxElapsedTime(0), // the deadline of ctx is the bound
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: firstJitter / 2, RandomizationFactor: 1, Multiplier: 2, MaxInterval: mostJitter / 2,
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

// mayPass reports whether the same request may succeed a moment later.
func (e *Error) mayPass() bool {
	var name *net.DNSError
	switch e.Reason {
	case Refused:
		return slices.Contains([]int{
			http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		}, e.Status)
	case Unreachable:
		return !isTLS(e.cause) && !(errors.As(e.cause, &name) && name.IsNotFound)
	case RateLimited, TimedOut, Interrupted:
		return true
	}
	return false
}

// patience is the longest wait that a call has time for, and for an answer then.
func patience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(min(maxWait, time.Until(deadline)-answerTime), 0)
	}
	return maxWait
}

// askedWait is how long an answer asks to wait before the next request; 0 where
// it does not ask.
func askedWait(h http.Header, status int, inBody time.Duration) time.Duration {
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

// flights sends equal requests once. The work of a flight goes on as long as
// anybody waits for it, and no longer.
type flights struct {
	group   singleflight.Group
	mu      sync.Mutex
	waiting map[string]*flight
}

type flight struct {
	ctx    context.Context
	cancel context.CancelFunc
	people int
}

// shared runs work once for all who ask with the same key at the same time.
func shared[T any](ctx context.Context, f *flights, key string, work func(context.Context) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	f.mu.Lock()
	mine := f.waiting[key]
	if mine == nil {
		mine = new(flight)
		// The first one's values and deadline serve all; its leaving ends nothing.
		if deadline, ok := ctx.Deadline(); ok {
			mine.ctx, mine.cancel = context.WithDeadline(context.WithoutCancel(ctx), deadline)
		} else {
			mine.ctx, mine.cancel = context.WithCancel(context.WithoutCancel(ctx))
		}
		if f.waiting == nil {
			f.waiting = make(map[string]*flight)
		}
		f.waiting[key] = mine
	}
	mine.people++
	result := f.group.DoChan(key, func() (value any, err error) {
		// A panic here would end the process; it belongs to those who wait.
		defer func() {
			if p := recover(); p != nil {
				err = &panicked{p, debug.Stack()}
			}
		}()
		return work(mine.ctx)
	})
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if mine.people--; mine.people == 0 {
			mine.cancel()
			f.end(key, mine)
		}
	}()
	select {
	case r := <-result:
		if r.Err != nil && outlives(ctx, mine.ctx) { // it had the time of who came first; this one has more
			f.mu.Lock()
			f.end(key, mine)
			f.mu.Unlock()
			return shared(ctx, f, key, work)
		}
		return landed[T](r)
	case <-ctx.Done():
	}
	// The flight has the same deadline, or a later one; its error says more, and is
	// there in a moment.
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		select {
		case r := <-result:
			return landed[T](r)
		case <-time.After(landTime):
		}
	}
	return none, ctx.Err()
}

// outlives reports whether the time of a flight is over, and ctx has more.
func outlives(ctx, flight context.Context) bool {
	ends, ok := flight.Deadline()
	mine, bounded := ctx.Deadline()
	return ok && !time.Now().Before(ends) && (!bounded || mine.After(ends))
}

// end makes who comes next start anew.
func (f *flights) end(key string, ended *flight) {
	if f.waiting[key] == ended {
		delete(f.waiting, key)
		f.group.Forget(key)
	}
}

const landTime = 100 * time.Millisecond

// panicked is a panic in a flight, with the stack that it had.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n%s", p.value, p.stack) }

// landed is what a flight brought; its panic goes on in who waited for it.
func landed[T any](r singleflight.Result) (T, error) {
	var none T
	var p *panicked
	if errors.As(r.Err, &p) {
		panic(p)
	}
	if r.Err != nil {
		return none, r.Err
	}
	return r.Val.(T), nil
}
