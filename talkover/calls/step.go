package calls

import (
	"errors"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// step works for a want: it sends a few requests and takes in what they say. It reports whether
// it did anything, and else when it could. The caller holds the lock, which is free while
// requests are under way.
func (l *Log) step(w *want) (did bool, wait time.Duration) {
	if w.err != nil {
		return false, idleTime
	}
	if w.Enough > 0 && !w.ended {
		l.take(w) // tells whether there are enough, before the question looks again
	}
	for i := range w.Windows {
		if !w.ended && w.searching && w.Search == "" && l.now().Sub(l.spelled) >= trustTime {
			return l.when(w, func(n int, bulk bool) (bool, time.Duration) { return l.spell(w, bulk) })
		}
		oldest := i == 0 && w.OldestFirst && w.Enough > 0 && w.days == 0 && !w.searching
		c := l.chain(w, i)
		if w.Windows[i].From.IsZero() && l.begins == 0 && !w.searching && (oldest || c.gap != nil && !c.gap.live() && !w.enough) {
			return l.when(w, func(n int, bulk bool) (bool, time.Duration) { return l.findBeginning(w, bulk) })
		}
		if oldest {
			l.widen(w)
			return true, 0
		}
		if l.doubts(w, &c) {
			return true, 0
		}
		if r := l.stale(w, &c); r != nil {
			return l.when(w, func(n int, bulk bool) (bool, time.Duration) { return l.renew(w, &c, r, n, bulk) })
		}
		if c.gap != nil && !(i == 0 && (w.enough || w.counted != nil)) && !l.cut(&c) {
			return l.when(w, func(n int, bulk bool) (bool, time.Duration) { return l.fill(w, i, &c, n, bulk) })
		}
		if i == 0 && w.Windows[0] != w.full && !w.enough {
			l.widen(w)
			return true, 0
		}
	}
	w.until = time.Time{}
	if w.ended {
		return false, idleTime
	}
	w.ended = true
	return true, 0
}

// when does some work if requests may go for a want. Where none may in the time of the question,
// the question ends.
func (l *Log) when(w *want, work func(n int, bulk bool) (bool, time.Duration)) (did bool, wait time.Duration) {
	n, bulk := l.may(w)
	if n > 0 {
		w.served = l.now()
		return work(n, bulk)
	}
	wait = l.waitFor(1)
	if !w.ended && l.now().Add(wait).After(w.deadline) {
		w.ended = true
		return true, 0
	}
	return false, max(wait, time.Second)
}

// stale returns the first whole reading of a chain that must be proven, or should be read again;
// nil for none. Nobody waits for proofs when the question is over.
func (l *Log) stale(w *want, c *chain) *reading {
	now := l.now()
	for _, r := range c.held {
		switch {
		case !r.whole:
		case w.ended && r.failed < tries && l.aged(r) && l.affords(r), !w.ended && !r.fresh(now):
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
func (l *Log) renew(w *want, c *chain, r *reading, n int, bulk bool) (bool, time.Duration) {
	if (r.live() || l.aged(r) || r.failed >= tries) && l.affords(r) {
		return l.advance(w, l.begun(r.asked), n, bulk)
	}
	if r.live() {
		return l.look(w, r, bulk)
	}
	now := l.now()
	var all []*reading
	for _, o := range c.held {
		if o.whole && !o.live() && !o.fresh(now) && len(all) < n {
			all = append(all, o)
		}
	}
	return l.prove(w, all, bulk)
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
func (l *Log) fill(w *want, i int, c *chain, n int, bulk bool) (bool, time.Duration) {
	r := l.begun(l.portion(w, i, c))
	if r.size > 0 && r.to < c.gap.to && !r.included() {
		l.drop(r)
		l.included = false
		r = l.begun(l.portion(w, i, c))
	}
	now := l.now()
	if w.ended {
		return l.advance(w, r, n, bulk)
	}
	left := l.left(w)
	if s := &w.sizes[i]; s.calls == Unknown && r.query.Search == "" && (!r.live() || r.size > 0 && r.pages() >= left && left > 1) {
		return l.measure(w, i, c, bulk)
	}
	if i == 0 && !r.live() && !w.searching && len(w.Windows) == 1 {
		if missing := w.sizes[0].calls / talkover.MaxPerPage; w.Query != (talkover.CallQuery{}) && !w.considered && missing > worthAList {
			return l.considerList(w, c, bulk)
		} else if w.counts && missing >= left {
			if did, wait, ok := l.considerCounts(w, c, n, bulk); ok {
				return did, wait
			}
			w.counts = false
			return true, 0
		}
	}
	if r.size > 0 && (left <= 1 || w.deadline.Sub(now) < lastLook || l.full(c.held)) {
		switch {
		case r.live() && l.aged(r) && left > 1:
			r.again()
			return true, 0
		case r.fresh(now) || len(r.calls) == 0:
			w.ended = true
			return true, 0
		case r.live():
			return l.look(w, r, bulk)
		}
		return l.prove(w, []*reading{r}, bulk)
	}
	return l.advance(w, r, min(n, max(left-1, 1)), bulk)
}

// portion returns the dates to read next of those that are missing: as many as are foreseen to
// have so many pages, down to those that are held.
func (l *Log) portion(w *want, i int, c *chain) asked {
	a := *c.gap
	if a.live() || len(c.held) > 0 && a == c.held[len(c.held)-1].asked {
		return a
	}
	reached := slices.ContainsFunc(l.readings, func(r *reading) bool { return r.query == a.query && r.whole && r.to == a.to-1 })
	span := Date(firstDates)
	if n := w.sizes[i].calls; n != Unknown {
		held, covered := c.proven(l.now())
		dates := a.to - max(a.from, l.begins, a.to-10*mostDates) + 1
		span = dates * mostPages * talkover.MaxPerPage / Date(max(n-claimed(held, covered, w.sizes[i].Window), 1))
		span = max(span, 1)
	}
	if l.included && len(c.held) > 0 && !reached {
		a.to--
	}
	for _, r := range l.readings {
		if r.query == a.query && r.to == a.to && !r.whole { // begun, and no page of it read
			return r.asked
		}
	}
	if a.from != beginning {
		a.from = max(a.from, a.to-span)
	}
	for _, r := range l.readings {
		if r.query == a.query && r.whole && r.to < a.to && r.to > a.from {
			a.from = r.to
		}
	}
	return a
}

// advance reads on up to n pages of a reading.
func (l *Log) advance(w *want, r *reading, n int, bulk bool) (bool, time.Duration) {
	if r.live() && r.end {
		return l.look(w, r, bulk)
	}
	if l.yields(w, r) {
		return false, yieldEvery
	}
	begins := r.size == 0
	if n = min(n, r.pages()); begins {
		n = 1
	}
	var queries []talkover.CallQuery
	first := r.next()
	for k := range n {
		queries = append(queries, r.page(first+k, talkover.MaxPerPage))
	}
	began := l.now()
	pages, err := l.ask(w, bulk, queries...)
	if begins {
		r.readAt = l.atAPI(began)
	}
	for k := range pages {
		if e := l.takePage(r, first+k, &pages[k]); e != nil {
			err = e
			break
		}
	}
	now := l.now()
	w.lacks = r.pages()
	switch {
	case errors.Is(err, errGap):
		return true, 0
	case errors.Is(err, errMoved):
		l.moved(r)
		return true, 0
	case err != nil:
		return l.broken(w, r, err)
	case l.shrink(r):
		return true, 0
	case r.end && (!r.live() || first == 1):
		r.whole, r.proven, r.asOf = true, now, l.atAPI(began)
		l.finish(r)
	default:
		r.proven = time.Time{}
	}
	return true, 0
}

// takePage takes in a page of a reading.
func (l *Log) takePage(r *reading, n int, page *talkover.Page[talkover.Call]) error {
	if err := r.check(page); err != nil {
		return err
	}
	calls, lost, err := l.add(page.Rows)
	if err != nil {
		return err
	}
	return r.take(n, page, calls, lost)
}

// moved begins a reading anew that cannot be proven, a few times.
func (l *Log) moved(r *reading) {
	if r.failed++; r.failed >= tries {
		r.spoil(l.now(), l.there(), errMoved.Error())
		l.finish(r)
		return
	}
	r.again()
}

// broken takes in why a page of a reading cannot be used.
func (l *Log) broken(w *want, r *reading, err error) (bool, time.Duration) {
	var ignored errIgnored
	switch {
	case r.query != talkover.CallQuery{} && errors.As(err, &ignored):
		l.distrust(w, r.query)
		l.drop(r)
		return true, 0
	case errors.As(err, &ignored), errors.Is(err, errNoTotal), errors.Is(err, errTooMany):
		r.spoil(l.now(), l.there(), err.Error())
		l.finish(r)
		return true, 0
	}
	return l.fail(w, err)
}

// shrink begins a closed reading anew with fewer dates, where it has more pages than a reading
// should, or as many calls as search engines count at most.
func (l *Log) shrink(r *reading) bool {
	if r.live() || r.query.Search != "" {
		if capped(r.total) {
			r.flaw = "Talkover counts just as many calls as search engines count at most"
		}
		return false
	}
	dates := min(int(r.to)-int(r.from)+1, mostDates)
	most := mostPages * r.size
	switch {
	case len(r.calls) > r.size:
	case capped(r.total) && r.from < r.to-1:
		r.from = r.to - Date(max(dates/2, 1))
		r.again()
		return true
	case r.total > most+r.size && r.from != beginning && r.from < r.to-fewDates:
		r.from = r.to - Date(max(dates*most/r.total-1, fewDates))
		r.again()
		return true
	}
	if capped(r.total) {
		r.flaw = "Talkover counts just as many calls as search engines count at most"
	}
	return false
}

// look proves a live reading by its first pages, asked for again.
func (l *Log) look(w *want, r *reading, bulk bool) (bool, time.Duration) {
	if l.yields(w, r) {
		return false, yieldEvery
	}
	var above []Call
	for n := 1; ; n++ {
		began := l.now()
		pages, err := l.ask(w, bulk, r.page(n, talkover.MaxPerPage))
		if err == nil {
			err = r.check(&pages[0])
		}
		var calls []Call
		var lost int
		if err == nil {
			calls, lost, err = l.add(pages[0].Rows)
		}
		if err == nil && (lost > 0 || pages[0].Unreadable > 0) {
			r.flaw = unread
		}
		if err == nil {
			above = append(above, calls...)
			err = r.look(pages[0].Pagination.Total, above)
		}
		switch {
		case errors.Is(err, errGap) && n < mostPages:
			continue
		case errors.Is(err, errMoved), errors.Is(err, errGap):
			l.moved(r)
		case err != nil:
			return l.broken(w, r, err)
		default:
			r.proven, r.asOf = l.now(), l.atAPI(began)
			if r.end {
				r.whole = true
				l.finish(r)
			}
		}
		return true, 0
	}
}

// prove asks how many calls the lists of closed readings have. One that has as many as before is
// proven, since no call is added to it; any other one must be read again.
func (l *Log) prove(w *want, all []*reading, bulk bool) (bool, time.Duration) {
	queries := make([]talkover.CallQuery, len(all))
	for i, r := range all {
		queries[i] = r.page(1, 1)
	}
	began := l.now()
	pages, err := l.ask(w, bulk, queries...)
	if err != nil {
		return l.fail(w, err)
	}
	proven := false
	for i, r := range all {
		switch err := r.check(&pages[i]); {
		case err != nil:
			return l.broken(w, r, err)
		case pages[i].Pagination.Total == r.total:
			r.proven, r.asOf = l.now(), l.atAPI(began)
			proven = true
		case r.whole:
			l.drop(r)
		default:
			l.moved(r)
		}
	}
	if proven {
		l.share()
	}
	return true, 0
}

// measure asks how many calls the API counts on the dates of a window that are missing.
func (l *Log) measure(w *want, i int, c *chain, bulk bool) (bool, time.Duration) {
	s := &w.sizes[i]
	a := asked{c.query, beginning, c.gap.to}
	if !c.Window.From.IsZero() {
		a.from = DateOf(c.Window.From)
		s.From = a.from.Start()
	}
	if a.to != open {
		s.To = (a.to + 1).Start()
	}
	if a.from > a.to {
		s.calls = 0
		return true, 0
	}
	pages, err := l.ask(w, bulk, a.page(1, 1))
	if err == nil {
		err = a.check(&pages[0])
	}
	if err != nil {
		return l.fail(w, err)
	}
	s.calls = pages[0].Pagination.Total
	w.lacks = s.calls/talkover.MaxPerPage + 1
	return true, 0
}

// findBeginning finds the date with which the log begins: that of its last call, if no call lies
// before it.
func (l *Log) findBeginning(w *want, bulk bool) (bool, time.Duration) {
	all := asked{from: beginning, to: open}
	pages, err := l.ask(w, bulk, all.page(1, 1))
	if err == nil {
		err = all.check(&pages[0])
	}
	if err != nil {
		return l.fail(w, err)
	}
	total := pages[0].Pagination.Total
	if total == 0 {
		l.begins = l.closed()
		return true, 0
	}
	if pages, err = l.ask(w, bulk, all.page(total, 1)); err != nil {
		return l.fail(w, err)
	}
	if len(pages[0].Rows) == 0 || pages[0].Rows[0].CreatedAt.IsZero() {
		return true, 0 // calls went meanwhile
	}
	first := min(DateOf(pages[0].Rows[0].CreatedAt)-2, l.closed())
	older := asked{from: beginning, to: first}
	if pages, err = l.ask(w, bulk, older.page(1, 1)); err != nil {
		return l.fail(w, err)
	}
	l.begins = first
	if pages[0].Pagination == nil || pages[0].Pagination.Total > 0 {
		l.begins = beginning // it is not listed newest first
	}
	return true, 0
}

// finish takes in that a reading is whole: it replaces others of the same dates.
func (l *Log) finish(r *reading) {
	r.inOrder()
	r.seen = nil
	kinds := l.snapshot().Kinds
	since := r.readAt.Add(-48 * time.Hour).UnixMicro()
	r.unsettled = slices.ContainsFunc(r.calls, func(c Call) bool {
		return c.At >= since && talkover.IsOpen(kinds[c.Kind].Status, int(c.Seconds))
	})
	if !r.live() { // one without calls shows nothing, and would be read again and again where nothing is kept
		l.included = r.included()
	}
	l.readings = slices.DeleteFunc(l.readings, func(o *reading) bool { return o != r && o.asked == r.asked })
	l.save(r)
}

// drop forgets a reading.
func (l *Log) drop(r *reading) {
	l.readings = slices.DeleteFunc(l.readings, func(o *reading) bool { return o == r })
	l.unsave(r)
}
