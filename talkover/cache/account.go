package cache

import (
	"context"
	"slices"
	"time"
)

// Pay notes that a list of a window took so many pages, and no day of it was kept.
func (a *Account) Pay(now time.Time, from, to Date, pages int) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.paid = slices.DeleteFunc(a.paid, func(p payment) bool { return now.Sub(p.at) > retryTime })
	a.paid = append(a.paid, payment{span{from, to}, pages, now})
}

// Paid returns the pages that were paid in the last hour for lists within a window.
func (a *Account) Paid(now time.Time, from, to Date) int {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	n := 0
	for _, p := range a.paid {
		if p.from >= from && p.to <= to && now.Sub(p.at) <= retryTime {
			n += p.pages
		}
	}
	return n
}

// Keeps reports whether days are kept at all.
func (a *Account) Keeps() bool { return a.cache.Calls > 0 && !a.Zone().Other }

// Share returns the most calls that this account may keep: its part of what all
// accounts that hold days share.
func (a *Account) Share() int {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.cache.share(a)
}

// Turn waits until no other question reads days of this account, so that each day
// is read once, be it of another replica. The reading in the background ends. It returns
// what gives the turn back, or the error of ctx.
func (a *Account) Turn(ctx context.Context) (release func(), err error) {
	a.cache.mu.Lock()
	if a.stop != nil {
		a.stop()
	}
	a.cache.mu.Unlock()
	select {
	case a.turn <- struct{}{}:
		unlock, err := a.lock(ctx, nil)
		if err != nil {
			<-a.turn
			return nil, err
		}
		return func() { unlock(); <-a.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// InBackground runs a reading that gives way: its first context ends as soon as a question
// wants the turn, the time is over or the cache is closed. What was read by then may still
// be proven, until the second ends with the cache. It does nothing where a reading is
// going on.
func (a *Account) InBackground(limit time.Duration, read func(ctx, life context.Context)) {
	select {
	case a.turn <- struct{}{}:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(a.cache.closed, limit)
	a.cache.mu.Lock()
	a.stop = cancel
	a.cache.mu.Unlock()
	a.cache.background.Add(1)
	go func() {
		defer a.cache.background.Done()
		defer func() {
			a.cache.mu.Lock()
			a.stop = nil
			a.cache.mu.Unlock()
			cancel()
			<-a.turn
		}()
		unlock, err := a.lock(ctx, cancel)
		if err != nil {
			return
		}
		defer unlock()
		read(ctx, a.cache.closed)
	}()
}

// Pin protects the days from one to another from eviction until unpin is called.
func (a *Account) Pin(from, to Date) (unpin func()) {
	s := &span{from, to}
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.pins = append(a.pins, s)
	return func() {
		a.cache.mu.Lock()
		defer a.cache.mu.Unlock()
		a.pins = slices.DeleteFunc(a.pins, func(p *span) bool { return p == s })
		if len(a.pins) == 0 {
			a.pins = nil
		}
	}
}

// Zone returns what is known of the API's zone.
func (a *Account) Zone() Zone {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.zone
}

// LearnZone adds to what is known of the API's zone. Where it is another than UTC, no
// day is kept any more.
func (a *Account) LearnZone(z Zone) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.zone.AtStart, a.zone.AtEnd, a.zone.Other = a.zone.AtStart || z.AtStart, a.zone.AtEnd || z.AtEnd, a.zone.Other || z.Other
	if a.zone.Other {
		a.cache.forget(a)
	}
}
