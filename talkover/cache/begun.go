package cache

import "time"

// KeepBegun keeps the newest calls of a closed day that was not read to its end, so that
// the next reading can go on where they end. They were proven at a moment: then the day had
// no other calls later than the last of them. An account keeps one such day, the last; it
// makes room as a kept day does.
func (a *Account) KeepBegun(now, proven time.Time, day *Day) {
	c := a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropBegun(a)
	n := day.Calls.Len()
	if a.zone.Other {
		return
	}
	c.makeRoom(a, n)
	if c.calls+n > c.Calls {
		return
	}
	a.begun = &kept{Kept{day, proven}, now}
	a.calls += n
	c.calls += n
}

// Begun returns the day that was begun to be read, unless that was longer ago than fields
// are believed.
func (a *Account) Begun(now time.Time) (Kept, bool) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	if a.begun == nil {
		return Kept{}, false
	}
	if now.Sub(a.begun.ReadAt) > a.cache.TTL {
		a.cache.dropBegun(a)
		return Kept{}, false
	}
	a.begun.used = now
	return a.begun.Kept, true
}
