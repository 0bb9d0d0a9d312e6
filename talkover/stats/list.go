package stats

import (
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// readList reads the list with the API's filters: whole where that fits, else from
// the end that is asked for.
//
// A list of one status, which calls enter and leave, can be proven in part only
// where its days are closed, and only closed days can be read from the oldest call
// on. There the live days are a list of their own.
func (r *run) readList(ctx context.Context) error {
	s := &r.state
	windows := []window{r.window}
	split := s.List > s.PageSize && (s.OldestFirst || r.query.Status != "" && (r.enough > 0 || s.listCost() > s.Left))
	if split && !r.account.Zone().Other {
		live, closed := r.window.within(window{from: s.Closed.End()}), r.window.within(window{to: s.Closed.End()})
		windows = slices.DeleteFunc([]window{live, closed}, window.empty)
		r.first = nil
	}
	if s.OldestFirst {
		slices.Reverse(windows)
	}
	total, found := 0, 0
	for _, w := range windows {
		s.Left = r.left(ctx)
		reader := r.reader(r.listQuery(w), r.first)
		r.first = nil
		calls := packer{until: r.until(), want: r.enough - found}
		if !reader.Closed && (s.OldestFirst || r.query.Status != "") {
			calls.until = nil // to be read whole
		}
		got, err := reader.Read(ctx, &calls)
		if err != nil || r.learn(got) {
			return err
		}
		total += got.Total
		found += calls.found
		if p := r.partOf(w, &calls, got, reader); p != nil {
			p.listed = true
			r.list = append(r.list, *p)
		}
		if !got.Whole {
			break
		}
		if r.enough > 0 && calls.until == nil {
			found += r.matching(w, r.list[len(r.list)-1].calls)
		}
		if r.enough > 0 && found >= r.enough {
			break
		}
	}
	if len(windows) == 1 {
		s.List = total
	}
	if s.Keeps && !s.Searched {
		r.account.Pay(r.clock(), s.From, s.To, s.pages(total))
	}
	return nil
}

// until returns the test of a search that ends as soon as it has enough; nil for
// any other question.
func (r *run) until() func(talkover.Call) bool {
	if r.enough == 0 {
		return nil
	}
	return func(c talkover.Call) bool { return r.window.holds(c.CreatedAt) && r.matches(c) }
}

// packer is a [Sink] that packs calls, until it has enough.
type packer struct {
	cache.Builder
	until func(talkover.Call) bool // nil for all
	want  int
	found int       // before those of the same moment as the last one
	at    time.Time // that moment
	here  int       // what was found at it: more of it may follow
	lost  int       // calls that could not be packed
}

// Reset implements [Sink].
func (p *packer) Reset() {
	p.Builder.Reset()
	p.found, p.here, p.lost = 0, 0, 0
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
	return p.found < p.want
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
