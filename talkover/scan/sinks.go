package scan

import (
	"math"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// mostCheap is the most requests that a search goes on for once it has enough, so that it
// can tell how many calls there are.
const mostCheap = 20

// cheap returns how many requests are few, by what the limiter lets through.
func (r *Run) cheap() int { return min(mostCheap, r.state.Left/3) }

// until returns the test of a search that ends as soon as it has enough; nil for
// any other question, and where so many calls are cheap to read.
func (r *Run) until(calls int) func(talkover.Call) bool {
	if r.Enough == 0 || calls != Unknown && r.state.pages(calls) <= r.cheap() {
		return nil
	}
	return func(c talkover.Call) bool { return r.Window.holds(c.CreatedAt) && r.Matches.one(c) }
}

// packer returns a packer for so many calls, which ends as soon as it has enough of those
// that a search wants.
func (r *Run) packer(calls, enough int) packer {
	p := packer{until: r.until(calls), want: enough, of: calls, few: r.cheap() * r.state.PageSize}
	if calls < 0 { // Unknown
		p.of = math.MaxInt
	}
	return p
}

// packer is a [Sink] that packs calls, until it has enough.
type packer struct {
	cache.Builder
	until func(talkover.Call) bool // nil for all
	want  int
	of    int       // calls that there are, as far as is known
	few   int       // where so few of them are left, the rest is read too
	found int       // before those of the same moment as the last one
	at    time.Time // that moment
	here  int       // what was found at it: more of it may follow
	lost  int       // calls that could not be packed
	added int       // calls so far
}

// Reset implements [Sink].
func (p *packer) Reset() {
	p.Builder.Reset()
	p.found, p.here, p.lost, p.added = 0, 0, 0, 0
}

// Add implements [Sink].
func (p *packer) Add(c talkover.Call) bool {
	if p.Builder.Add(c) != nil {
		p.lost++
	}
	return p.goesOn(c)
}

func (p *packer) goesOn(c talkover.Call) bool {
	if p.until == nil {
		return true
	}
	if !c.CreatedAt.Equal(p.at) {
		p.found, p.here, p.at = p.found+p.here, 0, c.CreatedAt
	}
	if p.until(c) {
		p.here++
	}
	p.added++
	return p.found < p.want || p.of-p.added <= p.few
}

// dayPacker is a [Sink] that packs the calls of each UTC day apart.
type dayPacker struct {
	packer
	from, to cache.Date
	days     map[cache.Date]*cache.Builder
}

// Reset implements [Sink].
func (p *dayPacker) Reset() {
	p.packer.Reset()
	p.days = map[cache.Date]*cache.Builder{}
}

// Add implements [Sink].
func (p *dayPacker) Add(c talkover.Call) bool {
	d := cache.DateOf(c.CreatedAt)
	if d < p.from || d > p.to {
		return p.goesOn(c)
	}
	if p.days[d] == nil {
		p.days[d] = new(cache.Builder)
	}
	if p.days[d].Add(c) != nil {
		p.lost++
	}
	return p.goesOn(c)
}

// columns returns the calls of a day.
func (p *dayPacker) columns(d cache.Date) *cache.Columns {
	if b := p.days[d]; b != nil {
		return b.Columns()
	}
	return new(cache.Builder).Columns()
}

// putBefore puts calls of a day that were read earlier before those that were read now.
func (p *dayPacker) putBefore(d cache.Date, read *cache.Columns) {
	all := new(cache.Builder)
	for _, c := range []*cache.Columns{read, p.columns(d)} {
		for row := range c.Rows() {
			if all.Add(row.Call()) != nil {
				p.lost++
			}
		}
	}
	p.days[d] = all
}
