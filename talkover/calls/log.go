// Package calls gets the calls of a log from an API that has no aggregates, lists 100 calls a
// request, and allows some 100 requests a minute. What it gets is all calls of a window that it
// names, at one moment, or it says why not; it never guesses.
//
// The log reads, and a question waits. Each account has one [Log], with one reader. A question
// names the windows that it wants, waits until they are there or its time is up, and takes what
// is proven by then. Reading goes on when the time of a question is over, and the next one finds
// more.
//
// A reading is a list of the API between two dates, and is proven by asking for the same dates
// again: it is the unit that is read, kept, proven and thrown away. Nobody knows in which zone the
// dates of the API begin. So a reading is asked for with more dates than the window has, and
// calls are picked from it by the time of their creation.
package calls

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// API is what a log is read from; [talkover.Client] is one.
type API interface {
	ListCalls(context.Context, talkover.CallQuery) (talkover.Page[talkover.Call], error)
	// Allowance returns how many bulk requests may go within a time from now, and the limit
	// that they come from; both are 0 for no limit.
	Allowance(time.Duration) (requests, limit int)
	// Ahead returns how far the clock here is ahead of the API's; 0 where it is not known.
	Ahead() time.Duration
	// Key returns a key for a purpose, made from the token of the account.
	Key(purpose string) []byte
}

// Unknown is a number of calls that nobody knows.
const Unknown = -1

// Want says which calls a question wants. All windows are cut at one moment.
type Want struct {
	Windows []Window
	// Query holds the filters that the API has of its own, status, direction and agent: where a
	// list by them takes fewer requests than the whole log, it is read instead. Only the first
	// window is narrowed by it, and only where there is no other.
	Query talkover.CallQuery
	// Number is a whole phone number, whose calls the API's search may find; "" for none.
	Number string
	// Search is a text that the API's search finds calls by, part of a number or of a SID; "" for
	// none.
	Search string
	// Fits returns the test of all filters, those of Query and Number included; nil for all
	// calls. Calls that do not fit may be among those that are taken.
	Fits func(*Tables) func(*Call) bool
	// Count says that totals by these statuses and directions are enough where the calls are
	// too many to be read; nil where they are not.
	Count *Count
	// Enough is how many calls that fit end the reading of the first window, from the end that
	// is asked for first; 0 for all calls.
	Enough int
	// OldestFirst asks for the oldest calls where not all can be had.
	OldestFirst bool
	// Progress is told how many requests there were, how many there will be as far as is known,
	// and what they are for; may be nil.
	Progress func(done, total int, what string)
}

// Count says what the API can count in place of calls.
type Count struct {
	Statuses   []string // of the API, each counted apart; "" stands for any
	Directions []string // likewise
}

// Taken is what a question gets.
type Taken struct {
	*Tables
	AsOf  time.Time // the one moment of all of it, by the API's clock
	Parts []Part    // of each window that was wanted, in that order
	// Counted holds what the API counted of the first window, beside the calls of the first
	// part, which are none of the counted ones: all calls together first, of an empty Kind, and then
	// those of each kind that was to be counted. It is nil where nothing was counted.
	Counted  []Tally
	Requests int // that were sent for the question
}

// Tally is how many calls the API counts of a kind: a field that is empty stands for any.
type Tally struct {
	Kind
	Calls int
}

// Part is all calls of a window, or of its newest part; or of its oldest, if that was asked for.
type Part struct {
	Coverage
	// Runs are the calls, newest first, each once, in pieces. They must not be changed.
	Runs [][]Call
}

// Method says how calls were got.
type Method string

// The methods.
const (
	ByReading Method = "read"   // all calls of the window were read
	BySearch  Method = "search" // the API searched for the contact
	ByList    Method = "list"   // the API listed by a filter
	ByCounts  Method = "counts" // the API counted
)

// Coverage says what a part is all calls of.
type Coverage struct {
	Exact       bool // all calls between From and To are there, and no other
	Complete    bool // that is all that was wanted
	FieldsExact bool // fields are as read lately; else as read at ReadAt
	Method      Method
	// From and To bound what is covered. From is zero where the log has no earlier call, and To
	// where there is no later one than AsOf.
	From, To time.Time
	ReadAt   time.Time     // when the oldest of the calls were read
	Cached   int           // calls of it that an earlier question had read
	Left     int           // calls of the window beyond From and To; Unknown where nobody knows
	Requests int           // that these take; 0 where nobody knows
	AskAgain time.Duration // when more can be had; 0 where asking again does not help
	Reason   string        // why it is not exact, or not complete, in words
}

// Options say how much is kept, and where. The zero value keeps nothing beyond a question.
type Options struct {
	BaseURL string        // of the API; part of the name of an account
	Calls   int           // the most that are kept, of all accounts together
	TTL     time.Duration // after which fields of calls are read again; DefaultTTL if 0
	Store   Store         // keeps readings beyond the process; nil for none
	Note    func(problem string, err error)
	Now     func() time.Time // time.Now if nil
}

