package talkover

import (
	"slices"
	"time"
)

// Ledger counts the requests that all replicas of this program send with one token, so
// that together they stay inside the API's limit. It may be away, and a client then
// goes on with its part of the limit. Many goroutines may use a Ledger at once.
type Ledger interface {
	// Acquire asks whether a request may go. The error says that the ledger is away; no
	// answer takes longer than 50 ms. The request may then go all the same.
	Acquire(ask Ask) (Grant, error)
	// Release ends a request, with what the API told. It returns at once.
	Release(id string, told Told)
}

// LedgerOf returns the ledger of an account. key derives secrets from its token at the
// moment, as [Client.Key] does.
type LedgerOf func(key func(purpose string) []byte) Ledger

// Ask asks a [Ledger] for a request. It is repeated with the same ID after a wait.
type Ask struct {
	ID      string        // empty to ask for the outlook alone
	Share   int           // per cent of the limit that such work may take; what may take less waits behind
	Limit   int           // requests a minute, where the ledger was told none by the API
	Most    time.Duration // the longest wait that is of use; who would wait longer is not queued
	Lease   time.Duration // after which the request counts no more, should this process die
	Outlook int           // requests to look ahead
	Places  []Place       // that this process takes
}

// Place is what a request takes of the limit: it counts until 60 s after its answer, or until
// its lease is over.
type Place struct {
	ID    string
	Until time.Time
}

// Grant answers an [Ask].
type Grant struct {
	Wait    time.Duration // until the request may go; 0 where it may go now
	Again   time.Duration // when to ask again, where that is sooner
	Limit   int           // requests a minute, as the ledger knows it
	Used    int           // of them, by all replicas in the last minute or under way
	Outlook []int64       // how many milliseconds the next requests would wait, the first one first
}

// Told is how a request ended, and what the API told with its answer.
type Told struct {
	Counts time.Duration // for which the request counts yet; 0 where it did not go
	Limit  int           // requests a minute; 0 where it did not tell
	Left   int           // requests of the API's window; -1 where it did not tell
	Reset  time.Duration // until that window ends; 0 where it did not tell
	Pause  time.Duration // for which it asked all to wait
}

// sharedCount is the limiter's side of a ledger. The limiter's lock guards it.
type sharedCount struct {
	Ledger
	told       Told      // by answers since the last release
	used       int       // by all replicas, as the ledger said last
	heldUntil  time.Time // until which the last one asked must wait
	quietUntil time.Time // no bulk work before; zero while the ledger answers

	outlook   []int64 // of bulk work
	outlookAt time.Time
	granted   int // requests since
}

const (
	// lookBack is how often who waits alone looks whether the ledger is back.
	lookBack = time.Second
	// outlookTime is how long an outlook is believed, and mostOutlook how far it looks.
	outlookTime = time.Second
	mostOutlook = 1000
	// quietTime is how long after the ledger went away there is no bulk work: other replicas
	// may have used any part of the window that this one knows nothing of.
	quietTime = time.Minute
)

// alone reports whether the ledger gave no answer lately.
func (s *sharedCount) alone() bool { return !s.quietUntil.IsZero() }

// ask asks the ledger of the limiter. While it is away, this process goes on with its part
// of the limit. The caller holds l.mu, which is free meanwhile.
func (l *limiter) ask(ask Ask) (Grant, error) {
	s := l.shared
	l.forget(time.Now())
	ask.Limit, ask.Lease, ask.Places = l.limit, l.lease, slices.Clone(l.places)
	l.mu.Unlock()
	g, err := s.Acquire(ask)
	l.mu.Lock()
	switch now := time.Now(); {
	case err == nil:
		s.quietUntil, s.used = time.Time{}, g.Used
		if g.Limit > 0 && g.Limit <= mostLimit {
			l.limit = g.Limit
		}
		if ask.ID != "" {
			s.heldUntil = now.Add(g.Wait)
		}
		if g.Wait <= 0 {
			s.granted++
		}
	case !s.alone():
		s.quietUntil = now.Add(quietTime)
	}
	return g, err
}

// foreseen returns how many bulk requests the ledger lets go within d from now; ok is false
// while it is away. The caller holds l.mu.
func (l *limiter) foreseen(d time.Duration) (requests int, ok bool) {
	s := l.shared
	if time.Since(s.outlookAt) >= outlookTime {
		if g, err := l.ask(Ask{Share: bulkShare, Outlook: mostOutlook}); err == nil {
			s.outlook, s.outlookAt, s.granted = g.Outlook, time.Now(), 0
		}
	}
	for _, wait := range s.outlook {
		if wait <= d.Milliseconds() {
			requests++
		}
	}
	return max(requests-s.granted, 0), !s.alone()
}
