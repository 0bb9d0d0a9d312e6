package scan

import (
	"context"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// edgeRequests is the most that edgesHold asks for.
const edgeRequests = 3

// edgesHold finds out whether the API cuts days where UTC does, at both ends of days
// that were read: no call of the day before lies in them, and none of theirs in the day
// after. Days beside them that are kept or live showed it already.
func (r *Run) edgesHold(ctx context.Context, from, to cache.Date) (bool, error) {
	if r.Account.Zone().UTC() {
		return true, nil
	}
	holds := true
	if !r.knows(from - 1) {
		q := talkover.CallQuery{DateTo: (from - 1).String()}
		page, err := r.ask(ctx, q, 1, 1, "the end of the day before", 0)
		if err != nil {
			return false, err
		}
		holds = len(page.Rows) == 0 || page.Rows[0].CreatedAt.Before(from.Start())
	}
	if after := to + 1; after <= cache.DateOf(r.Now()) && !r.knows(after) {
		n, err := r.count(ctx, after, after)
		if err != nil {
			return false, err
		}
		if n > 0 {
			q := talkover.CallQuery{DateFrom: after.String(), DateTo: after.String()}
			page, err := r.ask(ctx, q, n, 1, "the beginning of the day after", 0)
			if err != nil {
				return false, err
			}
			holds = holds && (len(page.Rows) == 0 || !page.Rows[0].CreatedAt.Before(to.End()))
		}
	}
	if !holds {
		r.otherZone()
	}
	return holds, nil
}

// knows reports whether a day was read, by this question or an earlier one.
func (r *Run) knows(d cache.Date) bool {
	_, read := r.days[d]
	_, kept := r.kept[d]
	return read || kept || r.begun != nil && cache.DateOf(r.begun.From) == d || r.live != nil && !r.live.From.After(d.Start()) && d.Start().Before(r.live.To)
}

// learn takes what a reading says of the API and of the limit. It reports whether
// the API turned out to cut days in another zone than UTC: then no day can be kept,
// and the list is read instead, a day wider at both ends.
func (r *Run) learn(got Reading) (startOver bool) {
	before := r.Account.Zone()
	r.Account.LearnZone(got.Zone)
	if got.Limited != nil {
		r.ended, r.wait = got.Reason, got.Limited
	}
	if !got.Zone.Other || before.Other {
		return false
	}
	r.startOver()
	return true
}

// otherZone takes in that the API cuts days in another zone than UTC.
func (r *Run) otherZone() {
	r.Account.LearnZone(cache.Zone{Other: true})
	r.startOver()
}

// startOver goes on with the list, since no day can be kept.
func (r *Run) startOver() {
	s := &r.state
	s.Keeps, s.ListRead, s.List, s.Days = false, false, Unknown, nil
	r.first, r.list, r.live, r.days = nil, nil, nil, map[cache.Date]Part{}
}
