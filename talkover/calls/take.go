package calls

import (
	"cmp"
	"sort"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// proofTime is how long a proof holds.
const proofTime = time.Minute

// fresh reports whether the proof of a reading holds now. One that could not be proven is left as it
// is for longer.
func (l *Log) fresh(r *reading) bool {
	age, holds := l.there().Sub(r.asOf), proofTime
	if r.failed >= tries && !r.live() {
		holds = retryAfter
	}
	return age >= -2*time.Second && age < holds // clocks are known to the second
}

// chain is the readings that hold a window, newest first, each linked with the next: one begins
// at the date with which the other ends, or before. So whatever the zone of the dates is, and be
// date_to left out, no call lies between them. Where a call shows that date_to is not left out,
// one may begin a date later.
type chain struct {
	Window  // that is wanted
	query   talkover.CallQuery
	lowest  Date       // with which the last one must begin
	held    []*reading // the last of them may go on
	gap     *asked     // what is missing behind them; nil for nothing
	proven  []*reading // those of held before the first whose proof does not hold
	covered Window     // the moments of which these have all calls; its From is zero where the log has no earlier one
}

// lowest returns the date with which the readings of a window begin.
func lowest(w Window) Date {
	if w.From.IsZero() {
		return beginning
	}
	return DateOf(w.From) - 1
}

// chain finds the readings that hold a window of a want, whether they are proven or not. All its
// windows have the same live reading, so that they are of one moment.
func (l *Log) chain(wanted *want, i int) chain {
	w := wanted.Windows[i]
	c := chain{Window: w, query: wanted.queryOf(i), lowest: lowest(w)}
	since, closed := c.lowest, l.closed()
	for _, other := range wanted.Windows {
		since = min(since, lowest(other))
	}
	top := asked{c.query, c.lowest, open}
	if !w.To.IsZero() {
		top.to = DateOf(w.To.Add(-1)) + 2
	}
	whole := c.query.Search == ""
	switch {
	case !whole:
		c.link(l, asked{c.query, beginning, open})
	case top.to > closed:
		if whole = c.link(l, asked{from: min(max(since, closed-2), closed), to: open}); whole {
			top.to = min(c.held[0].from, closed)
			whole = c.held[0].from > c.lowest
		}
	}
	for whole && c.link(l, top) {
		top.to = c.held[len(c.held)-1].from
		whole = top.to > c.lowest
	}
	l.proves(&c)
	return c
}

// link adds the best reading that ends with the last date asked for, or later. It reports false
// where the chain ends: there is none, or it is not whole.
func (c *chain) link(l *Log, want asked) bool {
	var best *reading
	for _, r := range l.readings {
		switch {
		case r.query != want.query || r.live() != want.live() || r.size == 0 && r.failed == 0:
		case want.live() && r.from > want.from, !want.live() && (!r.reaches(want.to) || r.from >= want.to && r.from > c.lowest):
		case best == nil || r.better(best):
			best = r
		}
	}
	if best == nil {
		c.gap = &want
		return false
	}
	c.held = append(c.held, best)
	if !best.whole {
		c.gap = &best.asked
	}
	return best.whole
}

// reaches reports whether no call lies between a closed reading and a list that begins with a date.
func (r *reading) reaches(d Date) bool { return r.to >= d || r.to == d-1 && r.included() }

// better reports whether a reading serves better than another one that ends with the same date.
func (r *reading) better(o *reading) bool {
	switch {
	case r.whole != o.whole:
		return r.whole
	case r.from != o.from && !r.live():
		return r.from < o.from
	}
	return r.readAt.After(o.readAt)
}

// proves tells what a chain proves now.
func (l *Log) proves(c *chain) {
	now := l.there()
	c.covered = Window{now, now} // nothing; a clock that is read twice tells two moments
	for _, r := range c.held {
		if !l.fresh(r) {
			break
		}
		w := r.covers()
		if c.proven = append(c.proven, r); len(c.proven) == 1 {
			c.covered.To = w.To
		}
		c.covered.From = w.From
		if r.whole && r.from <= c.lowest || !c.From.IsZero() && !w.From.After(c.From) {
			c.covered.From, c.held, c.gap = c.From, c.proven, nil // no more is needed, read or not
			break
		}
	}
	if c.covered.To.IsZero() || !c.To.IsZero() && c.To.Before(c.covered.To) {
		c.covered.To = c.To
	}
}

// complete reports whether the chain proves all that is wanted.
func (c *chain) complete() bool { return c.gap == nil && len(c.proven) == len(c.held) }

// runs returns the calls of readings, newest first, that lie in a window, each once. A reading has
// all calls of the dates that it was asked for, from its last call on at least. So of the next one
// those count that are older.
func runs(held []*reading, w Window) [][]Call {
	var all [][]Call
	from, to := w.micro()
	for _, r := range held {
		newest := sort.Search(len(r.calls), func(i int) bool { return r.calls[i].At < to })
		oldest := sort.Search(len(r.calls), func(i int) bool { return r.calls[i].At < from })
		if newest < oldest {
			all = append(all, r.calls[newest:oldest])
		}
		if n := len(r.calls); n > 0 {
			to = min(to, r.calls[n-1].At)
		}
	}
	return all
}

// take returns what a want gets: all of it; or once it ended, what is proven. Else it returns nil.
// All windows are taken at one moment. The caller holds the lock.
func (l *Log) take(w *want) *Taken {
	t := &Taken{Tables: l.snapshot(), AsOf: l.there(), Counted: w.counted, Requests: w.requests}
	all, some := true, false
	for i := range w.Windows {
		c := l.chain(w, i)
		if l.doubts(w, &c) {
			return l.take(w)
		}
		if i == 0 && w.counted != nil {
			c.covered.From, c.gap = c.From, nil
		}
		if !c.complete() && !w.ended && (i > 0 || w.Enough == 0) {
			return nil
		}
		part := Part{Runs: runs(c.proven, c.covered)}
		enough := i == 0 && w.Enough > 0 && (!w.OldestFirst || c.complete()) && fitting(part.Runs, w.Fits(t.Tables)) >= w.Enough
		w.enough = w.enough || enough
		part.Coverage = l.coverage(w, i, &c)
		all = all && (c.complete() && w.Windows[0] == w.full || enough)
		some = some || i == 0 && (c.complete() || !c.covered.empty())
		for _, r := range c.proven {
			r.used = l.now()
			if r.live() && r.asOf.Before(t.AsOf) {
				t.AsOf = r.asOf
			}
		}
		t.Parts = append(t.Parts, part)
	}
	switch {
	case some && (all || w.ended):
		return t
	case w.ended && w.searching: // the search was not answered in time, but calls that were read may do
		w.searching = false
		defer func() { w.searching = true }()
		return l.take(w)
	}
	return nil
}

// fitting counts calls that fit; nil fits all.
func fitting(runs [][]Call, fits func(*Call) bool) (n int) {
	for _, run := range runs {
		if fits == nil {
			n += len(run)
			continue
		}
		for i := range run {
			if fits(&run[i]) {
				n++
			}
		}
	}
	return n
}

// coverage says what a part is all calls of.
func (l *Log) coverage(w *want, i int, c *chain) Coverage {
	v := Coverage{
		Exact: c.complete() || !c.covered.empty(), Complete: c.complete() && (i > 0 || w.Windows[0] == w.full), FieldsExact: true,
		Method: ByReading, From: c.covered.From, To: c.covered.To, Reason: w.why,
	}
	for _, r := range c.proven {
		if r.flaw != "" {
			v.Exact, v.Reason = false, string(r.flaw)
		}
		if r.readAt.Before(w.since) {
			v.Cached += len(r.calls)
		}
		if v.ReadAt.IsZero() || r.readAt.Before(v.ReadAt) {
			v.ReadAt = r.readAt
		}
		v.FieldsExact = v.FieldsExact && !l.aged(r)
	}
	switch {
	case i == 0 && w.counted != nil:
		v.Method = ByCounts
	case c.query.Search != "":
		v.Method = BySearch
	case c.query != talkover.CallQuery{}:
		v.Method = ByList
	}
	if v.Complete {
		return v
	}
	v.Left = Unknown // of a window of which the oldest days alone were looked at
	if i > 0 || w.Windows[0] == w.full {
		v.Left = l.lacking(w, i, c)
	}
	if v.Left != Unknown {
		v.Requests = v.Left/talkover.MaxPerPage + 1
	}
	why := "the rest takes more requests than the plan lets through in the time of a question"
	switch n, limit := l.api.Allowance(0); {
	case i == 0 && w.enough:
		why = "as many calls as were wanted were found"
	case w.err != nil:
		why = "a request to Talkover failed"
	case l.full(c.proven):
		why = "it has more calls than may be kept"
	case l.all.ctx.Err() != nil:
		why = "the server ends"
	default:
		if limit == 0 || n > w.lacks {
			why = "the rest is still being read"
		}
		v.AskAgain = l.askAgain(w)
	}
	v.Reason = cmp.Or(v.Reason, why)
	return v
}

// aged reports whether the fields of a reading may be others by now: it was read longer ago than
// the time for which fields are believed; or it has calls that may not be over yet, and is good for
// a minute.
func (l *Log) aged(r *reading) bool {
	age := l.there().Sub(r.readAt)
	return age > l.all.TTL || r.live() && age > proofTime+usualTime
}

// unfinished returns why a question has nothing that is proven: its calls are still being read, or no
// request may go for it.
func (l *Log) unfinished(w *want) error {
	c, e := l.chain(w, 0), &talkover.Error{Reason: talkover.Reading, Wait: l.askAgain(w)}
	begins := c.lowest + 1 // of what is read so far
	for _, r := range c.held {
		e.Read, e.Total, begins = e.Read+r.pos, e.Total+r.last, r.from
	}
	switch {
	case e.Read == 0 && l.waitFor(1) > 0 && (w.requests == 0 || l.now().Before(l.paused)):
		e.Reason = talkover.RateLimited
	case begins > c.lowest: // nobody knows how many there are before
		e.Total = 0
	}
	return e
}

// Unfinished returns the error of a question that needs all calls of a part which has not all yet.
func (p *Part) Unfinished() error {
	e := &talkover.Error{Reason: talkover.Reading, Wait: cmp.Or(p.AskAgain, time.Minute), Read: fitting(p.Runs, nil)}
	if p.Left != Unknown {
		e.Total = e.Read + p.Left
	}
	return e
}
