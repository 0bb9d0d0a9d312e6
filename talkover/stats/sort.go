package stats

import (
	"cmp"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Order is how found calls are sorted; those of the same length are newest first.
type Order string

// The orders.
const (
	Newest   Order = "newest"
	Oldest   Order = "oldest"
	Longest  Order = "longest"
	Shortest Order = "shortest"
)

// compare compares two calls. Those of one moment and length have an order that stays.
func (o Order) compare(x, y cache.Row) int {
	if c := o.compareKeys(Cursor{at: x.Created(), seconds: x.Seconds()}, Cursor{at: y.Created(), seconds: y.Seconds()}); c != 0 {
		return c
	}
	return cmp.Compare(digest(x.Call()), digest(y.Call()))
}

// isAfter reports whether a call comes after a cursor.
func (o Order) isAfter(r cache.Row, c Cursor) bool {
	switch o.compareKeys(Cursor{at: r.Created(), seconds: r.Seconds()}, c) {
	case 1:
		return true
	case -1:
		return false
	}
	return digest(r.Call()) > c.tie
}

func (o Order) compareKeys(x, y Cursor) int {
	newest := cmp.Compare(y.at, x.at)
	switch o {
	case Oldest:
		return -newest
	case Longest:
		return cmp.Or(cmp.Compare(y.seconds, x.seconds), newest)
	case Shortest:
		return cmp.Or(cmp.Compare(x.seconds, y.seconds), newest)
	}
	return newest
}
