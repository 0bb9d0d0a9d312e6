package calls

import (
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// A question has four ways to its calls: the API's search, readings of the whole log, the API's
// list by a filter, and its counts. Readings need no trust in a filter of the API, of which
// nobody sees the rows that it leaves out. So the other ways are taken only where they take fewer
// requests, and are held against readings.

// contradicted reports whether a search cannot be trusted to have found all calls of a number: it
// is held in another spelling as well, or any number is in pieces, or a call that fits is held that the search did not find,
// though it had begun when the search was proven.
func (l *Log) contradicted(w *want, found *reading) bool {
	if slices.ContainsFunc(l.snapshot().Contacts, func(c string) bool { return broken(c) || respelled(c, w.Number) }) {
		return true
	}
	have := make(map[key]bool, len(found.calls))
	for i := range found.calls {
		have[found.calls[i].key()] = true
	}
	fits, until := w.Fits(l.snapshot()), found.asOf.UnixMicro()
	for _, r := range l.readings {
		if !r.whole || r.query != (talkover.CallQuery{}) {
			continue
		}
		for i := range r.calls {
			if c := &r.calls[i]; c.At < until && fits(c) && !have[c.key()] {
				return true
			}
		}
	}
	return false
}

// doubts has the log read instead, where a search that is whole is contradicted.
func (l *Log) doubts(w *want, c *chain) bool {
	if !w.searching || w.Search != "" || c.gap != nil || !c.held[0].fresh(l.now()) || !l.contradicted(w, c.held[0]) {
		return false
	}
	w.searching, w.why = false, "Talkover's search does not find all calls of this number, so the log is read instead"
	return true
}

// respelled reports whether a text is a number in another spelling, such as without a plus.
func respelled(text, number string) bool {
	if text == number || !strings.HasSuffix(talkover.Digits(text), talkover.National(number)) {
		return false
	}
	return !strings.HasPrefix(text, "+") || talkover.Digits(text) == talkover.Digits(number)
}

// broken reports whether a text is a number in pieces, which a search for its digits does not find.
func broken(text string) bool {
	d := talkover.Digits(text)
	return len(d) >= 7 && !strings.Contains(text, d)
}

// spell looks at the newest calls of anybody, once a day: a search is not believed where numbers
// stand in pieces.
func (l *Log) spell(w *want, bulk bool) (bool, time.Duration) {
	now := l.now()
	pages, err := l.ask(w, bulk, asked{from: beginning, to: open}.page(1, talkover.MaxPerPage))
	if err == nil {
		_, _, err = l.add(pages[0].Rows)
	}
	if err != nil {
		return l.fail(w, err)
	}
	l.spelled = now
	return true, 0
}

// trustTime is how long a filter of the API is trusted after it was found to be right.
const trustTime = 24 * time.Hour

// check is what was found out of a filter of the API.
type check struct {
	right bool
	at    time.Time
}

// fitting counts the calls of a reading that a filter of the API should list.
func (l *Log) fitting(r *reading, q talkover.CallQuery) (n int) {
	t := l.snapshot()
	for i := range r.calls {
		c := &r.calls[i]
		row := talkover.Call{Status: t.Kinds[c.Kind].Status, Direction: t.Kinds[c.Kind].Direction, Agent: t.Agents[c.Agent]}
		if (asked{query: q, from: beginning, to: open}).ignored(&row) == "" {
			n++
		}
	}
	return n
}

// trusts reports whether the API lists all calls that a filter should, by one count on the dates
// of a proven reading that has such calls. known is false where there is no such reading.
func (l *Log) trusts(w *want, q talkover.CallQuery, bulk bool) (right, known bool, err error) {
	now := l.now()
	if c, ok := l.checked[q]; ok && now.Sub(c.at) < trustTime {
		return c.right, true, nil
	}
	var best *reading
	most := 0
	for _, r := range l.readings {
		if r.whole && r.flaw == "" && r.fresh(now) && r.query == (talkover.CallQuery{}) {
			if n := l.fitting(r, q); n > most {
				best, most = r, n
			}
		}
	}
	if best == nil {
		return false, false, nil
	}
	a := best.asked
	a.query = q
	n, err := l.count(w, bulk, a)
	if err != nil {
		return false, false, err
	}
	l.checked[q] = check{n[0] == most, now}
	return n[0] == most, true, nil
}

// count asks how many calls lists have. A row that does not fit a filter makes the count one
// that nothing equals.
func (l *Log) count(w *want, bulk bool, lists ...asked) ([]int, error) {
	counts := make([]int, 0, len(lists))
	for some := range slices.Chunk(lists, atOnce) {
		var queries []talkover.CallQuery
		for _, a := range some {
			queries = append(queries, a.page(1, 1))
		}
		pages, err := l.ask(w, bulk, queries...)
		if err != nil {
			return nil, err
		}
		for i := range pages {
			n := Unknown
			if some[i].check(&pages[i]) == nil && !capped(pages[i].Pagination.Total) {
				n = pages[i].Pagination.Total
			}
			counts = append(counts, n)
		}
	}
	return counts, nil
}

// considerList decides whether the first window is listed by its filter: where that takes fewer
// requests than what is missing of the log, and the filter is trusted.
func (l *Log) considerList(w *want, c *chain, bulk bool) (bool, time.Duration) {
	w.considered = true
	s := &w.sizes[0]
	n, err := l.count(w, bulk, asked{w.Query, DateOf(s.From), DateOf(s.To) - 1}.orAll(s.From))
	if err != nil {
		return l.fail(w, err)
	}
	if n[0] == Unknown {
		w.why = distrusted
		return true, 0
	}
	if n[0]/talkover.MaxPerPage+2 > s.calls/talkover.MaxPerPage {
		return true, 0
	}
	right, known, err := l.trusts(w, w.Query, bulk)
	switch {
	case err != nil:
		return l.fail(w, err)
	case right:
		w.narrow, s.calls, w.lacks = true, n[0], n[0]/talkover.MaxPerPage+1
	case known:
		w.why = "Talkover's own filter leaves out calls that fit, so the log is read instead"
	}
	return true, 0
}

// orAll returns the same list from its beginning on, where there is no first moment.
func (a asked) orAll(from time.Time) asked {
	if from.IsZero() {
		a.from = beginning
	}
	return a
}

const distrusted = "Talkover ignores its own filter, so the log is read instead"

// distrust notes that the API ignores a filter.
func (l *Log) distrust(w *want, q talkover.CallQuery) {
	l.checked[q] = check{false, l.now()}
	w.narrow, w.searching = false, false
	w.why = distrusted
	for i := range w.sizes {
		w.sizes[i] = size{calls: Unknown}
	}
}

// countedDates is how many of the last dates before what was counted are read, so that nothing is
// counted that the live reading has, whatever the zone of the dates.
const countedDates = 3

// considerCounts counts what cannot be read in time: all dates of the first window, by status and
// direction, between two equal totals. Of that it takes away what was read of the last dates, and
// what lies before the window on the first ones. It reports false where that cannot be done.
func (l *Log) considerCounts(w *want, c *chain, n int, bulk bool) (did bool, wait time.Duration, ok bool) {
	top := c.held[len(c.held)-1]
	if top.live() || !top.whole { // the newest dates are read first
		a := *c.gap
		if !top.whole || a.to-countedDates <= c.lowest {
			return false, 0, false
		}
		a.from = a.to - countedDates
		did, wait = l.advance(w, l.begun(a), n, bulk)
		return did, wait, true
	}
	first := asked{from: c.lowest, to: c.lowest + 2}
	var edge *reading
	if !c.Window.From.IsZero() {
		if first.to >= top.from {
			return false, 0, false
		}
		for _, r := range l.readings {
			if r.asked == first && r.whole && r.fresh(l.now()) {
				edge = r
			}
		}
		if edge == nil {
			did, wait = l.advance(w, l.begun(first), n, bulk)
			return did, wait, true
		}
	}
	all := asked{w.Query, c.lowest, c.held[l.topClosed(c)].to}.orAll(c.Window.From)
	tallies, lists := []Tally{{}}, []asked{all}
	for _, s := range orAny(w.Count.Statuses) {
		for _, d := range orAny(w.Count.Directions) {
			if s+d == "" {
				continue
			}
			a := all
			if s != "" {
				a.query.Status = s
			}
			if d != "" {
				a.query.Direction = d
			}
			tallies, lists = append(tallies, Tally{Kind: Kind{s, d}}), append(lists, a)
		}
	}
	counts, err := l.count(w, bulk, append(lists, all)...)
	if err != nil {
		did, wait = l.fail(w, err)
		return did, wait, true
	}
	sum, trusted := 0, true
	for i, a := range lists {
		if counts[i] == Unknown {
			return false, 0, false
		}
		if i > 0 {
			sum += counts[i]
		}
		if a.query != (talkover.CallQuery{}) {
			right, known, err := l.trusts(w, a.query, bulk)
			if err != nil || known && !right {
				return false, 0, false
			}
			trusted = trusted && known
		}
		tallies[i].Calls = counts[i]
		for _, r := range c.held {
			if !r.live() {
				tallies[i].Calls -= l.fittingOnce(c, r, a.query)
			}
		}
		if edge != nil {
			before := *edge
			at := slices.IndexFunc(before.calls, func(c1 Call) bool { return c1.At < c.Window.From.UnixMicro() })
			if before.calls = before.calls[len(before.calls):]; at >= 0 {
				before.calls = edge.calls[at:]
			}
			tallies[i].Calls -= l.fitting(&before, a.query)
		}
		if tallies[i].Calls < 0 {
			return false, 0, false
		}
	}
	if counts[0] != counts[len(counts)-1] || sum > counts[0] || !trusted && (sum != counts[0] || all.query != (talkover.CallQuery{})) {
		return false, 0, false
	}
	w.counted = tallies
	return true, 0, true
}

// topClosed returns the place of the newest closed reading of a chain.
func (l *Log) topClosed(c *chain) int {
	return slices.IndexFunc(c.held, func(r *reading) bool { return !r.live() })
}

// fittingOnce counts the calls of a closed reading of a chain that fit a filter and that none of
// the newer closed ones has.
func (l *Log) fittingOnce(c *chain, r *reading, q talkover.CallQuery) int {
	at := slices.Index(c.held, r)
	part := *r
	if at > 0 && !c.held[at-1].live() {
		part.calls = r.calls[r.shared(c.held[at-1]):]
	}
	return l.fitting(&part, q)
}

// orAny returns a list, or one empty text where there is none.
func orAny(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

// widen moves the end of the first window of a want for the oldest calls: it begins with few
// dates, and has more of them while these have too few calls; all, where few more are left.
func (l *Log) widen(w *want) {
	start := w.full.From
	if start.IsZero() {
		start = l.begins.Start()
	}
	if w.days = 4 * w.days; w.days == 0 {
		w.days = 7
	}
	w.Windows[0].To = start.AddDate(0, 0, w.days)
	if end := w.Windows[0].To; start.Equal(beginning.Start()) || !w.full.To.IsZero() && !end.AddDate(0, 0, w.days).Before(w.full.To) || end.After(l.closed().Start()) {
		w.Windows[0] = w.full
	}
	w.sizes[0] = size{calls: Unknown}
}
