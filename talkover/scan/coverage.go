package scan

import (
	"cmp"
	"fmt"
	"time"
)

// Method says how an answer was got.
type Method string

// The methods.
const (
	Read   Method = "read"   // every call was read
	Counts Method = "counts" // the API counted by filters
)

// Coverage says which calls an answer rests on.
type Coverage struct {
	Exact  bool // every figure is that of the calls from From to before To
	Method Method
	AsOf   time.Time
	// From and To bound what the answer is about. From is zero where it is about
	// everything up to To, and To where it is about everything since.
	From, To time.Time
	Whole    bool      // that is all that was asked
	Calls    int       // calls of the part that fit the filters
	Cached   int       // calls that were read by an earlier question
	ReadAt   time.Time // when the oldest of them was read
	Missing  int       // calls of the window beyond the part; Unknown where it cannot be told
	Requests int       // that the rest takes
	// AskAgain is when the rest, or more of it, can be read; 0 where asking again
	// does not help.
	AskAgain time.Duration
	Reason   string // why it is not all, or not exact
}

// Coverage says what a segment covers.
func (r *Run) Coverage(s Segment) Coverage {
	c := Coverage{Exact: true, Method: Read, AsOf: r.Now()}
	read := 0
	for _, p := range s.Parts {
		picked := r.passing(p.Window, p.Calls, p.Calls.Len(), r.Fits)
		c.Calls += picked
		if p.Inexact != "" {
			c.Exact = false
			c.Reason = cmp.Or(c.Reason, p.Inexact)
		}
		if p.asOf.Before(c.AsOf) {
			c.AsOf = p.asOf
		}
		read += p.Calls.Len()
		if p.known > 0 {
			c.Cached += r.passing(p.Window, p.Calls, p.known, r.Fits)
			if c.ReadAt.IsZero() || p.readAt.Before(c.ReadAt) {
				c.ReadAt = p.readAt
			}
		}
	}
	r.bound(&c, s.Window, read)
	return c
}

// bound says how a window with so many calls lies in what was asked.
func (r *Run) bound(c *Coverage, w Window, read int) {
	bounds := r.Bounds(w)
	c.From, c.To = bounds.From, bounds.To
	if c.Whole = bounds == r.Window; c.Whole {
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
	if r.Enough > 0 && r.ended == "" {
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
		c.AskAgain = max(r.waitFor(max(c.Requests, leastReading)), leastWait)
	case !s.Keeps && r.total() != Unknown && s.pages(r.total())+1 <= limit*bulkShare/100:
		c.AskAgain = max(r.waitFor(s.pages(r.total())+1), leastWait)
	}
}

// leastWait is what an answer says to wait where the requests could go at once, such as those
// that were kept for another question: a wait of 0 would say that asking again does not help.
const leastWait = time.Second

// bulkShare is the part of the limit that statistics may take, in per cent, as the
// limiter has it.
const bulkShare = 70

// total returns the calls of all that would have to be read, as far as the API
// counted them.
func (r *Run) total() int {
	s := &r.state
	if len(r.list) > 0 || !s.Keeps {
		return s.List
	}
	n := 0
	for _, d := range s.Days {
		n += d.Calls
	}
	if s.Unbounded || s.Missing == Unknown && len(s.missing()) > 0 {
		return Unknown
	}
	n += max(s.Missing, 0)
	if s.To > s.Closed {
		switch {
		case r.live != nil && r.live.known > 0:
			n += r.live.Calls.Len()
		case s.Live == Unknown:
			return Unknown
		default:
			n += s.Live
		}
	}
	return n
}

// Counted returns what the coverage of an answer by counts is: what was counted and what
// was read beside it in one piece, and the parts of the latter, newest first. It reports
// false where nothing was counted.
func (r *Run) Counted() (c Coverage, read []Part, ok bool) {
	t := r.counted
	if t == nil {
		return c, nil, false
	}
	w := t.Window
	c = Coverage{Exact: true, Method: Counts, Calls: t.calls, AsOf: t.asOf}
	for _, s := range r.Segments() {
		for _, p := range s.Parts { // newest first
			later, earlier := !t.To.IsZero() && !p.From.Before(w.To) && p.From.Equal(w.To), p.To.Equal(w.From)
			if p.Inexact != "" || !later && !earlier {
				continue
			}
			if later {
				w.To = p.To
			} else {
				w.From = p.From
			}
			read = append(read, p)
			picked := r.passing(p.Window, p.Calls, p.Calls.Len(), r.Fits)
			c.Calls += picked
			c.Cached += r.passing(p.Window, p.Calls, p.known, r.Fits)
			if p.asOf.Before(c.AsOf) {
				c.AsOf = p.asOf
			}
		}
	}
	r.bound(&c, w, 0)
	if !c.Whole {
		c.Missing, c.Requests, c.AskAgain = r.uncounted(), 0, 0
		c.Reason = cmp.Or(c.Reason, "the rest can be read only in more requests than the plan lets through")
	}
	return c, read, true
}

// uncounted returns the calls of the window that were neither counted nor read.
func (r *Run) uncounted() int {
	if s := r.state; s.To > s.Closed && r.live == nil && s.Live != Unknown {
		return s.Live
	}
	return Unknown
}

// Bounds returns what a window is about: a bound is zero where it holds that end of all
// that was asked, and that has none.
func (r *Run) Bounds(w Window) Window {
	if r.fromStart(w) {
		w.From = r.Window.From
	}
	if r.toEnd(w) {
		w.To = r.Window.To
	}
	return w
}
