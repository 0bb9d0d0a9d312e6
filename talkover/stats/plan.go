package stats

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// API is what the plan asks; [talkover.Client] is one.
type API interface {
	Lister
	ListAgents(context.Context, talkover.AgentQuery) (talkover.AgentPage, error)
}

// Question is what [Ask] answers.
type Question struct {
	Query        talkover.CallQuery // which calls; Page and PerPage are ignored
	By           []Dimension        // none, one or two
	Zone         *time.Location     // of days, weekdays and hours
	ExcludeTests bool
	Now          time.Time
	Budget       int // the most requests, but for readings of a log that moves
	Progress     func(done, total int, what string)
}

// Measure is one figure. An estimate has an interval.
type Measure struct {
	Value    float64
	Known    bool // false where it cannot be told
	Estimate bool
	Interval
}

// Metric names a measure, as answers do.
type Metric string

// The metrics of totals and of each group.
const (
	Calls         Metric = "calls"
	Share         Metric = "share" // of calls
	Answered      Metric = "answered"
	AnswerRate    Metric = "answer_rate" // of final calls
	NoAnswer      Metric = "no_answer"
	Busy          Metric = "busy"
	Failed        Metric = "failed"
	Open          Metric = "open"
	TalkSeconds   Metric = "talk_seconds"
	MeanSeconds   Metric = "mean_seconds"
	MedianSeconds Metric = "median_seconds"
	P95Seconds    Metric = "p95_seconds"
)

// Metrics are all of them, in the order of answers.
var Metrics = []Metric{
	Calls, Share, Answered, AnswerRate, NoAnswer, Busy, Failed, Open,
	TalkSeconds, MeanSeconds, MedianSeconds, P95Seconds,
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

// Report is the answer to a Question.
type Report struct {
	Coverage
	Totals   Row
	Rows     []Row
	Contacts *ContactFigures // nil where not all calls were read
	Short    *int            // answered calls of at most 6 s; likewise
	Tests    *int            // test calls that match; nil where they cannot be told
	UTCDays  bool            // groups by day are of UTC days, whatever the zone
}

// Ask answers a question in the fewest requests. It reads every call where that
// fits the budget ([Scan]); else it has the API count by filters, where each
// dimension is one that the API can filter by ([Counts]); else it takes a sample
// from all over the log ([Sample]).
func Ask(ctx context.Context, api API, q Question) (*Report, error) {
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	p := &plan{Question: q, api: api}
	first, err := p.first(ctx)
	if err != nil {
		return nil, err
	}
	p.size = pageSize(first)
	if first.Pagination == nil || p.pages(first.Pagination.Total)+1 <= p.Budget { // and the first once more
		return p.scan(ctx, first)
	}
	p.matched = first.Pagination.Total
	if q, _, _ := wide(q.Query, q.Zone); q != p.Query { // which is counted as the API cuts days
		if p.matched, err = p.countOf(ctx, p.Query); err != nil {
			return nil, err
		}
	}
	return p.count(ctx)
}

// plan is one question on its way.
type plan struct {
	Question
	api     API
	matched int
	size    int // rows of a full page
	mu      sync.Mutex
	spent   int
	total   int // requests that the plan will take, as far as it knows
}

// tell counts a request and says so before it goes.
func (p *plan) tell(what string) {
	p.mu.Lock()
	p.spent++
	done, total := p.spent, max(p.total, p.spent)
	p.mu.Unlock()
	if p.Progress != nil {
		p.Progress(done, total, what)
	}
}

// wide is a query as it is read where days are those of zone, while the API's
// are UTC: wider by up to a day, to be cut at from (included) and to (excluded),
// which are zero where there is nothing to cut.
func wide(q talkover.CallQuery, zone *time.Location) (wider talkover.CallQuery, from, to time.Time) {
	if zone.String() == "UTC" {
		return q, from, to
	}
	if t, err := time.Parse(time.DateOnly, q.DateFrom); err == nil {
		from = startOf(t, zone)
		q.DateFrom = from.UTC().Format(time.DateOnly)
	}
	if t, err := time.Parse(time.DateOnly, q.DateTo); err == nil {
		to = startOf(t.AddDate(0, 0, 1), zone)
		q.DateTo = to.Add(-time.Nanosecond).UTC().Format(time.DateOnly)
	}
	return q, from, to
}

// startOf is the first moment of a day in a zone; where clocks go forward at
// midnight, that is not 00:00.
func startOf(day time.Time, zone *time.Location) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	for t.Day() != day.Day() {
		t = t.Add(15 * time.Minute)
	}
	return t
}

// inWindow reports whether a call lies between from and to.
func inWindow(c talkover.Call, from, to time.Time) bool {
	return (from.IsZero() || !c.CreatedAt.Before(from)) && (to.IsZero() || c.CreatedAt.Before(to))
}

func (p *plan) first(ctx context.Context) (talkover.CallPage, error) {
	q, _, _ := wide(p.Query, p.Zone)
	q.Page, q.PerPage = 1, talkover.MaxPerPage
	p.tell("page 1")
	return p.api.ListCalls(talkover.Bulk(ctx), q)
}

// pages is how many pages so many calls take.
func (p *plan) pages(calls int) int { return (calls + p.size - 1) / p.size }

// scan reads every call.
func (p *plan) scan(ctx context.Context, first talkover.CallPage) (*Report, error) {
	q, from, to := wide(p.Query, p.Zone)
	g := &Groups{By: p.By, Zone: p.Zone, From: from, To: to, ExcludeTests: p.ExcludeTests}
	r := &Reader{Calls: p.api, Query: q, Budget: p.Budget, Now: p.Now, First: &first, Progress: func(page, pages int) {
		p.mu.Lock()
		p.total = pages
		p.mu.Unlock()
		p.tell(fmt.Sprintf("page %d of %d", page, pages))
	}}
	c, err := r.Read(ctx, g)
	if err != nil {
		return nil, err
	}
	if c.Complete && (!from.IsZero() || !to.IsZero()) {
		c.Matched = g.InWindow // the API counted a wider window
	}
	report := &Report{Coverage: c, Totals: exact(nil, &g.All, g.All.Calls)}
	for _, group := range g.Sorted() {
		report.Rows = append(report.Rows, exact(group.Values, &group.Figures, g.All.Calls))
	}
	report.Tests = &g.Tests
	if c.Complete {
		contacts := g.ContactFigures()
		report.Contacts, report.Short = &contacts, &g.All.Short
	}
	return report, nil
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
