package calls

import (
	"cmp"
	"context"
	"errors"
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

// note tells of a problem with the store.
func (l *Log) note(problem string, err error) {
	if err != nil && l.all.Note != nil {
		l.all.Note(problem, err)
	}
}

// inStore uses the store, without the lock.
func (l *Log) inStore(problem string, use func(ctx context.Context, s Store) error) {
	if l.all.Store == nil {
		return
	}
	l.all.mu.Unlock()
	defer l.all.mu.Lock()
	ctx, cancel := context.WithTimeout(l.all.ctx, storeTime)
	defer cancel()
	l.note(problem, use(ctx, l.all.Store))
}

// shared reports whether a reading is worth a place in the store.
func (l *Log) shared(r *reading) bool {
	_, sharing := l.all.Store.(Sharing)
	return r.whole && r.flaw == "" && r.query == talkover.CallQuery{} && (!r.live() && !r.unsettled || sharing)
}

// life returns until when a reading is of use.
func (r *reading) life(now time.Time) time.Time {
	if r.live() || r.unsettled {
		return now.Add(proofTime)
	}
	return r.readAt.Add(oldest)
}

// save puts a reading into the store.
func (l *Log) save(r *reading) {
	if !l.shared(r) {
		return
	}
	name, at, expires, tables, copied := l.keys.name(r.asked), r.asOf, r.life(l.now()), l.snapshot(), *r
	l.inStore("a reading cannot be stored", func(ctx context.Context, s Store) error {
		sealed, err := l.keys.seal(name, copied.pack(tables))
		if err != nil {
			return err
		}
		return s.Put(ctx, l.keys.account, name, at, expires, sealed)
	})
	r.stored = true
}

// unsave takes a reading out of the store.
func (l *Log) unsave(r *reading) {
	if r.stored {
		l.inStore("a reading cannot be deleted", func(ctx context.Context, s Store) error {
			return s.Forget(ctx, l.keys.account, l.keys.name(r.asked))
		})
	}
}

// proofs is the name of what replicas tell each other of their proofs.
const proofs = "proofs"

// proof says that a reading was proven.
type proof struct {
	From, To     Date
	ReadAt, AsOf time.Time // by the API's clock, since those of replicas may differ
}

// share tells other replicas which readings are proven.
func (l *Log) share() {
	if _, sharing := l.all.Store.(Sharing); !sharing {
		return
	}
	now := l.now()
	var all []proof
	for _, r := range l.readings {
		if r.stored && r.fresh(now) {
			all = append(all, proof{r.from, r.to, r.readAt, r.asOf})
		}
	}
	l.inStore("proofs cannot be shared", func(ctx context.Context, s Store) error {
		sealed, err := l.keys.seal(proofs, all)
		if err != nil {
			return err
		}
		return s.Put(ctx, l.keys.account, proofs, now, now.Add(proofTime), sealed)
	})
}

// load takes in what the store has and this process does not: readings of other processes, and
// proofs of other replicas.
func (l *Log) load() {
	now := l.now()
	if age := now.Sub(l.loaded); l.all.Store == nil || age >= 0 && age < lookEvery {
		return
	}
	l.loaded = now
	have := map[string]*reading{}
	for _, r := range l.readings {
		if r.whole && (!r.live() || r.fresh(now)) {
			have[l.keys.name(r.asked)] = r
		}
	}
	var found []*reading
	var proven []proof
	l.inStore("the store cannot be read", func(ctx context.Context, s Store) error {
		names, err := s.Names(ctx, l.keys.account)
		if err != nil {
			return err
		}
		var problems []error
		for _, name := range names {
			if have[name] != nil {
				continue
			}
			sealed, err := s.Get(ctx, l.keys.account, name)
			switch {
			case err != nil || sealed == nil:
			case name == proofs:
				err = l.keys.open(name, sealed, &proven)
			default:
				var k kept
				if err = l.keys.open(name, sealed, &k); err == nil {
					var r *reading
					if r, err = l.unpack(k); err == nil {
						found = append(found, r)
					}
				}
			}
			problems = append(problems, err)
		}
		return errors.Join(problems...)
	})
	for _, r := range found {
		if now.Sub(r.readAt) < oldest {
			l.readings = append(l.readings, r)
		}
	}
	for _, p := range proven {
		for _, r := range l.readings {
			if r.whole && r.from == p.From && r.to == p.To && r.query == (talkover.CallQuery{}) && r.readAt.Equal(p.ReadAt) && p.AsOf.After(r.asOf) && l.met {
				r.asOf, r.proven = p.AsOf, l.atHere(p.AsOf)
			}
		}
	}
}

// kept is a reading as it is stored.
type kept struct {
	From, To     Date
	Total        int
	ReadAt, AsOf time.Time // by the API's clock
	Calls        []talkover.Call
}

func (r *reading) pack(t *Tables) kept {
	k := kept{r.from, r.to, r.total, r.readAt, r.asOf, make([]talkover.Call, len(r.calls))}
	for i := range r.calls {
		k.Calls[i] = t.Whole(&r.calls[i])
	}
	return k
}

func (l *Log) unpack(k kept) (*reading, error) {
	calls, lost, err := l.add(k.Calls)
	if err != nil || lost > 0 {
		return nil, errors.Join(err, errTooMany)
	}
	r := &reading{asked: asked{from: k.From, to: k.To}, total: k.Total, calls: calls, size: talkover.MaxPerPage, readAt: k.ReadAt, asOf: k.AsOf}
	if l.met {
		r.proven = l.atHere(k.AsOf)
	}
	r.whole, r.end, r.stored, r.last, r.pos = true, true, true, k.Total, k.Total
	return r, nil
}

// evict forgets readings that are used no more: those that are too old, and those that were used
// longest ago, behind the one with which there are as many calls as may be kept. What a question
// wants stays.
func (l *Log) evict() {
	now := l.now()
	wanted := map[*reading]bool{}
	all := l.all.readings(wanted)
	slices.SortFunc(all, func(x, y held) int { return y.used.Compare(x.used) })
	n := 0
	for _, h := range all {
		switch {
		case !wanted[h.reading] && (n >= l.all.Calls || now.Sub(h.readAt) > oldest && h.whole):
			h.log.readings = slices.DeleteFunc(h.log.readings, func(r *reading) bool { return r == h.reading })
		default:
			n += len(h.calls)
		}
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
	return l.full(c.held) && c.held[len(c.held)-1].fresh(l.now())
}

// held is a reading, and the log that has it.
type held struct {
	*reading
	log *Log
}

// readings lists those of all accounts, and marks those that questions want, and those that are
// being read in their place or behind them.
func (l *Logs) readings(wanted map[*reading]bool) (all []held) {
	for _, log := range l.logs {
		dates := map[asked]bool{}
		for _, w := range log.wants {
			for i := range w.Windows {
				c := log.chain(w, i)
				for _, r := range c.held {
					dates[r.asked] = true
				}
				if c.gap != nil {
					dates[log.portion(w, i, &c)] = true
				}
			}
		}
		for _, r := range log.readings {
			wanted[r] = dates[r.asked]
			all = append(all, held{r, log})
		}
	}
	return all
}

// forget forgets all that is kept of the account.
func (l *Log) forget() {
	l.readings = nil
	l.inStore("readings cannot be deleted", func(ctx context.Context, s Store) error { return s.Forget(ctx, l.keys.account, "") })
}
