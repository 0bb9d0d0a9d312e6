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
	taken    map[string]map[string]time.Time // by who is bound: the calls of the last hour, by id
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

// count returns how many calls all of these may still place, by the count of all replicas
// where it is to be had. That count adds the call with an id, unless it is empty. The
// caller holds h.mu.
func (h *hourly) count(now time.Time, id string, who []string) (int, error) {
	h.forget(now)
	left, wait := h.own(now, who)
	most := h.share()
	if h.common != nil {
		var mine []map[string]time.Time
		for _, name := range who {
			mine = append(mine, maps.Clone(h.taken[name]))
		}
		if all, until, err := h.common.Count(id, h.most, who, mine); err == nil {
			left, wait, most = all, until, h.most
		}
	}
	if left <= 0 {
		return 0, overBound(most, wait)
	}
	return left, nil
}

// fewest returns how many calls whoever has placed the most may still place.
func (h *hourly) fewest(now time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(now)
	left, _ := h.own(now, slices.Collect(maps.Keys(h.taken)))
	return max(left, 0)
}

// forget drops the calls that are an hour old, and who placed none since. The caller holds h.mu.
func (h *hourly) forget(now time.Time) {
	for name, calls := range h.taken {
		maps.DeleteFunc(calls, func(_ string, at time.Time) bool { return now.Sub(at) >= time.Hour })
		if len(calls) == 0 {
			delete(h.taken, name)
		}
	}
}

// share returns the part of the bound that is this replica's.
func (h *hourly) share() int { return h.most / max(h.replicas, 1) }

// own returns how many calls all of these may still place, by the count of this replica, and the
// wait until the next where there is none. The caller holds h.mu.
func (h *hourly) own(now time.Time, who []string) (left int, wait time.Duration) {
	left = h.share()
	for _, name := range who {
		left = min(left, h.share()-len(h.taken[name]))
		if h.share() > 0 && len(h.taken[name]) >= h.share() {
			oldest := slices.MinFunc(slices.Collect(maps.Values(h.taken[name])), time.Time.Compare)
			wait = max(wait, oldest.Add(time.Hour).Sub(now))
		}
	}
	return left, wait
}

// take takes the place of a call for all of these, and returns how many are left. undo
// gives the place of a call back that was certainly not placed.
func (h *hourly) take(now time.Time, who ...string) (left int, undo func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := rand.Text()
	giveBack := func() {
		for _, name := range who {
			delete(h.taken[name], id)
		}
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
		h.taken = map[string]map[string]time.Time{}
	}
	for _, name := range who {
		if h.taken[name] == nil {
			h.taken[name] = map[string]time.Time{}
		}
		h.taken[name][id] = now
	}
	return left - 1, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		giveBack()
	}, nil
}
