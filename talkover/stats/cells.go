package stats

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// cell is a group that the API can count.
type cell struct {
	values   []Value
	queries  []talkover.CallQuery // whose counts add up to it
	calls    int
	byStatus map[string]int // its calls by status; nil where these were not counted
}

// errUncountable says that groups cannot be counted with the requests there are.
var errUncountable = errors.New("too many groups to count")

// cells lists the groups that the API can count, by all dimensions at once.
func (r *run) cells(ctx context.Context, base talkover.CallQuery, from, to cache.Date) ([]*cell, error) {
	if len(r.groups.By) == 0 {
		return nil, nil
	}
	cells := []*cell{{queries: []talkover.CallQuery{base}}}
	for _, d := range r.groups.By {
		filters, err := r.filters(ctx, d, from, to)
		if err != nil {
			return nil, err
		}
		var next []*cell
		for _, c := range cells {
			for _, f := range filters {
				n := &cell{values: append(slices.Clone(c.values), f.value)}
				for _, q := range c.queries {
					for _, narrow := range f.narrow {
						narrowed := q
						narrow(&narrowed)
						n.queries = append(n.queries, narrowed)
					}
				}
				next = append(next, n)
			}
		}
		if cells = next; len(cells) > mostCounted {
			return nil, errUncountable
		}
	}
	return cells, nil
}

// filter is one place in a dimension, and the queries that together name it.
type filter struct {
	value  Value
	narrow []func(*talkover.CallQuery)
}

// filters lists the places of a dimension that the API can filter by.
func (r *run) filters(ctx context.Context, d Dimension, from, to cache.Date) ([]filter, error) {
	var all []filter
	add := func(v Value, narrow func(*talkover.CallQuery)) {
		all = append(all, filter{v, []func(*talkover.CallQuery){narrow}})
	}
	switch d {
	case ByStatus:
		for _, s := range Statuses {
			if r.query.Status == "" || r.query.Status == s {
				add(Value{s, s}, func(q *talkover.CallQuery) { q.Status = s })
			}
		}
	case ByDirection:
		for _, s := range []string{"inbound", "outbound"} {
			if r.query.Direction == "" || r.query.Direction == s {
				add(Value{s, s}, func(q *talkover.CallQuery) { q.Direction = s })
			}
		}
	case ByAgent:
		agents, err := r.agents(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range agents {
			if r.query.AgentID == "" || r.query.AgentID == a.ID {
				add(ofAgent(a.Agent), func(q *talkover.CallQuery) { q.AgentID = a.ID })
			}
		}
	default:
		return r.spans(d, from, to), nil
	}
	return all, nil
}

// agents lists all agents that there are; deleted ones are not among them.
func (r *run) agents(ctx context.Context) ([]talkover.AgentInfo, error) {
	all, err := talkover.ReadAll(talkover.Bulk(ctx), func(ctx context.Context, q talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error) {
		r.tell("agents", 0)
		return r.api.ListAgents(ctx, q)
	}, talkover.AgentQuery{}, mostCounted)
	var refused *talkover.Error
	switch {
	case errors.As(err, &refused) && refused.Reason == talkover.Refused && refused.Status != 401:
		return nil, errUncountable // the calls may be listed, but not the agents
	case err != nil:
		return nil, err
	case !all.Complete || len(all.Rows) > mostCounted: // the calls of one that is missing would count as nobody's
		return nil, errUncountable
	}
	return all.Rows, nil
}

// spans cuts days of UTC into days, weeks, months or weekdays.
func (r *run) spans(d Dimension, from, to cache.Date) []filter {
	var all []filter
	at := map[string]int{}
	for day := from; day <= to; {
		start := day.Start()
		end := day
		switch d {
		case ByWeek:
			end = cache.DateOf(monday(start)) + 6
		case ByMonth:
			end = cache.DateOf(time.Date(start.Year(), start.Month()+1, 0, 0, 0, 0, 0, time.UTC))
		}
		end = min(end, to)
		first, last := day.String(), end.String()
		v := d.ofTime(start)
		i, ok := at[v.Key]
		if !ok {
			i = len(all)
			at[v.Key] = i
			all = append(all, filter{value: v})
		}
		all[i].narrow = append(all[i].narrow, func(q *talkover.CallQuery) { q.DateFrom, q.DateTo = first, last })
		day = end + 1
	}
	return all
}
