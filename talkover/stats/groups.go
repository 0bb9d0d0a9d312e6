package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
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

// Value is the place of a call in one dimension.
type Value struct {
	Key  string // what tells groups apart: an agent's id, a day, a number
	Name string // how it is shown
}

// Of returns the place of a call, with days and hours as they are in zone.
func (d Dimension) Of(c talkover.Call, zone *time.Location) Value {
	at := c.CreatedAt.In(zone)
	var s string
	switch d {
	case ByStatus:
		s = c.Status
	case ByDirection:
		s = c.Direction
	case ByAgent:
		if c.Agent == (talkover.Agent{}) {
			return NoAgent
		}
		return Value{cmp.Or(c.Agent.ID, c.Agent.Name, c.Agent.Label), c.Agent.Display()}
	case ByDay:
		s = at.Format(time.DateOnly)
	case ByWeek:
		s = monday(at).Format(time.DateOnly)
	case ByMonth:
		s = at.Format("2006-01")
	case ByWeekday:
		s = at.Format("Mon")
	case ByHour:
		s = fmt.Sprintf("%02d", at.Hour())
	case ByContact:
		s = Contact(c)
	case ByLine:
		s = Line(c)
	}
	return Value{s, s}
}

// NoAgent is the place of calls whose agent was deleted.
var NoAgent = Value{"", "(no agent)"}

// Group is the calls with the same place in each dimension.
type Group struct {
	Values []Value // one for each dimension, in the order that was asked
	Figures
}

// Groups adds up calls by no, one or two dimensions. It is a [Sink].
type Groups struct {
	By           []Dimension
	Zone         *time.Location
	From, To     time.Time // only calls from From to before To; unbounded where zero
	ExcludeTests bool

	All      Figures
	InWindow int // calls from From to before To, test calls included
	Tests    int // of them
	groups   map[[2]string]*Group
	contacts map[string]*contact
	spans    []span
}

// contact is what is known of the calls with one number.
type contact struct {
	calls  int
	latest time.Time
	missed int // inbound missed calls at that moment, which is to say with no later call
}

type span struct{ start, end time.Time }

// Reset implements [Sink].
func (g *Groups) Reset() {
	*g = Groups{
		By: g.By, Zone: g.Zone, From: g.From, To: g.To, ExcludeTests: g.ExcludeTests,
		groups: map[[2]string]*Group{}, contacts: map[string]*contact{},
	}
}

// Add implements [Sink]; it always wants more.
func (g *Groups) Add(c talkover.Call) bool {
	if !inWindow(c, g.From, g.To) {
		return true
	}
	g.InWindow++
	if c.IsTesting {
		g.Tests++
		if g.ExcludeTests {
			return true
		}
	}
	g.All.Add(c)
	if len(g.By) > 0 {
		values, k := place(g.By, c, g.Zone)
		group := g.groups[k]
		if group == nil {
			group = &Group{Values: values}
			g.groups[k] = group
		}
		group.Add(c)
	}
	g.follow(c)
	return true
}

// place is where a call stands in all dimensions, and the key of its group.
func place(by []Dimension, c talkover.Call, zone *time.Location) (values []Value, key [2]string) {
	values = make([]Value, len(by))
	for i, d := range by {
		values[i] = d.Of(c, zone)
		key[i] = values[i].Key
	}
	return values, key
}

func (g *Groups) follow(c talkover.Call) {
	if c.Duration > 0 {
		g.spans = append(g.spans, span{c.CreatedAt, c.CreatedAt.Add(time.Duration(c.Duration) * time.Second)})
	}
	k := g.contacts[Contact(c)]
	if k == nil {
		k = new(contact)
		g.contacts[Contact(c)] = k
	}
	k.calls++
	switch {
	case c.CreatedAt.Before(k.latest):
		return
	case c.CreatedAt.After(k.latest):
		k.latest, k.missed = c.CreatedAt, 0
	}
	if c.Direction == "inbound" && IsMissed(c) {
		k.missed++
	}
}

// ContactFigures are what is told of contacts where all calls were read.
type ContactFigures struct {
	Contacts         int // distinct other parties
	Repeat           int // of them, with two calls or more
	UnreturnedMissed int // inbound missed calls with no later call with that number
	PeakConcurrent   int // the most calls at one moment
}

