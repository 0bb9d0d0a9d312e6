package cache

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Sharing is a [Store] of several replicas that answer questions at the same time. They
// share proofs and readings of live days too, for the minute in which these are good, and
// read days of an account one at a time.
type Sharing interface {
	Store
	// Notes returns a sealed note for each name, nil where there is none.
	Notes(ctx context.Context, account string, names []string) ([][]byte, error)
	// Note keeps sealed notes by their names until they expire, each unless a later one is
	// there.
	Note(ctx context.Context, account string, at, expires time.Time, sealed map[string][]byte) error
	// Lock waits until no other replica holds the lock of the account. It returns what
	// gives the lock back, or the error of ctx. yield is called once another replica waits
	// for it; it may be nil. While the store is away, nobody waits.
	Lock(ctx context.Context, account string, yield func()) (unlock func(), err error)
}

// sharing returns the store where replicas share it; else nil.
func (a *Account) sharing() Sharing {
	s, _ := a.cache.Store.(Sharing)
	return s
}

// What a note is about.
const (
	proofNote = "proof"
	liveNote  = "live"
)

// note tells of a problem with what is shared.
func (a *Account) note(problem string, err error) {
	if err != nil && a.cache.Note != nil {
		a.cache.Note(problem, err)
	}
}

// proof says that a count agreed with a reading of a day.
type proof struct {
	readAt time.Time // of the reading
	calls  int       // that it has
	at     time.Time // of the count
}

// shareProof tells other replicas that days are proven.
func (a *Account) shareProof(ctx context.Context, at time.Time, days ...*Day) {
	s := a.sharing()
	if s == nil || len(days) == 0 {
		return
	}
	sealed := map[string][]byte{}
	for _, d := range days {
		if !d.Brief {
			sealed[a.keys.noteName(proofNote, d.Date)] = a.keys.sealNote(proofNote, d.Date, appendTimes(nil, d.ReadAt, at, time.UnixMicro(int64(d.Calls.Len()))))
		}
	}
	a.note("a proof cannot be shared", s.Note(ctx, a.keys.account, at, at.Add(ProofTime), sealed))
}

// proofs returns when other replicas proved those of the days that have no proof here. A
// proof is about one reading of a day: where another replica has another reading, it says
// nothing.
func (a *Account) proofs(ctx context.Context, found map[Date]Kept, now time.Time) map[Date]time.Time {
	s := a.sharing()
	if s == nil {
		return nil
	}
	var dates []Date
	var names []string
	for _, d := range slices.Sorted(maps.Keys(found)) {
		if k := found[d]; !k.Brief && now.Sub(k.Proven) >= ProofTime {
			dates, names = append(dates, d), append(names, a.keys.noteName(proofNote, d))
		}
	}
	if len(names) == 0 {
		return nil
	}
	notes, err := s.Notes(ctx, a.keys.account, names)
	if err != nil || len(notes) != len(names) {
		a.note("proofs of other replicas cannot be fetched", err)
		return nil
	}
	proven := map[Date]time.Time{}
	for i, d := range dates {
		p, ok := a.openProof(d, notes[i])
		k := found[d]
		if !ok || p.readAt.UnixMicro() != k.ReadAt.UnixMicro() || p.calls != k.Calls.Len() || now.Sub(p.at) >= ProofTime {
			continue
		}
		if proven[d] = p.at; p.at.After(now) { // by a clock that is ahead
			proven[d] = now
		}
	}
	return proven
}

func (a *Account) openProof(d Date, sealed []byte) (p proof, ok bool) {
	if sealed == nil {
		return p, false
	}
	plain, err := a.keys.openNote(proofNote, d, sealed)
	if err != nil || len(plain) != 24 {
		a.note("a proof of another replica cannot be read", err)
		return p, false
	}
	return proof{readAt: timeAt(plain), at: timeAt(plain[8:]), calls: int(binary.LittleEndian.Uint64(plain[16:]))}, true
}

// shareLive tells other replicas of a reading of live days.
func (a *Account) shareLive(ctx context.Context, l Live) {
	if s := a.sharing(); s != nil {
		plain := l.Calls.appendTo(appendTimes(nil, l.AsOf, l.To.Start()))
		a.note("a reading of live days cannot be shared", s.Note(ctx, a.keys.account, l.AsOf, l.AsOf.Add(ProofTime), map[string][]byte{
			a.keys.noteName(liveNote, l.From): a.keys.sealNote(liveNote, l.From, plain),
		}))
	}
}

// mostLive is the most days that are not closed: the one that goes on, the one before,
// and that which ended less than a day ago.
const mostLive = 3

// theirLive looks for a reading of live days by another replica.
func (a *Account) theirLive(ctx context.Context, from, to Date, now time.Time) (best Live, ok bool) {
	s := a.sharing()
	if s == nil {
		return best, false
	}
	var names []string
	for d := from; d > from-mostLive; d-- {
		names = append(names, a.keys.noteName(liveNote, d))
	}
	notes, err := s.Notes(ctx, a.keys.account, names)
	if err != nil || len(notes) != len(names) {
		a.note("live days of other replicas cannot be fetched", err)
		return best, false
	}
	for i, sealed := range notes {
		l, err := a.openLive(from-Date(i), sealed)
		a.note("live days of another replica cannot be read", err)
		if err == nil && sealed != nil && to <= l.To && now.Sub(l.AsOf) < ProofTime && (!ok || l.AsOf.After(best.AsOf)) {
			best, ok = l, true
		}
	}
	return best, ok
}

func (a *Account) openLive(from Date, sealed []byte) (l Live, err error) {
	if sealed == nil {
		return l, nil
	}
	plain, err := a.keys.openNote(liveNote, from, sealed)
	if err != nil {
		return l, err
	}
	if len(plain) < 16 {
		return l, errShort
	}
	c, err := readColumns(plain[16:])
	if err != nil {
		return l, fmt.Errorf("cache: %s: %w", from, err)
	}
	return Live{From: from, To: DateOf(timeAt(plain[8:])), Calls: c, AsOf: timeAt(plain)}, nil
}

// lock waits for the turn of the account among the replicas. yield is as that of
// [Sharing.Lock].
func (a *Account) lock(ctx context.Context, yield func()) (unlock func(), err error) {
	if s := a.sharing(); s != nil {
		return s.Lock(ctx, a.keys.account, yield)
	}
	return func() {}, nil
}
