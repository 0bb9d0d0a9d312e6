package stats

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// selection is a filter as it applies to calls, test calls aside: which of them count is a
// question of its own, since answers tell how many there are.
type selection struct {
	*Filter
	zone    *time.Location
	contact *cache.Prefix // nil for any
	clock   clockTest
}

func newSelection(f *Filter) *selection {
	s := &selection{Filter: f, zone: zoneOf(f.Zone)}
	if f.Contact != "" {
		p := cache.NewPrefix(f.Contact)
		s.contact = &p
	}
	s.clock = clockTest{hours: f.Hours, weekdays: f.Weekdays, zone: s.zone, last: -1}
	return s
}

// counts reports whether a test call, or another one, counts.
func (f *Filter) counts(test bool) bool {
	switch f.Tests {
	case ExcludeTests:
		return !test
	case OnlyTests:
		return test
	}
	return true
}

// statusTest says which calls in one status are asked for.
type statusTest struct {
	all     bool
	open    bool // those that are still going on
	inbound bool
}

func (f *Filter) statusTest(status string) (t statusTest) {
	plain, o := talkover.PlainStatus(status), outcomeOf(status)
	t.all = len(f.Statuses) == 0 || slices.Contains(f.Statuses, plain)
	for _, s := range f.Statuses {
		switch s {
		case StatusOpen:
			t.open = true
		case StatusUnanswered:
			t.all = t.all || o.unanswered()
		case StatusMissed:
			t.inbound = o.unanswered()
		case StatusOther:
			t.all = t.all || o == otherwise
		}
	}
	t.open = t.open && o.isOpen(0)
	return t
}

func (t statusTest) fits(o outcome, seconds int, inbound bool) bool {
	return t.all || t.inbound && inbound || t.open && o.isOpen(seconds)
}

func (f *Filter) fitsAgent(a talkover.Agent) bool {
	if f.AgentID == DeletedAgent {
		return a == talkover.Agent{}
	}
	return f.AgentID == "" || a.ID == f.AgentID
}

func (f *Filter) lasts(seconds int) bool {
	return seconds >= f.MinSeconds && (f.MaxSeconds == nil || seconds <= *f.MaxSeconds)
}

// rowTest is a selection as it applies to the calls of some columns, without unpacking them.
type rowTest struct {
	*selection
	from, to   int64 // microseconds
	outcomes   []outcome
	statuses   []statusTest
	inbound    []bool // by direction
	directions []bool
	agents     []bool
}

// of returns the test of some columns, for calls of a window.
func (s *selection) of(c *cache.Columns, w scan.Window) *rowTest {
	t := &rowTest{selection: s, from: -1 << 62, to: 1 << 62}
	if !w.From.IsZero() {
		t.from = w.From.UnixMicro()
	}
	if !w.To.IsZero() {
		t.to = w.To.UnixMicro()
	}
	for _, status := range c.Statuses() {
		t.outcomes, t.statuses = append(t.outcomes, outcomeOf(status)), append(t.statuses, s.statusTest(status))
	}
	for _, d := range c.Directions() {
		t.inbound, t.directions = append(t.inbound, d == talkover.Inbound), append(t.directions, s.Direction == "" || d == s.Direction)
	}
	for _, a := range c.Agents() {
		t.agents = append(t.agents, s.fitsAgent(a))
	}
	return t
}

func (t *rowTest) picks(r cache.Row) bool {
	at := r.Created()
	return at >= t.from && at < t.to && t.directions[r.Direction()] && t.agents[r.Agent()] &&
		t.statuses[r.Status()].fits(t.outcomes[r.Status()], r.Seconds(), t.inbound[r.Direction()]) &&
		t.lasts(r.Seconds()) && (t.contact == nil || r.ContactBegins(t.contact)) && t.clock.fits(at)
}

// clockTest tells whether a moment lies in certain hours of certain days.
type clockTest struct {
	hours    Hours
	weekdays []time.Weekday
	zone     *time.Location
	last     int64 // quarter of an hour that was met last
	fit      bool  // and whether it fits
}

func (t *clockTest) fits(at int64) bool {
	if t.hours.From == t.hours.To && len(t.weekdays) == 0 {
		return true
	}
	if q := at / quarter; q != t.last {
		t.last = q
		moment := time.UnixMicro(at).In(t.zone)
		t.fit = t.hours.hold(moment.Hour()) && (len(t.weekdays) == 0 || slices.Contains(t.weekdays, moment.Weekday()))
	}
	return t.fit
}

// hold reports whether an hour of the day is one of the hours.
func (h Hours) hold(hour int) bool {
	switch {
	case h.From == h.To:
		return true
	case h.From < h.To:
		return hour >= h.From && hour < h.To
	}
	return hour >= h.From || hour < h.To
}

// test is the [scan.Test] of the whole filter.
func (s *selection) test(c *cache.Columns) func(cache.Row) bool {
	t := s.of(c, scan.Window{})
	return func(r cache.Row) bool { return t.picks(r) && s.counts(r.IsTesting()) }
}
