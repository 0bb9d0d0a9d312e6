package talkover

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// flights sends equal requests once. The work of a flight goes on as long as
// anybody waits for it, and no longer.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight // under way
}

// flight is one request.
type flight struct {
	ctx     context.Context
	cancel  context.CancelFunc
	callers int           // that wait for it
	done    chan struct{} // closed when what follows is there
	value   any
	err     error
	panic   error // with its stack; it belongs to the callers
}

// graceTime bounds how long a caller out of time waits for the error of its flight.
const graceTime = 100 * time.Millisecond

// shared runs work once for all callers with the same key at the same time.
func shared[T any](
	ctx context.Context, f *flights, key string, work func(context.Context) (T, error),
) (value T, err error) {
	if err := ctx.Err(); err != nil {
		return value, err
	}
	mine := f.join(ctx, key, func(ctx context.Context) (any, error) { return work(ctx) })
	defer f.leave(key, mine)
	select {
	case <-mine.done:
	case <-ctx.Done():
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return value, ctx.Err()
		}
		// The flight has the same deadline, or a later one. Its error says more than
		// that of ctx, and comes in a moment.
		select {
		case <-mine.done:
		case <-time.After(graceTime):
			return value, ctx.Err()
		}
	}
	ends, _ := mine.ctx.Deadline()
	own, bounded := ctx.Deadline()
	switch {
	case mine.panic != nil:
		panic(mine.panic)
	case mine.err != nil && mine.ctx.Err() != nil && (!bounded || own.After(ends)):
		// The time of the first caller is over, and this one has more.
		return shared(ctx, f, key, work)
	}
	value, _ = mine.value.(T)
	return value, mine.err
}

// join takes a caller into the flight under way, or starts one.
func (f *flights) join(ctx context.Context, key string, work func(context.Context) (any, error)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	mine := f.byKey[key]
	if mine == nil {
		mine = &flight{done: make(chan struct{})}
		// The first caller's values and deadline serve all; its leaving ends nothing.
		mine.ctx, mine.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if deadline, ok := ctx.Deadline(); ok {
			mine.ctx, mine.cancel = context.WithDeadline(mine.ctx, deadline)
		}
		if f.byKey == nil {
			f.byKey = make(map[string]*flight)
		}
		f.byKey[key] = mine
		go func() {
			defer func() {
				if p := recover(); p != nil {
					mine.panic = fmt.Errorf("%v\n%s", p, debug.Stack())
				}
				f.mu.Lock()
				defer f.mu.Unlock()
				f.end(key, mine)
				close(mine.done)
			}()
			mine.value, mine.err = work(mine.ctx)
		}()
	}
	mine.callers++
	return mine
}

// leave takes a caller out of a flight. The last one ends it.
func (f *flights) leave(key string, mine *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if mine.callers--; mine.callers == 0 {
		mine.cancel()
		f.end(key, mine)
	}
}

// end lets the next caller with this key start a new flight. The caller holds f.mu.
func (f *flights) end(key string, ended *flight) {
	if f.byKey[key] == ended {
		delete(f.byKey, key)
	}
}
