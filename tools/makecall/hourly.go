package makecall

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/tools/answer"
)

// hourly bounds the calls that are placed in any hour: those of each caller, and those
// of each account, whoever its callers are.
type hourly struct {
	most     int
	replicas int         // that divide most, where no count is common to them
	common   PlacedCalls // of all replicas; nil for none
	mu       sync.Mutex
	taken    map[string][]taken // by who is bound; of the last hour, oldest first
}

// taken is the place of one call.
type taken struct {
	id string
	at time.Time
}

// PlacedCalls counts the calls that all replicas of this program place.
type PlacedCalls interface {
	// Count returns how many calls all of these may yet place in this hour, of so many at
	// most, and the wait until the next where there is none. It adds the call with an id,
	// unless that is empty or none is left. mine has what this replica knows of the calls
	// of each. The error says that there is no count to be had.
	Count(id string, most int, who []string, mine []map[string]time.Time) (left int, wait time.Duration, err error)
	// Undo takes a call away that was not placed.
	Undo(id string, who []string)
}

// overBound says that no more calls may be placed for now; wait is 0 where waiting does not help.
func overBound(most int, wait time.Duration) error {
	words := fmt.Sprintf("this server places at most %d an hour (TALKOVER_MAX_CALLS_PER_HOUR).", most)
	if wait > 0 {
		words += fmt.Sprintf(" The next may be placed in %d min.", int(wait.Minutes())+1)
	}
	return refuse("refused_here", answer.SafeText(words))
}

// left returns how many calls all of these may still place.
func (h *hourly) left(now time.Time, who ...string) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count(now, "", who)
}

// Count returns how many calls all of these may still place, by the count of all replicas
// where it is to be had. That count adds the call with an id, unless it is empty. The
// caller holds h.mu.
func (h *hourly) count(now time.Time, id string, who []string) (int, error) {
	h.forget(now)
	if h.common == nil {
		return h.own(now, who)
	}
	mine := make([]map[string]time.Time, len(who))
	for i, name := range who {
		mine[i] = map[string]time.Time{}
		for _, t := range h.taken[name] {
			mine[i][t.id] = t.at
		}
	}
	left, wait, err := h.common.Count(id, h.most, who, mine)
	switch {
	case err != nil:
		return h.own(now, who)
	case left <= 0:
		return 0, overBound(h.most, wait)
	}
	return left, nil
}

// fewest returns how many calls whoever has placed the most may still place.
func (h *hourly) fewest(now time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(now)
	left, _ := h.own(now, slices.Collect(maps.Keys(h.taken))) // over the bound none is left
	return left
}

// forget drops the calls that are an hour old. The caller holds h.mu.
func (h *hourly) forget(now time.Time) {
	for name, all := range h.taken { // who placed no call this hour is forgotten
		for len(all) > 0 && now.Sub(all[0].at) >= time.Hour {
			all = all[1:]
		}
		if h.taken[name] = all; len(all) == 0 {
			delete(h.taken, name)
		}
	}
}

// own returns how many calls all of these may still place, by the count of this replica
// and its part of the bound. The caller holds h.mu.
func (h *hourly) own(now time.Time, who []string) (int, error) {
	most := h.most / max(h.replicas, 1)
	left := most
	var wait time.Duration
	for _, name := range who {
		all := h.taken[name]
		left = min(left, most-len(all))
		if most > 0 && len(all) >= most {
			wait = max(wait, all[0].at.Add(time.Hour).Sub(now))
		}
	}
	if left <= 0 {
		return 0, overBound(most, wait)
	}
	return left, nil
}

// take takes the place of a call for all of these, and returns how many are left. undo
// gives the place of a call back that was certainly not placed.
func (h *hourly) take(now time.Time, who ...string) (left int, undo func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := rand.Text()
	giveBack := func() {
		if h.common != nil {
			h.common.Undo(id, who)
		}
	}
	left, err = h.count(now, id, who)
	if err != nil {
		giveBack() // it may have been counted without an answer
		return 0, nil, err
	}
	if h.taken == nil {
		h.taken = make(map[string][]taken)
	}
	for _, name := range who {
		h.taken[name] = append(h.taken[name], taken{id, now})
	}
	return left - 1, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, name := range who {
			h.taken[name] = slices.DeleteFunc(h.taken[name], func(t taken) bool { return t.id == id })
		}
		giveBack()
	}, nil
}
