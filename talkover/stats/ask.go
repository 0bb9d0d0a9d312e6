package stats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Log gets the calls of an account; [calls.Log] is one.
type Log interface {
	Calls(context.Context, calls.Want) (*calls.Taken, error)
}

// Question is what [Ask] answers.
type Question struct {
	Filter   Filter      // which calls
	By       []Dimension // none, one or two
	Business Hours       // what [ByShift] means
	// Metrics are figures that are wanted beyond those that cost nothing: [Unreturned] and
	// its parts, which take all calls up to now, and [Contacts], [Repeat] and [Withheld] of
	// each group. What is counted alone does for those that it tells.
	Metrics  []Metric
	Order    RowOrder         // of the rows
	MinCalls *int             // of a row that ranks; nil for 20 where a rate or a mean of calls ranks
	Hidden   bool             // the answer hides numbers, so that the order of rows must not tell them
	Agents   []talkover.Agent // by agent alone, those to be among the rows even without a call
	Compare  Compare          // "" for nothing
	Now      func() time.Time // time.Now if nil
	Progress func(done, total int, what string)
}

// needs adds up what must be known for what was asked for by name.
func (q *Question) needs() need {
	needs := q.Order.row().needs
	for _, name := range q.Metrics {
		needs |= name.row().needs
	}
	return needs
}

// Ask answers a question by one look at a log, so that all of it is of one moment. What cannot be
// had in the time of ctx is left out, and the answer is about the rest; where nothing can be
// answered, the error is an [*talkover.Error] with the wait. A question that compares days
// without a first one fails with [ErrNoBeginning].
func Ask(ctx context.Context, log Log, q Question) (*Report, error) {
	if q.Now == nil {
		q.Now = time.Now
	}
	w := q.Filter.want(q.needs()&later != 0)
	w.Progress = q.Progress
	if q.Compare != "" {
		if err := q.wantBoth(&w); err != nil {
			return nil, err
		}
	}
	if q.needs()&moments != 0 {
		q.wantReaching(&w)
	}
	if len(w.Windows) == 1 && q.countable() {
		w.Count = q.Filter.countable(w.Query)
	}
	t, err := take(ctx, log, w)
	if err != nil {
		return nil, err
	}
	if q.Compare != "" {
		return q.compared(&w, t), nil
	}
	return q.report(&w, t, 0), nil
}

// wantBoth adds the window that a question compares with to those that are wanted, from which on
// calls are followed. Where it is cut is known once the moment of the answer is.
func (q *Question) wantBoth(w *calls.Want) error {
	q.Filter.Days.To = cmp.Or(q.Filter.Days.To, dayOf(q.Now().In(zoneOf(q.Filter.Zone))).Format(time.DateOnly))
	other := q.Filter
	var err error
	if other.Days, _, err = q.Compare.Before(q.Filter.Days, q.Filter.Zone, q.Now()); err != nil {
		return err
	}
	other.Days.Until = time.Time{}
	w.Windows[0] = q.Filter.Window()
	w.Windows = slices.Insert(w.Windows, 1, other.Window())
	if len(w.Windows) > 2 {
		w.Windows[2].From = other.Window().From
	}
	return nil
}

// countable reports whether counts do for a question: they tell some figure that was asked for,
// what rows are sorted by, and all dimensions.
func (q *Question) countable() bool {
	tells := func(m metricRow) bool { return m.needs&^overDays == 0 }
	told := slices.ContainsFunc(q.Metrics, func(name Metric) bool { return tells(name.row()) })
	return (len(q.Metrics) == 0 || told) && tells(q.Order.row()) &&
		!slices.ContainsFunc(q.By, func(d Dimension) bool { return d != ByStatus && d != ByDirection })
}

// take has a log get calls. It fails where nothing is known of the first window, with when to ask
// again.
func take(ctx context.Context, log Log, w calls.Want) (*calls.Taken, error) {
	t, err := log.Calls(ctx, w)
	if err == nil && isNothing(t.Parts[0].Coverage) {
		err = t.Parts[0].Unfinished()
	}
	return t, err
}

// isNothing reports whether nothing is known of the calls of a window.
func isNothing(c calls.Coverage) bool {
	return !c.Complete && !c.To.IsZero() && !c.From.Before(c.To)
}

// counted is the length that calls in closed days have that were counted: those in status
// answered are over.
const counted = 1

