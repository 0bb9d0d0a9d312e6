package stats_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// fakeLog answers from a list of calls, as if all of it could be had at once.
type fakeLog struct {
	rows   []talkover.Call
	at     time.Time // the moment of its answers; now if zero
	most   int       // the newest calls that can be had, or the oldest; 0 for all
	counts bool      // it counts what is closed, where that does
	change func(*calls.Taken)
	wants  []calls.Want

	tables *calls.Tables
	all    []calls.Call // of as many rows as there were
}

// Calls implements [stats.Log].
func (l *fakeLog) Calls(_ context.Context, w calls.Want) (*calls.Taken, error) {
	l.wants = append(l.wants, w)
	if l.tables == nil || len(l.all) != len(l.rows) {
		l.tables, l.all = calls.Make(l.rows)
	}
	all, taken := l.all, &calls.Taken{Tables: l.tables, AsOf: l.at}
	if l.at.IsZero() {
		taken.AsOf = now
	}
	had := calls.Window{}
	if n := len(all); l.most > 0 && l.most < n && w.OldestFirst {
		had.To = all[n-l.most].Time()
	} else if l.most > 0 && l.most < n {
		had.From = all[l.most-1].Time()
	}
	closed := taken.AsOf.Add(-48 * time.Hour)
	for _, window := range w.Windows {
		c := calls.Coverage{Exact: true, FieldsExact: true, Method: calls.ByReading, From: window.From, To: window.To}
		if had.From.After(c.From) {
			c.From, c.AskAgain, c.Left, c.Reason = had.From, time.Minute, calls.Unknown, "the limit"
		}
		if !had.To.IsZero() && (c.To.IsZero() || had.To.Before(c.To)) {
			c.To, c.AskAgain, c.Left, c.Reason = had.To, time.Minute, calls.Unknown, "the limit"
		}
		var run []calls.Call
		for _, call := range all {
			at := call.Time()
			if at.Before(c.From) || !c.To.IsZero() && !at.Before(c.To) || at.After(taken.AsOf) || l.counted(w) && at.Before(closed) {
				continue
			}
			run = append(run, call)
		}
		if !c.To.IsZero() && c.From.After(c.To) && !window.From.After(window.To) {
			c.From = c.To
		}
		c.Complete = c.From.Equal(window.From) && c.To.Equal(window.To)
		part := calls.Part{Coverage: c}
		for some := range slices.Chunk(run, 700) {
			part.Runs = append(part.Runs, some)
		}
		taken.Parts = append(taken.Parts, part)
	}
	if l.counted(w) {
		taken.Parts[0].Method = calls.ByCounts
		taken.Counted = l.tallies(w, closed)
	}
	if l.change != nil {
		l.change(taken)
	}
	return taken, nil
}

// counted reports whether calls are counted.
func (l *fakeLog) counted(w calls.Want) bool { return l.counts && w.Count != nil }

// tallies counts calls before a moment as the API does: each status in one direction, and all
// that its query lists.
func (l *fakeLog) tallies(w calls.Want, closed time.Time) []calls.Tally {
	count := func(k calls.Kind) calls.Tally {
		n := 0
		for _, c := range l.rows {
			if w.Windows[0].Holds(c.CreatedAt) && c.CreatedAt.Before(closed) &&
				(w.Query.Direction == "" || c.Direction == w.Query.Direction) && (w.Query.Status == "" || talkover.PlainStatus(c.Status) == w.Query.Status) &&
				(k.Status == "" || talkover.PlainStatus(c.Status) == k.Status) && (k.Direction == "" || c.Direction == k.Direction) {
				n++
			}
		}
		return calls.Tally{Kind: k, Calls: n}
	}
	all := []calls.Tally{count(calls.Kind{})}
	for _, s := range w.Count.Statuses {
		for _, d := range w.Count.Directions {
			all = append(all, count(calls.Kind{Status: s, Direction: d}))
		}
	}
	return all
}

// logOf is a log of some calls.
func logOf(records []record) *fakeLog { return &fakeLog{rows: callsOf(records)} }

// frozen is a clock that stands still, so that windows are cut where the test cuts them.
func frozen() time.Time { return now }

// ask answers a question.
func ask(t testing.TB, log *fakeLog, q stats.Question) *stats.Report {
	t.Helper()
	if q.Now == nil {
		q.Now = frozen
	}
	r, err := stats.Ask(t.Context(), log, q)
	if err != nil {
		t.Fatalf("%+v by %v: %v", q.Filter, q.By, err)
	}
	return r
}

// find looks for calls.
func find(t testing.TB, log *fakeLog, s stats.Search) *stats.Found {
	t.Helper()
	found, err := stats.Find(t.Context(), log, s)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return found
}
