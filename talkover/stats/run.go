package stats

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// API is what questions are answered from; [talkover.Client] is one.
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

// run is one question on its way to its calls.
type run struct {
	api      API
	account  *cache.Account
	query    talkover.CallQuery // the API's filters; Page and PerPage are not used
	zone     *time.Location
	clock    func() time.Time
	progress func(done, total int, what string)
	reserve  int // requests that are left for others
	// matches reports whether a call is one of those that a search looks for, which
	// ends as soon as it has enough; nil for a question about all calls.
	matches func(talkover.Call) bool
	rows    func(*cache.Columns) func(cache.Row) bool // likewise, of packed calls
	enough  int                                       // 0 for all of them
	stop    <-chan struct{}                           // ends reading in the background

	window  window
	state   State
	start   time.Time
	telling sync.Mutex // guards sent, planned and pace
	sent    int
	planned int                       // requests in all, as far as is known
	pace    time.Duration             // of the fastest answer
	kept    map[cache.Date]cache.Kept // of the account
	days    map[cache.Date]part       // closed days that may be used
	live    *part                     // the other days
	list    []part                    // of the list with the API's filters
	begun   *part                     // of the closed day that was begun to be read and not ended
	scrap   *part                     // what was read and not proven, where it is all there is
	counts  func() int                // requests of counting; nil where nothing can be counted
	groups  Question
	tally   *tally                        // what was counted
	first   *talkover.Page[talkover.Call] // of the list
	firstL  *talkover.Page[talkover.Call] // of the live days
	done    bool                          // a reading ended early, so that no other follows
	ended   string                        // why no more could be read
	wait    error                         // what ended it
}

func newRun(api API, account *cache.Account, q talkover.CallQuery, zone *time.Location, clock func() time.Time) *run {
	if zone == nil {
		zone = time.UTC
	}
	if clock == nil {
		clock = time.Now
	}
	if account == nil {
		account = cache.New(cache.Options{}).Account(talkover.Secret{}.Key, clock())
	}
	r := &run{api: api, account: account, query: q, zone: zone, clock: clock, start: time.Now(), days: map[cache.Date]part{}}
	now := clock()
	r.window = windowOf(q, zone)
	from, to := r.window.days(now)
	r.state = State{
		Filtered: q.Status != "" || q.Direction != "" || q.AgentID != "", Searched: q.Search != "",
		Unbounded: r.window.from.IsZero(), From: from, To: to, Closed: closedBefore(r.there(now)),
		Keeps: account.Keeps() && (r.window.from.IsZero() || from <= to), Share: account.Share(),
		Stretch: longestStretch, Paid: account.Paid(now, from, to), Missing: Unknown, Live: Unknown, List: Unknown, PageSize: talkover.MaxPerPage,
	}
	return r
}

// gather gets the calls of the window, by a plan that is made again after each step
// that learns something.
func (r *run) gather(ctx context.Context) error {
	if r.window.empty() {
		return nil
	}
	if r.state.Keeps && !r.state.Unbounded {
		r.recall(ctx)
	}
	var release func()
	defer func() {
		if release != nil {
			release()
		}
	}()
	for steps := 0; steps < 1000; steps++ {
		r.state.Left = r.left(ctx)
		if r.counts != nil {
			r.state.Counts = r.counts()
		}
		plan := r.state.Plan()
		if len(plan) == 0 || r.done || r.ended != "" || r.hasEnough() {
			return nil
		}
		step := plan[0]
		r.planned = max(r.planned, r.sent+plan.Requests())
		if release == nil && r.state.Keeps && r.stop == nil && (step.Do == SizeDays || step.Do == ReadDays || step.Do == LookAtLive || step.Do == ReadLive) {
			waiting, cancel := context.WithDeadline(ctx, r.deadline(ctx).Add(-lastLook))
			var err error
			release, err = r.account.Turn(waiting)
			cancel()
			switch {
			case err != nil && ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				r.ended = "another question was reading the log all the time"
				return nil
			}
			r.recall(ctx) // what another question has read meanwhile
			continue
		}
		if r.state.Left < min(step.Requests, leastReading) {
			r.ended = "the plan's requests are used up"
			return nil
		}
		err := r.do(ctx, step)
		r.keepTime(ctx)
		switch {
		case err == nil:
		case outOf(ctx, err):
			r.ended, r.wait = endOf(err), err
		case isUnauthorized(err):
			r.account.Forget(context.WithoutCancel(ctx)) // nobody may read what its token could
			return err
		default:
			return err
		}
	}
	return nil
}

// isUnauthorized reports whether the API refuses the token.
func isUnauthorized(err error) bool {
	var api *talkover.Error
	return errors.As(err, &api) && api.Status == http.StatusUnauthorized
}

