package stats

import (
	"slices"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// ContactFigures are what is told of contacts where all calls were read.
type ContactFigures struct {
	Contacts         int // distinct other parties
	Repeat           int // of them, with two calls or more
	UnreturnedMissed int // inbound missed calls with no later call with that number
	PeakConcurrent   int // the most calls at one moment
}

// contact is what is known of the calls with one number.
type contact struct {
	calls  int32
	missed int32 // inbound missed calls at the latest moment, which is to say with no later call
	latest int64
}

// follower follows the calls of each number.
type follower struct {
	contacts map[uint64]contact
	texts    map[string]uint64 // numbers that have no key, such as anonymous
	spans    []span
}

// span is a call with talk, in microseconds.
type span struct{ start, end int64 }

func (f *follower) add(r cache.Row, missed bool) {
	if f.contacts == nil {
		f.contacts, f.texts = map[uint64]contact{}, map[string]uint64{}
	}
	at := r.Created()
	if s := r.Seconds(); s > 0 {
		f.spans = append(f.spans, span{at, at + int64(s)*1_000_000})
	}
	key, ok := r.ContactKey()
	if !ok {
		if key, ok = f.texts[r.Contact()]; !ok {
			key = 1<<63 | uint64(len(f.texts))
			f.texts[r.Contact()] = key
		}
	}
	k := f.contacts[key]
	if k.calls == 0 || at > k.latest {
		k.latest, k.missed = at, 0
	}
	k.calls++
	if missed && at == k.latest {
		k.missed++
	}
	f.contacts[key] = k
}

// ContactFigures adds up the contacts so far.
func (g *Groups) ContactFigures() ContactFigures {
	f := ContactFigures{Contacts: len(g.follow.contacts), PeakConcurrent: peak(g.follow.spans)}
	for _, k := range g.follow.contacts {
		if k.calls > 1 {
			f.Repeat++
		}
		f.UnreturnedMissed += int(k.missed)
	}
	return f
}

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
