// Package scan gets calls from an API that has no aggregates, lists 100 calls a request,
// and allows some 100 requests a minute. What it gets is all calls of a window that it
// names, or it says why not; it never guesses.
//
//	run, err := scan.Gather(ctx, client, scan.Wanted{Window: scan.Window{From: monday}})
//	segment, err := run.Best() // the calls, and the window of which they are all
//	coverage := run.Coverage(segment)
//
// A [Plan] says which requests are sent, in which order and what they prove: a kept day
// is proven by one count, a day that is not kept is read and kept (package cache), and
// where the API's own filters are cheaper, it lists or counts by them. [Reader] reads a
// list and proves what it read. [Coverage] says what an answer rests on. What the calls
// are for is none of its business: package stats asks the questions.
package scan

import (
	"context"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// API is what calls are read from; [talkover.Client] is one.
type API interface {
	Lister
	ListAgents(context.Context, talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error)
	// Allowance returns how many bulk requests may go within d from now, and the
	// limit they come from; both are 0 for no limit.
	Allowance(d time.Duration) (requests, limit int)
	// Ahead returns how far the clock here is ahead of the API's; 0 where it is not known.
	Ahead() time.Duration
}

const (
	// usualTime is the time of a question whose context has no deadline.
	usualTime = 50 * time.Second
	// endTime is what is left of it for the answer.
	endTime = 2 * time.Second
	// unlimited is how many requests a question may send where there is no limit.
	unlimited = 1000
	// leastReading is the fewest requests that a reading is begun with.
	leastReading = 3
)

// Wanted says which calls are wanted. A zero field asks for nothing.
type Wanted struct {
	Window  Window             // when they began
	Query   talkover.CallQuery // the API's filters; the days and the page are not used
	Now     func() time.Time   // time.Now if nil
	Account *cache.Account     // keeps days that were read; nil for none
	Reserve int                // requests that are left for others
	// Progress is told before each request how many there were, how many there will be
	// as far as is known, and what it is for; may be nil.
	Progress func(done, total int, what string)
	// OldestFirst asks for the oldest calls where not all can be read.
	OldestFirst bool
	// Fits tests calls beyond Query: a [Coverage] counts those that pass; nil for all
	// calls of the query.
	Fits Test
	// Matches ends a reading as soon as it has Enough of the calls that pass, from the end
	// that is asked for first, unless the rest is cheap to read too; 0 for all calls.
	Matches Test
	Enough  int
	Counter Counter // counts calls that are too many to be read; nil where they must be read
}

// Run gets the calls that are wanted, and knows what of them is proven.
type Run struct {
	Wanted
	api  API
	stop <-chan struct{} // ends reading in the background

	state   State
	start   time.Time
	telling sync.Mutex // guards sent, planned and pace
	sent    int
	planned int                           // requests in all, as far as is known
	pace    time.Duration                 // of the fastest answer
	kept    map[cache.Date]cache.Kept     // of the account
	days    map[cache.Date]Part           // closed days that may be used
	live    *Part                         // the other days
	list    []Part                        // of the list with the API's filters
	begun   *Part                         // of the closed day that was begun to be read and not ended
	scrap   *Part                         // what was read and not proven, where it is all there is
	counted *counted                      // what the API counted instead
	first   *talkover.Page[talkover.Call] // of the list
	firstL  *talkover.Page[talkover.Call] // of the live days
	done    bool                          // a reading ended early, so that no other follows
	ended   string                        // why no more could be read
	wait    error                         // what ended it
}

func newRun(api API, w Wanted) *Run {
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Account == nil {
		w.Account = cache.New(cache.Options{}).Account(talkover.Secret{}.Key, w.Now())
	}
	r := &Run{Wanted: w, api: api, start: time.Now(), days: map[cache.Date]Part{}}
	q, account := w.Query, w.Account
	now := w.Now()
	from, to := r.Window.days(now)
	r.state = State{
		Filtered: q.Status != "" || q.Direction != "" || q.AgentID != "", Searched: q.Search != "",
		Unbounded: r.Window.From.IsZero(), From: from, To: to, Closed: closedBefore(r.there(now)),
		OldestFirst: w.OldestFirst, StopsEarly: w.Enough > 0,
		Keeps: account.Keeps() && (r.Window.From.IsZero() || from <= to), Share: account.Share(),
		Stretch: longestStretch, Paid: account.Paid(now, from, to), Missing: Unknown, Live: Unknown, List: Unknown, PageSize: talkover.MaxPerPage,
	}
	return r
}

// there returns a moment by the API's clock, where the one here is ahead of it. Days of a
// clock that runs ahead would be taken for closed while calls still come.
func (r *Run) there(now time.Time) time.Time {
	if ahead := r.api.Ahead(); ahead > clockError {
		return now.Add(-ahead)
	}
	return now
}

// counted is what the API counted of closed days.
type counted struct {
	Window
	calls int
	asOf  time.Time
}
