package query

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	rememberFor    = time.Minute
	mostRemembered = 64 // accounts whose names are remembered
)

// Names holds the lists of agents and campaigns of accounts, and the prices of agents.
type Names struct {
	misses    misses
	Agents    memory[talkover.AgentInfo]
	Campaigns memory[talkover.Campaign]
	prices    Prices
}

func NewNames() *Names {
	return &Names{
		Agents: newMemory[talkover.AgentInfo](), Campaigns: newMemory[talkover.Campaign](), prices: newPrices(),
	}
}

// memory remembers the names of accounts for a minute, so that a completion, which
// hosts ask for at each key, and a question about an agent seldom cost a request.
//
// It is no expirable.LRU: that one (golang-lru 2.0.7) starts a goroutine that never ends,
// so TestCompletionsAreRememberedAndBounded, which runs in a bubble of synctest, fails.
type memory[T any] struct {
	accounts *lru.Cache[*talkover.Client, remembered[T]]
}

type remembered[T any] struct {
	names talkover.All[T]
	err   error // why there are no more
	until time.Time
}

func newMemory[T any]() memory[T] {
	accounts, _ := lru.New[*talkover.Client, remembered[T]](mostRemembered) // fails only for a size below 1
	return memory[T]{accounts}
}

// get returns the names of an account, which it has read read if it remembers none. Where a failure
// will do, it returns that of the last minute, with what came before it.
func (m memory[T]) get(account *talkover.Client, failed bool, read func() (talkover.All[T], error)) (talkover.All[T],
	error) {
	last, ok := m.accounts.Get(account)
	if !ok || last.err != nil && !failed || !time.Now().Before(last.until) {
		last.names, last.err = read()
		last.until = time.Now().Add(rememberFor)
		m.accounts.Add(account, last)
	}
	return last.names, last.err
}

// Offer returns the names for a completion: of a list that could not be read to its end,
// what came before. It reads again a minute after a failure.
func (m memory[T]) Offer(account *talkover.Client, read func() (talkover.All[T], error)) []T {
	all, _ := m.get(account, true, read)
	return all.Rows
}

// Latest returns the names that were read last, however old; none if none were read.
func (m memory[T]) Latest(account *talkover.Client) []T {
	last, _ := m.accounts.Get(account)
	return last.names.Rows
}
