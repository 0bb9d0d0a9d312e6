package talkover

import (
	"errors"
	"time"
)

// Ledger counts the requests that all replicas of this program send with one token, so
// that together they stay inside the API's limit. It may be away, and a client then
// goes on with its part of the limit. Many goroutines may use a Ledger at once.
type Ledger interface {
	// Acquire asks whether a request may go. The error says that the ledger is away; no
	// answer takes longer than 50 ms.
	Acquire(ask Ask) (Grant, error)
	// Alone notes a request that goes although the ledger is away.
	Alone(id string, lease time.Duration)
	// Release ends a request that went. It returns at once.
	Release(id string, told Told)
	// Cancel takes back what was asked for a request that does not go, answered or not.
	// It returns at once.
	Cancel(id string)
	// Pause holds the requests of all replicas back. It returns at once.
	Pause(d time.Duration)
	// Away reports whether the ledger gave no answer lately.
	Away() bool
	// Outlook tells how many requests may go, and when. The error is as that of Acquire.
	Outlook(limit int) (Outlook, error)
}

// LedgerOf returns the ledger of an account. key derives secrets from its token at the
// moment, as [Client.Key] does.
type LedgerOf func(key func(purpose string) []byte) Ledger

// Ask asks a [Ledger] for a request. It is repeated with the same ID after a wait.
type Ask struct {
	ID    string
	Bulk  bool          // see [Bulk]
	Limit int           // requests a minute, where the ledger was told none by the API
	Most  time.Duration // the longest wait that is of use; who would wait longer is not queued
	Lease time.Duration // after which the request counts no more, should this process die
}

// Grant answers an [Ask].
type Grant struct {
	Wait  time.Duration // until the request may go; 0 where it may go now
	Again time.Duration // when to ask again, where that is sooner
	Limit int           // requests a minute, as the ledger knows it
	Used  int           // of them, by all replicas in the last minute or under way
}

// Told is what the API told with an answer.
type Told struct {
	Limit int           // requests a minute; 0 where it did not tell
	Left  int           // requests of the API's window; -1 where it did not tell
	Reset time.Duration // until that window ends; 0 where it did not tell
}

// Outlook tells how many bulk requests may go: Free[i] of them within i times
// [OutlookStep].
type Outlook struct {
	Limit int
	Free  []int
}

// OutlookStep is the time between two figures of an [Outlook].
const OutlookStep = 5 * time.Second

// sharedCount is the limiter's side of a ledger. The limiter's lock guards it.
type sharedCount struct {
	Ledger
	lease      time.Duration
	told       Told      // by answers since the last release
	asking     int       // requests that wait for the ledger
	used       int       // by all replicas, as the ledger said last
	heldUntil  time.Time // until which the last one asked must wait
	aloneSince time.Time // zero while the ledger answers
	quietUntil time.Time // no bulk work before, while alone

	outlook   Outlook
	outlookAt time.Time
	granted   int // requests since the outlook
}

const (
	// lookBack is how often who waits alone looks whether the ledger is back.
	lookBack = time.Second
	// outlookTime is how long an outlook is believed.
	outlookTime = time.Second
	// quietTime is how long after the ledger went away there is no bulk work: other replicas
	// may have used any part of the window that this one knows nothing of.
	quietTime = time.Minute
)

var (
	errAway = errors.New("talkover: the ledger of all replicas is away")
	errBack = errors.New("talkover: the ledger of all replicas is back")
)

// release ends a request in the ledger. The caller holds the limiter's lock.
func (s *sharedCount) release(id string) {
	s.Release(id, s.told)
	s.told = Told{Left: -1}
}
