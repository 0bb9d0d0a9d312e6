package stats

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Before is what was, in the window that a question compares with. Rows are paired by
// their place in the window: the first day with the first day, an hour with that hour.
type Before struct {
	Days     Days      // of that window; its Until is the same point as the Until below
	Until    time.Time // up to which the question's window is compared; zero where it is over
	Reason   string    // why nothing is compared, in words; then the following is empty
	Coverage           // its Reason is why the window is not whole
	Totals   Row
	Rows     []Row // what each of the report's Rows was; M is nil where that window has no such place
	Beyond   []Row // of places that the question's window does not have, such as a 31st
	// Lengths are the days of either window; both are 0 for as many whole months.
	Lengths [2]int
	// HeldDays counts for each of the report's Rows the days of either window that its place
	// holds, as far as they have begun: a week at a window's end may be shorter than the one
	// that it is paired with. Both are 0 where the dimensions divide no days.
	HeldDays [][2]int
}

// IsUnlike reports whether the windows have unequal lengths.
func (b *Before) IsUnlike() bool { return b.Lengths[0] != b.Lengths[1] }

// compared answers a question about both of its windows, cut at the same point of each where the
// first one is not over at the moment of the answer. Parts of windows are never compared.
func (q *Question) compared(w *calls.Want, t *calls.Taken) *Report {
	here, there := *q, *q
	before := &Before{}
	before.Days, before.Until, _ = q.Compare.Before(q.Filter.Days, q.Filter.Zone, t.AsOf)
	here.Filter.Days.Until, there.Filter.Days = before.Until, before.Days
	r, was := here.report(w, t, 0), there.report(w, t, 1)
	r.Before, before.Coverage = before, was.Coverage
	switch {
	case !r.Complete || !was.Complete:
		before.Reason = "one of the windows could be read in part only, and parts are not compared" +
			inSeconds(max(r.AskAgain, was.AskAgain))
	case !r.Exact || !was.Exact:
		before.Reason = "one of the windows is not exact"
	default:
		before.Totals = was.Totals
		zone := q.Filter.Zone
		spans := [2]daySpan{spanOf(q.Filter.Days, t.AsOf, zone), spanOf(before.Days, earlier(before.Days.Until, t.AsOf), zone)}
		if months := spans[0].months(); months == 0 || months != spans[1].months() {
			before.Lengths = [2]int{spans[0].days(), spans[1].days()}
		}
		r.pair(was, spans[0], spans[1], q)
	}
	return r
}
