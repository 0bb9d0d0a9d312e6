package calls_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// steady fills a world with so many calls a day, spread evenly.
func (w *world) steady(perDay, days int) {
	gap := 24 * time.Hour / time.Duration(perDay)
	var many []talkover.Call
	for i := range perDay * days {
		many = append(many, w.invent(w.begin.Add(-time.Duration(i+1)*gap)))
	}
	w.add(many...)
}

// Ten questions about a month take its pages once, the live ones, and twelve requests more; each after the
// second takes under two seconds.
func TestTenQuestionsAboutAMonth(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.steady(200, 60)
		month := all(w.last(30))
		for n := range 10 {
			a := p.ask(t.Context(), month)
			a.exactly(t, w, 6_000)
			if n >= 2 && a.took() > 2*time.Second {
				t.Errorf("question %d took %s: %s", n+1, a.took(), a)
			}
			time.Sleep(5 * time.Second)
		}
		pages, live := 60, 10 // five dates are live
		t.Logf("%d requests for %d pages, of them %d live", w.requests(), pages, live)
		if n := w.requests(); n > pages+live+12 {
			t.Errorf("%d requests, want %d at most", n, pages+live+12)
		}
	})
}

// The history of one person takes the pages of its list, and five requests.
func TestHistoryOfOnePerson(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.steady(800, 65)
		q := question{windows: []calls.Window{{}}, number: person(7, 0)}
		n := 0
		for _, l := range w.lives {
			c := l.last()
			if q.fits(&c) {
				n++
			}
		}
		a := p.ask(t.Context(), q)
		a.exactly(t, w, n)
		t.Logf("%d requests for %d calls of %d", a.requests, n, len(w.lives))
		if a.requests > n/100+1+5 {
			t.Errorf("%d requests for %d calls", a.requests, n)
		}
	})
}

// No question waits over five seconds for nothing: one that is answered later has more than one that was
// answered five seconds before.
func TestWaitsForNothing(t *testing.T) {
	for seconds := 5; seconds <= 50; seconds += 15 {
		in(t, autumn, func(t *testing.T, w *world, p *process) {
			w.steady(1_000, 40)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
			defer cancel()
			a := p.ask(ctx, all(w.last(40)))
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Error(f)
			}
			var newest time.Duration // since the start, when the last request went
			w.mu.Lock()
			for _, at := range p.answered {
				newest = max(newest, at.Sub(a.start))
			}
			w.mu.Unlock()
			if idle := a.took() - newest; idle > 5*time.Second {
				t.Errorf("of %d s, nothing came in the last %s: %s", seconds, idle, a)
			}
			if a.err == nil && len(a.rows(0)) == 0 {
				t.Errorf("of %d s: %s", seconds, a)
			}
		})
	}
}

// Three days that are asked about beside a year that is being read take under 20 seconds.
func TestThreeDaysBesideAYear(t *testing.T) {
	for _, wait := range []time.Duration{time.Second, 20 * time.Second, 45 * time.Second} {
		in(t, autumn, func(t *testing.T, w *world, p *process) {
			w.steady(200, 365)
			var asking sync.WaitGroup
			asking.Go(func() { p.ask(t.Context(), all(w.last(365))) })
			time.Sleep(wait)
			a := p.ask(t.Context(), all(days(time.September, 8, 3)))
			asking.Wait()
			t.Logf("after %s: %s, %d requests beside it", wait, a.took(), a.requests)
			a.exactly(t, w, 600)
			if a.took() > 20*time.Second {
				t.Errorf("took %s, begun %s after the year", a.took(), wait)
			}
		})
	}
}

// A window of more calls than are kept comes to an end: it is cut to its newest part, and nothing is
// read for ever.
func TestAWindowLargerThanWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1, autumn)
		w.limit = 100
		w.steady(200, 60)
		p := w.start(calls.Options{Calls: 3_000}, 0)
		defer func() { p.logs.Close() }()
		for n := range 6 {
			a := p.ask(t.Context(), all(w.last(60)))
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Errorf("%s: %s", a, f)
			}
			if n == 0 || a.requests > 20 {
				t.Log(a)
			}
			if n > 1 && (a.err != nil || len(a.rows(0)) < 1_500 || a.requests > 20) {
				t.Errorf("question %d: %s", n+1, a)
			}
			time.Sleep(30 * time.Second)
		}
		before := w.requests()
		time.Sleep(30 * time.Minute)
		if more := w.requests() - before; more > 60 {
			t.Errorf("%d requests though nobody asked", more)
		}
	})
}

