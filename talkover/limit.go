package talkover

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	window = time.Minute // over which the API counts
	spare  = 5           // requests a window that are left to others with the token
	// The share of the limit that bulk work may take, in per cent.
	bulkShare = 80
)

// limiter keeps the requests with one token inside the API's limit: in any 60 s
// no more than the limit less 5. A request holds its place until 60 s after its
// answer, when it cannot count any more however long it was under way; a token
// bucket, which counts from the start, would be caught by slow requests.
//
// It learns from X-RateLimit-* what the limit really is and how much of it is
// left, since others may use the same token.
type limiter struct {
	mu       sync.Mutex
	limit    int         // requests a window; 0 for none
	answered []time.Time // of the last window, oldest first
	inFlight int
	left     int       // requests that the API says are left, until leftUntil
	leftTill time.Time // zero where it did not say
	paused   time.Time // no request before this
	lookups  []*place  // those who wait, first come first served
	bulk     []*place
	usage    *usage
	changed  chan struct{} // closed and made anew when a place may have come free
}

// place is a place in a queue. It has a size, so that no two are the same.
type place struct{ _ byte }

func newLimiter(limit int, u *usage) *limiter {
	return &limiter{limit: limit, usage: u, changed: make(chan struct{})}
}

// acquire waits for the turn of a request, which must then be released. It fails
// at once, with the wait in an [*Error], if the turn comes too late for ctx.
func (l *limiter) acquire(ctx context.Context, bulk bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := &l.lookups
	if bulk {
		queue = &l.bulk
	}
	mine := &place{}
	*queue = append(*queue, mine)
	var held time.Time // since when
	defer func() {
		*queue = slices.DeleteFunc(*queue, func(p *place) bool { return p == mine })
		l.broadcast()
		if !held.IsZero() {
			l.usage.wait(time.Since(held))
		}
	}()
	for {
		ahead := slices.Index(*queue, mine)
		if bulk {
			ahead += len(l.lookups)
		}
		wait := l.turn(time.Now(), ahead, bulk)
		if wait <= 0 && ahead == 0 {
			l.inFlight++
			l.left--
			return nil
		}
		if wait > 0 && wait > patience(ctx) {
			return &Error{Reason: RateLimited, Wait: wait}
		}
		if wait <= 0 { // those ahead go first, and say so
			wait = window
		}
		if held.IsZero() {
			held = time.Now()
		}
		changed := l.changed
		l.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		l.mu.Lock()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// turn is how long one must wait who has so many ahead.
func (l *limiter) turn(now time.Time, ahead int, bulk bool) time.Duration {
	wait := l.paused.Sub(now)
	if l.limit == 0 {
		return wait
	}
	for len(l.answered) > 0 && now.Sub(l.answered[0]) >= window {
		l.answered = l.answered[1:]
	}
	if l.left <= 0 && now.Before(l.leftTill) {
		wait = max(wait, l.leftTill.Sub(now))
	}
	allowed := max(l.limit-spare, 1)
	if bulk {
		allowed = max(allowed*bulkShare/100, 1)
	}
	// This many answers must first be a window old.
	if need := len(l.answered) + l.inFlight + ahead + 1 - allowed; need > len(l.answered) {
		wait = max(wait, window) // requests in flight hold their places for that long at least
	} else if need > 0 {
		wait = max(wait, l.answered[need-1].Add(window).Sub(now))
	}
	return wait
}

// allowance is how many bulk requests may go within d from now, and the limit
// they come from; both are 0 for no limit.
func (l *limiter) allowance(d time.Duration) (requests, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit == 0 {
		return 0, 0
	}
	now := time.Now()
	n := len(l.lookups) + len(l.bulk)
	for l.turn(now, n+requests, true) <= d && requests < l.limit {
		requests++
	}
	if left := l.left - n; now.Before(l.leftTill) && l.leftTill.Sub(now) > d {
		requests = min(requests, max(left, 0))
	}
	return requests, l.limit
}

// release says that a request was answered or failed.
func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	if l.limit > 0 {
		l.answered = append(l.answered, time.Now())
	}
	l.broadcast()
}

// pause holds all requests back, because the API asked one of them to wait.
func (l *limiter) pause(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.paused) {
		l.paused = until
	}
}

// learn adopts what an answer says of the limit: a larger plan, a tighter one,
// and what is left of it. Laravel may tell the reset only with a 429.
func (l *limiter) learn(h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit == 0 {
		return
	}
	if n, err := strconv.Atoi(h.Get("X-RateLimit-Limit")); err == nil && n > 0 && n <= 1_000_000 {
		l.limit = n
	}
	if n, err := strconv.Atoi(h.Get("X-RateLimit-Remaining")); err == nil && n >= 0 {
		now := time.Now()
		if !now.Before(l.leftTill) { // the first answer of a window, which closes within its length
			l.leftTill = now.Add(window)
		}
		l.left = n - (l.inFlight - 1) // the one that brings this is counted already
		if reset, ok := resetTime(h); ok && reset.Before(now.Add(window)) {
			l.leftTill = reset.Add(roundedDown)
		}
	}
	l.broadcast()
}

func (l *limiter) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// resetTime is when the API's window ends, as it says in epoch seconds.
func resetTime(h http.Header) (time.Time, bool) {
	n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || n < 1e9 || n > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(n, 0), true
}
