package stats

import (
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

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
			p.list = append(p.list, ofStatus(s))
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
