package calls

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	// beginning and open stand for no date_from and no date_to.
	beginning Date = math.MinInt32
	open      Date = math.MaxInt32

	// tries bounds the readings of a list that moves.
	tries = 3
)

// asked is what the API is asked for: a list by filters, between two dates as they are sent.
type asked struct {
	query    talkover.CallQuery // its filters alone
	from, to Date
}

// live reports whether the list goes on to now, so that calls are added to it.
func (a asked) live() bool { return a.to == open }

// page returns the query of a page of the list.
func (a asked) page(n, size int) talkover.CallQuery {
	q := a.query
	if a.from != beginning {
		q.DateFrom = a.from.String()
	}
	if a.to != open {
		q.DateTo = a.to.String()
	}
	q.Page, q.PerPage = n, size
	return q
}

// widest bounds how far dates lie from those of UTC, on either side.
const widest = 14 * time.Hour

// ignored names the filter that a row does not fit; "" where it fits all. A row may lie a zone
// beyond the dates.
func (a asked) ignored(c *talkover.Call) string {
	q := a.query
	switch {
	case q.Status != "" && talkover.PlainStatus(c.Status) != talkover.PlainStatus(q.Status):
		return "status"
	case q.Direction != "" && c.Direction != q.Direction:
		return "direction"
	case q.AgentID != "" && c.Agent.ID != q.AgentID:
		return "agent_id"
	case c.CreatedAt.IsZero():
		return ""
	case a.from != beginning && c.CreatedAt.Before(a.from.Start().Add(-widest)):
		return "date_from"
	case a.to != open && !c.CreatedAt.Before((a.to + 1).Start().Add(widest)):
		return "date_to"
	}
	return ""
}

// reading is a list of the API, as far as it was read. The reader alone changes it, under the
// lock of the log; its calls are only ever added to, or replaced.
type reading struct {
	asked
	total  int       // calls of the list, when it was begun or proven last
	calls  []Call    // newest first; with those that came later, once they are proven
	size   int       // rows of a page; 0 where no page was read
	whole  bool      // calls are all of the list
	readAt time.Time // when its first page was asked for, by the API's clock
	asOf   time.Time // when it was proven last, by the API's clock
	proven time.Time // likewise, by the wall clock here; zero where it is not proven
	used   time.Time // by a question, by the wall clock here
	flaw   string    // why its calls are not all right, in words; "" where they are
	failed int       // passes that could not be proven
	// unsettled says that a call was going on when it was read, and had begun less than two days
	// before: its fields are good for a minute.
	unsettled bool
	stored    bool    // it is in the store
	overlap   overlap // with the next newer one of a chain

	seen map[key]bool // its calls, until it is whole
	last int          // the last total that a page told
	pos  int          // how many rows of the list were read, from the first on
	end  bool         // all were
}

// disordered is the flaw of a part of a list: calls later than its last one may be missing.
const disordered = "Talkover did not list the calls newest first"

// unread is the flaw of a list with rows that could not be read.
const unread = "some calls could not be read whole"

// Errors of a page of a reading.
var (
	errMoved   = errors.New("calls came or went while the log was read")
	errGap     = errors.New("a page begins behind the end of the one before")
	errNoTotal = errors.New("no total came with a page of Talkover's list")
)

// errIgnored says that the API ignores a filter.
type errIgnored string

func (e errIgnored) Error() string {
	return fmt.Sprintf("Talkover listed calls that do not fit %s, so it ignores that filter", string(e))
}

// check returns what is wrong with a page, whatever calls are on it.
func (a asked) check(page *talkover.Page[talkover.Call]) error {
	if page.Pagination == nil {
		return errNoTotal
	}
	for i := range page.Rows {
		if f := a.ignored(&page.Rows[i]); f != "" {
			return errIgnored(f)
		}
	}
	return nil
}

// next returns the number of the page that holds the first row that is not read yet: new calls
// have pushed it down by as many as the total grew.
func (r *reading) next() int {
	if r.size == 0 {
		return 1
	}
	return (r.pos+r.last-r.total)/r.size + 1
}

// pages returns how many pages there are to read, as far as is known.
func (r *reading) pages() int {
	switch {
	case r.whole, r.end:
		return 0
	case r.size == 0:
		return 1
	}
	return max((r.last-1)/r.size+2-r.next(), 1)
}

