package calls

import (
	"cmp"
	"context"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	// yieldTime is how long a question waits in all for what other replicas read, and how long
	// they have it to themselves. Dates that two of them read are never wrong.
	yieldTime = 2 * time.Second
	// yieldEvery is how often it looks whether they have read it.
	yieldEvery = 200 * time.Millisecond
)

// yields reports whether a want leaves the first page of a reading to another replica, which has
// just asked for it. The caller holds the lock.
func (l *Log) yields(w *want, r *reading) bool {
	s, sharing := l.all.Store.(Sharing)
	begins := r.size == 0 || r.whole && r.live() // one that is looked at again
	waited := !w.yielding.IsZero() && l.now().After(w.yielding)
	if !sharing || !begins || r.query != (talkover.CallQuery{}) || w.ended || waited {
		return false
	}
	mine := true
	l.inStore("a lease cannot be had", func(ctx context.Context, _ Store) error {
		mine = s.Lease(ctx, l.keys.account, l.keys.name(r.asked), yieldTime)
		return nil
	})
	if !mine {
		w.yielding = cmp.Or(w.yielding, l.now().Add(yieldTime))
		l.loaded = time.Time{} // so that the next step looks into the store
	}
	return !mine
}
