package calls

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// turn is a want for which requests may go: so many at once, as bulk work or as look-ups.
type turn struct {
	*want
	n    int
	bulk bool
}

// step works for a want: it sends a few requests and takes in what they say. It returns when it
// can go on; 0 for at once. The caller holds the lock, which is free while requests are under way.
func (l *Log) step(w *want) (wait time.Duration) {
	if w.err != nil {
		return idleTime
	}
	work := l.work(w)
	n, bulk := l.may(w)
	switch {
	case work == nil && w.ended && !w.left:
		return idleTime
	case work == nil:
		w.until, w.ended = time.Time{}, true
		return 0
	case n > 0:
		w.served = l.now()
		return work(turn{w, n, bulk})
	}
	wait = l.waitFor(1)
	if !w.ended && l.now().Add(wait).After(w.deadline) { // none may go in the time of the question
		w.ended = true
		return 0
	}
	return max(wait, time.Second)
}

// work returns what is to be done next for a want; nil where all of it is there.
func (l *Log) work(w *want) func(turn) time.Duration {
	if w.Enough > 0 && !w.ended {
		l.take(w) // tells whether there are enough, before the question looks again
	}
	if w.searching && w.Search == "" && !w.ended && l.now().Sub(l.spelled) >= trustTime {
		return l.spell
	}
	for i := range w.Windows {
		c := l.chain(w, i)
		oldest := i == 0 && w.OldestFirst && w.Enough > 0 && w.days == 0 && !w.searching && c.gap != nil
		missing := c.gap != nil && !(i == 0 && (w.enough || w.counted != nil)) && !l.cut(&c)
		r := l.stale(w, &c)
		switch {
		case w.Windows[i].From.IsZero() && l.begins == 0 && !w.searching && (oldest || missing && !c.gap.live()):
			return func(t turn) time.Duration { return l.measure(t, i, &c) }
		case oldest, !missing && r == nil && i == 0 && w.Windows[0] != w.full && !w.enough:
			l.widen(w)
			return l.work(w)
		case l.doubts(w, &c):
			return l.work(w)
		case r != nil:
			return func(t turn) time.Duration { return l.renew(t, &c, r) }
		case missing:
			return func(t turn) time.Duration { return l.fill(t, i, &c) }
		}
	}
	return nil
}

// stale returns the first whole reading of a chain that must be proven, or should be read again;
// nil for none. Nobody waits for proofs when the question is over.
func (l *Log) stale(w *want, c *chain) *reading {
	for _, r := range c.held {
		switch {
		case !r.whole:
		case w.ended && r.failed < tries && l.aged(r) && l.affords(r), !w.ended && !l.fresh(r):
			return r
		}
	}
	return nil
}

// affords reports whether a reading fits in half of what the limit lets go at once.
func (l *Log) affords(r *reading) bool {
	n, limit := l.api.Allowance(0)
	return limit == 0 || 2*(r.total/max(r.size, 1)+1) <= n
}

// renew proves a whole reading, or reads it again where its fields may be others by now.
func (l *Log) renew(t turn, c *chain, r *reading) time.Duration {
	if (r.live() || l.aged(r) || r.failed >= tries) && l.affords(r) {
		return l.advance(t, l.begun(r.asked))
	}
	if r.live() {
		return l.look(t, r)
	}
	var all []*reading
	for _, o := range c.held {
		if o.whole && !o.live() && !l.fresh(o) && len(all) < t.n {
			all = append(all, o)
		}
	}
	return l.prove(t, all...)
}

// begun returns the reading of some dates that is not whole; it makes one where there is none.
func (l *Log) begun(a asked) *reading {
	for _, r := range l.readings {
		if r.asked == a && !r.whole {
			return r
		}
	}
	r := &reading{asked: a, used: l.now()}
	l.readings = append(l.readings, r)
	return r
}

// worthAList is how many pages must be missing of the log before a list by a filter is looked at.
const worthAList = 5