// ContactFigures adds up the contacts so far.
func (g *Groups) ContactFigures() ContactFigures {
	f := ContactFigures{Contacts: len(g.contacts)}
	for _, k := range g.contacts {
		if k.calls > 1 {
			f.Repeat++
		}
		f.UnreturnedMissed += k.missed
	}
	// At one moment, calls end before others begin.
	type edge struct {
		at   time.Time
		step int
	}
	edges := make([]edge, 0, 2*len(g.spans))
	for _, s := range g.spans {
		edges = append(edges, edge{s.start, 1}, edge{s.end, -1})
	}
	slices.SortFunc(edges, func(x, y edge) int { return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.step, y.step)) })
	now := 0
	for _, e := range edges {
		now += e.step
		f.PeakConcurrent = max(f.PeakConcurrent, now)
	}
	return f
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

func (d Dimension) compare(x, y Value) int {
	if d == ByWeekday {
		return cmp.Compare(slices.Index(Weekdays, x.Key), slices.Index(Weekdays, y.Key))
	}
	return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Key, y.Key))
}

// Row is the measures of a set of calls; Values is empty for the totals.
type Row struct {
	Values  []Value
	M       map[Metric]Measure
	figures *Figures // where all calls were read
}

// None is the row of a group without calls, of so many in all.
func None(values []Value, of int) Row { return exact(values, new(Figures), of) }

// Rest is the row that other rows add up to, of so many calls in all: exact where
// all calls were read, else without what cannot be added up.
func Rest(rows []Row, of int) Row {
	all := new(Figures)
	for _, r := range rows {
		if r.figures == nil {
			return sum(rows)
		}
		all.Merge(r.figures)
	}
	return exact(nil, all, of)
}

// sum adds up rows of counts and estimates.
func sum(rows []Row) Row {
	m := map[Metric]Measure{}
	var final, answered, talked float64
	for _, r := range rows {
		for _, name := range []Metric{Calls, Share, Answered, NoAnswer, Busy, Failed, Open, TalkSeconds} {
			v, s := r.M[name], m[name]
			s.Value += v.Value
			s.Known = s.Known || v.Known
			s.Estimate = s.Estimate || v.Estimate
			m[name] = s
		}
		if rate := r.M[AnswerRate]; rate.Known {
			n := r.M[Calls].Value - r.M[Open].Value
			final += n
			answered += n * rate.Value
		}
		if mean := r.M[MeanSeconds]; mean.Known {
			talked += r.M[Answered].Value
		}
	}
	if final > 0 {
		m[AnswerRate] = Measure{Value: min(answered/final, 1), Known: true, Estimate: m[Answered].Estimate}
	}
	if talked > 0 && m[TalkSeconds].Known {
		m[MeanSeconds] = Measure{Value: m[TalkSeconds].Value / talked, Known: true, Estimate: m[TalkSeconds].Estimate}
	}
	for name, v := range m { // intervals of sums would need more than the parts' own
		v.Interval = Interval{v.Value, v.Value}
		m[name] = v
	}
	return Row{M: m}
}

// exact is the row of figures of calls that were all read.
func exact(values []Value, f *Figures, of int) Row {
	m := map[Metric]Measure{}
	set := func(name Metric, v float64, known bool) { m[name] = Measure{Value: v, Known: known} }
	set(Calls, float64(f.Calls), true)
	set(Share, ratio(f.Calls, of), of > 0)
	set(Answered, float64(f.Answered), true)
	set(AnswerRate, f.AnswerRate(), f.Final() > 0)
	set(NoAnswer, float64(f.NoAnswer), true)
	set(Busy, float64(f.Busy), true)
	set(Failed, float64(f.Failed), true)
	set(Open, float64(f.Open), true)
	set(TalkSeconds, float64(f.Talk), true)
	set(MeanSeconds, f.Mean(), f.Answered > 0)
	set(MedianSeconds, float64(f.Quantile(0.5)), f.Answered > 0)
	set(P95Seconds, float64(f.Quantile(0.95)), f.Answered > 0)
	return Row{values, m, f}
}

// SortRows sorts rows as [Sort] sorts groups.
func SortRows(rows []Row, by []Dimension) {
	groups := make([]*Group, len(rows))
	of := make(map[*Group]Row, len(rows))
	for i, r := range rows {
		groups[i] = &Group{Values: r.Values, Figures: Figures{Calls: int(math.Round(r.M[Calls].Value))}}
		of[groups[i]] = r
	}
	Sort(groups, by)
	for i, g := range groups {
		rows[i] = of[g]
	}
}
