// Package cache keeps days of the call log that are over, so that each is read once.
//
// A day is closed where it ended over a day ago: calls are then lost from it, but
// none is added. A closed day that was read whole is packed into [Columns] and kept
// in the [Account] of its token. Before it is used again, one count of the API
// proves that no call was lost since ([Account.MarkProven]); after a day, counts by
// status and agent renew it ([Account.MarkRenewed]). Package scan reads and proves
// days; this package keeps them, bounded, apart by token, and where a folder is given,
// encrypted on disk.
package cache

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

const (
	// ProofTime is how long a count proves that a day has all its calls.
	ProofTime = time.Minute
	// DefaultTTL is how long the fields of a day are believed.
	DefaultTTL = 24 * time.Hour
	// DefaultCalls bounds the calls that are kept, at 72 bytes each some 18 MB.
	DefaultCalls = 250_000
	// maxAge bounds the age of a reading, however often it was renewed.
	maxAge = 30 * day
	// retryTime is how long a day that could not be proven is not tried again.
	retryTime = time.Hour
)

// Options say how much a [Cache] keeps, for how long, and where.
type Options struct {
	BaseURL string                          // of the API: the days of another one are not these
	Calls   int                             // the most calls of all accounts together; 0 keeps none
	TTL     time.Duration                   // how long fields are believed, and an unused account kept; DefaultTTL if 0
	Store   Store                           // keeps days beyond this process; nil for none
	Note    func(problem string, err error) // told of days in the store that cannot be read; may be nil
}

// Store keeps sealed days beyond this process. Names say nothing of what they name.
type Store interface {
	// Get returns a sealed day, or nil where there is none.
	Get(ctx context.Context, account, day string) ([]byte, error)
	// Put keeps a sealed day until it expires, unless a later one is there.
	Put(ctx context.Context, account, day string, at, expires time.Time, sealed []byte) error
	// Forget deletes a day, or all days of the account where day is empty.
	Forget(ctx context.Context, account, day string) error
}

// Cache keeps the days of any number of accounts, each apart from the others.
type Cache struct {
	Options

	mu       sync.Mutex
	accounts map[string]*Account
	calls    int // of all accounts

	closed     context.Context
	close      context.CancelFunc
	background sync.WaitGroup
}

// Account keeps the days of one token at one base URL. No method shows it a day of
// another.
type Account struct {
	cache *Cache
	keys  keys
	turn  chan struct{} // held while days are read

	// Guarded by cache.mu.
	used   time.Time
	calls  int
	days   map[Date]*kept
	begun  *kept // a day that was not read to its end; nil for none
	live   []Live
	failed map[Date]time.Time // days that could not be proven
	pins   []*span
	zone   Zone
	paid   []payment
	stop   context.CancelFunc // ends reading in the background
}

type kept struct {
	Kept
	used time.Time
}

type span struct{ from, to Date }

// Live is a proven reading of the days that are not closed.
type Live struct {
	From, To Date      // To is the day of AsOf or later where it has all calls until AsOf
	Calls    *Columns  // newest first
	AsOf     time.Time // when it was complete
}

// payment is pages that were paid for a list of a window, of which no day was kept.
type payment struct {
	span
	pages int
	at    time.Time
}

// New makes an empty cache.
func New(o Options) *Cache {
	o.TTL = cmp.Or(o.TTL, DefaultTTL)
	c := &Cache{Options: o, accounts: map[string]*Account{}}
	c.closed, c.close = context.WithCancel(context.Background())
	return c
}

// Close ends what goes on in the background, and waits for it.
func (c *Cache) Close() {
	c.close()
	c.background.Wait()
}

// Account returns what is kept for an account. key derives secrets from its token, as
// [talkover.Client.Key] does. Accounts that nobody asked for within the TTL lose their
// days.
func (c *Cache) Account(key func(purpose string) []byte, now time.Time) *Account {
	k := deriveKeys(key, c.BaseURL)
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, a := range c.accounts {
		a.dropLive(now)
		if name != k.account && now.Sub(a.used) > c.TTL && a.pins == nil && a.stop == nil {
			c.forget(a)
			delete(c.accounts, name)
		}
	}
	a := c.accounts[k.account]
	if a == nil {
		a = &Account{cache: c, keys: k, days: map[Date]*kept{}, failed: map[Date]time.Time{}, turn: make(chan struct{}, 1)}
		c.accounts[k.account] = a
	}
	a.used = now
	return a
}

// forget drops all days of an account from this process.
func (c *Cache) forget(a *Account) {
	for d := range a.days {
		c.drop(a, d)
	}
	c.dropBegun(a)
	a.live = nil
}

func (c *Cache) drop(a *Account, d Date) {
	if k := a.days[d]; k != nil {
		c.calls -= k.Calls.Len()
		a.calls -= k.Calls.Len()
		delete(a.days, d)
	}
}

// dropBegun drops the day that was begun.
func (c *Cache) dropBegun(a *Account) {
	if k := a.begun; k != nil {
		c.calls -= k.Calls.Len()
		a.calls -= k.Calls.Len()
		a.begun = nil
	}
}

func (c *Cache) share(a *Account) int {
	holders := 1
	for _, b := range c.accounts {
		if b != a && b.calls > 0 {
			holders++
		}
	}
	return c.Calls / holders
}

// makeRoom drops days until n more calls fit: of the account that holds most
// beyond its share, the day that was used longest ago.
func (c *Cache) makeRoom(holder *Account, n int) {
	for c.calls+n > c.Calls {
		var victim *Account
		var oldest *kept
		for _, a := range c.accounts {
			if a != holder && a.calls <= c.share(holder) {
				continue // within its share
			}
			for k := range a.droppable() {
				if oldest == nil || cmp.Or(k.used.Compare(oldest.used), cmp.Compare(k.Date, oldest.Date)) < 0 {
					victim, oldest = a, k
				}
			}
		}
		if oldest == nil {
			return
		}
		if oldest == victim.begun {
			c.dropBegun(victim)
		} else {
			c.drop(victim, oldest.Date)
		}
	}
}

// droppable iterates over the days that no question has pinned.
func (a *Account) droppable() iter.Seq[*kept] {
	return func(yield func(*kept) bool) {
		if a.begun != nil && !a.pinned(a.begun.Date) && !yield(a.begun) {
			return
		}
		for d, k := range a.days {
			if !a.pinned(d) && !yield(k) {
				return
			}
		}
	}
}

func (a *Account) pinned(d Date) bool {
	return slices.ContainsFunc(a.pins, func(s *span) bool { return s.from <= d && d <= s.to })
}

// dropLive drops readings of live days that are no longer good. The caller holds
// cache.mu.
func (a *Account) dropLive(now time.Time) {
	a.live = slices.DeleteFunc(a.live, func(l Live) bool { return now.Sub(l.AsOf) >= ProofTime })
}

// Summary tells what a cache keeps in this process.
type Summary struct {
	Accounts, Days, Calls, Bytes int
	Live                         int // calls of readings of live days, which are kept for a minute
}

// Summary adds up what is kept.
func (c *Cache) Summary() Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Summary{Calls: c.calls}
	for _, a := range c.accounts {
		if len(a.days) > 0 {
			s.Accounts++
		}
		for _, l := range a.live {
			s.Live += l.Calls.Len()
		}
		for _, k := range a.days {
			s.Days++
			s.Bytes += k.Calls.Bytes()
		}
	}
	return s
}