// fill reads on what is missing behind a chain.
func (l *Log) fill(t turn, i int, c *chain) time.Duration {
	w, r := t.want, l.begun(l.portion(t.want, i, c))
	if w.ended {
		return l.advance(t, r)
	}
	left, now := l.left(w), l.now()
	missing := l.lacking(w, i, c)
	alone := i == 0 && !r.live() && !w.searching && len(w.Windows) == 1
	switch pages := missing / talkover.MaxPerPage; {
	case missing == Unknown && !w.searching && (!r.live() || r.size > 0 && r.pages() >= left && left > 1):
		return l.measure(t, i, c)
	case alone && w.Query != talkover.CallQuery{} && !w.considered && pages > worthAList:
		return l.considerList(t, c, missing)
	case alone && w.counts && pages >= left:
		return l.considerCounts(t, c)
	case r.size == 0 || left > 1 && w.deadline.Sub(now) >= lastLook && !l.full(c.held):
		t.n = min(t.n, max(left-1, 1))
		return l.advance(t, r)
	case r.live() && l.aged(r) && left > 1:
		r.again()
	case l.fresh(r) || len(r.calls) == 0:
		w.ended = true
	case r.live():
		return l.look(t, r)
	default:
		return l.prove(t, r)
	}
	return 0
}

// lacking returns how many calls of a window are missing behind a chain, of those that the API
// counts; Unknown where it did not count.
func (l *Log) lacking(w *want, i int, c *chain) int {
	if w.sizes[i] == Unknown {
		return Unknown
	}
	return max(w.sizes[i]-fitting(runs(c.proven, c.covered), nil), 0)
}

// portion returns the dates to read next of those that are missing: as many as are foreseen to
// have so many pages, down to those that are held.
func (l *Log) portion(w *want, i int, c *chain) asked {
	a := *c.gap
	if a.live() || len(c.held) > 0 && a == c.held[len(c.held)-1].asked {
		return a
	}
	if l.included && len(c.held) > 0 {
		a.to--
	}
	for _, r := range l.readings {
		if r.query == a.query && r.to == a.to && !r.whole { // begun, and no page of it read
			return r.asked
		}
	}
	switch n, most := l.lacking(w, i, c), mostPages*talkover.MaxPerPage; {
	case n == Unknown:
		a.from = max(a.from, a.to-firstDates)
	case n > most:
		dates := a.to - max(a.from, l.begins, a.to-10*mostDates) + 1
		a.from = max(a.from, a.to-max(dates*Date(most)/Date(n), 1))
	}
	for _, r := range l.readings {
		if r.query == a.query && r.whole && r.to < a.to && r.to > a.from {
			a.from = r.to
		}
	}
	return a
}

// advance reads on some pages of a reading.
func (l *Log) advance(t turn, r *reading) time.Duration {
	if r.live() && r.read() {
		return l.look(t, r)
	}
	if l.yields(t.want, r) {
		return yieldEvery
	}
	begins, first, last := r.size == 0, r.next(), r.last
	var queries []talkover.CallQuery
	for k := range min(t.n, r.pages()) {
		queries = append(queries, r.page(first+k, talkover.MaxPerPage))
	}
	began := l.now()
	pages, err := l.ask(t, queries...)
	if begins {
		r.readAt = l.atAPI(began)
	}
	for k := range pages {
		if e := r.take(first+k, &pages[k]); e != nil {
			err = e
			break
		}
		last = max(last, pages[k].total)
	}
	r.last = max(r.last, last)
	t.lacks = r.pages()
	if begins && !r.live() && err == nil { // one without calls shows nothing, and is not to be asked for again
		l.included = r.included()
	}
	switch {
	case err != nil:
		return l.failed(t.want, r, err)
	case !r.live() && r.query.Search == "" && r.to > l.closed(): // the clock here is ahead, as an answer told
		l.drop(r)
	case begins && l.shrink(r):
	case r.read() && (!r.live() || first == 1):
		r.asOf = l.atAPI(began)
		l.finish(r)
	default:
		r.asOf = time.Time{}
	}
	return 0
}

// failed takes in why a step for a want failed, at a reading if that is not nil.
func (l *Log) failed(w *want, r *reading, err error) time.Duration {
	var e *talkover.Error
	switch {
	case err == nil, err == errGap, r == nil && isFlaw(err), l.all.ctx.Err() != nil:
	case isFlaw(err) && err != moving && r.query != talkover.CallQuery{}:
		l.distrust(w, r.query)
		l.drop(r)
	case isFlaw(err):
		if r.failed++; err == moving && r.failed < tries {
			r.again()
			return 0
		}
		r.flaw, r.failed, r.size = err.(flaw), tries, max(r.size, 1)
		r.asOf = l.there()
		l.finish(r)
	case errors.As(err, &e) && e.Reason == talkover.RateLimited:
		l.paused = l.now().Add(max(e.Wait, time.Second))
	default:
		if e != nil && e.Status == http.StatusUnauthorized {
			l.forget()
			for _, other := range l.wants {
				other.err, other.ended = err, true
			}
		}
		w.err, w.ended = err, true
	}
	return 0
}

