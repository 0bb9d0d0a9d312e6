package scantest

import (
	"context"
	"sync"
	"time"
)

// Store is a [cache.Store] that outlives processes, in memory. The zero value is empty.
type Store struct {
	mu   sync.Mutex
	days map[string][]byte
}

// Get implements [cache.Store].
func (m *Store) Get(_ context.Context, account, day string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.days[account+day], nil
}

// Put implements [cache.Store].
func (m *Store) Put(_ context.Context, account, day string, _, _ time.Time, sealed []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.days == nil {
		m.days = map[string][]byte{}
	}
	m.days[account+day] = sealed
	return nil
}

// Forget implements [cache.Store].
func (m *Store) Forget(_ context.Context, account, day string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.days, account+day)
	return nil
}
