package stats

import (
	"iter"
	"maps"
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Group is the calls with the same place in each dimension.
type Group struct {
	Values []Value // one for each dimension, in the order that was asked
	Figures
}

// Groups adds up calls by no, one or two dimensions, without unpacking them.
type Groups struct {
	By           []Dimension
	Filter       Filter    // which calls; Days and Search are not tested
	From, To     time.Time // from when on they count, and before when; zero for no bound
	EachContacts bool      // adds up the contacts of each group too

	All    Figures
	Tests  int // test calls that fit, whatever the filter says of test calls
	groups map[[2]uint32]*Group
	places [2]places
	follow follower
	over   scan.Window // of the days that are over
	hours  [24]int
	hour   hourOf
}

// hourOf tells the hour of the day of moments, which come in order mostly.
type hourOf struct {
	last int64 // quarter of an hour that was met last
	hour int
}

func (h *hourOf) of(at int64, zone *time.Location) int {
	if q := at / quarter; q != h.last || q == 0 {
		h.last, h.hour = q, time.UnixMicro(at).In(zone).Hour()
	}
	return h.hour
}

// Add adds up the calls of some columns that count. Columns must come newest first, so
// that an agent has the name that it had last. Of the others it takes note, for they may
// have returned a missed call.
func (g *Groups) Add(c *cache.Columns) {
	if g.groups == nil {
		g.groups = map[[2]uint32]*Group{}
		if g.EachContacts && len(g.By) > 0 {
			g.follow.perGroup = map[groupContact]int32{}
		}
	}
	test := newSelection(&g.Filter).of(c, scan.Window{From: g.From, To: g.To})
	for i, d := range g.By {
		g.places[i].open(d, c, test.zone)
	}
	overFrom, overTo := g.over.From.UnixMicro(), g.over.To.UnixMicro()
	var group *Group
	var figures *Figures // of group
	var place [2]uint32
	for i := range c.Len() {
		r := c.Row(i)
		at, o, seconds, testing := r.Created(), test.outcomes[r.Status()], r.Seconds(), r.IsTesting()
		picked := test.picks(r)
		if picked && testing {
			g.Tests++
		}
		if !g.Filter.counts(testing) {
			continue
		}
		n := g.follow.contact(r)
		k := &g.follow.contacts[n]
		k.meet(at, o.isAnswered(seconds))
		if !picked {
			continue
		}
		inbound := test.inbound[r.Direction()]
		isOver := at >= overFrom && at < overTo
		g.All.add(o, seconds, inbound, testing)
		g.hours[g.hour.of(at, test.zone)]++
		if isOver {
			g.All.ofDays++
		}
		if len(g.By) > 0 {
			var p [2]uint32
			for i := range g.By {
				p[i] = g.places[i].of(r)
			}
			if group == nil || p != place {
				if place, group = p, g.groups[p]; group == nil {
					group = &Group{Values: g.values(p)}
					g.groups[p] = group
				}
				figures = &group.Figures
			}
			group.add(o, seconds, inbound, testing)
			if isOver {
				group.ofDays++
			}
		}
		g.follow.take(n, at, seconds, inbound && o.unanswered(), figures)
	}
}

// Follow takes note of calls that do not count, and may have returned a missed one that
// was added.
func (g *Groups) Follow(c *cache.Columns) { g.follow.follow(c, &g.Filter) }

// Unreturned adds to the figures what became of missed calls. It is right where all calls
// since the first of them were added or followed, up to now.
func (g *Groups) Unreturned() { g.follow.unreturned(&g.All) }

// Count adds to the figures what is known of contacts. It must be called once, at the end.
func (g *Groups) Count() { g.follow.count(&g.All) }

// BusyHour returns the hour of the day with most calls; nil where there is no call.
func (g *Groups) BusyHour() *BusyHour {
	var most BusyHour
	for hour, calls := range g.hours {
		if calls > most.Calls {
			most = BusyHour{hour, calls}
		}
	}
	if most.Calls == 0 {
		return nil
	}
	return &most
}

// PeakConcurrent returns the most calls at one moment.
func (g *Groups) PeakConcurrent() int { return peak(g.follow.spans) }

func (g *Groups) values(k [2]uint32) []Value {
	values := make([]Value, len(g.By))
	for i := range values {
		values[i] = g.places[i].values[k[i]]
	}
	return values
}

// Each iterates over the groups, in no order.
func (g *Groups) Each() iter.Seq[*Group] { return maps.Values(g.groups) }
