package calls_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// in runs a test in a world of its own, on the standard plan, with one process that keeps calls.
func in(t *testing.T, begin time.Time, test func(t *testing.T, w *world, p *process)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1, begin)
		w.limit = 100
		p := w.start(calls.Options{Calls: calls.DefaultCalls}, 0)
		defer func() { p.logs.Close() }()
		test(t, w, p)
	})
}

// days returns the window of so many days from a day of 2026 on, in UTC.
func days(month time.Month, day, n int) calls.Window {
	from := time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
	return calls.Window{From: from, To: from.AddDate(0, 0, n)}
}

// last returns the window of the last days up to now.
func (w *world) last(days int) calls.Window { return calls.Window{From: w.now().AddDate(0, 0, -days)} }

// all returns a question about all calls of windows.
func all(windows ...calls.Window) question { return question{windows: windows} }

// A zone: the failed call of 02:00 in UTC lies on another date for New York and Sao Paulo, as one
// of 23:30 in summer does for London.
func TestWhichCallFailedThatDay(t *testing.T) {
	for _, at := range []struct {
		zone string
		time time.Duration
	}{
		{"America/New_York", 2 * time.Hour}, {"America/Sao_Paulo", 2 * time.Hour}, {"Europe/London", 2 * time.Hour},
		{"Europe/London", 23*time.Hour + 30*time.Minute}, {"Pacific/Kiritimati", 13 * time.Hour},
	} {
		t.Run(fmt.Sprint(at.zone, " at ", at.time), func(t *testing.T) {
			in(t, autumn, func(t *testing.T, w *world, p *process) {
				w.zone = zone(t, at.zone)
				day := days(time.July, 15, 1)
				failed := w.invent(day.From.Add(at.time))
				failed.Status = talkover.StatusFailed
				w.add(failed)
				p.ask(t.Context(), question{windows: []calls.Window{day}, status: "failed"}).exactly(t, w, 1)
			})
		})
	}
}

// A date_to that means its midnight: the day has 116 calls, and not none.
func TestHowManyCallsWereThatDayWhereDateToIsLeftOut(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.midnight = true
		day := days(time.October, 20, 1)
		for i := range 116 {
			w.add(w.invent(day.From.Add(time.Duration(i) * 12 * time.Minute)))
		}
		p.ask(t.Context(), all(day)).exactly(t, w, 116)
	})
}

// An ignored direction: of 12,679 calls 6,348 are inbound, and that is what is counted, or nothing
// is called exact.
func TestHowManyInboundWhereDirectionIsIgnored(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.ignored = "direction"
		var many []talkover.Call
		for i := range 12_679 {
			c := w.invent(autumn.Add(-time.Duration(i+1) * 10 * time.Minute))
			c.Direction = talkover.Outbound
			if i < 6_348 {
				c.Direction = talkover.Inbound
			}
			many = append(many, c)
		}
		w.add(many...)
		for _, q := range []question{
			{direction: "inbound", windows: []calls.Window{{}}, count: true},
			{windows: []calls.Window{{}}, count: true},
			{direction: "inbound", windows: []calls.Window{days(time.August, 10, 60)}},
		} {
			a := p.ask(t.Context(), q)
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Errorf("%s: %s", a, f)
			}
			time.Sleep(time.Minute)
		}
	})
}

// A corrected duration: the seconds of a month are right after the TTL, and the answers before it say
// how old they are.
func TestHowLongWereCallsThatWereCorrected(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.fill(600, 80*24*time.Hour, 1)
		month := all(days(time.September, 1, 30))
		seconds := func(a *answer) (n int) {
			for _, c := range a.rows(0) {
				n += c.Duration
			}
			return n
		}
		before := p.ask(t.Context(), month)
		if before.err != nil || len(before.rows(0)) == 0 {
			t.Fatal(before)
		}
		for _, l := range w.lives {
			l.change(w.now().Unix()+3600, func(c *talkover.Call) { c.Duration += 10 })
		}
		want := seconds(before) + 10*len(before.rows(0))
		time.Sleep(calls.DefaultTTL + time.Minute)
		for range 3 { // the first may say that fields are old, and has them read again
			a := p.ask(t.Context(), month)
			a.exactly(t, w, len(before.rows(0)))
			if a.Parts[0].FieldsExact && seconds(a) != want {
				t.Errorf("%d s, want %d; %s", seconds(a), want, a)
			}
			time.Sleep(time.Minute)
		}
		if a := p.ask(t.Context(), month); !a.Parts[0].FieldsExact {
			t.Errorf("fields were not read again: %s", a)
		}
	})
}

