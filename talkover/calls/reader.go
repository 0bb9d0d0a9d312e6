package calls

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	atOnce      = 4                // requests at a time
	unlimited   = 16               // likewise, where the plan has no limit
	lookUps     = 3                // requests of a question that go before bulk work
	fewRequests = 15               // likewise, of one that takes no more
	longestWait = 20 * time.Second // for which a question waits behind others that lack less
	mostPages   = 38               // of a reading, as far as its size can be foreseen
	firstDates  = 5                // of a reading, where nobody knows how many calls dates have
	fewDates    = 3                // before its last, of the smallest reading: each shares a date with the next
	mostDates   = 366              // of a year
	retryAfter  = time.Hour        // dates that could not be proven are left for so long
	stepTime    = 70 * time.Second // for one step: a window of the limit, and the answer
	idleTime    = 5 * time.Minute  // for which the reader works on after the last question
	lastLook    = 3 * time.Second  // of the time of a question that is kept for its last proof
)

// want is what a question wants, as the reader sees it.
type want struct {
	Want
	ctx      context.Context // of the question, for its values alone
	since    time.Time       // when it was asked, by the API's clock
	deadline time.Time       // by which it takes what there is, by the wall clock
	until    time.Time       // after which nobody wants it
	yielding time.Time       // until when it leaves readings to other replicas; zero for not yet
	served   time.Time       // when it was worked for last
	left     bool            // the question has what it took
	ended    bool            // the question does not wait, or need not: nothing more can be proven in its time
	enough   bool            // calls that were found were enough
	ways
	err      error // why nothing more can be read
	requests int   // that were sent for it
	lacks    int   // that it lacks, as far as is known
	sizes    []int // calls of each window, as the API counts them; Unknown where it did not
}

// ways say how a question gets its calls.
type ways struct {
	searching  bool    // the API's search finds them
	narrow     bool    // the API lists the first window by its filters
	considered bool    // whether it does was decided
	counts     bool    // the API may count what cannot be read in time
	counted    []Tally // what it counted
	why        string  // a way could not be taken, in words
	full       Window  // the first window, of which the oldest days are wanted first
	days       int     // of which are wanted so far; 0 where all are
}

// queryOf returns the filters of the API by which a window is listed.
func (w *want) queryOf(i int) talkover.CallQuery {
	switch {
	case w.searching:
		return talkover.CallQuery{Search: cmp.Or(w.Search, talkover.National(w.Number))}
	case w.narrow && i == 0:
		return w.Query
	}
	return talkover.CallQuery{}
}

// post tells the reader what a question wants. The caller holds the lock.
func (l *Log) post(ctx context.Context, wanted Want) *want {
	now := l.now()
	w := &want{Want: wanted, ctx: context.WithoutCancel(ctx), since: l.there(), deadline: now.Add(usualTime), served: now}
	if d, ok := ctx.Deadline(); ok {
		w.deadline = now.Add(time.Until(d) - answerTime)
	}
	if w.Fits == nil {
		w.Fits = func(*Tables) func(*Call) bool { return func(*Call) bool { return true } }
	}
	w.Windows = slices.Clone(w.Windows)
	w.searching, w.counts, w.full = w.Number+w.Search != "", w.Count != nil && len(w.Windows) == 1, w.Windows[0]
	w.sizes = slices.Repeat([]int{Unknown}, len(w.Windows))
	l.wants = append(l.wants, w)
	if !l.reading && l.all.ctx.Err() == nil {
		l.reading = true
		l.all.ending.Go(l.read)
	}
	l.broadcast()
	return w
}

// leave is for when a question waits no more: one that was answered whole, or that its client
// took back, is not wanted any longer. The caller holds the lock.
func (l *Log) leave(ctx context.Context, w *want) {
	w.ended, w.left = true, true
	w.until = l.now().Add(l.askAgain(w) + stays)
	if errors.Is(ctx.Err(), context.Canceled) {
		w.until = time.Time{}
	}
	l.broadcast()
}

