package stats

import (
	"cmp"
	"context"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Question is what [Ask] answers.
type Question struct {
	Query  talkover.CallQuery // which calls; Page and PerPage are ignored
	Filter Filter             // which calls; in place of Query, Zone and ExcludeTests
	By     []Dimension        // none, one or two
	// Metrics are figures that are wanted beyond those that cost nothing: the unreturned
	// ones, which take reading up to now, and contacts of each group.
	Metrics      []Metric
	Order        RowOrder
	Agents       []talkover.Agent // by agent alone, those to be among the rows even without a call
	Compare      Compare          // "" for nothing
	Zone         *time.Location   // of days, weekdays and hours; UTC if nil
	ExcludeTests bool
	Now          func() time.Time // time.Now if nil
	Account      *cache.Account   // keeps days that were read; nil for none
	Reserve      int              // requests to leave for another question
	Progress     func(done, total int, what string)
}

// Report is the answer to a Question.
type Report struct {
	scan.Coverage
	Totals   Row
	Rows     []Row
	Order    RowOrder          // of the rows
	BusyHour *BusyHour         // nil where not all calls were read, or there is none
	Untold   map[Metric]string // why a figure of the totals is not known, in words
	Before   *Before           // nil where the question compares with nothing
	Contacts *ContactFigures   // nil where not all calls were read
	Short    *int              // answered calls of at most 6 s; likewise
	Tests    *int              // test calls that match; likewise
	Read     *ReadPart         // of a counted answer: the largest part that was read; nil for none
}

// ReadPart holds the figures of a part of the window: what can only be read, where the
// rest was counted.
type ReadPart struct {
	From, To time.Time // zero where the window has no such end
	Calls    int
	Totals   Row
	Contacts ContactFigures
}

// BusyHour is the hour of the day with most calls (ITU-T E.600); the earliest of several.
type BusyHour struct{ Hour, Calls int }

// Ask answers a question by the plan of the fewest requests ([scan.State.Plan]), within
// the time of ctx and what the limiter lets through. What cannot be read in time is
// left out, and the answer is about the rest; where nothing can be answered, the
// error is an [*talkover.Error] with the wait.
func Ask(ctx context.Context, api scan.API, q Question) (*Report, error) {
	w := scan.Wanted{Window: windowOf(q.Query, cmp.Or(q.Zone, time.UTC)), Query: q.Query, Now: q.Now, Account: q.Account, Reserve: q.Reserve, Progress: q.Progress}
	t := &tally{by: q.By, zone: cmp.Or(q.Zone, time.UTC), status: q.Query.Status}
	if !q.ExcludeTests && q.Query.Search == "" {
		w.Counter = t
	}
	r, err := scan.Gather(ctx, api, w)
	if err != nil {
		return nil, err
	}
	if coverage, read, ok := r.Counted(); ok {
		return countedReport(r, t, q, coverage, read), nil
	}
	s, err := r.Best()
	if err != nil {
		return nil, err
	}
	g := add(r, q, s.Parts)
	report := &Report{Coverage: r.Coverage(s), Totals: exact(nil, &g.All, g.All.Calls)}
	for _, group := range g.Sorted() {
		report.Rows = append(report.Rows, exact(group.Values, &group.Figures, g.All.Calls))
	}
	contacts := g.ContactFigures()
	report.Tests, report.Contacts, report.Short = &g.Tests, &contacts, &g.All.Short
	if !report.Whole {
		r.ReadOn()
	}
	return report, nil
}

// add adds up the calls of parts.
func add(r *scan.Run, q Question, parts []scan.Part) *Groups {
	g := &Groups{By: q.By, Zone: q.Zone, ExcludeTests: q.ExcludeTests}
	for _, p := range parts {
		g.Selection = r.Selection(p.Window)
		g.Add(p.Calls)
	}
	return g
}