// shrink begins a closed reading anew with fewer dates, where it has more pages than a reading
// should, or as many calls as search engines count at most.
func (l *Log) shrink(r *reading) bool {
	closed := !r.live() && r.query.Search == ""
	dates, most := min(int(r.to)-int(r.from)+1, mostDates), mostPages*r.size
	switch {
	case closed && capped(r.total) && r.from < r.to-1:
		dates = max(dates/2, 1)
	case closed && r.total > most+r.size && r.from != beginning && r.from < r.to-fewDates:
		dates = max(dates*most/r.total-1, fewDates)
	default:
		if capped(r.total) {
			r.flaw = limited
		}
		return false
	}
	r.from = r.to - Date(dates)
	r.again()
	return true
}

// look proves a live reading by its first pages, asked for again.
func (l *Log) look(t turn, r *reading) time.Duration {
	if l.yields(t.want, r) {
		return yieldEvery
	}
	var above []Call
	err := error(errGap)
	for n := 1; err == errGap; n++ {
		began := l.now()
		var pages []page
		if pages, err = l.ask(t, r.page(n, talkover.MaxPerPage)); err != nil {
			break
		}
		r.flaw = cmp.Or(pages[0].flaw, r.flaw)
		above = append(above, pages[0].calls...)
		err = r.look(pages[0].total, above)
		switch {
		case err == errGap && n == mostPages:
			err = moving
		case err == nil:
			r.asOf = l.atAPI(began)
			if r.read() {
				l.finish(r)
			}
		}
	}
	return l.failed(t.want, r, err)
}

// prove asks how many calls the lists of closed readings have. One that has as many as before is
// proven, since no call is added to it; any other one must be read again.
func (l *Log) prove(t turn, all ...*reading) time.Duration {
	var lists []asked
	for _, r := range all {
		lists = append(lists, r.asked)
	}
	began := l.now()
	counts, err := l.count(t, lists...)
	for i, n := range counts {
		switch r := all[i]; {
		case n == r.total:
			r.asOf = l.atAPI(began)
		case r.whole:
			l.drop(r)
		default:
			l.failed(t.want, r, moving)
		}
	}
	l.share()
	return l.failed(t.want, nil, err)
}

// measure asks how many calls of a window the API counts on the dates that are missing; and where
// these have no first one, for the last call, with which the log begins if it is listed newest first.
func (l *Log) measure(t turn, i int, c *chain) time.Duration {
	a, n, err := c.missing(c.query), []int{0}, error(nil)
	if a.from <= a.to {
		n, err = l.count(t, a)
	}
	if err != nil {
		return l.failed(t.want, nil, err)
	}
	if l.size(t, i, c, max(n[0], 0)); a.from == beginning && l.begins == 0 {
		var last []page
		if last, err = l.ask(t, a.page(max(n[0], 1), 1)); err == nil || isFlaw(err) {
			l.begins = l.closed()
		}
		if err == nil && len(last[0].calls) > 0 {
			l.begins = min(l.begins, DateOf(last[0].calls[0].Time()))
		}
	}
	return l.failed(t.want, nil, err)
}

// missing is the list of the dates of a chain's window that it lacks.
func (c *chain) missing(q talkover.CallQuery) asked {
	a := asked{q, c.lowest, c.gap.to}
	if !c.From.IsZero() {
		a.from++
	}
	return a
}

// size takes in how many calls the API counts on the dates that are missing of a window.
func (l *Log) size(t turn, i int, c *chain, n int) {
	t.lacks, t.sizes[i] = n/talkover.MaxPerPage+1, n
	if newer := c.covered; c.gap.to != open {
		newer.From = (c.gap.to + 1).Start()
		t.sizes[i] += fitting(runs(c.proven, newer), nil)
	}
}

// finish takes in that a reading is whole: it replaces others of the same dates. Its calls are put
// newest first, whatever the order of the API is.
func (l *Log) finish(r *reading) {
	r.whole, r.seen = true, nil
	r.calls = slices.Clone(r.calls)
	slices.SortStableFunc(r.calls, func(x, y Call) int { return cmp.Compare(y.At, x.At) })
	if r.flaw == disordered {
		r.flaw = ""
	}
	l.readings = slices.DeleteFunc(l.readings, func(o *reading) bool { return o != r && o.asked == r.asked })
	l.save(r)
}

// drop forgets a reading.
func (l *Log) drop(r *reading) {
	l.readings = slices.DeleteFunc(l.readings, func(o *reading) bool { return o == r })
	l.unsave(r)
}