// read is the reader: it works step by step for one want at a time, until nobody wants anything.
func (l *Log) read() {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	defer func() { l.reading = false }()
	for l.all.ctx.Err() == nil {
		l.load()
		now := l.now()
		l.wants = slices.DeleteFunc(l.wants, func(w *want) bool { return w.gone(now) })
		l.evict()
		if len(l.wants) == 0 {
			return
		}
		slices.SortStableFunc(l.wants, func(x, y *want) int { return x.rank(now) - y.rank(now) })
		wait := idleTime
		for _, w := range l.wants {
			if wait = min(wait, l.step(w)); wait == 0 {
				break
			}
		}
		if wait > 0 {
			l.pause(wait)
		} else {
			l.broadcast()
		}
	}
	l.broadcast()
}

// gone reports whether nothing is done for a want any more, and its question has what it took.
func (w *want) gone(now time.Time) bool { return w.left && (now.After(w.until) || w.err != nil) }

// rank puts wants in order: those that waited too long, then those that lack least, then those
// for which nobody waits.
func (w *want) rank(now time.Time) int {
	switch {
	case w.ended:
		return 1 << 30
	case now.Sub(w.served) > longestWait:
		return -1
	}
	return w.lacks
}

// pause waits for a time, or until something has changed. The caller holds the lock, which is free
// meanwhile.
func (l *Log) pause(wait time.Duration) {
	changed, timer := l.changed, time.NewTimer(max(wait, 50*time.Millisecond))
	defer timer.Stop()
	l.all.mu.Unlock()
	defer l.all.mu.Lock()
	select {
	case <-timer.C:
	case <-changed:
	case <-l.all.ctx.Done():
	}
}

// may returns how many requests may go for a want at once, and whether they are bulk work.
func (l *Log) may(w *want) (n int, bulk bool) {
	if l.now().Before(l.paused) {
		return 0, true
	}
	n, limit := l.api.Allowance(0)
	switch {
	case limit == 0:
		return unlimited, true
	case w.ended && n*100 <= 40*limit: // with the part that is no bulk work, 60 % are left
		return 0, true
	case n < lookUps-w.requests:
		return lookUps - w.requests, false
	case n == 0 && !w.ended && w.lacks > 0 && w.requests+w.lacks <= fewRequests:
		return min(w.lacks, atOnce), false
	}
	return min(n, atOnce), true
}

// left returns how many requests may go for a want within its time.
func (l *Log) left(w *want) int {
	n, limit := l.api.Allowance(max(w.deadline.Sub(l.now()), 0))
	if limit == 0 {
		return 1 << 20
	}
	return max(n, lookUps-w.requests)
}

// waitFor returns when so many requests may go; a minute where that is later.
func (l *Log) waitFor(n int) time.Duration {
	if wait := l.paused.Sub(l.now()); wait > 0 {
		return wait
	}
	for wait := time.Duration(0); wait < time.Minute; wait += time.Second {
		if may, limit := l.api.Allowance(wait); limit == 0 || may >= min(n, limit/2) {
			return wait
		}
	}
	return time.Minute
}

// askAgain returns when a question can have more than it has; 0 where asking again does not help.
func (l *Log) askAgain(w *want) time.Duration {
	if w.err != nil {
		var e *talkover.Error
		errors.As(w.err, &e)
		if e == nil {
			return 0
		}
		return e.Wait
	}
	return max(l.waitFor(max(w.lacks, 1)), time.Second)
}

// ask sends requests for pages side by side, without the lock. It returns the pages in the order of
// the queries, up to the first that failed, and its error.
func (l *Log) ask(t turn, queries ...talkover.CallQuery) (pages []page, err error) {
	t.requests += len(queries)
	api := l.api
	l.all.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.ctx, stepTime)
	defer cancel()
	defer context.AfterFunc(l.all.ctx, cancel)()
	if t.bulk {
		ctx = talkover.Bulk(ctx)
	}
	sent, errs := make([]talkover.Page[talkover.Call], len(queries)), make([]error, len(queries))
	var asking sync.WaitGroup
	for i, q := range queries {
		asking.Go(func() { sent[i], errs[i] = api.ListCalls(ctx, q) })
	}
	asking.Wait()
	l.all.mu.Lock()
	for i, err := range errs {
		var p page
		if err == nil {
			p, err = l.open(&queries[i], &sent[i])
		}
		if err != nil {
			return pages, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}
