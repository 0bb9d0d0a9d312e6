package calls_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// question is what a user asks of a log.
type question struct {
	windows                          []calls.Window
	status, direction, agent, number string
	count                            bool // totals by direction are enough
	enough                           int
	oldest                           bool
}

// fits reports whether a call is one that is asked about.
func (q question) fits(c *talkover.Call) bool {
	contact := c.To
	if c.Direction == talkover.Inbound {
		contact = c.From
	}
	return (q.status == "" || talkover.PlainStatus(c.Status) == q.status) &&
		(q.direction == "" || c.Direction == q.direction) && (q.agent == "" || c.Agent.ID == q.agent) &&
		(q.number == "" || strings.HasSuffix(talkover.Digits(contact), talkover.National(q.number)))
}

// want is the question as the log is asked.
func (q question) want() calls.Want {
	w := calls.Want{
		Windows: q.windows, Number: q.number, Enough: q.enough, OldestFirst: q.oldest,
		Query: talkover.CallQuery{Status: q.status, Direction: q.direction, AgentID: q.agent},
		Fits: func(t *calls.Tables) func(*calls.Call) bool {
			return func(c *calls.Call) bool {
				whole := t.Whole(c)
				return q.fits(&whole)
			}
		},
	}
	if q.count {
		w.Count = &calls.Count{Statuses: []string{""}, Directions: talkover.Directions}
	}
	return w
}

// answer is what a question got, and when.
type answer struct {
	question
	*calls.Taken
	err        error
	start, end time.Time // by the time at Talkover
	requests   int       // that were sent meanwhile, by whomever
}

// took returns how long it took.
func (a *answer) took() time.Duration { return a.end.Sub(a.start) }

// String tells what was asked, and what was said.
func (a *answer) String() string {
	s := fmt.Sprintf("%s%s%s%s enough %d, oldest %t, count %t; took %s, %d requests", a.status, a.direction, a.agent,
		a.number, a.enough, a.oldest, a.count, a.took(), a.requests)
	if a.err != nil {
		return s + ": " + a.err.Error()
	}
	for i, p := range a.Parts {
		w := a.windows[i]
		s += fmt.Sprintf("\n  %s to %s: %d calls, %+v", w.From.Format(time.DateTime), w.To.Format(time.DateTime),
			len(a.rows(i)), p.Coverage)
	}
	return s + fmt.Sprint(" ", a.Counted)
}

// rows returns the calls of a part that are asked about.
func (a *answer) rows(part int) []talkover.Call {
	var all []talkover.Call
	covered := calls.Window{From: a.Parts[part].From, To: a.Parts[part].To}
	for _, run := range a.Parts[part].Runs {
		for i := range run {
			if c := a.Whole(&run[i]); a.fits(&c) && covered.Holds(c.CreatedAt) {
				all = append(all, c)
			}
		}
	}
	return all
}

// ask asks as a client does, who waits for 50 seconds.
func (d *door) ask(ctx context.Context, l *calls.Log, q question) *answer {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Second)
	defer cancel()
	a := &answer{question: q, start: d.now(), requests: -d.requests()}
	a.Taken, a.err = l.Calls(ctx, q.want())
	a.end = d.now()
	a.requests += d.requests()
	return a
}

// exactly fails the test unless an answer is exact, complete, right, and of so many calls.
func (a *answer) exactly(t *testing.T, w *world, n int) {
	t.Helper()
	if a.err != nil {
		t.Fatal(a.err)
	}
	for _, f := range w.judge(a, calls.DefaultTTL) {
		t.Error(f)
	}
	for _, p := range a.Parts {
		if !p.Exact || !p.Complete {
			t.Errorf("not exact and complete: %+v", p.Coverage)
		}
	}
	if got := len(a.rows(0)); got != n {
		t.Errorf("%d calls, want %d; %+v", got, n, a.Parts[0].Coverage)
	}
}
