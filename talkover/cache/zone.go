package cache

// Zone holds what is known of the zone in which the API cuts days, which is not
// documented.
type Zone struct {
	AtStart, AtEnd bool // a call lay so near that end of its days that no other zone than UTC has it there
	Other          bool // a call lay where only another zone has it
}

// UTC reports whether the API is known to cut days of UTC.
func (z Zone) UTC() bool { return z.AtStart && z.AtEnd && !z.Other }

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
