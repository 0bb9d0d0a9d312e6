package cache

// Zone holds what is known of the zone in which the API cuts days, which is not
// documented.
type Zone struct {
	AtStart, AtEnd bool // a call lay so near that end of its days that no other zone than UTC has it there
	Other          bool // a call lay where only another zone has it
}

// UTC reports whether the API is known to cut days of UTC.
func (z Zone) UTC() bool { return z.AtStart && z.AtEnd && !z.Other }
