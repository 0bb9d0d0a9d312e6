package scan_test

import (
	"context"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
	"github.com/talkover/talkover-mcp/talkover/scan/scantest"
)

// The log and the API of these tests.
type (
	record  = scantest.Record
	fakeAPI = scantest.API
	served  = scantest.Served
	memory  = scantest.Store
)

var (
	now      = scantest.Now
	clock    = scantest.Clock
	generate = scantest.Generate
	invent   = scantest.Invent
	within   = scantest.Within
	calls    = scantest.Calls
	statuses = scantest.Statuses
	client   = scantest.Client
)

const (
	initiated = scantest.Initiated
	ringing   = scantest.Ringing
	answered  = scantest.Answered
	completed = scantest.Completed
	failed    = scantest.Failed
	busy      = scantest.Busy
	noAnswer  = scantest.NoAnswer
	voicemail = scantest.Voicemail
)

// answer holds the calls that a [scan.Run] got, and what is known of them.
type answer struct {
	scan.Coverage
	calls []talkover.Call
}

// get gets the calls that are wanted, as a question does that is about all of them.
func get(ctx context.Context, api scan.API, w scan.Wanted) (*answer, error) {
	run, err := scan.Gather(ctx, api, w)
	a, err := got(run, err)
	if err == nil && !a.Whole {
		run.ReadOn()
	}
	return a, err
}

// got returns what a run got.
func got(run *scan.Run, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	segment, err := run.Best()
	if err != nil {
		return nil, err
	}
	a := &answer{Coverage: run.Coverage(segment)}
	for _, p := range segment.Parts {
		picks := run.Selection(p.Window).Test(p.Calls)
		for row := range p.Calls.Rows() {
			if picks(row) {
				a.calls = append(a.calls, row.Call())
			}
		}
	}
	return a, nil
}

// there counts the calls of a log that the answer is about.
func (a *answer) there(log []talkover.Call) int {
	n := 0
	for _, c := range log {
		if !c.CreatedAt.Before(a.From) && (a.To.IsZero() || c.CreatedAt.Before(a.To)) {
			n++
		}
	}
	return n
}

// daysOf returns the window of days of a zone, both included.
func daysOf(t testing.TB, from, to time.Time, zone string) scan.Window {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	day := func(at time.Time, add int) time.Time {
		return time.Date(at.Year(), at.Month(), at.Day()+add, 0, 0, 0, 0, z).UTC()
	}
	return scan.Window{From: day(from, 0), To: day(to, 1)}
}