// A day of 20,000 calls on the plan of 100 is read by a few questions.
func TestADayOfTwentyThousandCalls(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		day := days(time.October, 20, 1)
		many := make([]talkover.Call, 20_000)
		for i := range many {
			many[i] = w.invent(day.From.Add(time.Duration(i) * 4 * time.Second))
		}
		w.add(many...)
		for n := 1; ; n++ {
			a := p.ask(t.Context(), all(day))
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Errorf("%s: %s", a, f)
			}
			if a.err == nil && a.Parts[0].Complete {
				a.exactly(t, w, 20_000)
				t.Logf("%d questions, %.0f s, %d requests", n, w.now().Sub(autumn).Seconds(), w.requests())
				return
			}
			if n == 6 {
				t.Fatalf("not whole after %d questions: %s", n, a)
			}
			wait := time.Minute
			if a.err == nil && a.Parts[0].AskAgain > 0 {
				wait = a.Parts[0].AskAgain
			}
			time.Sleep(wait)
		}
	})
}

// A reading ends within a second of Close, though the API is slow; the question has what is proven, or
// says that the server ends.
func TestAReadingEndsWithClose(t *testing.T) {
	for _, after := range []time.Duration{100 * time.Millisecond, 3 * time.Second, 10 * time.Second} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			in(t, autumn, func(t *testing.T, w *world, p *process) {
				w.steady(500, 60)
				w.slow = 4 * time.Second
				var a *answer
				var asking sync.WaitGroup
				asking.Go(func() { a = p.ask(t.Context(), all(w.last(60))) })
				time.Sleep(after)
				begin := w.now()
				p.logs.Close()
				if took := w.now().Sub(begin); took > time.Second {
					t.Errorf("took %s", took)
				}
				asking.Wait()
				if late := a.end.Sub(begin); late > time.Second {
					t.Errorf("the question was answered %s later", late)
				}
				if a.err == nil {
					for _, f := range w.judge(a, calls.DefaultTTL) {
						t.Error(f)
					}
				}
				if then := p.ask(t.Context(), all(w.last(1))); then.took() > time.Second {
					t.Errorf("a question after that took %s", then.took())
				}
			})
		})
	}
}

// Several questions at once share what is read.
func TestTenPeopleAskTheSameAtOnce(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.fill(3_000, 28*24*time.Hour, 1)
		var asking sync.WaitGroup
		answers := make([]*answer, 10)
		for i := range answers {
			asking.Go(func() { answers[i] = p.ask(t.Context(), all(days(time.October, 10, 25))) })
		}
		asking.Wait()
		for _, a := range answers {
			a.exactly(t, w, len(answers[0].rows(0)))
		}
		if n := w.requests(); n > 45 {
			t.Errorf("%d requests for 30 pages", n)
		}
	})
}

// A check that cron starts each minute, as a process of its own with a folder, takes four requests each
// time at most, also of an account of 56 calls a day, and is never refused by the limit.
func TestACheckEachMinuteTakesFourRequests(t *testing.T) {
	folder := t.TempDir()
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.steady(56, 40)
		w.arrive = 56.0 / (24 * 3600)
		p.options.Store = openDir(t, folder)
		p.restart()
		today := calls.Window{From: w.begin.Truncate(24 * time.Hour)}
		most, first := 0, 0
		for n := range 60 {
			began := w.requests()
			a := p.ask(t.Context(), all(today))
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Error(f)
			}
			if a.err != nil || !a.Parts[0].Exact || !a.Parts[0].Complete {
				t.Fatalf("check %d: %s", n+1, a)
			}
			if took := w.requests() - began; n == 0 {
				first = took
			} else {
				most = max(most, took)
			}
			time.Sleep(time.Minute)
			p.restart()
		}
		t.Logf("%d requests for the first check, %d for each other one at most, %d refused", first, most, w.over)
		if most > 4 || w.over > 0 {
			t.Errorf("a check takes %d requests, and %d were refused", most, w.over)
		}
	})
}
