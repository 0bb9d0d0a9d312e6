package stats

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Dimension is a way to divide calls.
type Dimension string

// The dimensions.
const (
	ByStatus    Dimension = "status"
	ByDirection Dimension = "direction"
	ByAgent     Dimension = "agent"
	ByDay       Dimension = "day"   // 2026-11-05
	ByWeek      Dimension = "week"  // the date of its Monday
	ByMonth     Dimension = "month" // 2026-11
	ByWeekday   Dimension = "weekday"
	ByHour      Dimension = "hour"
	ByContact   Dimension = "contact" // the other party's number
	ByLine      Dimension = "line"    // our number
	ByCountry   Dimension = "country" // the calling code of the other party's number, such as +44
	ByShift     Dimension = "shift"   // business or after_hours
)

// Weekdays are the keys of [ByWeekday], in order.
var Weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// InOrder reports whether the groups of a dimension have an order of their own.
func (d Dimension) InOrder() bool {
	switch d {
	case ByDay, ByWeek, ByMonth, ByWeekday, ByHour:
		return true
	}
	return false
}

// dividesDays reports whether each day has one place in a dimension.
func (d Dimension) dividesDays() bool { return d.InOrder() && d != ByHour }

// Value is the place of a call in one dimension.
type Value struct {
	Key  string // what tells groups apart: an agent's id, a day, a number
	Name string // how it is shown
}

// Of returns the place of a moment in a dimension that has an order. The moment
// must be in the zone that is asked for.
func (d Dimension) Of(at time.Time) Value {
	var s string
	switch d {
	case ByDay:
		s = at.Format(time.DateOnly)
	case ByWeek:
		s = monday(at).Format(time.DateOnly)
	case ByMonth:
		s = at.Format("2006-01")
	case ByWeekday:
		s = at.Format("Mon")
	case ByHour:
		return ofHour(at.Hour())
	}
	return Value{s, s}
}

// ofHour returns the place of an hour of the day.
func ofHour(hour int) Value {
	s := fmt.Sprintf("%02d", hour)
	return Value{s, s}
}

// ofStatus returns the place of a status.
func ofStatus(s string) Value {
	plain := talkover.PlainStatus(s)
	if plain == "" {
		return Other
	}
	return Value{plain, plain}
}

// ofAgent returns the place of an agent.
func ofAgent(a talkover.Agent) Value {
	if a == (talkover.Agent{}) {
		return Deleted
	}
	return Value{calls.AgentKey(a), a.Display()}
}

// Other is the place of calls of which no more is known, such as of those that are in no status that
// can be counted.
var Other = Value{"other", "other"}

// WithheldNumber is the place of calls whose other party withholds the number; they are of several people.
var WithheldNumber = Value{"withheld", "(withheld)"}

// The places of [ByShift].
const (
	Business   = "business"
	AfterHours = "after_hours"
)

// ofContact returns the place of a number of somebody else.
func ofContact(number string) Value {
	if isWithheld(number) {
		return WithheldNumber
	}
	return ofNumber(number)
}

// ofCountry returns the place of a number of somebody else, in international form without its plus.
func ofCountry(number string) Value {
	if number == "" {
		return WithheldNumber
	}
	if code := talkover.CountryCode(number); code != "" {
		return Value{"+" + code, "+" + code}
	}
	return Other
}

// Deleted is the place of calls without an agent: theirs was deleted.
var Deleted = Value{"", "(deleted)"}

func (d Dimension) compare(x, y Value) int {
	if d == ByWeekday {
		return cmp.Compare(slices.Index(Weekdays, x.Key), slices.Index(Weekdays, y.Key))
	}
	return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Key, y.Key))
}

// placer numbers the places of one dimension.
type placer struct {
	values []Value
	number map[string]uint32 // by the key of the value
	of     func(*calls.Call) uint32
}

// newPlacer numbers the places of calls of some tables, or of what the API counted too.
func newPlacer(d Dimension, t *calls.Tables, q *Question, counted bool) *placer {
	p := &placer{number: map[string]uint32{}}
	switch d {
	case ByStatus:
		kinds := places(p, t.Kinds, func(k calls.Kind) Value {
			if counted && outcomeOf(k.Status) == otherwise {
				return Other // the API counts no status that it does not document
			}
			return ofStatus(k.Status)
		})
		p.of = func(c *calls.Call) uint32 { return kinds[c.Kind] }
	case ByDirection:
		kinds := places(p, t.Kinds, func(k calls.Kind) Value { return Value{k.Direction, k.Direction} })
		p.of = func(c *calls.Call) uint32 { return kinds[c.Kind] }
	case ByAgent:
		agents := places(p, t.Agents, ofAgent)
		p.of = func(c *calls.Call) uint32 { return agents[c.Agent] }
	case ByContact:
		contacts := places(p, people(t), func(n uint32) Value { return ofContact(t.Contacts[n]) })
		p.of = func(c *calls.Call) uint32 { return contacts[c.Contact] }
	case ByCountry:
		plain := numbering(t)
		countries := places(p, t.Contacts, func(number string) Value { return ofCountry(plain(number)) })
		p.of = func(c *calls.Call) uint32 { return countries[c.Contact] }
	case ByShift:
		shifts := newClock(q.Filter.Zone, func(at time.Time) uint32 {
			if q.Business.hold(at) {
				return p.place(Value{Business, Business})
			}
			return p.place(Value{AfterHours, AfterHours})
		})
		p.of = func(c *calls.Call) uint32 { return shifts.of(c.At) }
	case ByLine:
		lines := places(p, t.Lines, ofNumber)
		p.of = func(c *calls.Call) uint32 { return lines[c.Line] }
	default:
		moments := newClock(q.Filter.Zone, func(at time.Time) uint32 { return p.place(d.Of(at)) })
		p.of = func(c *calls.Call) uint32 { return moments.of(c.At) }
	}
	return p
}

// ofNumber returns the place of a number.
func ofNumber(number string) Value { return Value{number, number} }

// places numbers the places of all of a table.
func places[T any](p *placer, table []T, of func(T) Value) []uint32 {
	numbers := make([]uint32, len(table))
	for i, v := range table {
		numbers[i] = p.place(of(v))
	}
	return numbers
}

// place numbers a value.
func (p *placer) place(v Value) uint32 {
	n, ok := p.number[v.Key]
	if !ok {
		n = uint32(len(p.values))
		p.number[v.Key] = n
		p.values = append(p.values, v)
	}
	return n
}
