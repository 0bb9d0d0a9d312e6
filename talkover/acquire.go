package talkover

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// permit lets one request go, until its release.
type permit struct {
	limiter *limiter
	id      string // in the ledger; empty without one
}

// acquire waits until a request may go; release must follow. It fails at once, with
// the wait in an [*Error], if that would be too late for ctx.
func (l *limiter) acquire(ctx context.Context, bulk bool) (permit, error) {
	if l.shared != nil {
		return l.acquireShared(ctx, bulk)
	}
	return permit{limiter: l}, l.queue(ctx, bulk)
}

// release ends what acquire began: the request was answered or failed.
func (p permit) release() {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	if l.limit > 0 {
		l.answered = append(l.answered, time.Now())
	}
	l.broadcast()
	if l.shared != nil {
		l.shared.release(p.id)
	}
}

// acquireShared is acquire where a ledger counts. This process keeps its own count too,
// and goes on with its part of the limit while the ledger is away.
func (l *limiter) acquireShared(ctx context.Context, bulk bool) (permit, error) {
	for {
		id := rand.Text()
		err := l.ask(ctx, id, bulk)
		if err == nil {
			return permit{l, id}, nil
		}
		if !errors.Is(err, errAway) {
			return permit{}, err
		}
		err = l.queue(ctx, bulk)
		if err == nil {
			id = rand.Text() // the one before may yet be cancelled
			l.shared.Alone(id, l.shared.lease)
			return permit{l, id}, nil
		}
		if !errors.Is(err, errBack) {
			return permit{}, err
		}
	}
}

// ask waits until the ledger lets a request go. The error is as that of acquire, or
// errAway.
func (l *limiter) ask(ctx context.Context, id string, bulk bool) error {
	s := l.shared
	var heldSince time.Time
	defer func() {
		if !heldSince.IsZero() {
			l.usage.addWait(time.Since(heldSince))
			l.mu.Lock()
			s.asking--
			l.mu.Unlock()
		}
	}()
	for {
		l.mu.Lock()
		limit := l.limit
		l.mu.Unlock()
		most := longestWait(ctx)
		grant, err := s.Acquire(Ask{ID: id, Bulk: bulk, Limit: limit, Most: most, Lease: s.lease})
		if gone := ctx.Err(); gone != nil {
			s.Cancel(id)
			return gone
		}
		if err != nil {
			s.Cancel(id) // it may have been granted without an answer
			l.alone()
			return errAway
		}
		l.adopt(grant)
		switch {
		case grant.Wait <= 0:
			return nil
		case grant.Wait > most:
			return &Error{Reason: RateLimited, Wait: grant.Wait}
		}
		if heldSince.IsZero() {
			heldSince = time.Now()
			l.mu.Lock()
			s.asking++
			l.mu.Unlock()
		}
		timer := time.NewTimer(min(grant.Wait, grant.Again))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			s.Cancel(id)
			return ctx.Err()
		}
	}
}

// adopt takes an answer of the ledger, and counts a request that it lets go.
func (l *limiter) adopt(g Grant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shared
	s.aloneSince, s.used, s.heldUntil = time.Time{}, g.Used, time.Now().Add(g.Wait)
	if g.Limit > 0 {
		l.limit = g.Limit
	}
	if g.Wait <= 0 {
		l.inFlight++
		l.left--
		s.granted++
		l.forget(time.Now())
	}
}

// alone begins the time in which this process goes on by itself.
func (l *limiter) alone() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.shared; s.aloneSince.IsZero() {
		s.aloneSince = time.Now()
		s.quietUntil = s.aloneSince.Add(quietTime)
	}
}

// allowance returns how many bulk requests may go within d from now, and the limit
// they come from; both are 0 for no limit.
func (l *limiter) allowance(d time.Duration) (requests, limit int) {
	if l.shared != nil {
		if requests, limit, ok := l.sharedAllowance(d); ok {
			return requests, limit
		}
	}
	return l.ownAllowance(d)
}

// sharedAllowance is allowance where the ledger counts; ok is false while it is away.
func (l *limiter) sharedAllowance(d time.Duration) (requests, limit int, ok bool) {
	s := l.shared
	if s.Away() {
		l.alone()
		return 0, 0, false
	}
	l.mu.Lock()
	fresh, limit := time.Since(s.outlookAt) < outlookTime, l.limit
	l.mu.Unlock()
	if !fresh {
		outlook, err := s.Outlook(limit)
		if err != nil {
			l.alone()
			return 0, 0, false
		}
		l.mu.Lock()
		s.outlook, s.outlookAt, s.granted = outlook, time.Now(), 0
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	free := s.outlook.Free
	at := min(int(d/OutlookStep), len(free)-1)
	return max(free[max(at, 0)]-s.granted, 0), s.outlook.Limit, true
}
