package scan

import (
	"cmp"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Segments returns what was read of the window, the newest first.
func (r *Run) Segments() []Segment {
	parts := slices.Clone(r.list)
	if len(parts) == 0 {
		if r.live != nil {
			parts = append(parts, *r.live)
		}
		for d := min(r.state.To, r.state.Closed); d >= r.state.From; d-- {
			if p, ok := r.days[d]; ok {
				parts = append(parts, p)
			} else if r.begun != nil && cache.DateOf(r.begun.From) == d {
				parts = append(parts, *r.begun)
			}
		}
	} else if r.state.OldestFirst {
		slices.Reverse(parts)
	}
	var all []Segment
	for _, p := range parts {
		p.Window = r.Window.within(p.Window)
		if p.empty() {
			continue
		}
		if n := len(all); n > 0 && all[n-1].From.Equal(p.To) {
			all[n-1].From = p.From
			all[n-1].Parts = append(all[n-1].Parts, p)
			continue
		}
		all = append(all, Segment{p.Window, []Part{p}})
	}
	for i := range all {
		all[i].round()
	}
	return all
}

// round moves the ends of a segment inwards to whole seconds, which is how calls and
// answers tell time: of the second in which a reading ended, not all calls may be read.
func (s *Segment) round() {
	if end := s.To.Truncate(time.Second); !end.Equal(s.To) {
		s.To, s.Parts[0].To = end, end
	}
	if n := len(s.Parts); !s.From.Equal(s.From.Truncate(time.Second)) {
		s.From = s.From.Truncate(time.Second).Add(time.Second)
		s.Parts[n-1].From = s.From
	}
}

// Best returns the segment that an answer is about: the one that holds the end of the
// window that is asked for first, else the one with the most calls.
func (r *Run) Best() (Segment, error) {
	if r.Window.empty() {
		return Segment{Window: r.Window}, nil
	}
	all := r.Segments()
	if len(all) == 0 && r.scrap != nil && r.wait == nil {
		w := r.Window.within(r.scrap.Window)
		return Segment{w, []Part{*r.scrap}}, nil
	}
	if len(all) == 0 {
		return Segment{}, r.nothing()
	}
	newest, oldest := all[0], all[len(all)-1]
	switch {
	case r.state.OldestFirst && r.fromStart(oldest.Window):
		return oldest, nil
	case !r.state.OldestFirst && r.toEnd(newest.Window):
		return newest, nil
	}
	return slices.MaxFunc(all, func(x, y Segment) int { return cmp.Compare(x.len(), y.len()) }), nil
}

// fromStart reports whether a segment holds the beginning of what was asked.
func (r *Run) fromStart(w Window) bool {
	return w.From.IsZero() || w.From.Equal(r.Window.From) || r.Window.From.IsZero() && !r.state.Unbounded && !w.From.After(r.state.From.Start())
}

// toEnd reports whether a segment holds the end of what was asked, or this moment.
func (r *Run) toEnd(w Window) bool {
	return w.To.IsZero() || w.To.Equal(r.Window.To) || w.To.After(r.Now())
}

// passing counts those of the first calls of a window that fit the API's filters and pass
// a test; nil passes all.
func (r *Run) passing(w Window, c *cache.Columns, first int, test Test) int {
	n := 0
	picks, passes := r.Selection(r.Window.within(w)).Test(c), func(cache.Row) bool { return true }
	if test != nil {
		passes = test(c)
	}
	for i := range first {
		if row := c.Row(i); picks(row) && passes(row) {
			n++
		}
	}
	return n
}

// hasEnough reports whether a search has all that it wants, at the end of the window
// that is asked for first.
func (r *Run) hasEnough() bool {
	if r.Enough == 0 || len(r.list) > 0 {
		return false
	}
	all := r.Segments()
	if len(all) == 0 {
		return false
	}
	s := all[0]
	if r.state.OldestFirst {
		if s = all[len(all)-1]; !r.fromStart(s.Window) {
			return false
		}
	} else if !r.toEnd(s.Window) {
		return false
	}
	n := 0
	for _, p := range s.Parts {
		n += r.passing(p.Window, p.Calls, p.Calls.Len(), r.Matches)
	}
	return n >= r.Enough
}

// nothing is the error of a question of which nothing could be answered.
func (r *Run) nothing() error {
	if r.wait != nil {
		return r.wait
	}
	return &talkover.Error{Reason: talkover.RateLimited, Wait: max(r.waitFor(leastReading), time.Second)}
}

// Selection selects the calls of a window that fit the API's filters.
func (r *Run) Selection(w Window) Selection {
	return Selection{r.Query.Status, r.Query.Direction, r.Query.AgentID, w.From, w.To}
}
