package talkover

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Meter counts the requests of a piece of work.
type Meter struct {
	requests atomic.Int64
	outer    *Meter // of the work around this; nil for none
}

// meterKey is the context key of [WithMeter].
type meterKey struct{}

// WithMeter returns a context and a meter that counts its requests. A meter that ctx
// has already counts them too.
func WithMeter(ctx context.Context) (context.Context, *Meter) {
	m := new(Meter)
	m.outer, _ = ctx.Value(meterKey{}).(*Meter)
	return context.WithValue(ctx, meterKey{}, m), m
}

// Requests returns how many HTTP requests went out to the API so far. Each attempt
// counts.
func (m *Meter) Requests() int { return int(m.requests.Load()) }

// countRequest adds a request to every meter of ctx.
func countRequest(ctx context.Context) {
	for m, _ := ctx.Value(meterKey{}).(*Meter); m != nil; m = m.outer {
		m.requests.Add(1)
	}
}

// Usage counts the retries and waits of a [Client], and of all that [Client.As] made
// of it, since it was made.
type Usage struct {
	Retries int           // requests that were sent again
	Waits   int           // times that a request was held back, by the limiter or before a retry
	Waited  time.Duration // the sum of the waits that are over
}

// usage keeps the counts of [Usage].
type usage struct {
	mu sync.Mutex
	Usage
}

// add counts retries, and a wait that is over.
func (u *usage) add(retries int, wait time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.Retries += retries
	u.Waits++
	u.Waited += wait
}

func (u *usage) read() Usage {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.Usage
}
