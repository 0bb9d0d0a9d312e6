package cache

import (
	"context"
	"slices"
	"time"
)

// Account keeps the days of one token at one base URL. No method shows it a day of
// another.
type Account struct {
	cache *Cache
	keys  keys
	turn  chan struct{} // held while days are read

	// Guarded by cache.mu.
	used   time.Time
	calls  int
	days   map[Date]*kept
	live   []Live
	failed map[Date]time.Time // days that could not be proven
	pins   []*span
	zone   Zone
	paid   []payment
	stop   context.CancelFunc // ends reading in the background
}

type kept struct {
	Kept
	used time.Time
}

type span struct{ from, to Date }

// Live is a proven reading of the days that are not closed.
type Live struct {
	From, To Date      // To is the day of AsOf or later where it has all calls until AsOf
	Calls    *Columns  // newest first
	AsOf     time.Time // when it was complete
}

// payment is pages that were paid for a list of a window, of which no day was kept.
type payment struct {
	span
	pages int
	at    time.Time
}

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
// is read once. The reading in the background ends. It returns what gives the turn
// back, or the error of ctx.
func (a *Account) Turn(ctx context.Context) (release func(), err error) {
	a.cache.mu.Lock()
	if a.stop != nil {
		a.stop()
	}
	a.cache.mu.Unlock()
	select {
	case a.turn <- struct{}{}:
		return func() { <-a.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// InBackground runs a reading that gives way: its context ends as soon as a question
// wants the turn, the time is over or the cache is closed. It does nothing where a
// reading is going on.
func (a *Account) InBackground(limit time.Duration, read func(ctx context.Context)) {
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
		read(ctx)
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

func (a *Account) pinned(d Date) bool {
	return slices.ContainsFunc(a.pins, func(s *span) bool { return s.from <= d && d <= s.to })
}

// Days returns the days of a window that are kept, by date: in this process, or in
// the store. A reading that is too old is none.
func (a *Account) Days(ctx context.Context, from, to Date, now time.Time) map[Date]Kept {
	found := map[Date]Kept{}
	for d := from; d <= to; d++ {
		a.cache.mu.Lock()
		k := a.days[d]
		if k != nil && (now.Sub(k.ReadAt) > maxAge || k.Brief && now.Sub(k.Proven) >= ProofTime) {
			a.cache.drop(a, d)
			k = nil
		}
		if k != nil {
			k.used = now
			found[d] = k.Kept
		}
		a.cache.mu.Unlock()
		if k == nil && a.cache.Store != nil {
			if day := a.load(ctx, d, now); day != nil {
				found[d] = Kept{Day: day}
				a.Keep(now, time.Time{}, day)
			}
		}
	}
	return found
}

// load reads a day from the store. Whatever is wrong with it makes it a miss.
func (a *Account) load(ctx context.Context, d Date, now time.Time) *Day {
	note := func(problem string, err error) {
		if a.cache.Note != nil {
			a.cache.Note(problem, err)
		}
	}
	name := a.keys.dayName(d)
	sealed, err := a.cache.Store.Get(ctx, a.keys.account, name)
	switch {
	case err != nil:
		note("a kept day cannot be fetched", err)
		return nil
	case sealed == nil:
		return nil
	}
	kept, err := a.keys.open(d, sealed)
	switch {
	case err != nil:
		note("a kept day cannot be read", err)
		return nil
	case now.Sub(kept.Renewed) > a.cache.TTL, now.Sub(kept.ReadAt) > maxAge, kept.ReadAt.Sub(now) > time.Hour:
		return nil
	}
	return kept
}

// Name returns the name of the account in the store, which tells nothing of its token.
func (a *Account) Name() string { return a.keys.account }

// Stored tells of one day in the store.
type Stored struct {
	Date   string    `json:"date"`
	Calls  int       `json:"calls"`
	Bytes  int       `json:"bytes"` // of the sealed day
	ReadAt time.Time `json:"read_at"`
}

// oldestStored bounds how far back days are looked for in the store, by their names.
const oldestStored = 10 * 366

// Stored lists the days that the store has of the account, the newest first.
func (a *Account) Stored(ctx context.Context, now time.Time) []Stored {
	days := []Stored{}
	for d := DateOf(now); d > DateOf(now)-oldestStored; d-- {
		sealed, err := a.cache.Store.Get(ctx, a.keys.account, a.keys.dayName(d))
		if err != nil || sealed == nil {
			continue
		}
		if day, err := a.keys.open(d, sealed); err == nil {
			days = append(days, Stored{d.String(), day.Calls.Len(), len(sealed), day.ReadAt})
		}
	}
	return days
}

// Keep keeps days that were read and proven at a moment; zero where they must be
// proven before use. Days that are used least make room, but none that is pinned.
// What does not fit is not kept.
func (a *Account) Keep(now, proven time.Time, days ...*Day) {
	c := a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, day := range days {
		if a.zone.Other {
			return
		}
		c.drop(a, day.Date)
		n := day.Calls.Len()
		c.makeRoom(a, n)
		if c.calls+n > c.Calls {
			continue
		}
		a.days[day.Date] = &kept{Kept{day, proven}, now}
		a.calls += n
		c.calls += n
		delete(a.failed, day.Date)
	}
}

// Save puts days into the store, where there is one.
func (a *Account) Save(ctx context.Context, days ...*Day) {
	if a.cache.Store == nil {
		return
	}
	for _, d := range days {
		err := a.cache.Store.Put(ctx, a.keys.account, a.keys.dayName(d.Date), d.Renewed, d.Renewed.Add(a.cache.TTL), a.keys.seal(d))
		if err != nil && a.cache.Note != nil {
			a.cache.Note("a day cannot be kept", err)
		}
	}
}

// MarkProven says that the API's count of these days was that of their calls at a
// moment.
func (a *Account) MarkProven(at time.Time, dates ...Date) {
	a.mark(dates, func(k *kept) { k.Proven = at })
}

// MarkRenewed says that the API's counts by status and by agent of these days were
// those of their calls at a moment.
func (a *Account) MarkRenewed(at time.Time, dates ...Date) {
	a.mark(dates, func(k *kept) {
		renewed := *k.Day
		renewed.Renewed = at
		k.Day, k.Proven = &renewed, at
	})
}

func (a *Account) mark(dates []Date, f func(*kept)) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for _, d := range dates {
		if k := a.days[d]; k != nil {
			f(k)
		}
	}
}

// Drop forgets days that are no longer what the API has, in the store too.
func (a *Account) Drop(ctx context.Context, dates ...Date) {
	a.cache.mu.Lock()
	for _, d := range dates {
		a.cache.drop(a, d)
	}
	a.cache.mu.Unlock()
	if a.cache.Store != nil {
		for _, d := range dates {
			_ = a.cache.Store.Forget(ctx, a.keys.account, a.keys.dayName(d)) // what stays fails its next proof
		}
	}
}

// Forget drops all days of the account, in the store too: its token is refused.
func (a *Account) Forget(ctx context.Context) {
	a.cache.mu.Lock()
	a.cache.forget(a)
	a.cache.mu.Unlock()
	if a.cache.Store != nil {
		_ = a.cache.Store.Forget(ctx, a.keys.account, "") // nobody can ask for them any more
	}
}

// Stale reports whether fields of a kept day must be confirmed before use.
func (a *Account) Stale(k Kept, now time.Time) bool { return now.Sub(k.Renewed) > a.cache.TTL }

// MarkFailed keeps in mind that days could not be proven, for an hour.
func (a *Account) MarkFailed(at time.Time, dates ...Date) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for _, d := range dates {
		a.failed[d] = at
	}
}

// Failed reports whether a day could not be proven within the last hour.
func (a *Account) Failed(d Date, now time.Time) bool {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	at, ok := a.failed[d]
	return ok && now.Sub(at) < retryTime
}

// KeepLive keeps a reading of the days that are not closed, for [ProofTime].
func (a *Account) KeepLive(l Live) {
	if !a.Keeps() {
		return
	}
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.dropLive(l.AsOf)
	a.live = slices.DeleteFunc(a.live, func(o Live) bool { return l.From <= o.From && l.To >= o.To })
	a.live = append(a.live, l)
}

// dropLive drops readings of live days that are no longer good. The caller holds
// cache.mu.
func (a *Account) dropLive(now time.Time) {
	a.live = slices.DeleteFunc(a.live, func(l Live) bool { return now.Sub(l.AsOf) >= ProofTime })
}

// Live returns a reading that holds these days and is still good.
func (a *Account) Live(from, to Date, now time.Time) (Live, bool) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for _, l := range slices.Backward(a.live) {
		if l.From <= from && to <= l.To && now.Sub(l.AsOf) < ProofTime {
			return l, true
		}
	}
	return Live{}, false
}
