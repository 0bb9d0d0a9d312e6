package scan

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Sink takes the calls that a Reader reads, each once. It knows nothing of
// pages, and a Reader nothing of what is done with calls.
type Sink interface {
	Reset()                 // the log moved, and reading starts over
	Add(talkover.Call) bool // false where no more are wanted; some may still come
}

// pass is one reading of the list, from the first page on.
type pass struct {
	sink         Sink
	seen         map[string]struct{}
	fit          fit
	total        int    // of the first answer
	pages        int    // that it makes
	taken        int    // pages that were taken, in order
	size         int    // rows of a full page
	watermark    string // the id of the newest call of the first answer
	newest       time.Time
	edge         time.Time // of the last call taken
	low, high    int       // of all totals
	latestTotal  int       // of the page taken last
	old          int       // distinct calls at or below the watermark
	unread       int       // rows, or fields that figures need, that could not be read
	last         int       // rows of the page taken last
	enough       bool
	disordered   bool
	uneven       bool // a page had not as many rows as its total says
	closed       bool
	backwards    bool
	byStatus     bool      // calls may come into the list, and go, by changing their status
	latest       time.Time // the last change of a call of the first answer
	changed      bool      // a call that was read changed since
	knowsNoTotal bool
}

// inexact says why calls of this pass cannot be relied on whatever was read.
func (p *pass) inexact() string {
	switch {
	case p.unread > 0:
		return talkover.Plural(p.unread, "call", "calls") + " could not be read in full"
	case p.fit.broken != "":
		return p.fit.broken
	case p.disordered:
		return "Talkover did not list the calls newest first, so calls that came or went meanwhile cannot be told"
	case p.knowsNoTotal:
		return "Talkover did not say how many calls match"
	}
	return ""
}

// reach returns how many calls at or below the watermark the pages hold that were
// taken, if only new calls came above it: those push the others down.
func (p *pass) reach() int {
	if p.backwards {
		return min(p.total-(p.pages-p.taken)*p.size, p.total)
	}
	return min(p.taken*p.size-(p.latestTotal-p.total), p.total)
}

// goOn begins a pass after calls that were read before, if the last of them is still in
// its place, on page n.
func (p *pass) goOn(read *cache.Columns, page talkover.Page[talkover.Call], n int) bool {
	size := pageSize(page)
	at := read.Len() - 1 - (n-1)*size
	if read.Len() == 0 || page.Unreadable > 0 || at >= len(page.Rows) || page.Rows[at].Key() != read.Row(read.Len()-1).Call().Key() {
		return false
	}
	for row := range read.Rows() {
		c := row.Call()
		p.seen[c.Key()] = struct{}{}
		p.edge = c.CreatedAt
	}
	p.old, p.taken = len(p.seen), n-1
	p.newest = read.Row(0).Call().CreatedAt
	return true
}

// open learns from the first answer what there is to read.
func (p *pass) open(first talkover.Page[talkover.Call]) {
	p.size = pageSize(first)
	p.knowsNoTotal = first.Pagination == nil
	if !p.knowsNoTotal {
		p.total = first.Pagination.Total
	}
	p.pages = max((p.total+p.size-1)/p.size, 1)
	p.low, p.high, p.latestTotal = p.total, p.total, p.total
	if len(first.Rows) > 0 && p.taken == 0 {
		p.watermark, p.newest = first.Rows[0].Key(), first.Rows[0].CreatedAt
	}
}

// take hands the calls of page n that are new to the sink.
func (p *pass) take(page talkover.Page[talkover.Call], n int) {
	p.last = len(page.Rows) + page.Unreadable
	if page.Pagination != nil {
		total := page.Pagination.Total
		p.low, p.high = min(p.low, total), max(p.high, total)
		p.latestTotal = total
		p.uneven = p.uneven || p.last != min(max(total-(n-1)*p.size, 0), p.size)
	}
	if n <= p.pages {
		p.taken++
	}
	p.unread += page.Unreadable
	more := true
	for i := 1; i < len(page.Rows); i++ {
		p.disordered = p.disordered || page.Rows[i].CreatedAt.After(page.Rows[i-1].CreatedAt)
	}
	for _, c := range p.inOrder(page.Rows) {
		if !p.isNew(c) {
			continue
		}
		if !c.CreatedAt.After(p.newest) {
			p.old++
			if !p.edge.IsZero() {
				p.disordered = p.disordered || !p.backwards && c.CreatedAt.After(p.edge) || p.backwards && c.CreatedAt.Before(p.edge)
			}
			p.edge = c.CreatedAt
		}
		p.changed = p.changed || !c.UpdatedAt.Before(p.latest)
		more = p.sink.Add(c)
	}
	p.enough = !more && p.inexact() == "" // what fails can end nothing early
}

// look takes the first page again, of which the first calls are above the watermark.
func (p *pass) look(again talkover.Page[talkover.Call], above int) {
	p.unread += again.Unreadable
	for i, c := range again.Rows {
		if !p.isNew(c) {
			continue
		}
		if i >= above && !c.CreatedAt.After(p.newest) {
			p.old++
		}
		p.sink.Add(c)
	}
}

// isNew reports whether a call was not seen in this pass, and checks it.
func (p *pass) isNew(c talkover.Call) bool {
	id := c.Key()
	if _, ok := p.seen[id]; ok {
		return false
	}
	p.seen[id] = struct{}{}
	p.fit.check(c)
	if len(c.Unread) > 0 {
		p.unread++
	}
	return true
}

// inOrder returns the calls of a page in the order of the pass.
func (p *pass) inOrder(calls []talkover.Call) []talkover.Call {
	if p.backwards {
		calls = slices.Clone(calls)
		slices.Reverse(calls)
	}
	return calls
}

// above counts the calls above the watermark; -1 where it is not on the page. Of an
// empty list, all calls are above.
func (p *pass) above(again talkover.Page[talkover.Call]) int {
	for i, c := range again.Rows {
		if c.Key() == p.watermark {
			return i
		}
	}
	return -1
}

// readable refuses a page that has rows but none that can be read.
func readable(page talkover.Page[talkover.Call]) error {
	if page.Unreadable > 0 && len(page.Rows) == 0 {
		return &talkover.Error{Reason: talkover.Malformed, Status: 200}
	}
	return nil
}

// pageSize returns how many rows the API puts on a page, of a hundred that it was
// asked for.
func pageSize(page talkover.Page[talkover.Call]) int {
	if p := page.Pagination; p != nil && p.PerPage > 0 && p.PerPage < talkover.MaxPerPage {
		return p.PerPage
	}
	return talkover.MaxPerPage
}
