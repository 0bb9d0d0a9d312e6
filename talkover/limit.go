package talkover

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	window    = time.Minute // over which the API counts
	spare     = 5           // requests a window that are left to others with the token
	bulkShare = 80          // per cent of the limit that bulk work may take

	// Where others use the token, bulk work leaves them 40 % of the limit. Of less than that
	// it takes a sixth, so that ten processes that start one after the other all get some,
	// and so many requests at least.
	leftToOthers = 40
	leastBulk    = 3

	mostLimit  = 1_000_000        // requests a window that are believed to be a limit
	maxWait    = 30 * time.Second // the longest wait that the API or the limiter may ask of a call
	answerTime = 2 * time.Second  // left for the request after a wait; with less, it would be in vain

	// Laravel tells whole seconds: its window may close up to one later.
	roundedDown = time.Second
)

// bulkKey is the context key of [Bulk].
type bulkKey struct{}

// Bulk returns a context for work of many requests. The limiter lets such work take
// 80 % of the limit, so that look-ups beside it never starve.
func Bulk(ctx context.Context) context.Context { return context.WithValue(ctx, bulkKey{}, true) }

func isBulk(ctx context.Context) bool {
	bulk, _ := ctx.Value(bulkKey{}).(bool)
	return bulk
}

// Limits says how much of the API's limit a client uses.
type Limits struct {
	Limit   int           // requests a minute that the plan allows; 0 for no limit of ours
	Used    int           // of them, by this client in the last minute or under way
	Waiting int           // requests that the limiter holds back
	Hold    time.Duration // until the next request may go; 0 for at once
}

// limiter keeps the requests with one token inside the API's limit: in any 60 s
// no more than the limit less 5. A request counts until 60 s after its answer, when
// the API cannot count it any more however long it was under way. A token bucket
// counts from the start, so slow requests would exceed the limit.
//
// It learns the true limit, and how much of it is left, from X-RateLimit-*: others may
// use the same token.
type limiter struct {
	mu        sync.Mutex
	limit     int           // requests a window; 0 for none
	places    []Place       // of the last window and under way, in the order in which they come free
	lease     time.Duration // of a request under way: longer than a window after its last moment
	left      int           // requests that the API says are left, until leftUntil
	leftUntil time.Time     // zero where it did not say
	paused    time.Time     // no request before this
	queue     []string      // requests that wait: look-ups, and bulk work behind them, first come first served
	lookups   int           // of them
	usage     *usage
	changed   chan struct{} // closed and made anew whenever a request may have become free to go
	replicas  int           // that divide the limit, while no ledger counts for all of them
	shared    *sharedCount  // the count of all replicas; nil for none
}

func newLimiter(c *Client) *limiter {
	l := &limiter{
		limit: c.config.RateLimit, replicas: c.config.Replicas, lease: c.config.Timeout + window,
		usage: c.usage, changed: make(chan struct{}),
	}
	if c.config.Ledger != nil && l.limit > 0 {
		l.shared = &sharedCount{Ledger: c.config.Ledger(c.Key), told: Told{Left: -1}}
	}
	return l
}

// acquire waits until a request may go; release must follow. It fails at once, with
// the wait in an [*Error], if that would be too late for ctx.
func (l *limiter) acquire(ctx context.Context, bulk bool) (release func(), err error) {
	id := rand.Text()
	l.mu.Lock()
	defer l.mu.Unlock()
	at := len(l.queue)
	if !bulk {
		at = l.lookups
		l.lookups++
	}
	l.queue = slices.Insert(l.queue, at, id)
	var heldSince time.Time
	defer func() {
		l.queue = slices.DeleteFunc(l.queue, func(other string) bool { return other == id })
		if !bulk {
			l.lookups--
		}
		l.broadcast()
		if !heldSince.IsZero() {
			l.usage.add(0, time.Since(heldSince))
		}
		if s := l.shared; s != nil && err != nil && (ctx.Err() != nil || s.alone()) { // else it is not queued
			s.Release(id, Told{Left: -1})
		}
	}()
	for {
		most := longestWait(ctx)
		wait, again, changed := l.wait(id, bulk, most)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case wait <= 0:
			l.place(id, l.lease)
			l.left--
			return func() { l.release(id) }, nil
		case wait > most:
			return nil, &Error{Reason: RateLimited, Wait: wait}
		case heldSince.IsZero():
			heldSince = time.Now()
		}
		l.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(min(wait, again)):
		case <-ctx.Done():
		}
		l.mu.Lock()
	}
}

// wait returns how long a request must wait, by the ledger or else by the count of this
// process, and when to look again: after so long, or once something has changed. The caller
// holds l.mu.
func (l *limiter) wait(id string, bulk bool, most time.Duration) (wait, again time.Duration, changed chan struct{}) {
	again = window
	if l.shared != nil {
		ask := Ask{ID: id, Share: 100, Most: most}
		if bulk {
			ask.Share = bulkShare
		}
		if g, err := l.ask(ask); err == nil {
			return g.Wait, g.Again, nil
		}
		again = lookBack
	}
	return l.waitBehind(slices.Index(l.queue, id), time.Now(), bulk), again, l.changed
}

