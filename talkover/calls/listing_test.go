package calls_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// door is the API of a world as one process meets it: it counts its requests as the client does, and
// learns what is left of the limit and what the time is from answers alone.
type door struct {
	*world
	ahead    time.Duration // of the clock here
	answered []time.Time   // of the last minute
	left     int           // what the last answer told
	until    time.Time     // for which that holds
	met      bool          // an answer told the time
}

var _ calls.API = new(door)

// clock returns the time by the clock here.
func (d *door) clock() time.Time { return d.now().Add(d.ahead) }

// Ahead is known to the second, and after the first answer.
func (d *door) Ahead() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.met {
		return 0
	}
	return d.ahead.Truncate(time.Second)
}

// Key makes keys that are no secret.
func (d *door) Key(purpose string) []byte { return talkover.NewSecret("talq_world").Key(purpose) }

// Allowance counts as the client's limiter does: 80 % of the limit less 5, in any 60 seconds, and less
// where others use the token.
func (d *door) Allowance(within time.Duration) (requests, limit int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit == 0 {
		return 0, 0
	}
	now := d.now()
	requests = (d.limit - 5) * 80 / 100
	for _, at := range d.answered {
		if now.Add(within).Sub(at) < time.Minute {
			requests--
		}
	}
	if d.until.Sub(now) > within {
		left := d.left
		if others := d.limit - d.left - len(d.answered); others > 0 {
			left = max(left-d.limit*40/100, left/6, min(left, 3))
		}
		requests = min(requests, left)
	}
	return max(requests, 0), d.limit
}

// enter counts a request in the window of the limit: it opens at the first request, and lets so many
// through. The caller holds the lock.
func (d *door) enter(now time.Time) error {
	if d.limit == 0 {
		return nil
	}
	if now.Sub(d.opened) >= time.Minute {
		d.opened, d.used = now, 0
	}
	closes := d.opened.Add(time.Minute)
	others := int(now.Sub(d.opened) * time.Duration(d.others) / time.Minute)
	d.used++
	d.left, d.until = max(d.limit-d.used-others, 0), closes
	if d.used+others > d.limit {
		d.over++
		wait := closes.Sub(now).Truncate(time.Second) + time.Second
		return &talkover.Error{Reason: talkover.RateLimited, Status: 429, Wait: wait}
	}
	return nil
}

// ListCalls lists a page. Half of the time that it takes goes by before the log is looked at.
func (d *door) ListCalls(ctx context.Context, q talkover.CallQuery) (p talkover.Page[talkover.Call], err error) {
	d.mu.Lock()
	d.asked = append(d.asked, q)
	half := d.slow/4 + time.Duration(d.r.Int64N(int64(d.slow/2)+1))
	d.mu.Unlock()
	if err := pass(ctx, half); err != nil {
		return p, err
	}
	d.mu.Lock()
	now := d.now()
	if err = d.enter(now); err == nil {
		p = d.list(q, d.live())
	}
	d.mu.Unlock()
	if passed := pass(ctx, half); passed != nil {
		return p, passed
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.met = true
	now = d.now()
	d.answered = append(d.answered, now)
	d.answered = slices.DeleteFunc(d.answered, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	return p, err
}

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// list makes a page of the log as it is now, or was a while ago. The total comes from a query before
// that of the rows. The caller holds the lock.
func (w *world) list(q talkover.CallQuery, now int64) talkover.Page[talkover.Call] {
	shown := now
	if w.lag > 0 && w.r.IntN(2) == 0 {
		shown -= w.r.Int64N(w.lag + 1)
	}
	counted := shown
	if w.stale > 0 && w.r.IntN(2) == 0 {
		counted -= w.r.Int64N(w.stale + 1)
	}
	size := q.PerPage
	if w.size > 0 {
		size = min(size, w.size)
	}
	dated := w.between(w.dates(q))
	var rows []talkover.Call
	total, n, first := 0, 0, (q.Page-1)*size
	for i := range dated {
		l := dated[len(dated)-1-i]
		if w.oldestFirst {
			l = dated[i]
		}
		c := l.at(shown)
		fits := c != nil && w.matches(q, c)
		if fits {
			if n >= first && n < first+size {
				rows = append(rows, *c)
			}
			n++
		}
		if counted != shown {
			c = l.at(counted)
			fits = c != nil && w.matches(q, c)
		}
		if fits {
			total++
		}
	}
	if w.most > 0 {
		total = min(total, w.most)
	}
	return talkover.Page[talkover.Call]{Rows: rows, Pagination: &talkover.Pagination{
		CurrentPage: q.Page, LastPage: max((total-1)/size+1, 1), PerPage: size, Total: total,
	}}
}

// dates returns the moments that the dates of a query stand for.
func (w *world) dates(q talkover.CallQuery) (from, to time.Time) {
	if q.DateFrom != "" {
		from = w.midnightOf(q.DateFrom, 0)
	}
	switch {
	case q.DateTo == "":
	case w.midnight:
		to = w.midnightOf(q.DateTo, 0).Add(time.Second) // its first second is between the dates
	default:
		to = w.midnightOf(q.DateTo, 1)
	}
	return from, to
}

// midnightOf returns when a date begins, or one that is days later, in the zone of the API.
func (w *world) midnightOf(date string, days int) time.Time {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return time.Date(d.Year(), d.Month(), d.Day()+days, 0, 0, 0, 0, w.zone)
}

// matches reports whether the API lists a call by the filters of a query.
func (w *world) matches(q talkover.CallQuery, c *talkover.Call) bool {
	return (q.Status == "" || w.ignored == "status" || c.Status == q.Status) &&
		(q.Direction == "" || w.ignored == "direction" || c.Direction == q.Direction) &&
		(q.AgentID == "" || w.ignored == "agent_id" || c.Agent.ID == q.AgentID && !w.deaf) &&
		(q.Search == "" || strings.Contains(c.From+" "+c.To+" "+c.SID, q.Search))
}
