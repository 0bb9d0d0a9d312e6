package scan

import (
	"context"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Lister lists calls; [talkover.Client] is one.
type Lister interface {
	ListCalls(context.Context, talkover.CallQuery) (talkover.Page[talkover.Call], error)
}

const (
	atOnce    = 4  // requests at a time
	lookahead = 12 // pages asked for or waiting to be taken
	tries     = 3  // readings of a log that moves
	// clockError bounds how far the API's clock may be behind ours.
	clockError = 5 * time.Minute
	// lastLook is the time that is kept for the last request of a reading.
	lastLook = 3 * time.Second
)

// Reader reads one list of calls, newest first.
type Reader struct {
	Calls    Lister
	Query    talkover.CallQuery // which calls; Page and PerPage are the Reader's
	Closed   bool               // no call is added to this list, and none changes its status
	Budget   int                // the most requests, the last look included
	Now      time.Time
	Progress func(page, pages int)         // told before each request; may be nil
	First    *talkover.Page[talkover.Call] // the first page, if it was read already
	// Backwards reads a closed list from its last page to the first, so that the
	// oldest calls come first.
	Backwards bool
	// After holds the newest calls of a closed list, by an earlier reading that ended early
	// and was proven. The reading goes on after them if the last of them is still in its
	// place: calls go from a closed list and none comes, so then none of them went. Else it
	// starts from the beginning. May be nil; it is not used backwards.
	After *cache.Columns
	// Stop ends the reading early once it is closed; may be nil.
	Stop <-chan struct{}
	// Pace is the time of the fastest answer so far, which tells how much must be left
	// for the last look; 0 where there was none.
	Pace time.Duration

	requests int
}

// Reading says what a Reader read, and what of it is proven.
type Reading struct {
	Total int  // calls of the list, as the API counts them
	Read  int  // calls that were read
	Whole bool // the list was read to its end
	After bool // it went on after the calls of [Reader.After], which the sink did not get
	// Edge bounds what was read of a list that was not read to its end: all calls
	// later than Edge were read, or all earlier ones where it was read backwards.
	Edge     time.Time
	AsOf     time.Time // moment of the last answer, after Now
	Reason   string    // why it is not whole
	Inexact  string    // why that is not proven; empty where it is
	Limited  error     // the limit or the time that ended the reading; nil for any other end
	Requests int
	Zone     cache.Zone
}

// page asks for one page of the list.
func (r *Reader) page(ctx context.Context, n, pages int) (talkover.Page[talkover.Call], error) {
	q := r.Query
	q.Page, q.PerPage = n, talkover.MaxPerPage
	return r.ask(ctx, q, n, pages)
}

func (r *Reader) ask(ctx context.Context, q talkover.CallQuery, n, pages int) (talkover.Page[talkover.Call], error) {
	r.requests++
	start := time.Now()
	page, err := r.send(ctx, q, n, pages)
	r.took(time.Since(start))
	return page, err
}

func (r *Reader) send(ctx context.Context, q talkover.CallQuery, n, pages int) (talkover.Page[talkover.Call], error) {
	if r.Progress != nil {
		r.Progress(n, pages)
	}
	return r.Calls.ListCalls(talkover.Bulk(ctx), q)
}

// took learns how fast the API is.
func (r *Reader) took(d time.Duration) {
	if r.Pace == 0 || d < r.Pace {
		r.Pace = d
	}
}

func (r *Reader) stopped() bool {
	select {
	case <-r.Stop:
		return true
	default:
		return false
	}
}
