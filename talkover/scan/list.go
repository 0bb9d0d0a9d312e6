package scan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// reader reads a list for this question.
func (r *Run) reader(q talkover.CallQuery, first *talkover.Page[talkover.Call]) *Reader {
	last, bounded := cache.ParseDate(q.DateTo)
	closed := bounded && last <= r.state.Closed
	return &Reader{
		Calls: r.api, Query: q, Closed: closed, Backwards: closed && r.state.OldestFirst,
		Budget: max(r.state.Left, 1), Now: r.Now(), First: first, Stop: r.stop, Pace: r.pace,
		Progress: func(page, pages int) { r.tell(fmt.Sprintf("page %d of %d", page, pages), pages-page) },
	}
}

// partOf makes a part of what was read of a window; nil where it is not proven, for
// want of requests or time.
func (r *Run) partOf(w Window, calls *packer, got Reading, reader *Reader) *Part {
	p := Part{Window: w, Calls: calls.Columns(), asOf: got.AsOf, Inexact: got.Inexact}
	if calls.lost > 0 && p.Inexact == "" {
		p.Inexact = talkover.Plural(calls.lost, "call has", "calls have") + " values that no call can have"
	}
	if !got.Whole {
		if reader.Backwards {
			p.To = got.Edge
		} else {
			p.From = got.Edge.Add(time.Microsecond)
		}
		if r.done = true; calls.until == nil || calls.found < calls.want {
			r.ended = got.Reason
		}
	}
	if p.Inexact != "" && (!got.Whole || got.Limited != nil) {
		r.scrap = &p
		return nil
	}
	return &p
}

// readList reads the list with the API's filters: whole where that fits, else from
// the end that is asked for.
//
// A list of one status, which calls enter and leave, can be proven in part only
// where its days are closed, and only closed days can be read from the oldest call
// on. There the live days are a list of their own.
func (r *Run) readList(ctx context.Context) error {
	s := &r.state
	windows := []Window{r.Window}
	split := s.List > s.PageSize && (s.OldestFirst || r.Query.Status != "" && (r.Enough > 0 || s.listCost() > s.Left))
	if split && !r.Account.Zone().Other {
		live, closed := r.Window.within(Window{From: s.Closed.End()}), r.Window.within(Window{To: s.Closed.End()})
		windows = slices.DeleteFunc([]Window{live, closed}, Window.empty)
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
		calls := r.packer(s.List-total, r.Enough-found)
		if !reader.Closed && (s.OldestFirst || r.Query.Status != "") {
			calls.until = nil // to be read whole
		}
		got, err := reader.Read(ctx, &calls)
		if err != nil || r.learn(got) {
			return err
		}
		total += got.Total
		found += calls.found
		if p := r.partOf(w, &calls, got, reader); p != nil {
			p.Filtered = s.Filtered || s.Searched
			r.list = append(r.list, *p)
		}
		if !got.Whole {
			break
		}
		if r.Enough > 0 && calls.until == nil {
			last := r.list[len(r.list)-1].Calls
			found += r.passing(w, last, last.Len(), r.Matches)
		}
		if r.Enough > 0 && found >= r.Enough {
			break
		}
	}
	if len(windows) == 1 {
		s.List = total
	}
	if s.Keeps && !s.Searched {
		r.Account.Pay(r.Now(), s.From, s.To, s.pages(total))
	}
	return nil
}
