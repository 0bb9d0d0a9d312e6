package stats

import (
	"maps"

	"github.com/talkover/talkover-mcp/talkover"
)

// cell is a group that the API can count.
type cell struct {
	values   []Value
	queries  []talkover.CallQuery // whose counts add up to it
	calls    int
	byStatus map[string]int // its calls by status; nil where these were not counted
	inbound  map[string]int // likewise of its inbound calls nobody answered
}

// inStatuses adds up the calls whose status was counted.
func (c *cell) inStatuses() (n int) {
	for _, k := range c.byStatus {
		n += k
	}
	return n
}

// unanswered adds up calls by status that nobody answered.
func unanswered(byStatus map[string]int) (n int) {
	for status, k := range byStatus {
		if outcomeOf(status).unanswered() {
			n += k
		}
	}
	return n
}

// direction returns that of all calls of the cell; "" where there may be both.
func (c *cell) direction() string {
	for _, q := range c.queries {
		return q.Direction // of all of its queries
	}
	return ""
}

// missed returns how many calls were missed, if that is known.
func (c *cell) missed() (n int, known bool) {
	all := unanswered(c.byStatus)
	switch {
	case c.byStatus != nil && (c.direction() == talkover.Inbound || all == 0):
		return all, true
	case c.direction() == talkover.Outbound:
		return 0, true
	}
	return unanswered(c.inbound), c.inbound != nil
}

// less returns what others leave of the cell.
func (c *cell) less(others []*cell) *cell {
	rest := &cell{calls: c.calls, byStatus: maps.Clone(c.byStatus), inbound: maps.Clone(c.inbound)}
	take := func(from *map[string]int, some map[string]int) {
		if *from == nil || some == nil {
			*from = nil
			return
		}
		for status, n := range some {
			(*from)[status] -= n
		}
	}
	for _, o := range others {
		rest.calls -= o.calls
		take(&rest.byStatus, o.byStatus)
		take(&rest.inbound, o.inbound)
	}
	return rest
}

// batch is counts to ask for, and where they go.
type batch struct {
	queries []talkover.CallQuery
	take    []func(int)
}

func (b *batch) add(q talkover.CallQuery, take func(int)) {
	b.queries, b.take = append(b.queries, q), append(b.take, take)
}

// calls asks for all calls of a cell.
func (b *batch) calls(c *cell) {
	for _, q := range c.queries {
		b.add(q, func(n int) { c.calls += n })
	}
}

// statuses asks for the calls of a cell by status.
func (b *batch) statuses(c *cell, statuses []string) {
	c.byStatus = b.each(c.queries, statuses)
}

// each asks for the calls of queries by status, each of which it adds up.
func (b *batch) each(queries []talkover.CallQuery, statuses []string) map[string]int {
	byStatus := map[string]int{}
	for _, q := range queries {
		for _, s := range statuses {
			q.Status = s
			b.add(q, func(n int) { byStatus[s] += n })
		}
	}
	return byStatus
}

// missed asks for the calls of a cell that were missed, in some statuses.
func (b *batch) missed(c *cell, statuses []string) {
	queries := make([]talkover.CallQuery, len(c.queries))
	for i, q := range c.queries {
		q.Direction = talkover.Inbound
		queries[i] = q
	}
	c.inbound = b.each(queries, statuses)
}