// One moment: two windows that are compared up to now have the same calls where both are, though
// many arrive while they are read.
func TestAreThereMoreCallsThisWeekThanInTheFortnight(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.fill(4_000, 30*24*time.Hour, 1)
		w.arrive, w.slow = 0.9, time.Second
		for range 4 {
			a := p.ask(t.Context(), all(w.last(7), w.last(14)))
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Errorf("%s: %s", a, f)
			}
			if a.err != nil || !a.Parts[0].Exact || !a.Parts[1].Exact {
				t.Error(a)
			}
			time.Sleep(70 * time.Second)
		}
	})
}

// The oldest calls, and then those that are still open: these are six, the newest first, whatever
// the first question left.
func TestWhichCallsAreOpenAfterTheOldestWereAskedFor(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		var many []talkover.Call
		for i := range 5_000 {
			c := w.invent(autumn.Add(-time.Duration(i+1) * 15 * time.Minute))
			if i%900 == 5 {
				c.Status, c.Duration = talkover.StatusInitiated, 0
			}
			many = append(many, c)
		}
		w.add(many...)
		first := p.ask(t.Context(), question{windows: []calls.Window{{}}, enough: 5, oldest: true})
		if first.err != nil || len(first.rows(0)) < 5 || first.rows(0)[len(first.rows(0))-1].ID != "c5000" {
			t.Errorf("the oldest: %s", first)
		}
		if have, left := len(first.rows(0)), first.Parts[0].Left; left != calls.Unknown && have+left != 5_000 {
			t.Errorf("%d calls, and %d are left of 5,000: %s", have, left, first)
		}
		time.Sleep(time.Minute)
		open := p.ask(t.Context(), question{windows: []calls.Window{{}}, status: "initiated"})
		open.exactly(t, w, 6)
		for i, c := range open.rows(0) {
			if want := fmt.Sprintf("c%d", 900*i+6); c.ID != want {
				t.Errorf("place %d has %s, want %s", i, c.ID, want)
			}
		}
	})
}

// Deaf filters: 208 calls were not answered, half of them as no_answer, and one person stands in three
// spellings. Each way gives these figures, or does not call them exact.
func TestHowManyWereNotAnsweredInEitherSpelling(t *testing.T) {
	for _, seen := range []bool{false, true} {
		in(t, autumn, func(t *testing.T, w *world, p *process) {
			w.underscores, w.spellings = true, true
			w.fill(9_000, 100*24*time.Hour, 1)
			if seen {
				p.ask(t.Context(), all(w.last(3)))
			}
			for _, q := range []question{
				{status: "no-answer", windows: []calls.Window{days(time.August, 1, 80)}},
				{status: "no-answer", windows: []calls.Window{{}}, count: true},
				{number: person(7, 0), windows: []calls.Window{{}}},
			} {
				for range 3 {
					a := p.ask(t.Context(), q)
					for _, f := range w.judge(a, calls.DefaultTTL) {
						t.Errorf("%s: %s", a, f)
					}
					time.Sleep(time.Minute)
				}
			}
		})
	}
}

// A second of 8,000 calls: what is left of the window counts them until they are all there.
func TestHowManyCallsAreLeftBehindASecondOfThousands(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		at := autumn.AddDate(0, 0, -20)
		w.fill(500, 19*24*time.Hour, 1)
		many := make([]talkover.Call, 8_000)
		for i := range many {
			many[i] = w.invent(at)
		}
		w.add(many...)
		q := all(calls.Window{From: at.AddDate(0, 0, -5)})
		for n := 1; ; n++ {
			a := p.ask(t.Context(), q)
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Errorf("%s: %s", a, f)
			}
			if a.err == nil && a.Parts[0].Complete {
				a.exactly(t, w, 8_500)
				t.Log(n, "questions;", w.requests(), "requests;", w.now().Sub(autumn))
				return
			}
			if a.err == nil {
				if have, left := len(a.rows(0)), a.Parts[0].Left; left != calls.Unknown && have+left != 8_500 {
					t.Errorf("%d calls, and %d are left of 8,500: %s", have, left, a)
				}
			}
			if n == 8 {
				t.Fatalf("not whole after %d questions: %s", n, a)
			}
			time.Sleep(30 * time.Second)
		}
	})
}

// Capped totals: a log of more calls than the API counts up to is read in parts that have fewer.
func TestHowManyCallsWhereTotalsStopAtACap(t *testing.T) {
	for most, n := range map[int]int{1_000: 2_500, 10_000: 11_500} {
		unbounded := all(calls.Window{})
		counted := unbounded
		counted.count = true
		for _, q := range []question{unbounded, counted, all(days(time.July, 20, 100))} {
			in(t, autumn, func(t *testing.T, w *world, p *process) {
				w.most, w.limit = most, 0
				w.fill(n, 90*24*time.Hour, 1)
				a := p.ask(t.Context(), q)
				a.exactly(t, w, len(w.between(q.windows[0].From, q.windows[0].To)))
				if pages := n/100 + 50; a.requests > pages {
					t.Errorf("%d requests for %d calls whose totals stop at %d", a.requests, n, most)
				}
			})
		}
	}
}

