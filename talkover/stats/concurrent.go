package stats

import "slices"

// span is a call with talk, in microseconds.
type span struct{ start, end int64 }

// peak returns the most spans at one moment, at which spans end before others
// begin.
func peak(spans []span) int {
	oldestFirst := func(x, y span) int { return int(min(max(x.start-y.start, -1), 1)) }
	slices.Reverse(spans) // they come newest first, mostly
	if !slices.IsSortedFunc(spans, oldestFirst) {
		slices.SortFunc(spans, oldestFirst)
	}
	most := 0
	var ends endHeap
	for _, s := range spans {
		for len(ends) > 0 && ends[0] <= s.start {
			ends.pop()
		}
		ends.push(s.end)
		most = max(most, len(ends))
	}
	return most
}

// endHeap holds the ends of calls under way, the earliest first. container/heap
// would box each in an interface, which takes longer than all else.
type endHeap []int64

func (h *endHeap) push(end int64) {
	*h = append(*h, end)
	for i := len(*h) - 1; i > 0; {
		parent := (i - 1) / 2
		if (*h)[parent] <= (*h)[i] {
			break
		}
		(*h)[parent], (*h)[i] = (*h)[i], (*h)[parent]
		i = parent
	}
}

func (h *endHeap) pop() {
	old := *h
	n := len(old) - 1
	old[0] = old[n]
	*h = old[:n]
	for i := 0; ; {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < n && old[child] < old[least] {
				least = child
			}
		}
		if least == i {
			return
		}
		old[i], old[least] = old[least], old[i]
		i = least
	}
}
