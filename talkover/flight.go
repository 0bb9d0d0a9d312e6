package talkover

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// flights sends equal requests once. The work of a flight goes on as long as
// anybody waits for it, and no longer.
type flights struct {
	group   singleflight.Group
	mu      sync.Mutex
	waiting map[string]*flight
}

// flight counts the callers that wait for one request.
type flight struct {
	ctx     context.Context
	cancel  context.CancelFunc
	callers int
}

// shared runs work once for all callers with the same key at the same time.
func shared[T any](ctx context.Context, f *flights, key string, work func(context.Context) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	f.mu.Lock()
	mine := f.waiting[key]
	if mine == nil {
		mine = new(flight)
		// The first caller's values and deadline serve all; its leaving ends nothing.
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
	mine.callers++
	result := f.group.DoChan(key, func() (value any, err error) {
		// A panic in this goroutine would end the process; it belongs to the callers.
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
		if mine.callers--; mine.callers == 0 {
			mine.cancel()
			f.end(key, mine)
		}
	}()
	select {
	case r := <-result:
		if r.Err != nil && outlives(ctx, mine.ctx) { // the flight had the first caller's deadline; this caller has more time
			f.mu.Lock()
			f.end(key, mine)
			f.mu.Unlock()
			return shared(ctx, f, key, work)
		}
		return unpack[T](r)
	case <-ctx.Done():
	}
	// The flight has the same deadline, or a later one. Its error says more than
	// that of ctx, and comes in a moment.
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		select {
		case r := <-result:
			return unpack[T](r)
		case <-time.After(graceTime):
		}
	}
	return none, ctx.Err()
}

// graceTime bounds how long a caller out of time waits for the error of its flight.
const graceTime = 100 * time.Millisecond

// outlives reports whether the time of a flight is over while ctx has more.
func outlives(ctx, flight context.Context) bool {
	ends, ok := flight.Deadline()
	mine, bounded := ctx.Deadline()
	return ok && !time.Now().Before(ends) && (!bounded || mine.After(ends))
}

// end lets the next caller with this key start a new flight. The caller holds f.mu.
func (f *flights) end(key string, ended *flight) {
	if f.waiting[key] == ended {
		delete(f.waiting, key)
		f.group.Forget(key)
	}
}

// panicked carries a panic of a flight, with its stack, to the callers.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n%s", p.value, p.stack) }

// unpack returns the result of a flight. A panic of the flight goes on in the caller.
func unpack[T any](r singleflight.Result) (T, error) {
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