// tallied adds the kinds of calls that the API counted to the tables, and a contact for them. The
// calls of no kind that was counted have a status that is not documented.
func (q *Question) tallied(w *calls.Want, t *calls.Taken) (*calls.Tables, []calls.Tally) {
	if t.Counted == nil {
		return t.Tables, nil
	}
	rest := calls.Tally{Kind: calls.Kind{Status: Other.Key, Direction: cmp.Or(w.Query.Direction, Other.Key)}}
	rest.Calls = t.Counted[0].Calls
	tables := *t.Tables
	tables.Kinds, tables.Contacts = slices.Clone(t.Kinds), append(slices.Clip(t.Contacts), "")
	for _, tally := range t.Counted[1:] {
		rest.Calls -= tally.Calls
		tables.Kinds = append(tables.Kinds, tally.Kind)
	}
	tables.Kinds = append(tables.Kinds, rest.Kind)
	return &tables, append(slices.Clone(t.Counted[1:]), rest)
}

// report answers a question about one of the windows that were taken, by its filter.
func (q *Question) report(w *calls.Want, t *calls.Taken, window int) *Report {
	part := &t.Parts[window]
	tables, tallies := q.tallied(w, t)
	within := calls.Window{From: part.From, To: earlier(part.To, q.Filter.Window().To)}
	r := &Report{Coverage: Coverage{Coverage: part.Coverage, AsOf: t.AsOf}, By: q.By, Order: q.Order.of(q.By), MinCalls: q.minCalls()}
	r.over = daysOver(within, &q.Filter, q.By, t.AsOf)
	s := newSums(q, tables, t.Counted != nil, r.over.Window)
	reaching, why := [][]calls.Call(nil), ""
	s.peaks, reaching, why = q.peaksOf(w, t, window, within)
	if why != "" {
		r.lacks = append(r.lacks, lack{moments, why})
	}
	fits := q.Filter.test(tables, func(row *filterRow) bool { return row != dates })
	for _, run := range reaching {
		for i := range run {
			if fits(&run[i]) {
				s.peaks.add(s, &run[i])
			}
		}
	}
	for _, run := range part.Runs {
		for i := range run {
			s.add(&run[i], 1)
		}
	}
	for i, tally := range tallies {
		c := calls.Call{At: within.From.UnixMicro(), Contact: uint32(len(t.Contacts)), Seconds: counted}
		c.Kind = uint16(len(t.Kinds) + i)
		s.add(&c, tally.Calls)
	}
	s.finish()
	if l := q.lacking(w, t, window, s); l.need != 0 {
		r.lacks = append(r.lacks, l)
	}
	r.fill(s)
	r.addAgents(q)
	r.rank(q)
	return r
}

// lack is what is not known, and why, in words.
type lack struct {
	need
	why string
}

// lacking tells what is not known of calls that were added up, and follows those that were missed
// where that can be.
func (q *Question) lacking(w *calls.Want, t *calls.Taken, window int, s *sums) lack {
	if t.Counted != nil {
		return lack{^overDays, "Talkover counts calls, and tells neither their durations, hours nor numbers"}
	}
	since, why := q.since(w, t, window)
	first := s.firstMissed()
	if since != nil && why == "" && since.From.After(first) {
		why = onlyNewest(since)
	}
	if why != "" && !first.IsZero() {
		return lack{later, why}
	}
	if since != nil {
		s.follow(q.Filter.follow(t.Tables, since.Runs), t.AsOf)
	}
	return lack{}
}

// since returns the part that has all calls up to now since it begins, or why there is none. That
// depends on the question alone, and not on what is kept: the same question has the same
// figures twice.
func (q *Question) since(w *calls.Want, t *calls.Taken, window int) (*calls.Part, string) {
	last := len(w.Windows) - 1
	switch to := w.Windows[0].To; {
	case q.needs()&later != 0:
	case window > 0 || w.Query != talkover.CallQuery{} || w.Search != "" || !to.IsZero() && !to.After(t.AsOf):
		return nil, allSince + ", whatever the filters, which are read only if it is asked for"
	default:
		last = 0
	}
	if !t.Parts[last].Exact {
		return nil, allSince + ", which could not be read whole"
	}
	return &t.Parts[last], ""
}

// allSince is what figures of missed calls depend on.
const allSince = "it depends on all calls since, up to now"

// onlyNewest says that not all of them could be read.
func onlyNewest(since *calls.Part) string {
	return allSince + ", of which only the newest could be read" + inSeconds(since.AskAgain)
}

// inSeconds words when to ask again; a wait of 0 would not help, and is not told.
func inSeconds(wait time.Duration) string {
	if wait == 0 {
		return ""
	}
	return fmt.Sprintf("; ask again in %d s", (wait+time.Second-1)/time.Second)
}
