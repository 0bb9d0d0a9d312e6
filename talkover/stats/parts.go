package stats

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// part is calls of a window that were read: all that it has, unless inexact says why
// not.
type part struct {
	window
	calls   *cache.Columns // newest first
	inexact string
	asOf    time.Time // when that was so
	readAt  time.Time // when they were read, if an earlier question did
	cached  bool
	listed  bool // only calls that fit the API's filters
}

// segment is parts without a gap between them, newest first.
type segment struct {
	window
	parts []part
}

// segments returns what was read of the window, the newest first.
func (r *run) segments() []segment {
	parts := slices.Clone(r.list)
	if len(parts) == 0 {
		if r.live != nil {
			parts = append(parts, *r.live)
		}
		for d := min(r.state.To, r.state.Closed); d >= r.state.From; d-- {
			if p, ok := r.days[d]; ok {
				parts = append(parts, p)
			} else if r.begun != nil && cache.DateOf(r.begun.from) == d {
				parts = append(parts, *r.begun)
			}
		}
	} else if r.state.OldestFirst {
		slices.Reverse(parts)
	}
	var all []segment
	for _, p := range parts {
		p.window = r.window.within(p.window)
		if p.empty() {
			continue
		}
		if n := len(all); n > 0 && all[n-1].from.Equal(p.to) {
			all[n-1].from = p.from
			all[n-1].parts = append(all[n-1].parts, p)
			continue
		}
		all = append(all, segment{p.window, []part{p}})
	}
	return all
}

// best returns the segment that an answer is about: the one that holds the end of the
// window that is asked for first, else the one with the most calls.
func (r *run) best() (segment, bool) {
	if r.window.empty() {
		return segment{window: r.window}, true
	}
	all := r.segments()
	if len(all) == 0 && r.scrap != nil && r.wait == nil {
		w := r.window.within(r.scrap.window)
		return segment{w, []part{*r.scrap}}, true
	}
	if len(all) == 0 {
		return segment{}, false
	}
	newest, oldest := all[0], all[len(all)-1]
	switch {
	case r.state.OldestFirst && r.fromStart(oldest.window):
		return oldest, true
	case !r.state.OldestFirst && r.toEnd(newest.window):
		return newest, true
	}
	return slices.MaxFunc(all, func(x, y segment) int { return cmp.Compare(x.len(), y.len()) }), true
}

func (s segment) len() int {
	n := 0
	for _, p := range s.parts {
		n += p.calls.Len()
	}
	return n
}

// fromStart reports whether a segment holds the beginning of what was asked.
func (r *run) fromStart(w window) bool {
	return w.from.IsZero() || w.from.Equal(r.window.from) || r.window.from.IsZero() && !r.state.Unbounded && !w.from.After(r.state.From.Start())
}

// toEnd reports whether a segment holds the end of what was asked, or this moment.
func (r *run) toEnd(w window) bool {
	return w.to.IsZero() || w.to.Equal(r.window.to) || w.to.After(r.clock())
}

// coverage says what a segment covers.
func (r *run) coverage(s segment) Coverage {
	c := Coverage{Exact: true, Method: Read, From: s.from, To: s.to, AsOf: r.clock()}
	read := 0
	for _, p := range s.parts {
		if p.inexact != "" {
			c.Exact = false
			c.Reason = cmp.Or(c.Reason, p.inexact)
		}
		if p.asOf.Before(c.AsOf) {
			c.AsOf = p.asOf
		}
		read += p.calls.Len()
		if p.cached {
			c.Cached += r.picked(p)
			if c.ReadAt.IsZero() || p.readAt.Before(c.ReadAt) {
				c.ReadAt = p.readAt
			}
		}
	}
	r.bound(&c, s.window, read)
	return c
}

// picked counts the calls of a part that fit the API's filters.
func (r *run) picked(p part) int {
	n := 0
	pick := r.selection(p.window).picker(p.calls)
	for row := range p.calls.Rows() {
		if pick.picks(row) {
			n++
		}
	}
	return n
}

// bound says how a window with so many calls lies in what was asked.
func (r *run) bound(c *Coverage, w window, read int) {
	start, end := r.fromStart(w), r.toEnd(w)
	if start {
		c.From = r.window.from
	}
	if end {
		c.To = r.window.to
	}
	if c.Whole = start && end; c.Whole {
		return
	}
	s := &r.state
	if c.Missing = r.total(); c.Missing != Unknown {
		c.Missing = max(c.Missing-read, 0)
		c.Requests = s.pages(c.Missing) + 1
	}
	if c.Reason == "" {
		c.Reason = r.ended
	}
	if r.enough > 0 && r.ended == "" {
		return // nobody asked for the rest
	}
	if c.Reason == "" {
		if c.Reason = "the latest days have more calls than can be read in one go"; s.failed() != 0 {
			c.Reason = fmt.Sprintf("%s could not be proven, and is tried again within the hour", s.failed())
		}
	}
	_, limit := r.api.Allowance(0)
	switch {
	case limit == 0:
	case s.Keeps && len(s.missing()) == 0 && (s.failed() != 0 || s.pages(s.Live) > limit*bulkShare/100):
		// Neither a day that fails nor live days that are too large can be read any better.
	case s.Keeps && r.total() <= s.Share:
		c.AskAgain = r.waitFor(max(c.Requests, leastReading))
	case !s.Keeps && r.total() != Unknown && s.pages(r.total())+1 <= limit*bulkShare/100:
		c.AskAgain = r.waitFor(s.pages(r.total()) + 1)
	}
}

// bulkShare is the part of the limit that statistics may take, in per cent, as the
// limiter has it.
const bulkShare = 70

// total returns the calls of all that would have to be read, as far as the API
// counted them.
func (r *run) total() int {
	s := &r.state
	if len(r.list) > 0 || !s.Keeps {
		return s.List
	}
	n := 0
	for _, d := range s.Days {
		n += d.Calls
	}
	if s.Missing == Unknown && len(s.missing()) > 0 {
		return Unknown
	}
	n += max(s.Missing, 0)
	if s.To > s.Closed {
		switch {
		case r.live != nil && r.live.cached:
			n += r.live.calls.Len()
		case s.Live == Unknown:
			return Unknown
		default:
			n += s.Live
		}
	}
	return n
}

// nothing is the error of a question of which nothing could be answered.
func (r *run) nothing() error {
	if r.wait != nil {
		return r.wait
	}
	return &talkover.Error{Reason: talkover.RateLimited, Wait: max(r.waitFor(leastReading), time.Second)}
}
