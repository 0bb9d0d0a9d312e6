package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
)

// group is the calls with the same place in each dimension.
type group struct {
	values []Value // one for each dimension, in the order that was asked
	figures
	times map[uint32]int // calls with each person; nil if nobody asked
}

// missedCall is a call that may not have been returned.
type missedCall struct {
	person uint32
	at     int64
	group  *group
}

// sums adds up the calls of a window that a question is about, by its dimensions.
type sums struct {
	all    figures
	tests  int               // test calls that fit, whatever the filter says of test calls
	groups map[uint64]*group // by the numbers of their places
	hours  [24]int
	missed []missedCall

	kinds    []kind
	picks    func(*calls.Call) bool // but for test calls
	counts   func(*calls.Call) bool // which of them count
	by       []Dimension
	placers  []*placer
	hour     *clock[int]
	over     [2]int64 // between which days are over
	withheld []bool   // whether the number of a contact is
	person   []uint32 // the contact that each contact is the same person as
	times    []int    // calls with each person
	wanted   need     // what was asked for
	peaks    *peaks   // nil if nobody asked
}

// newSums adds up nothing yet.
func newSums(q *Question, t *calls.Tables, counted bool, over calls.Window) *sums {
	s := &sums{
		groups: map[uint64]*group{}, kinds: kindsOf(t.Kinds), picks: q.Filter.picks(t), counts: q.Filter.counts(t),
		hour: newClock(q.Filter.Zone, time.Time.Hour), over: [2]int64{over.From.UnixMicro(), over.To.UnixMicro()},
		times: make([]int, len(t.Contacts)), person: people(t), withheld: each(t.Contacts, isWithheld),
		wanted: q.needs(), by: q.By,
	}
	for _, d := range q.By {
		s.placers = append(s.placers, newPlacer(d, t, q, counted))
	}
	return s
}

// add takes in a call, or n of a kind, if that counts.
func (s *sums) add(c *calls.Call, n int) {
	if !s.picks(c) {
		return
	}
	if c.Test {
		s.tests += n
	}
	if !s.counts(c) {
		return
	}
	k, seconds := s.kinds[c.Kind], int(c.Seconds)
	g := s.groupOf(c)
	g.add(k, seconds, n)
	if c.At >= s.over[0] && c.At < s.over[1] {
		g.n[nOfDays] += n
	}
	s.hours[s.hour.of(c.At)] += n
	person := s.person[c.Contact]
	s.times[person] += n
	if g.times != nil {
		g.times[person] += n
	}
	if k.missed() {
		s.missed = append(s.missed, missedCall{person, c.At, g})
	}
	s.peaks.add(s, c)
}

// groupOf returns the group of a call.
func (s *sums) groupOf(c *calls.Call) *group {
	at := uint64(0)
	for _, p := range s.placers {
		at = at<<32 | uint64(p.of(c))
	}
	g := s.groups[at]
	if g == nil {
		g = &group{}
		for _, p := range s.placers {
			g.values = append(g.values, p.values[p.of(c)])
		}
		if s.wanted&numbers != 0 && len(s.placers) > 0 {
			g.times = map[uint32]int{}
		}
		g.ofTime = inOrder(s.by)
		s.groups[at] = g
	}
	return g
}

// finish adds up what is known once all calls were taken in.
func (s *sums) finish() {
	for _, g := range s.groups {
		s.all.merge(&g.figures)
		if s.peaks == nil {
			g.lacks |= moments
		}
		if g.times == nil {
			g.lacks |= numbers
		}
		for n, times := range g.times {
			g.contacted(s.withheld[n], times)
		}
	}
	s.all.lacks = 0
	if s.peaks == nil {
		s.all.lacks = moments
	}
	for n, times := range s.times {
		s.all.contacted(s.withheld[n], times)
	}
	s.peaks.tell(s)
}

// follow tells what became of missed calls up to a moment.
func (s *sums) follow(contacts []contact, now time.Time) {
	for _, m := range s.missed {
		withheld, what, ago := s.withheld[m.person], contacts[m.person].became(m.at), now.Sub(time.UnixMicro(m.at))
		s.all.became(withheld, m.person, what, ago)
		m.group.became(withheld, m.person, what, ago)
	}
}

// firstMissed returns when the first call was that may not have been returned; zero where
// there is none.
func (s *sums) firstMissed() time.Time {
	if len(s.missed) == 0 {
		return time.Time{}
	}
	first := slices.MinFunc(s.missed, func(x, y missedCall) int { return cmp.Compare(x.at, y.at) })
	return time.UnixMicro(first.at).UTC()
}

// busyHour returns the hour of the day with most calls; nil where there is no call.
func (s *sums) busyHour() *BusyHour {
	most := slices.Max(s.hours[:])
	if most == 0 {
		return nil
	}
	return &BusyHour{slices.Index(s.hours[:], most), most}
}
