package valkey_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd asks replicas as fast as they let it.
type crowd struct {
	t *testing.T

	mu      sync.Mutex
	page    int
	right   int           // answers with the row that was asked for
	told    int           // answers that say how long to wait
	longest time.Duration // until a right answer
	stopped context.Context
	leave   context.CancelFunc
	group   sync.WaitGroup
}

func newCrowd(t *testing.T) *crowd {
	c := &crowd{t: t}
	c.stopped, c.leave = context.WithCancel(t.Context())
	return c
}

// join has workers ask a replica, until the crowd is stopped or the replica is killed.
func (c *crowd) join(r *replica, workers int) {
	for range workers {
		c.group.Go(func() {
			for c.stopped.Err() == nil {
				c.mu.Lock()
				c.page++
				page := c.page
				c.mu.Unlock()
				begin := time.Now()
				text, isError, err := r.call(c.stopped, "list_calls", map[string]any{"page": page, "per_page": 1})
				switch {
				case c.stopped.Err() != nil || r.killed.Load():
					return
				case err != nil:
					c.t.Errorf("a replica gives no answer: %v", err)
					return
				}
				c.note(page, text, isError, time.Since(begin))
				if isError {
					select {
					case <-time.After(time.Second):
					case <-c.stopped.Done():
					}
				}
			}
		})
	}
}

func (c *crowd) note(page int, text string, isError bool, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !isError && strings.Contains(text, fmt.Sprintf("rows %d-%d", page, page)):
		c.right++
		c.longest = max(c.longest, took)
	case isError && strings.Contains(text, "limit"):
		c.told++
	default:
		c.t.Errorf("page %d is answered %q", page, text)
	}
}

func (c *crowd) stop() { c.leave(); c.group.Wait() }

func (c *crowd) figures() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d right answers, the slowest after %v, %d told to wait", c.right,
		c.longest.Round(time.Millisecond), c.told)
}
