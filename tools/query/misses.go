package query

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	mostMisses  = 20     // searches for numbers without calls in any hour, of each caller
	mostGuesses = 65_536 // callers that are known; a new one takes the place of the one idle for longest
)

// misses counts the searches of each caller for whole numbers that no call has, while numbers
// are masked. Without a bound, who tries all numbers finds out those that are there.
type misses struct {
	mu sync.Mutex
	by *lru.Cache[string, []time.Time]
}

// take counts a search before it is known whether it misses. It returns how long the caller
// must wait where there were too many in the hour before.
func (m *misses) take(caller string, now time.Time) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by, _ = lru.New[string, []time.Time](mostGuesses) // fails only for a size below 1
	}
	all, _ := m.by.Get(caller)
	for len(all) > 0 && now.Sub(all[0]) >= time.Hour {
		all = all[1:]
	}
	if len(all) >= mostMisses {
		return time.Hour - now.Sub(all[0])
	}
	m.by.Add(caller, append(all, now))
	return 0
}

// giveBack counts a search no more: it found its number, or nothing was asked.
func (m *misses) giveBack(caller string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if all, _ := m.by.Get(caller); len(all) > 0 {
		m.by.Add(caller, all[:len(all)-1])
	}
}
