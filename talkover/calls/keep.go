package calls

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Store keeps sealed readings beyond the process: in a folder, or where replicas share them.
type Store interface {
	// Names lists what is kept of an account.
	Names(ctx context.Context, account string) ([]string, error)
	// Get returns what is kept by a name; nil where there is nothing.
	Get(ctx context.Context, account, name string) ([]byte, error)
	// Put keeps something that is of a moment until it expires, unless what is there is of a later
	// one.
	Put(ctx context.Context, account, name string, at, expires time.Time, sealed []byte) error
	// Forget forgets something; all of the account where name is empty.
	Forget(ctx context.Context, account, name string) error
}

// Sharing is a store that replicas use at the same time, so that live readings and proofs are
// worth sharing for the minute in which they hold.
type Sharing interface {
	Store
	// Lease asks for the turn to read something, which nobody else gets for so long. Without an
	// answer everybody has it.
	Lease(ctx context.Context, account, name string, life time.Duration) bool
}

const (
	// storeTime bounds one use of a store.
	storeTime = 2 * time.Second
	// oldest is the age at which a reading is used no more.
	oldest = 30 * 24 * time.Hour
	// lookEvery is how often the store is looked through for what other processes have read.
	lookEvery = 2 * time.Second
)

// inStore uses the store, without the lock, and notes a problem with it.
func (l *Log) inStore(problem string, use func(ctx context.Context, s Store) error) {
	if l.all.Store == nil {
		return
	}
	l.all.mu.Unlock()
	defer l.all.mu.Lock()
	ctx, cancel := context.WithTimeout(l.all.ctx, storeTime)
	defer cancel()
	if err := use(ctx, l.all.Store); err != nil && l.all.Note != nil {
		l.all.Note(problem, err)
	}
}

// kept is a reading as it is stored; or that it was proven, without its calls.
type kept struct {
	From, To     Date
	Total        int
	ReadAt, AsOf time.Time // by the API's clock, since those of replicas may differ
	Calls        []talkover.Call
}

// proofs is the name of what replicas tell each other of their proofs.
const proofs = "proofs"

// store puts something of a moment into the store, made of the tables as they are.
func (l *Log) store(name string, at, expires time.Time, all ...kept) {
	l.inStore("a reading cannot be stored", func(ctx context.Context, s Store) error {
		sealed, err := l.keys.seal(name, all)
		if err != nil {
			return err
		}
		return s.Put(ctx, l.keys.account, name, at, expires, sealed)
	})
}

// proof says when a reading was proven.
func (r *reading) proof() kept { return kept{r.from, r.to, r.total, r.readAt, r.asOf, nil} }

// save puts a reading into the store, if it is worth a place there.
func (l *Log) save(r *reading) {
	_, sharing := l.all.Store.(Sharing)
	if l.all.Store == nil || r.flaw != "" || r.query != (talkover.CallQuery{}) || r.live() && !sharing {
		return
	}
	expires := r.readAt.Add(oldest)
	if r.live() {
		expires = l.now().Add(proofTime)
	}
	r.stored = true
	k, t := r.proof(), l.snapshot()
	for i := range r.calls {
		k.Calls = append(k.Calls, t.Whole(&r.calls[i]))
	}
	l.store(l.keys.name(r.asked), r.asOf, expires, k)
}

// unsave takes a reading out of the store.
func (l *Log) unsave(r *reading) {
	if r.stored {
		l.inStore("a reading cannot be deleted", func(ctx context.Context, s Store) error {
			return s.Forget(ctx, l.keys.account, l.keys.name(r.asked))
		})
	}
}

// share tells other replicas which readings are proven.
func (l *Log) share() {
	var all []kept
	for _, r := range l.readings {
		if r.stored && l.fresh(r) {
			all = append(all, r.proof())
		}
	}
	if _, sharing := l.all.Store.(Sharing); sharing {
		l.store(proofs, l.now(), l.now().Add(proofTime), all...)
	}
}

// load takes in what the store has and this process does not: readings of other processes, and
// proofs of other replicas.
func (l *Log) load() {
	now := l.now()
	if age := now.Sub(l.loaded); l.all.Store == nil || age >= 0 && age < lookEvery {
		return
	}
	l.loaded = now
	have := map[string]bool{}
	for _, r := range l.readings {
		have[l.keys.name(r.asked)] = r.whole && (!r.live() || l.fresh(r))
	}
	var found []kept
	l.inStore("the store cannot be read", func(ctx context.Context, s Store) error {
		return l.keys.each(ctx, s, have, func(_ int, k kept) { found = append(found, k) })
	})
	for _, k := range found {
		l.takeIn(k)
	}
}

// takeIn takes in a reading of another process, or a proof of another replica.
func (l *Log) takeIn(k kept) {
	a := asked{from: k.From, to: k.To}
	at := slices.IndexFunc(l.readings, func(r *reading) bool { return r.whole && r.asked == a && r.readAt.Equal(k.ReadAt) })
	if at < 0 {
		calls, err := l.add(k.Calls)
		if err != nil || len(calls) != k.Total || l.now().Sub(k.ReadAt) > oldest {
			return
		}
		at = len(l.readings)
		r := &reading{asked: a, total: k.Total, calls: calls, size: talkover.MaxPerPage, readAt: k.ReadAt, whole: true, stored: true}
		r.last, r.pos = k.Total, k.Total
		l.readings = append(l.readings, r)
	}
	if r := l.readings[at]; k.AsOf.After(r.asOf) {
		r.asOf = k.AsOf
	}
}

// evict forgets readings of all accounts that are used no more: those that are too old, and those
// that were used longest ago, behind the one with which there are as many calls as may be kept.
// What a question wants stays, and what is read in the place of that or behind it.
func (l *Log) evict() {
	var all []held
	for _, log := range l.all.logs {
		wanted := map[asked]bool{}
		for _, w := range log.wants {
			for i := range w.Windows {
				c := log.chain(w, i)
				for _, r := range c.held {
					wanted[r.asked] = true
				}
				if c.gap != nil {
					wanted[log.portion(w, i, &c)] = true
				}
			}
		}
		for _, r := range log.readings {
			all = append(all, held{r, log, wanted[r.asked]})
		}
	}
	slices.SortFunc(all, func(x, y held) int { return y.used.Compare(x.used) })
	n := 0
	for _, h := range all {
		if !h.wanted && (n >= l.all.Calls || l.now().Sub(h.readAt) > oldest && h.whole) {
			h.log.readings = slices.DeleteFunc(h.log.readings, func(r *reading) bool { return r == h.reading })
			continue
		}
		n += len(h.calls)
	}
}

// full reports whether readings have as many calls as may be kept, so that reading on would never
// end.
func (l *Log) full(held []*reading) bool {
	n := 0
	for _, r := range held {
		n += len(r.calls)
	}
	return n >= cmp.Or(l.all.Calls, DefaultCalls)
}

// cut reports whether a chain is cut to its newest part, which is proven, since it is full.
func (l *Log) cut(c *chain) bool {
	return l.full(c.held) && l.fresh(c.held[len(c.held)-1])
}

// held is a reading of a log, which a question wants or not.
type held struct {
	*reading
	log    *Log
	wanted bool
}

// forget forgets all that is kept of the account.
func (l *Log) forget() {
	l.readings = nil
	l.inStore("readings cannot be deleted", func(ctx context.Context, s Store) error { return s.Forget(ctx, l.keys.account, "") })
}