// A call that comes today does not make up for one that went from the days asked about, wherever the
// dates of the API begin.
func TestACallThatCameDoesNotMakeUpForOneThatWent(t *testing.T) {
	for _, name := range []string{"UTC", "Etc/GMT+12", "Pacific/Kiritimati"} {
		for ago := range 6 {
			in(t, autumn, func(t *testing.T, w *world, p *process) {
				w.zone = zone(t, name)
				w.steady(40, 12)
				q := all(days(time.November, 5-ago, 1))
				n := len(w.between(q.windows[0].From, q.windows[0].To))
				p.ask(t.Context(), q).exactly(t, w, n)
				time.Sleep(2 * time.Minute)
				w.mu.Lock()
				at := w.live()
				w.between(q.windows[0].From, q.windows[0].To)[5].gone = at
				w.begins(at)
				w.mu.Unlock()
				time.Sleep(5 * time.Second)
				if ago > 0 {
					n--
				}
				p.ask(t.Context(), q).exactly(t, w, n)
			})
		}
	}
}

// What is not there yet is said to be read, and how far; that the limit is reached is said only where it
// is.
func TestWhyNothingIsThereYet(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.steady(100, 60)
		w.slow = 20 * time.Second
		w.limit = 0
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := p.logs.Log(p).Calls(ctx, all(w.last(60)).want())
		var e *talkover.Error
		if !errors.As(err, &e) || e.Reason != talkover.Reading || e.Wait <= 0 {
			t.Errorf("a slow API without a limit: %v", err)
		}
	})
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.steady(5_000, 8)
		a := p.ask(t.Context(), all(days(time.October, 30, 1)))
		var e *talkover.Error
		if !errors.As(a.err, &e) || e.Reason != talkover.Reading || e.Read < 5_000 || e.Total != 20_000 || e.Wait <= 0 {
			t.Fatalf("a day too large for one question: %s", a)
		}
	})
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.steady(10, 4)
		w.opened, w.used = w.begin, w.limit // by others
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := p.logs.Log(p).Calls(ctx, all(w.last(1)).want())
		var e *talkover.Error
		if !errors.As(err, &e) || e.Reason != talkover.RateLimited || e.Wait < 30*time.Second {
			t.Errorf("a limit that others have used up: %v", err)
		}
	})
}

// Without a limit, pages are asked for sixteen at a time.
func TestAMonthWithoutALimit(t *testing.T) {
	in(t, autumn, func(t *testing.T, w *world, p *process) {
		w.steady(960, 30)
		w.limit, w.slow = 0, 600*time.Millisecond
		a := p.ask(t.Context(), all(days(time.October, 10, 20)))
		a.exactly(t, w, 19_200)
		if a.took() > 30*time.Second || a.requests > 260 {
			t.Errorf("took %s and %d requests", a.took(), a.requests)
		}
	})
}

// An agent without calls in a year takes few requests, though no call of theirs is there to check the API's
// filter by: those of another agent are, and that it lists none where none are. A filter that is ignored, or
// that hears no agent, is not believed.
func TestHowManyCallsHasAnAgentWithoutAny(t *testing.T) {
	for _, windows := range []calls.Window{days(time.January, 10, 290), {From: autumn.AddDate(0, 0, -300)}} {
		in(t, autumn, func(t *testing.T, w *world, p *process) {
			w.steady(100, 365)
			a := p.ask(t.Context(), question{agent: "ag-9", windows: []calls.Window{windows}})
			a.exactly(t, w, 0)
			if a.requests > 20 || a.Parts[0].Method != calls.ByList {
				t.Errorf("%d requests by %s", a.requests, a.Parts[0].Method)
			}
		})
	}
	for _, fault := range []func(w *world){
		func(w *world) { w.ignored = "agent_id" },
		func(w *world) { w.deaf = true },
	} {
		in(t, autumn, func(t *testing.T, w *world, p *process) {
			fault(w)
			w.steady(100, 300)
			c := w.invent(autumn.AddDate(0, 0, -60))
			c.Agent = talkover.Agent{ID: "ag-9", Name: "nora"}
			w.add(c)
			a := p.ask(t.Context(), question{agent: "ag-9", windows: []calls.Window{days(time.January, 10, 290)}})
			for _, f := range w.judge(a, calls.DefaultTTL) {
				t.Errorf("%s: %s", a, f)
			}
			if a.err == nil && a.Parts[0].Method == calls.ByList {
				t.Errorf("believes a filter that does not work: %s", a)
			}
		})
	}
}
