package tools

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// hourly bounds the calls that are placed in any hour: those of each caller, and those
// of each account, whoever its callers are.
type hourly struct {
	most  int
	mu    sync.Mutex
	taken map[string][]time.Time // by who is bound; of the last hour, oldest first
}

// overBound says that no more calls may be placed for now.
type overBound struct {
	most int
	wait time.Duration // 0 where waiting does not help
}

func (overBound) Error() string   { return "too many calls this hour" }
func (overBound) outcome() string { return "refused_here" }

func (o overBound) explain() string {
	s := fmt.Sprintf("No call was placed: this server places at most %d an hour (TALKOVER_MAX_CALLS_PER_HOUR).", o.most)
	if o.wait > 0 {
		s += fmt.Sprintf(" The next may be placed in %d min.", int(o.wait.Minutes())+1)
	}
	return s
}

// left returns how many calls all of these may still place.
func (h *hourly) left(now time.Time, who ...string) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.leftLocked(now, who)
}

// fewest returns how many calls whoever has placed the most may still place.
func (h *hourly) fewest(now time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	left, _ := h.leftLocked(now, slices.Collect(maps.Keys(h.taken))) // over the bound none is left
	return left
}

func (h *hourly) leftLocked(now time.Time, who []string) (int, error) {
	for name, taken := range h.taken { // who placed no call this hour is forgotten
		for len(taken) > 0 && now.Sub(taken[0]) >= time.Hour {
			taken = taken[1:]
		}
		if h.taken[name] = taken; len(taken) == 0 {
			delete(h.taken, name)
		}
	}
	left := h.most
	var wait time.Duration
	for _, name := range who {
		taken := h.taken[name]
		left = min(left, h.most-len(taken))
		if h.most > 0 && len(taken) >= h.most {
			wait = max(wait, taken[0].Add(time.Hour).Sub(now))
		}
	}
	if left <= 0 {
		return 0, overBound{h.most, wait}
	}
	return left, nil
}

// take takes the place of a call for all of these, and returns how many are left. undo
// gives the place of a call back that was certainly not placed.
func (h *hourly) take(now time.Time, who ...string) (left int, undo func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	left, err = h.leftLocked(now, who)
	if err != nil {
		return 0, nil, err
	}
	if h.taken == nil {
		h.taken = make(map[string][]time.Time)
	}
	for _, name := range who {
		h.taken[name] = append(h.taken[name], now)
	}
	return left - 1, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, name := range who {
			if n := len(h.taken[name]); n > 0 {
				h.taken[name] = h.taken[name][:n-1]
			}
		}
	}, nil
}
