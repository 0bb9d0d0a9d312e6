package stats

import (
	"context"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// API lists calls and agents. [talkover.Client] implements it.
type API interface {
	Lister
	ListAgents(context.Context, talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error)
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

// plan holds the state of one question while it is answered.
type plan struct {
	Question
	api     API
	matched int
	size    int // rows of a full page
	mu      sync.Mutex
	spent   int
	total   int // requests that the plan will take, as far as it knows
}

// tell counts a request and reports progress before it is sent.
func (p *plan) tell(what string) {
	p.mu.Lock()
	p.spent++
	done, total := p.spent, max(p.total, p.spent)
	p.mu.Unlock()
	if p.Progress != nil {
		p.Progress(done, total, what)
	}
}

// first reads the first page of the question.
func (p *plan) first(ctx context.Context) (talkover.Page[talkover.Call], error) {
	q, _, _ := wide(p.Query, p.Zone)
	q.Page, q.PerPage = 1, talkover.MaxPerPage
	p.tell("page 1")
	return p.api.ListCalls(talkover.Bulk(ctx), q)
}

// pages returns the number of pages that so many calls take.
func (p *plan) pages(calls int) int { return (calls + p.size - 1) / p.size }

// countOf asks the API for its own count of a query, in one small request.
func (p *plan) countOf(ctx context.Context, q talkover.CallQuery) (int, error) {
	q.Page, q.PerPage = 1, 1
	p.tell("counting")
	page, err := p.api.ListCalls(talkover.Bulk(ctx), q)
	if err != nil {
		return 0, err
	}
	if page.Pagination == nil {
		return 0, &talkover.Error{Reason: talkover.Malformed, Status: 200}
	}
	return page.Pagination.Total, nil
}
