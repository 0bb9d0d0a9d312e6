package cache

import (
	"context"
	"slices"
	"time"
)

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
		var day *Day
		switch {
		case k == nil && a.cache.Store != nil:
			day = a.load(ctx, d, now)
		case k != nil && a.Stale(found[d], now): // unless another replica has renewed it
			day = a.later(ctx, found[d].Day, now)
		}
		if day != nil {
			found[d] = Kept{Day: day}
			a.Keep(now, time.Time{}, day)
		}
	}
	for d, at := range a.proofs(ctx, found, now) {
		a.mark([]Date{d}, func(k *kept) { k.Proven = at })
		found[d] = Kept{Day: found[d].Day, Proven: at}
	}
	return found
}

// later returns the reading of a day in the store that is later than the one here, or
// was renewed later; nil for none. Only another replica can have put it there.
func (a *Account) later(ctx context.Context, mine *Day, now time.Time) *Day {
	if a.sharing() == nil {
		return nil
	}
	theirs := a.load(ctx, mine.Date, now)
	if theirs == nil || theirs.ReadAt.UnixMicro() <= mine.ReadAt.UnixMicro() && theirs.Renewed.UnixMicro() <= mine.Renewed.UnixMicro() {
		return nil
	}
	return theirs
}

// load reads a day from the store. Whatever is wrong with it makes it a miss.
func (a *Account) load(ctx context.Context, d Date, now time.Time) *Day {
	sealed, err := a.cache.Store.Get(ctx, a.keys.account, a.keys.dayName(d))
	switch {
	case err != nil:
		a.note("a kept day cannot be fetched", err)
		return nil
	case sealed == nil:
		return nil
	}
	kept, err := a.keys.open(d, sealed)
	switch {
	case err != nil:
		a.note("a kept day cannot be read", err)
		return nil
	case now.Sub(kept.Renewed) > a.cache.TTL, now.Sub(kept.ReadAt) > maxAge, kept.ReadAt.Sub(now) > time.Hour:
		return nil
	}
	return kept
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
		if a.begun != nil && a.begun.Date == day.Date {
			c.dropBegun(a)
		}
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

// Save puts days that are proven into the store, where there is one.
func (a *Account) Save(ctx context.Context, days ...*Day) {
	if a.cache.Store == nil {
		return
	}
	for _, d := range days {
		err := a.cache.Store.Put(ctx, a.keys.account, a.keys.dayName(d.Date), d.Renewed, d.Renewed.Add(a.cache.TTL), a.keys.seal(d))
		a.note("a day cannot be kept", err)
		a.shareProof(ctx, d.Renewed, d)
	}
}

// MarkProven says that the API's count of these days was that of their calls at a
// moment.
func (a *Account) MarkProven(at time.Time, dates ...Date) {
	var days []*Day
	a.mark(dates, func(k *kept) { k.Proven = at; days = append(days, k.Day) })
	a.shareProof(context.Background(), at, days...)
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

// Drop forgets days that are no longer what the API has, in the store too. Where another
// replica has put a later reading there, it takes that instead, and returns true.
func (a *Account) Drop(ctx context.Context, now time.Time, dates ...Date) (replaced bool) {
	for _, d := range dates {
		a.cache.mu.Lock()
		mine := a.days[d]
		a.cache.drop(a, d)
		a.cache.mu.Unlock()
		if a.cache.Store == nil {
			continue
		}
		if mine != nil {
			if theirs := a.later(ctx, mine.Day, now); theirs != nil {
				a.Keep(now, time.Time{}, theirs)
				replaced = true
				continue
			}
		}
		_ = a.cache.Store.Forget(ctx, a.keys.account, a.keys.dayName(d)) // what stays fails its next proof
	}
	return replaced
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

// Oldest returns the oldest day that is kept in this process, or the given one where none is.
func (a *Account) Oldest(none Date) Date {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	oldest := none
	for d := range a.days {
		oldest = min(oldest, d)
	}
	return oldest
}

// KeepLive keeps a reading of the days that are not closed, for [ProofTime].
func (a *Account) KeepLive(l Live) {
	if !a.Keeps() {
		return
	}
	a.keepLive(l)
	a.shareLive(context.Background(), l)
}

func (a *Account) keepLive(l Live) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.dropLive(l.AsOf)
	a.live = slices.DeleteFunc(a.live, func(o Live) bool { return l.From <= o.From && l.To >= o.To })
	a.live = append(a.live, l)
}

// Live returns a reading that holds these days and is still good, by this replica or
// another one.
func (a *Account) Live(ctx context.Context, from, to Date, now time.Time) (Live, bool) {
	if l, ok := a.ownLive(from, to, now); ok || !a.Keeps() {
		return l, ok
	}
	l, ok := a.theirLive(ctx, from, to, now)
	if ok {
		a.keepLive(l)
	}
	return l, ok
}

func (a *Account) ownLive(from, to Date, now time.Time) (Live, bool) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for _, l := range slices.Backward(a.live) {
		if l.From <= from && to <= l.To && now.Sub(l.AsOf) < ProofTime {
			return l, true
		}
	}
	return Live{}, false
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
