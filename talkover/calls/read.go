package calls

import (
	"cmp"
	"errors"
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

// ignored names the filter of a query that a row does not fit; "" where it fits all. A row may
// lie a zone beyond the dates.
func ignored(q *talkover.CallQuery, c *talkover.Call) string {
	switch {
	case q.Status != "" && talkover.PlainStatus(c.Status) != talkover.PlainStatus(q.Status):
		return "status"
	case q.Direction != "" && c.Direction != q.Direction:
		return "direction"
	case q.AgentID != "" && c.Agent.ID != q.AgentID:
		return "agent_id"
	case c.CreatedAt.IsZero():
		return ""
	case q.DateFrom != "" && DateOf(c.CreatedAt.Add(widest)).String() < q.DateFrom:
		return "date_from"
	case q.DateTo != "" && DateOf(c.CreatedAt.Add(-widest)).String() > q.DateTo:
		return "date_to"
	}
	return ""
}

// flaw says in words why a list is not all right. As an error, it is that of a page that nothing
// can rest on.
type flaw string

func (f flaw) Error() string { return string(f) }

// The flaws of lists.
const (
	disordered flaw = "Talkover did not list the calls newest first" // calls later than the last of a part may be missing
	unread     flaw = "some calls could not be read whole"
	unknown    flaw = "no total came with a page of Talkover's list"
	limited    flaw = "Talkover counts just as many calls as search engines count at most"
	moving     flaw = "calls came or went while the log was read"
	strange    flaw = "Talkover sent more kinds of calls than there can be"
)

// isFlaw reports whether an error is that of a page, and not of a request.
func isFlaw(err error) bool {
	var f flaw
	return errors.As(err, &f)
}

// errGap says that a page begins behind the end of the one before.
var errGap = errors.New("calls: a page is missing")

// page is a page of a list, as it came.
type page struct {
	total int    // of the list
	rows  int    // with those that nobody can read
	calls []Call // of the rows, but those of which nobody knows when they were
	flaw  flaw   // unread, where any row is not whole among the calls
}

// open makes a page of what the API sent.
func (l *Log) open(q *talkover.CallQuery, sent *talkover.Page[talkover.Call]) (p page, err error) {
	if sent.Pagination == nil {
		return p, unknown
	}
	for i := range sent.Rows {
		if f := ignored(q, &sent.Rows[i]); f != "" {
			return p, flaw("Talkover listed calls that do not fit " + f + ", so it ignores that filter")
		}
	}
	p.total, p.rows = sent.Pagination.Total, len(sent.Rows)+sent.Unreadable
	p.calls, err = l.add(sent.Rows)
	if len(p.calls) < p.rows || slices.ContainsFunc(p.calls, func(c Call) bool { return c.unread != 0 }) {
		p.flaw = unread
	}
	return p, err
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
	asOf   time.Time // when it was proven last, by the API's clock; zero where it is not proven
	used   time.Time // by a question, by the wall clock here
	flaw   flaw      // of its calls; "" for none
	failed int       // passes that could not be proven
	stored bool      // it is in the store

	seen map[key]bool // its calls, until it is whole
	last int          // the last total that pages told
	pos  int          // how many rows of the list were read, from the first on
}

// read reports whether all rows of the list were read.
func (r *reading) read() bool { return r.size > 0 && r.pos >= r.total }

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
	case r.whole, r.read():
		return 0
	case r.size == 0:
		return 1
	}
	return max((r.last-1)/r.size+2-r.next(), 1)
}

// take takes in the n-th page. The first one tells the total and the newest call. The error is
// moving; or errGap where the page must be asked for again, since calls that came after the page
// before have pushed some from that one onto this one. Of pages that are asked for side by side,
// one may be older than the page before it.
func (r *reading) take(n int, p *page) error {
	if r.size == 0 {
		r.total, r.last, r.size, r.seen = p.total, p.total, talkover.MaxPerPage, map[key]bool{}
		if p.rows < p.total {
			r.size = max(p.rows, 1)
		}
	}
	if p.total < r.last || p.total != r.total && !r.live() {
		return moving
	}
	at := (n-1)*r.size - (p.total - r.total) // of the first row, among those of the reading
	if at > r.pos {
		return errGap
	}
	for i, c := range p.calls {
		if at+i < 0 || r.seen[c.key()] {
			continue
		}
		if k := len(r.calls); k > 0 && c.At > r.calls[k-1].At {
			r.flaw = cmp.Or(r.flaw, disordered)
		}
		r.seen[c.key()] = true
		r.calls = append(r.calls, c)
	}
	r.pos, r.flaw = max(r.pos, at+p.rows), cmp.Or(p.flaw, r.flaw)
	if lacking := r.pos != len(r.calls); lacking && r.flaw != unread || p.rows < r.size && !r.read() || r.pos > r.total {
		return moving
	}
	return nil
}

// capped reports whether a total is one at which search engines stop counting.
func capped(total int) bool { return total == 1_000 || total == 10_000 }

// look compares a live reading with its first pages, asked for again: its calls are proven if
// the total grew by just those that are above its newest. The error is moving where that does
// not hold, and errGap where another page is needed, down to the newest.
func (r *reading) look(total int, above []Call) error {
	if total < r.last {
		return moving
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
		return moving
	}
	r.calls = slices.Concat(above[:at], r.calls)
	r.total, r.last, r.pos = total, total, r.pos+at
	return nil
}

// again begins the reading anew.
func (r *reading) again() {
	*r = reading{asked: r.asked, used: r.used, failed: r.failed}
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
