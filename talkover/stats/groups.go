package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
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
	By             []Dimension
	Zone           *time.Location
	scan.Selection // which calls
	ExcludeTests   bool

	All      Figures
	InWindow int // calls of the selection, test calls included
	Tests    int // of them
	groups   map[[2]uint32]*Group
	places   [2]places
	follow   follower
}

// Add adds up the selected calls of some columns. Columns must come newest first,
// so that an agent has the name that it had last.
func (g *Groups) Add(c *cache.Columns) {
	if g.groups == nil {
		g.groups = map[[2]uint32]*Group{}
	}
	picks := g.Test(c)
	outcomes := make([]outcome, len(c.Statuses()))
	for i, s := range c.Statuses() {
		outcomes[i] = outcomeOf(s)
	}
	inbound := make([]bool, len(c.Directions()))
	for i, d := range c.Directions() {
		inbound[i] = d == "inbound"
	}
	for i, d := range g.By {
		g.places[i].open(d, c, g.Zone)
	}
	var group *Group
	var at [2]uint32 // of group
	for i := range c.Len() {
		r := c.Row(i)
		if !picks(r) {
			continue
		}
		g.InWindow++
		if r.IsTesting() {
			g.Tests++
			if g.ExcludeTests {
				continue
			}
		}
		o, seconds := outcomes[r.Status()], r.Seconds()
		g.All.add(o, seconds, r.IsTesting())
		if len(g.By) > 0 {
			var k [2]uint32
			for i := range g.By {
				k[i] = g.places[i].of(r)
			}
			if group == nil || k != at {
				if at, group = k, g.groups[k]; group == nil {
					group = &Group{Values: g.values(k)}
					g.groups[k] = group
				}
			}
			group.add(o, seconds, r.IsTesting())
		}
		missed := inbound[r.Direction()] && !o.answered && !o.open
		g.follow.add(r, missed)
	}
}

func (g *Groups) values(k [2]uint32) []Value {
	values := make([]Value, len(g.By))
	for i := range values {
		values[i] = g.places[i].values[k[i]]
	}
	return values
}

// places numbers the places of one dimension as they are met.
type places struct {
	values []Value
	number map[string]uint32 // by the key of the value
	phones map[uint64]uint32 // likewise, of packed numbers

	by     Dimension
	zone   *time.Location
	index  []uint32 // numbers by the index of the columns in hand, plus one
	list   []Value  // of that index
	last   int64    // quarter of an hour that was met last
	latest uint32   // and its place
}

// quarter is what all zones' hours and days are multiples of, in microseconds.
const quarter = int64(15 * time.Minute / time.Microsecond)

// open begins other columns.
func (p *places) open(d Dimension, c *cache.Columns, zone *time.Location) {
	if p.number == nil {
		*p = places{number: map[string]uint32{}, phones: map[uint64]uint32{}, zone: zone, by: d, last: -1}
		if p.zone == nil {
			p.zone = time.UTC
		}
	}
	p.list = p.list[:0]
	switch d {
	case ByStatus:
		for _, s := range c.Statuses() {
			p.list = append(p.list, Value{talkover.PlainStatus(s), talkover.PlainStatus(s)})
		}
	case ByDirection:
		for _, s := range c.Directions() {
			p.list = append(p.list, Value{s, s})
		}
	case ByAgent:
		for _, a := range c.Agents() {
			p.list = append(p.list, ofAgent(a))
		}
	case ByLine:
		for i := range c.Lines() {
			p.list = append(p.list, Value{c.Line(i), c.Line(i)})
		}
	}
	p.index = slices.Grow(p.index[:0], len(p.list))[:len(p.list)]
	clear(p.index)
}

// of returns the number of the place of a call.
func (p *places) of(r cache.Row) uint32 {
	switch p.by {
	case ByStatus:
		return p.indexed(r.Status())
	case ByDirection:
		return p.indexed(r.Direction())
	case ByAgent:
		return p.indexed(r.Agent())
	case ByLine:
		return p.indexed(r.Line())
	case ByContact:
		k, packed := r.ContactKey()
		if !packed {
			return p.place(Value{r.Contact(), r.Contact()})
		}
		n, ok := p.phones[k]
		if !ok {
			n = p.place(Value{r.Contact(), r.Contact()})
			p.phones[k] = n
		}
		return n
	}
	if q := r.Created() / quarter; q != p.last {
		p.last = q
		p.latest = p.place(p.by.ofTime(time.UnixMicro(r.Created()).In(p.zone)))
	}
	return p.latest
}

// indexed numbers an index of the columns in hand when a call first has it.
func (p *places) indexed(i int) uint32 {
	if p.index[i] == 0 {
		p.index[i] = p.place(p.list[i]) + 1
	}
	return p.index[i] - 1
}

// place numbers a value.
func (p *places) place(v Value) uint32 {
	n, ok := p.number[v.Key]
	if !ok {
		n = uint32(len(p.values))
		p.number[v.Key] = n
		p.values = append(p.values, v)
	}
	return n
}

// Sorted returns the groups: those of dimensions with an order in that order,
// the others by their calls, the largest first.
func (g *Groups) Sorted() []*Group {
	groups := make([]*Group, 0, len(g.groups))
	for _, group := range g.groups {
		groups = append(groups, group)
	}
	Sort(groups, g.By)
	return groups
}

// Sort sorts groups of the given dimensions. Two dimensions are in order only if
// both have one; else the largest groups come first.
func Sort(groups []*Group, by []Dimension) {
	inOrder := !slices.ContainsFunc(by, func(d Dimension) bool { return !d.InOrder() })
	slices.SortFunc(groups, func(x, y *Group) int {
		if !inOrder {
			if c := cmp.Compare(y.Calls, x.Calls); c != 0 {
				return c
			}
		}
		for i, d := range by {
			if c := d.compare(x.Values[i], y.Values[i]); c != 0 {
				return c
			}
		}
		return 0
	})
}