// release ends what acquire began: the request was answered or failed.
func (l *limiter) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.place(id, window)
	l.broadcast()
	if s := l.shared; s != nil {
		told := s.told
		s.told, told.Counts = Told{Left: -1}, window
		s.Release(id, told)
	}
}

// place has a request count for so long from now. The caller holds l.mu.
func (l *limiter) place(id string, counts time.Duration) {
	now := time.Now()
	l.places = slices.DeleteFunc(l.places, func(p Place) bool { return p.ID == id })
	if l.limit > 0 || counts > window {
		l.places = append(l.places, Place{id, now.Add(counts)})
	}
	slices.SortFunc(l.places, func(x, y Place) int { return x.Until.Compare(y.Until) })
}

// underWay returns how many requests have no answer yet. The caller holds l.mu.
func (l *limiter) underWay() (n int) {
	answered := time.Now().Add(window)
	for _, p := range l.places {
		if p.Until.After(answered) {
			n++
		}
	}
	return n
}

// longestWait returns how long a call can wait and still have time for an answer. Bulk
// work has a deadline that says how long it may take, and waits as long as that allows.
func longestWait(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return maxWait
	}
	most := maxWait
	if isBulk(ctx) {
		most = window
	}
	return max(min(most, time.Until(deadline)-answerTime), 0)
}

// waitBehind returns how long a request must wait that has `ahead` requests queued
// before it. The caller holds l.mu.
func (l *limiter) waitBehind(ahead int, now time.Time, bulk bool) time.Duration {
	wait := l.paused.Sub(now)
	if l.limit == 0 {
		return wait
	}
	l.forget(now)
	if l.left <= 0 && now.Before(l.leftUntil) {
		wait = max(wait, l.leftUntil.Sub(now))
	}
	allowed := max((l.limit-spare)/l.replicas, 1)
	if bulk {
		allowed = max(allowed*bulkShare/100, 1)
		if l.shared != nil {
			wait = max(wait, l.shared.quietUntil.Sub(now))
		}
	}
	// This many places must come free first. Of one under way nobody knows more than that it
	// counts for a window at least.
	if need := len(l.places) + ahead + 1 - allowed; need > len(l.places) {
		wait = max(wait, window)
	} else if need > 0 {
		wait = max(wait, min(l.places[need-1].Until.Sub(now), window))
	}
	return wait
}

// forget drops requests that the API counts no more. The caller holds l.mu.
func (l *limiter) forget(now time.Time) {
	for len(l.places) > 0 && !l.places[0].Until.After(now) {
		l.places = l.places[1:]
	}
}

// allowance returns how many bulk requests may go within d from now, and the limit
// they come from; both are 0 for no limit.
func (l *limiter) allowance(d time.Duration) (requests, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit == 0 {
		return 0, 0
	}
	if l.shared != nil {
		if requests, ok := l.foreseen(d); ok {
			return requests, l.limit
		}
	}
	now := time.Now()
	waiting := len(l.queue)
	for l.waitBehind(waiting+requests, now, true) <= d && requests < l.limit {
		requests++
	}
	if left := l.left - waiting; now.Before(l.leftUntil) && l.leftUntil.Sub(now) > d {
		if others := l.limit - l.left - len(l.places); others > 0 {
			left = max(left-l.limit*leftToOthers/100, left/6, min(left, leastBulk))
		}
		requests = min(requests, max(left, 0))
	}
	return requests, l.limit
}

func (l *limiter) limits() Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	hold := l.waitBehind(0, now, false)
	used := len(l.places)
	if s := l.shared; s != nil && !s.alone() {
		used, hold = max(used, s.used), s.heldUntil.Sub(now)
	}
	return Limits{Limit: l.limit, Used: used, Waiting: len(l.queue), Hold: max(hold, 0)}
}

// pause holds all requests back, because the API asked one of them to wait.
func (l *limiter) pause(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shared != nil {
		l.shared.Release("", Told{Left: -1, Pause: d})
	}
	if until := time.Now().Add(d); until.After(l.paused) {
		l.paused = until
	}
}

// learn adopts the limit that an answer tells, be it larger or tighter, and how many
// requests are left of it. Laravel may tell the reset only with a 429.
func (l *limiter) learn(h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit == 0 {
		return
	}
	told := Told{Left: -1}
	if n := headerCount(h, "X-RateLimit-Limit"); n > 0 && n <= mostLimit {
		l.limit, told.Limit = n, n
	}
	if n := headerCount(h, "X-RateLimit-Remaining"); n >= 0 {
		now := time.Now()
		told.Left = n
		if !now.Before(l.leftUntil) { // the first answer of a window, which closes within its length
			l.leftUntil = now.Add(window)
		}
		l.left = n - (l.underWay() - 1) // the API counted the request of this answer, and not yet the others in flight
		if reset, ok := resetTime(h); ok && reset.Before(now.Add(window)) {
			l.leftUntil = reset.Add(roundedDown)
			told.Reset = l.leftUntil.Sub(now)
		}
	}
	if l.shared != nil {
		l.shared.told = told
	}
	l.broadcast()
}

// broadcast has every waiting request look again. The caller holds l.mu.
func (l *limiter) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// resetTime returns when the API's window ends, as it says in epoch seconds.
func resetTime(h http.Header) (time.Time, bool) {
	n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || n < 1e9 || n > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(n, 0), true
}
