package calls

import (
	"cmp"
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
// is held in another spelling as well, or any number is in pieces, or a call that fits is held that
// the search did not find, though it had begun when the search was proven.
func (l *Log) contradicted(w *want, found *reading) bool {
	if slices.ContainsFunc(l.snapshot().Contacts, func(c string) bool { return broken(c) || respelled(c, w.Number) }) {
		return true
	}
	have := make(map[key]bool, len(found.calls))
	for i := range found.calls {
		have[found.calls[i].key()] = true
	}
	fits, until := w.Fits(l.snapshot()), found.asOf.UnixMicro()
	return slices.ContainsFunc(l.readings, func(r *reading) bool {
		return r.whole && r.query == talkover.CallQuery{} && slices.ContainsFunc(r.calls, func(c Call) bool {
			return c.At < until && fits(&c) && !have[c.key()]
		})
	})
}

// doubts has the log read instead, where a search that is whole is contradicted.
func (l *Log) doubts(w *want, c *chain) bool {
	if !w.searching || w.Search != "" || !c.complete() || !l.contradicted(w, c.held[0]) {
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
func (l *Log) spell(t turn) time.Duration {
	_, err := l.ask(t, asked{from: beginning, to: open}.page(1, talkover.MaxPerPage))
	if err == nil || isFlaw(err) {
		l.spelled = l.now()
	}
	return l.failed(t.want, nil, err)
}

// trustTime is how long a filter of the API is trusted after it was found to be right.
const trustTime = 24 * time.Hour

// check is what was found out of a filter of the API.
type check struct {
	right bool
	at    time.Time
}

// listed counts the calls that a filter of the API should list.
func (l *Log) listed(runs [][]Call, q talkover.CallQuery) int {
	t := l.snapshot()
	return fitting(runs, func(c *Call) bool {
		kind := t.Kinds[c.Kind]
		return ignored(&q, &talkover.Call{Status: kind.Status, Direction: kind.Direction, Agent: t.Agents[c.Agent]}) == ""
	})
}

// checkable returns the proven reading of the whole log with most calls that a filter should list, and
// how many these are; nil for no reading with calls.
func (l *Log) checkable(q talkover.CallQuery) (best *reading, most int) {
	for _, r := range l.readings {
		if r.whole && r.flaw == "" && l.fresh(r) && r.query == (talkover.CallQuery{}) && len(r.calls) > 0 {
			if n := l.listed([][]Call{r.calls}, q); best == nil || n > most {
				best, most = r, n
			}
		}
	}
	return best, most
}

// trusts reports whether the API lists all calls that a filter should, by one count on the dates
// of a proven reading that has such calls; where there is none, nothing is known of the filter. An agent
// without calls there is checked by its having none, and by those of another one.
func (l *Log) trusts(t turn, q talkover.CallQuery) (bool, error) {
	now := l.now()
	if c, ok := l.checked[q]; ok && now.Sub(c.at) < trustTime {
		return c.right, nil
	}
	best, most := l.checkable(q)
	other := q
	if best != nil && most == 0 && q.AgentID != "" {
		for _, agent := range l.snapshot().Agents {
			p := q
			if p.AgentID = agent.ID; agent.ID == "" {
				continue
			}
			if r, n := l.checkable(p); n > most {
				best, most, other = r, n, p
			}
		}
	}
	if most == 0 {
		return false, nil
	}
	lists := []asked{{other, best.from, best.to}}
	if other != q {
		lists = append(lists, asked{q, best.from, best.to})
	}
	n, err := l.count(t, lists...)
	if err != nil {
		return false, err
	}
	right := n[0] == most && (other == q || n[1] == 0)
	l.checked[q] = check{right, now}
	return right, nil
}

// count asks how many calls lists have. It is Unknown of one with a row that does not fit.
func (l *Log) count(t turn, lists ...asked) (counts []int, err error) {
	for some := range slices.Chunk(lists, atOnce) {
		var queries []talkover.CallQuery
		for _, a := range some {
			queries = append(queries, a.page(1, 1))
		}
		pages, err := l.ask(t, queries...)
		if err != nil && !isFlaw(err) {
			return nil, err
		}
		for i := range some {
			n := Unknown
			if i < len(pages) {
				n = pages[i].total
			}
			counts = append(counts, n)
		}
	}
	return counts, nil
}

const distrusted = "Talkover's own filter does not list just the calls that fit, so the log is read instead"

// considerList decides whether the first window is listed by its filter: where that takes fewer
// requests than what is missing of the log, and the filter is trusted.
func (l *Log) considerList(t turn, c *chain, missing int) time.Duration {
	if r, _ := l.checkable(t.Query); r == nil && t.Query.AgentID != "" && (len(c.held) == 0 || !c.held[0].whole) {
		a := *c.gap // the newest dates are read first, to check the filter on
		if len(c.held) == 0 {
			a.from = max(a.to-countedDates, a.from)
		}
		return l.advance(t, l.begun(a))
	}
	n, err := l.count(t, c.missing(t.Query))
	right := false
	if err == nil && n[0] != Unknown && !capped(n[0]) && n[0]/talkover.MaxPerPage+2 <= missing/talkover.MaxPerPage {
		right, err = l.trusts(t, t.Query)
	}
	switch {
	case err != nil:
		return l.failed(t.want, nil, err)
	case right:
		t.narrow = true
		l.size(t, 0, c, n[0])
	case n[0] == Unknown, !l.checked[t.Query].right && !l.checked[t.Query].at.IsZero():
		t.why = distrusted
	}
	t.considered = true
	return 0
}

// distrust notes that the API ignores a filter.
func (l *Log) distrust(w *want, q talkover.CallQuery) {
	l.checked[q] = check{false, l.now()}
	w.narrow, w.searching, w.why = false, false, distrusted
	w.sizes = slices.Repeat([]int{Unknown}, len(w.Windows))
}

// countedDates is how many of the last dates before what was counted are read, so that nothing is
// counted that the live reading has, whatever the zone of the dates.
const countedDates = 3

// considerCounts counts what cannot be read in time: all dates of the first window, by status and
// direction, between two equal totals. Of that it takes away what was read of the last dates, and
// what lies before the window on the first ones. Where that cannot be done, nothing is counted.
func (l *Log) considerCounts(t turn, c *chain) time.Duration {
	last, first := asked{from: c.gap.to - countedDates, to: c.gap.to}, asked{from: c.lowest, to: c.lowest + 2}
	read := slices.DeleteFunc(slices.Clone(c.proven), (*reading).live)
	lowest := last.from
	if len(read) > 0 {
		lowest = read[len(read)-1].from
	}
	t.counts = c.From.IsZero() || lowest > first.to
	switch {
	case !t.counts:
		return 0
	case len(read) == 0 || !read[0].whole: // the newest dates are read first
		return l.advance(t, l.begun(last))
	}
	known := runs(read, Window{})
	if !c.From.IsZero() {
		at := slices.IndexFunc(l.readings, func(r *reading) bool { return r.asked == first && r.whole && l.fresh(r) })
		if at < 0 {
			return l.advance(t, l.begun(first))
		}
		known = append(known, runs(l.readings[at:at+1], Window{To: c.From})...)
	}
	all := asked{t.Query, c.lowest, read[0].to}
	lists, tallies := []asked{all}, []Tally{{}}
	for _, status := range t.Count.Statuses {
		for _, direction := range t.Count.Directions {
			a := all
			a.query.Status, a.query.Direction = cmp.Or(status, a.query.Status), cmp.Or(direction, a.query.Direction)
			lists, tallies = append(lists, a), append(tallies, Tally{Kind: Kind{status, direction}})
		}
	}
	counts, err := l.count(t, append(lists, all)...)
	if err != nil {
		return l.failed(t.want, nil, err)
	}
	sum := 0
	for i, a := range lists {
		tallies[i].Calls = counts[i] - l.listed(known, a.query)
		sum += counts[i]
		t.counts = t.counts && tallies[i].Calls >= 0 && !capped(counts[i])
	}
	t.counts = t.counts && counts[0] == counts[len(lists)] && sum <= 2*counts[0]
	each := sum == 2*counts[0] && t.Query == talkover.CallQuery{} // call is in one list of a kind
	for _, a := range lists {
		if right := each || a.query == (talkover.CallQuery{}); t.counts && !right {
			if t.counts, err = l.trusts(t, a.query); err != nil {
				t.counts = true
				return l.failed(t.want, nil, err)
			}
		}
	}
	if t.counts {
		t.counted = tallies
	}
	return 0
}

// widen moves the end of the first window of a want for the oldest calls: it begins with few
// dates, and has more of them while these have too few calls; all, where few more are left.
func (l *Log) widen(w *want) {
	start := w.full.From
	if start.IsZero() {
		start = l.begins.Start()
	}
	w.days = max(4*w.days, 7)
	end := start.AddDate(0, 0, w.days)
	w.Windows[0].To, w.sizes[0] = end, Unknown
	if !w.full.To.IsZero() && !end.AddDate(0, 0, w.days).Before(w.full.To) || end.After(l.closed().Start()) {
		w.Windows[0] = w.full
	}
}
