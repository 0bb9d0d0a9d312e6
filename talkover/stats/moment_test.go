package stats_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// A question looks at the log once, whatever it needs, so that all of it is of one moment.
func TestAQuestionLooksAtTheLogOnce(t *testing.T) {
	days := func(from, to string) calls.Window {
		f := stats.Filter{Days: stats.Days{From: from, To: to}}
		return f.Window()
	}
	f := stats.Filter{Days: stats.Days{From: "2026-10-19", To: "2026-10-25"}}
	since, week := calls.Window{From: days("2026-10-19", "").From}, days("2026-10-19", "2026-10-25")
	before := days("2026-10-12", "2026-10-18")
	unreturned := []stats.Metric{stats.Unreturned}
	for _, test := range []struct {
		question stats.Question
		windows  []calls.Window
	}{
		{stats.Question{Filter: f}, []calls.Window{week}},
		{stats.Question{Filter: f, Metrics: unreturned}, []calls.Window{week, since}},
		{stats.Question{Filter: f, Compare: stats.WeekBefore}, []calls.Window{week, before}},
		{stats.Question{Filter: f, Compare: stats.WeekBefore, Metrics: unreturned}, []calls.Window{week, before, {From: before.From}}},
		{stats.Question{Metrics: unreturned}, []calls.Window{{}, {}}},
		{stats.Question{Filter: stats.Filter{Days: stats.Days{From: "2026-11-03"}}, Compare: stats.PreviousPeriod}, []calls.Window{days("2026-11-03", "2026-11-05"), days("2026-10-31", "2026-11-02")}},
	} {
		log := logOf(generate(1, 500, 40*24*time.Hour))
		ask(t, log, test.question)
		if len(log.wants) != 1 || fmt.Sprint(log.wants[0].Windows) != fmt.Sprint(test.windows) {
			t.Errorf("%+v: %v, want %v", test.question, log.wants, test.windows)
		}
	}
	log := logOf(generate(1, 500, 40*24*time.Hour))
	find(t, log, stats.Search{Filter: f, Only: stats.OnlyUnreturned, Limit: 5})
	if len(log.wants) != 1 || fmt.Sprint(log.wants[0].Windows) != fmt.Sprint([]calls.Window{week, since}) {
		t.Errorf("%v", log.wants)
	}
}

// One call a minute goes on while a question is asked. Today and yesterday are cut at the moment of
// the answer, and not when the question began: the change is 0, and not what came in meanwhile.
func TestBothWindowsAreCutAtTheMomentOfTheAnswer(t *testing.T) {
	log := &fakeLog{at: now.Add(51 * time.Minute)}
	for at := now.Add(51 * time.Minute).Add(-30 * time.Second); at.After(now.AddDate(0, 0, -3)); at = at.Add(-time.Minute) {
		log.rows = append(log.rows, talkover.Call{ID: at.String(), Status: "completed", Duration: 9, Direction: "inbound", CreatedAt: at})
	}
	for _, to := range []string{"", "2026-11-05"} {
		r := ask(t, log, stats.Question{Filter: stats.Filter{Days: stats.Days{From: "2026-11-05", To: to}}, Compare: stats.PreviousPeriod})
		if is, was := r.Totals.M[stats.Calls].Value, r.Before.Totals.M[stats.Calls].Value; is != was || is != 18*60+51 || !r.Before.Until.Equal(log.at) {
			t.Errorf("%v calls, before %v, until %s", is, was, r.Before.Until)
		}
	}
}

// A call that the log has from after the moment of the answer is not compared.
func TestCallsAfterTheMomentAreNotCompared(t *testing.T) {
	log := &fakeLog{rows: []talkover.Call{{ID: "1", CreatedAt: now.Add(-time.Hour)}, {ID: "2", CreatedAt: now}}}
	log.at = now
	log.change = func(taken *calls.Taken) { taken.AsOf = now.Add(-time.Minute) }
	r := ask(t, log, stats.Question{Filter: stats.Filter{Days: stats.Days{From: "2026-11-05"}}, Compare: stats.WeekBefore})
	if r.Calls != 1 {
		t.Errorf("%d calls until %s", r.Calls, r.Before.Until)
	}
}

// A matrix of calls a day by week and weekday: the week's own figure is of its seven days, and not of
// those alone that have calls.
func TestCallsADayOfAWholeWeek(t *testing.T) {
	log := &fakeLog{}
	for i := range 5 { // all on one Tuesday
		log.rows = append(log.rows, talkover.Call{ID: fmt.Sprint(i), CreatedAt: time.Date(2026, 10, 20, 9, i, 0, 0, time.UTC)})
	}
	f := stats.Filter{Days: stats.Days{From: "2026-10-12", To: "2026-10-25"}}
	m := ask(t, log, stats.Question{Filter: f, By: []stats.Dimension{stats.ByWeek, stats.ByWeekday}}).Matrix(stats.PerDay)
	measure := func(n, of float64) stats.Measure { return stats.Measure{Value: n / of, Known: true} }
	if len(m.Rows) != 1 || m.Rows[0].Key != "2026-10-19" || m.RowTotals[0] != measure(5, 7) {
		t.Errorf("%v: %v, want 5/7", m.Rows, m.RowTotals)
	}
	if len(m.Columns) != 1 || m.Columns[0].Key != "Tue" || m.Cells[0][0] != measure(5, 1) || m.ColumnTotals[0] != measure(5, 2) {
		t.Errorf("%v: %v and in all %v, want 5 and 2.5", m.Columns, m.Cells, m.ColumnTotals)
	}
}

// An agent that was renamed has the name that was read last, in groups and in rows.
func TestARenamedAgentHasOneName(t *testing.T) {
	call := func(id, label string, at time.Time) talkover.Call {
		return talkover.Call{ID: id, Agent: talkover.Agent{ID: "7", Label: label}, CreatedAt: at}
	}
	log := &fakeLog{rows: []talkover.Call{call("1", "Old", now.AddDate(0, 0, -9)), call("2", "New", now.Add(-time.Hour))}}
	r := ask(t, log, stats.Question{By: []stats.Dimension{stats.ByAgent}})
	if len(r.Rows) != 1 || r.Rows[0].Values[0].Name != "New" {
		t.Errorf("%+v", r.Rows)
	}
	for _, c := range find(t, log, stats.Search{Limit: 5}).Rows {
		if c.Agent.Label != "New" {
			t.Errorf("%+v", c)
		}
	}
}

// Where nothing is known of the window, that is an error, and no figure of 0.
func TestNothingIsNoZero(t *testing.T) {
	log := &fakeLog{change: func(taken *calls.Taken) { // the log was read down to a moment after the window
		c := &taken.Parts[0].Coverage
		c.From, c.Exact, c.Complete, c.AskAgain = now, false, false, 9*time.Second
	}}
	f := stats.Filter{Days: stats.Days{From: "2026-10-01", To: "2026-10-02"}}
	var reading *talkover.Error
	if r, err := stats.Ask(t.Context(), log, stats.Question{Filter: f}); !errors.As(err, &reading) || reading.Reason != talkover.Reading || reading.Wait != 9*time.Second {
		t.Errorf("%+v, %v", r, err)
	}
	if found, err := stats.Find(t.Context(), log, stats.Search{Filter: f, Limit: 5}); !errors.As(err, &reading) || reading.Reason != talkover.Reading || reading.Wait != 9*time.Second {
		t.Errorf("%+v, %v", found, err)
	}
}