// take takes in the n-th page, whose rows are those calls. The first one tells the total and the
// newest call. The error is errMoved; or errGap where the page must be asked for again,
// since calls that came after the page before have pushed some from that one onto this one.
func (r *reading) take(n int, page *talkover.Page[talkover.Call], calls []Call, lost int) error {
	total := page.Pagination.Total
	if r.size == 0 {
		r.total, r.last, r.size, r.seen = total, total, talkover.MaxPerPage, map[key]bool{}
		if len(page.Rows) < total {
			r.size = max(len(page.Rows)+page.Unreadable, 1)
		}
	}
	if total < r.last || total != r.total && !r.live() {
		return errMoved
	}
	at := (n-1)*r.size - (total - r.total) // of the first row, among those of the reading
	if at > r.pos {
		return errGap
	}
	r.last = total
	for i := range calls {
		c := &calls[i]
		if at+i < 0 || r.seen[c.key()] {
			continue
		}
		if k := len(r.calls); k > 0 && c.At > r.calls[k-1].At {
			r.flaw = disordered
		}
		r.seen[c.key()] = true
		r.calls = append(r.calls, *c)
		if c.unread != 0 {
			r.flaw = unread
		}
	}
	rows := len(page.Rows) + page.Unreadable
	r.pos = max(r.pos, at+rows)
	r.end = r.pos >= r.total
	switch lacking := r.pos != len(r.calls); {
	case page.Unreadable > 0 || lost > 0:
		r.flaw = unread
	case lacking && r.flaw != unread, rows < r.size && !r.end, r.pos > r.total:
		return errMoved
	}
	return nil
}

// capped reports whether a total is one at which search engines stop counting.
func capped(total int) bool { return total == 1_000 || total == 10_000 }

// look compares a live reading with its first pages, asked for again: its calls are proven if
// the total grew by just those that are above its newest. The error is errMoved where that does
// not hold, and errGap where another page is needed, down to the newest.
func (r *reading) look(total int, above []Call) error {
	if total < r.last {
		return errMoved
	}
	at := len(above)
	if len(r.calls) > 0 {
		newest := r.calls[0].key()
		at = slices.IndexFunc(above, func(c Call) bool { return c.key() == newest })
		if at < 0 && len(above) < total {
			return errGap
		}
	}
	if at < 0 || total-r.total != at {
		return errMoved
	}
	for i := range above[:at] {
		if above[i].unread != 0 {
			r.flaw = unread
		}
	}
	r.calls = slices.Concat(above[:at], r.calls)
	r.total, r.last, r.pos = total, total, r.pos+at
	return nil
}

// again begins the reading anew.
func (r *reading) again() {
	*r = reading{asked: r.asked, used: r.used, failed: r.failed}
}

// spoil ends a reading that cannot be proven: its calls are what there is.
func (r *reading) spoil(now, there time.Time, why string) {
	r.whole, r.end, r.flaw, r.failed, r.proven, r.asOf = true, true, why, tries, now, there
	r.size = max(r.size, 1)
}

// inOrder puts the calls of a whole list newest first, whatever the order of the API is.
func (r *reading) inOrder() {
	newestFirst := func(x, y Call) int { return int(min(max(y.At-x.At, -1), 1)) }
	if r.whole && !slices.IsSortedFunc(r.calls, newestFirst) {
		r.calls = slices.Clone(r.calls)
		slices.SortStableFunc(r.calls, newestFirst)
	}
	if r.flaw == disordered && r.whole {
		r.flaw = ""
	}
}

// covers returns the moments of which the reading has all calls, whatever the zone of the dates
// and be date_to left out: from a date after the first on, up to the date before the last one.
// Of a list that was not read to its end, they begin after the second of its last call.
func (r *reading) covers() Window {
	var w Window
	if r.from != beginning {
		w.From = (r.from + 1).Start()
	}
	switch {
	case r.included():
		w.To = r.to.Start()
	case r.to != open:
		w.To = (r.to - 1).Start()
	}
	if n := len(r.calls); !r.whole {
		edge := w.To
		if n > 0 {
			edge = r.calls[n-1].Time().Truncate(time.Second).Add(time.Second)
		}
		if edge.After(w.From) {
			w.From = edge
		}
	}
	return w
}

// included reports whether a call of a closed list shows that date_to includes its date: after
// noon in UTC no zone on earth has it on the date before, nor as its first second.
func (r *reading) included() bool {
	return !r.live() && len(r.calls) > 0 && r.calls[0].At >= r.to.Start().Add(farthestWest+time.Second).UnixMicro()
}
