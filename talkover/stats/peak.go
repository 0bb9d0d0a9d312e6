package stats

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
)

// reach is how long before a window calls begin that may go on in it.
const reach = 24 * time.Hour

// span is when a call goes on, in microseconds since 1970: from its begin, and not at its end.
type span struct{ from, to int64 }

// peaks finds the most calls at one moment of a window: of all, of each place in dimensions that
// are not of time, and within each place in time. A call goes on for as long as it took, or up to
// now while it is open.
type peaks struct {
	within calls.Window
	now    int64
	spans  map[uint64]*alike // by their places in dimensions that are not of time
	at     time.Time         // of the most of all, for the first time
}

// alike is the calls with one place in each dimension that is not of time.
type alike struct {
	like  calls.Call // one of them
	spans []span
}

// add takes in a call that fits and counts, whether it began in the window or reaches into it.
func (p *peaks) add(s *sums, c *calls.Call) {
	if p == nil {
		return
	}
	to := c.At + int64(c.Seconds)*1_000_000
	if s.kinds[c.Kind].isOpen(int(c.Seconds)) {
		to = p.now
	}
	from := c.At
	if !p.within.From.IsZero() {
		from = max(from, p.within.From.UnixMicro())
	}
	if to <= from {
		return
	}
	place := uint64(0)
	for i, placer := range s.placers {
		if !s.by[i].InOrder() {
			place = place<<32 | uint64(placer.of(c)) + 1
		}
	}
	if p.spans[place] == nil {
		p.spans[place] = &alike{like: *c}
	}
	p.spans[place].spans = append(p.spans[place].spans, span{from, to})
}

// tell puts the most calls at one moment into the figures of all calls and of each group.
func (p *peaks) tell(s *sums) {
	if p == nil {
		return
	}
	end := int64(math.MaxInt64)
	if !p.within.To.IsZero() {
		end = p.within.To.UnixMicro()
	}
	var all []span
	for _, a := range p.spans {
		all = append(all, a.spans...)
		sweep(a.spans, end, func(at int64, n int) {
			c := a.like
			c.At = at
			g := s.groupOf(&c)
			g.n[nPeak] = max(g.n[nPeak], n)
		})
	}
	s.all.n[nPeak] = 0
	sweep(all, end, func(at int64, n int) {
		if n > s.all.n[nPeak] {
			s.all.n[nPeak], p.at = n, time.UnixMicro(at)
		}
	})
}

// sweep tells how many calls go on at each moment at which there can be most of them: when one
// begins, and when a quarter of an hour begins in one, since hours and days begin with it.
func sweep(spans []span, end int64, tell func(at int64, n int)) {
	const quarter = int64(15 * time.Minute / time.Microsecond)
	slices.SortFunc(spans, func(x, y span) int { return cmp.Compare(x.from, y.from) })
	var looks, ends []int64
	next := int64(math.MinInt64) // of the quarters
	for _, s := range spans {
		looks, ends = append(looks, s.from), append(ends, s.to)
		for next = max(next, s.from-s.from%quarter+quarter); next < min(s.to, end); next += quarter {
			looks = append(looks, next)
		}
	}
	slices.Sort(looks)
	slices.Sort(ends)
	begun, over := 0, 0
	for _, at := range slices.Compact(looks) {
		for begun < len(spans) && spans[begun].from <= at {
			begun++
		}
		for over < len(ends) && ends[over] <= at {
			over++
		}
		tell(at, begun-over)
	}
}

// wantReaching adds for each window of an answer the calls before it that may reach into it.
func (q *Question) wantReaching(w *calls.Want) {
	if w.Windows[0].From.IsZero() {
		return // nothing is before
	}
	n := q.windows()
	for i := range n {
		from := w.Windows[i].From
		w.Windows = slices.Insert(w.Windows, n+i, calls.Window{From: from.Add(-reach), To: from})
	}
}

// windows is how many windows an answer is about.
func (q *Question) windows() int {
	if q.Compare != "" {
		return 2
	}
	return 1
}

// peaksOf begins to find the most calls at one moment of a window, with those that reach into it.
// It returns why that cannot be told instead, if it cannot.
func (q *Question) peaksOf(w *calls.Want, t *calls.Taken, window int, within calls.Window) (*peaks, [][]calls.Call, string) {
	const unread = "it depends on all calls of these days and of the day before, which could not be read whole"
	p := &peaks{within: within, now: t.AsOf.UnixMicro(), spans: map[uint64]*alike{}}
	part := &t.Parts[window]
	switch {
	case q.needs()&moments == 0:
		return nil, nil, ""
	case t.Counted != nil || !part.Exact || !part.Complete:
		return nil, nil, unread + inSeconds(part.AskAgain)
	case w.Windows[0].From.IsZero():
		return p, nil, ""
	}
	before := &t.Parts[q.windows()+window]
	if !before.Exact || !before.Complete {
		return nil, nil, unread + inSeconds(before.AskAgain)
	}
	return p, before.Runs, ""
}