// What is kept where nothing else is set.
const (
	DefaultCalls = 250_000
	DefaultTTL   = 24 * time.Hour
)

// Logs holds the logs of all accounts that a process reads.
type Logs struct {
	Options
	ctx    context.Context // ended by Close
	end    context.CancelFunc
	ending sync.WaitGroup

	mu   sync.Mutex // guards all below, and all logs
	logs map[string]*Log
}

// New makes an empty set of logs. It must be closed.
func New(o Options) *Logs {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.TTL = cmp.Or(o.TTL, DefaultTTL)
	l := &Logs{Options: o, logs: map[string]*Log{}}
	l.ctx, l.end = context.WithCancel(context.Background())
	return l
}

// Close ends all reading. A question that waits then has what is proven.
func (l *Logs) Close() {
	l.end()
	l.ending.Wait()
}

// mostLogs bounds the accounts of which anything is known, but for those that are asked about.
const mostLogs = 256

// Log returns the log of the account that an API is about.
func (l *Logs) Log(api API) *Log {
	k := newKeys(api, l.BaseURL)
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.logs[k.account]
	if log == nil {
		maps.DeleteFunc(l.logs, func(_ string, o *Log) bool { return len(l.logs) >= mostLogs && len(o.wants) == 0 && !o.reading })
		log = &Log{all: l, keys: k, writer: newWriter(), changed: make(chan struct{})}
		log.checked = map[talkover.CallQuery]check{}
		l.logs[k.account] = log
	}
	log.api = api
	return log
}

// Log reads the calls of one account. Its lock is that of its [Logs].
type Log struct {
	all  *Logs
	keys keys
	*writer
	api      API
	readings []*reading
	wants    []*want
	facts
	reading bool          // the reader is at work
	changed chan struct{} // closed and made anew whenever something was read, or is to be done
}

// facts are what is known of the API and of the log as a whole.
type facts struct {
	begins   Date                         // of its oldest call, once that was looked for
	included bool                         // the last closed reading shows that date_to includes its date
	checked  map[talkover.CallQuery]check // of its filters
	loaded   time.Time                    // when the store was looked through last
	paused   time.Time                    // until when the API asked to wait
	spelled  time.Time                    // when calls of anybody were looked at for their spellings
}

// now returns the time by the clock here, without what a machine that sleeps stops.
func (l *Log) now() time.Time { return l.all.Now().Round(0) }

// there returns the time by the API's clock.
func (l *Log) there() time.Time { return l.atAPI(l.now()) }

// atAPI returns a time by the API's clock, which answers tell: so ask first.
func (l *Log) atAPI(here time.Time) time.Time { return here.Add(-l.api.Ahead()).UTC() }

// settled is how long after its end no call is added to a date.
const settled = 24 * time.Hour

// farthestWest is how much later than in UTC a date ends where it ends last.
const farthestWest = 12 * time.Hour

// closed returns the last date that ended so long ago, wherever on earth it is a date of, that no
// call is added to it.
func (l *Log) closed() Date { return DateOf(l.there().Add(-settled-farthestWest)) - 1 }

// broadcast has all who wait look again. The caller holds the lock.
func (l *Log) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

const (
	// usualTime is the time of a question whose context has no deadline.
	usualTime = 50 * time.Second
	// answerTime is what is left of it for the answer.
	answerTime = 2 * time.Second
	// stays is how long a question that was answered in part goes on to want the rest, after the
	// time at which it was told to ask again.
	stays = time.Minute
)

// Calls gets the calls that a question wants: all of them, or what is proven when the time of ctx
// is over or no request may go in it any more. It fails where nothing is: with an
// [*talkover.Error], which says when to ask again, or the error of ctx.
func (l *Log) Calls(ctx context.Context, wanted Want) (*Taken, error) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	w := l.post(ctx, wanted)
	defer l.leave(ctx, w)
	waiting, cancel := context.WithTimeout(ctx, w.deadline.Sub(l.now()))
	defer cancel()
	for told := 0; ; {
		taken := l.take(w)
		switch {
		case errors.Is(ctx.Err(), context.Canceled):
			return nil, ctx.Err()
		case taken != nil:
			return taken, nil
		case w.ended && w.err != nil:
			return nil, w.err
		case w.ended:
			return nil, l.unfinished(w)
		}
		changed, done, all := l.changed, w.requests, w.requests+w.lacks
		l.all.mu.Unlock()
		if w.Progress != nil && done > told {
			told = done
			w.Progress(done, all, "calls")
		}
		select {
		case <-changed:
		case <-waiting.Done():
		case <-l.all.ctx.Done():
		}
		l.all.mu.Lock()
		w.ended = w.ended || waiting.Err() != nil || l.all.ctx.Err() != nil
	}
}