// there returns a moment by the API's clock, where the one here is ahead of it. Days of a
// clock that runs ahead would be taken for closed while calls still come.
func (r *run) there(now time.Time) time.Time {
	if ahead := r.api.Ahead(); ahead > clockError {
		return now.Add(-ahead)
	}
	return now
}

// keepTime begins anew where an answer showed that the clock here is ahead.
func (r *run) keepTime(ctx context.Context) {
	s := &r.state
	closed := closedBefore(r.there(r.clock()))
	if closed >= s.Closed {
		return // a day that ends meanwhile is live until the next question
	}
	s.Closed, s.Live, s.LiveHeld = closed, Unknown, false
	r.firstL, r.live, r.days = nil, nil, map[cache.Date]part{}
	if s.Keeps && !s.Unbounded {
		r.recall(ctx)
	}
}

// recall looks up what of the window is kept.
func (r *run) recall(ctx context.Context) {
	now := r.clock()
	s := &r.state
	r.kept = r.account.Days(ctx, s.From, min(s.To, s.Closed), now)
	s.Days = map[cache.Date]DayState{}
	for d, k := range r.kept {
		proven := now.Sub(k.Proven) < cache.ProofTime
		stale := r.account.Stale(k, now)
		s.Days[d] = DayState{Calls: k.Calls.Len(), Proven: proven && !stale, Stale: stale}
		if proven && !stale {
			r.use(d, k, k.Proven)
		}
	}
	for d := s.From; d <= min(s.To, s.Closed); d++ {
		if _, ok := s.Days[d]; !ok && r.account.Failed(d, now) {
			s.Days[d] = DayState{Failed: true}
		}
	}
	if s.To > s.Closed {
		from := max(s.From, s.Closed+1)
		if l, ok := r.account.Live(from, s.To, now); ok {
			r.live = &part{window: ofDays(from, s.To), calls: l.Calls, asOf: l.AsOf, readAt: l.AsOf, cached: true}
			s.LiveHeld = true
		}
	}
	s.Missing = Unknown // other days may be missing now
}

// use takes a kept day that is proven.
func (r *run) use(d cache.Date, k cache.Kept, proven time.Time) {
	r.days[d] = part{window: ofDays(d, d), calls: k.Calls, asOf: proven, readAt: k.ReadAt, cached: true}
}

// do carries out one step.
func (r *run) do(ctx context.Context, step Step) (err error) {
	s := &r.state
	switch step.Do {
	case LookAtList:
		var page talkover.Page[talkover.Call]
		if page, err = r.ask(ctx, r.listQuery(r.window), 1, talkover.MaxPerPage, "page 1", 0); err != nil {
			return err
		}
		r.first, s.PageSize, s.List = &page, pageSize(page), 0
		if page.Pagination != nil {
			s.List = page.Pagination.Total
		}
	case FindOldest:
		return r.findOldest(ctx)
	case LookAtLive:
		var page talkover.Page[talkover.Call]
		if page, err = r.ask(ctx, r.daysQuery(step.From, step.To), 1, talkover.MaxPerPage, "page 1 of the latest days", 0); err != nil {
			return err
		}
		if r.firstL, s.PageSize, s.Live = &page, pageSize(page), 0; page.Pagination != nil {
			s.Live = page.Pagination.Total
		}
	case SizeDays:
		n, err := r.count(ctx, step.From, step.To)
		if err != nil {
			return err
		}
		for d := step.From; d <= step.To; d++ {
			n -= s.Days[d].Calls
		}
		s.Missing = max(n, 0)
	case ProveDays:
		n, err := r.count(ctx, step.From, step.To)
		if err != nil {
			return err
		}
		return r.prove(ctx, step.From, step.To, n)
	case RenewDays:
		return r.renew(ctx, step.From, step.To)
	case ReadDays:
		return r.readDays(ctx, step.From, step.To)
	case ReadLive:
		return r.readLive(ctx, step.From, step.To)
	case ReadList:
		s.ListRead = true
		return r.readList(ctx)
	case CountDays:
		s.Counted = true
		return r.countDays(ctx)
	}
	return nil
}

// findOldest finds the day with which an unbounded list begins.
func (r *run) findOldest(ctx context.Context) error {
	q := r.listQuery(r.window)
	oldest, err := r.ask(ctx, q, r.state.List, 1, "the oldest call", 1)
	if err != nil {
		return err
	}
	s := &r.state
	if len(oldest.Rows) == 0 || oldest.Rows[0].CreatedAt.IsZero() {
		s.Keeps, s.Unbounded = false, false // it can be read as a list
		return nil
	}
	s.From = cache.DateOf(oldest.Rows[0].CreatedAt)
	q.DateTo = (s.From - 1).String()
	older, err := r.countQuery(ctx, q, 0)
	if err != nil {
		return err
	}
	if older > 0 {
		s.Keeps = false // the order fails: its last call is not the oldest
	}
	s.Unbounded = false
	if s.Keeps {
		r.recall(ctx)
	}
	return nil
}
