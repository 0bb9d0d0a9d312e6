package calls

import (
	"cmp"
	"sort"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// proofTime is how long a proof holds, by the wall clock.
const proofTime = time.Minute

// fresh reports whether a proof of a reading holds at a moment. One that could not be proven is
// left as it is for longer.
func (r *reading) fresh(now time.Time) bool {
	age, holds := now.Sub(r.proven), proofTime
	if r.failed >= tries && !r.live() {
		holds = retryAfter
	}
	return !r.proven.IsZero() && age >= -time.Second && age < holds
}

// chain is the readings that hold a window, newest first, each linked with the next: one begins
// at the date with which the other ends, or before. So whatever the zone of the dates is, and be
// date_to left out, no call lies between them. Where a call shows that date_to is not left out,
// one may begin a date later.
type chain struct {
	Window // that is wanted
	query  talkover.CallQuery
	lowest Date       // with which the last one must begin
	held   []*reading // the last of them may go on
	gap    *asked     // what is missing behind them; nil for nothing
}

// lowest returns the date with which the readings of a window begin.
func (l *Log) lowest(w Window) Date {
	if w.From.IsZero() {
		return l.begins
	}
	return max(DateOf(w.From)-1, l.begins)
}

// chain finds the readings that hold a window of a want, whether they are proven or not. All its
// windows have the same live reading, so that they are of one moment.
func (l *Log) chain(wanted *want, i int) chain {
	q, w := wanted.queryOf(i), wanted.Windows[i]
	c := chain{Window: w, query: q, lowest: l.lowest(w)}
	since := c.lowest
	for _, other := range wanted.Windows {
		since = min(since, l.lowest(other))
	}
	if q.Search != "" {
		c.link(l, asked{q, beginning, open})
		return c
	}
	closed := l.closed()
	if !w.To.IsZero() && c.lowest != beginning && w.To.Before((c.lowest - 1).Start()) {
		return c // the log begins later
	}
	top := asked{q, c.lowest, closed}
	if !w.To.IsZero() {
		top.to = DateOf(w.To.Add(-1)) + 2
	}
	if w.To.IsZero() || top.to > closed {
		if !c.link(l, asked{from: min(max(since, closed-2), closed), to: open}) {
			return c
		}
		top.to = min(c.held[0].from, closed)
		if c.held[0].from <= c.lowest {
			return c
		}
	}
	for top.from = c.lowest; c.link(l, top); {
		if top.to = c.held[len(c.held)-1].from; top.to <= c.lowest {
			break
		}
	}
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

// proven cuts the chain behind the last reading whose proof holds, and returns the moments of
// which it has all calls: from is zero where the log has no earlier one.
func (c *chain) proven(now time.Time) (held []*reading, covered Window) {
	for _, r := range c.held {
		if !r.fresh(now) {
			break
		}
		held = append(held, r)
		w := r.covers()
		if len(held) == 1 {
			covered.To = w.To
		}
		covered.From = w.From
		if r.whole && r.from <= c.lowest || covered.From.Before(c.Window.From) {
			covered.From = c.Window.From // all of it, or the log begins later
		}
		if !c.Window.From.IsZero() && covered.From.Equal(c.Window.From) {
			c.held, c.gap = held, nil // no more of it is needed, read or not
			break
		}
	}
	if len(held) == 0 {
		covered.From = c.Window.From // the log begins later
		if !c.complete(held) {
			return nil, Window{now, now}
		}
	}
	if covered.To.IsZero() || !c.Window.To.IsZero() && c.Window.To.Before(covered.To) {
		covered.To = c.Window.To
	}
	return held, covered
}

// complete reports whether readings hold all that is wanted.
func (c *chain) complete(held []*reading) bool { return c.gap == nil && len(held) == len(c.held) }

// runs returns the calls of readings that lie in a window, each once.
func runs(held []*reading, w Window) [][]Call {
	var all [][]Call
	from, to := w.micro()
	for i, r := range held {
		rows := r.calls
		if i > 0 {
			rows = rows[r.shared(held[i-1]):]
		}
		newest := sort.Search(len(rows), func(i int) bool { return rows[i].At < to })
		oldest := sort.Search(len(rows), func(i int) bool { return rows[i].At < from })
		if newest < oldest {
			all = append(all, rows[newest:oldest])
		}
	}
	return all
}

// shared returns how many of the newest calls of a reading a newer one has as well. It counts once
// for each.
func (r *reading) shared(newer *reading) int {
	l := overlap{newer, len(newer.calls), len(r.calls), 0}
	if o := r.overlap; o.newer == l.newer && o.theirs == l.theirs && o.ours == l.ours {
		return o.n
	}
	end := (r.to + 2).Start().UnixMicro() // no call of this one is later, whatever the zone
	have := map[key]bool{}
	for i := len(newer.calls) - 1; i >= 0 && newer.calls[i].At < end; i-- {
		have[newer.calls[i].key()] = true
	}
	begin := (newer.from - 2).Start().UnixMicro()
	l.n = sort.Search(len(r.calls), func(i int) bool { return r.calls[i].At < begin })
	for l.n > 0 && !have[r.calls[l.n-1].key()] {
		l.n--
	}
	r.overlap = l
	return l.n
}

// overlap is how many calls a reading has in common with a newer one.
type overlap struct {
	newer           *reading
	theirs, ours, n int // calls of the one, of the other, and of both
}

// take returns what a want gets: all of it; or once it ended, what is proven. Else it returns nil.
// All windows are taken at one moment. The caller holds the lock.
func (l *Log) take(w *want) *Taken {
	now := l.now()
	t := &Taken{AsOf: l.there(), Counted: w.counted}
	complete, something := true, false
	var inUse []*reading
	for i := range w.Windows {
		c := l.chain(w, i)
		held, covered := c.proven(now)
		if l.doubts(w, &c) {
			return l.take(w)
		}
		inUse = append(inUse, held...)
		if i == 0 && w.counted != nil {
			covered.From, c.gap = c.Window.From, nil
		}
		if complete = complete && (c.complete(held) || i == 0 && w.Enough > 0); !complete && !w.ended {
			return nil
		}
		part := Part{Runs: runs(held, covered)}
		enough := i == 0 && w.Enough > 0 && (!w.OldestFirst || c.complete(held)) && part.fitting(w.Fits(l.snapshot())) >= w.Enough
		w.enough = w.enough || enough
		part.Coverage = l.coverage(w, i, &c, held, covered)
		complete = complete && (c.complete(held) && w.Windows[0] == w.full || enough)
		something = something || c.complete(held) || !covered.empty() || l.cut(&c)
		for _, r := range held {
			if r.live() && r.asOf.Before(t.AsOf) {
				t.AsOf = r.asOf
			}
		}
		t.Parts = append(t.Parts, part)
	}
	if !complete && !w.ended || w.ended && !something {
		return nil
	}
	for _, r := range inUse {
		r.used = now
	}
	t.Tables, t.Requests = l.snapshot(), w.requests
	return t
}

// fitting counts the calls of a part that fit.
func (p *Part) fitting(fits func(*Call) bool) (n int) {
	for _, run := range p.Runs {
		for i := range run {
			if fits(&run[i]) {
				n++
			}
		}
	}
	return n
}

// coverage says what a part is all calls of.
func (l *Log) coverage(w *want, i int, c *chain, held []*reading, covered Window) Coverage {
	v := Coverage{Exact: c.complete(held) || !covered.empty(), FieldsExact: true, Method: ByReading, From: covered.From, To: covered.To, Complete: c.complete(held)}
	for _, r := range held {
		if r.flaw != "" {
			v.Exact, v.Reason = false, r.flaw
		}
		if r.readAt.Before(w.since) {
			v.Cached += len(r.calls)
		}
		if v.ReadAt.IsZero() || r.readAt.Before(v.ReadAt) {
			v.ReadAt = r.readAt
		}
		v.FieldsExact = v.FieldsExact && !l.aged(r)
		switch {
		case r.query.Search != "":
			v.Method = BySearch
		case r.query != talkover.CallQuery{}:
			v.Method = ByList
		}
	}
	if i == 0 && w.counted != nil {
		v.Method = ByCounts
	}
	if i == 0 && w.Windows[0] != w.full {
		v.Complete = false
	}
	v.Reason = cmp.Or(v.Reason, w.why)
	if v.Complete {
		return v
	}
	if v.Left = Unknown; w.sizes[i].calls != Unknown {
		v.Left = max(w.sizes[i].calls-claimed(held, covered, w.sizes[i].Window), 0)
		v.Requests = v.Left/talkover.MaxPerPage + 1
	}
	switch {
	case i == 0 && w.enough:
		v.Reason = cmp.Or(v.Reason, "as many calls as were wanted were found")
	case w.err != nil:
		v.Reason = cmp.Or(v.Reason, "a request to Talkover failed")
	case l.full(held):
		v.Reason = cmp.Or(v.Reason, "it has more calls than may be kept")
	case l.all.ctx.Err() != nil:
		v.Reason = cmp.Or(v.Reason, "the server ends")
	default:
		v.Reason, v.AskAgain = cmp.Or(v.Reason, "the rest takes more requests than the plan lets through in the time of a question"), l.askAgain(w)
	}
	return v
}

// claimed counts the calls of a window that lie on dates that were counted.
func claimed(held []*reading, covered, counted Window) (n int) {
	if covered.From.Before(counted.From) {
		covered.From = counted.From
	}
	if covered.To.IsZero() || !counted.To.IsZero() && counted.To.Before(covered.To) {
		covered.To = counted.To
	}
	for _, run := range runs(held, covered) {
		n += len(run)
	}
	return n
}

// aged reports whether the fields of a reading may be others by now: it was read longer ago than
// the time for which fields are believed, or has a call that was not over, and is good for a
// minute.
func (l *Log) aged(r *reading) bool {
	age := l.there().Sub(r.readAt)
	return age > l.all.TTL || age > proofTime+usualTime && (r.live() || r.unsettled)
}
