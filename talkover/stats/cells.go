package stats

import (
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// mostCounted bounds the groups that are counted.
const mostCounted = 60

// cellsOf lists the groups that the API can count, by all dimensions at once; of statuses
// these.
func cellsOf(ctx context.Context, by []Dimension, statuses []string, base talkover.CallQuery, from, to cache.Date, agents scan.Agents) ([]*cell, error) {
	if len(by) == 0 {
		return nil, nil
	}
	cells := []*cell{{queries: []talkover.CallQuery{base}}}
	for _, d := range by {
		filters, err := filters(ctx, d, statuses, base, from, to, agents)
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
			return nil, scan.ErrUncountable
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
func filters(ctx context.Context, d Dimension, statuses []string, base talkover.CallQuery, from, to cache.Date, agents scan.Agents) ([]filter, error) {
	var all []filter
	add := func(v Value, narrow func(*talkover.CallQuery)) {
		all = append(all, filter{v, []func(*talkover.CallQuery){narrow}})
	}
	switch d {
	case ByStatus:
		for _, s := range statuses {
			add(Value{s, s}, func(q *talkover.CallQuery) { q.Status = s })
		}
	case ByDirection:
		for _, s := range []string{"inbound", "outbound"} {
			if base.Direction == "" || base.Direction == s {
				add(Value{s, s}, func(q *talkover.CallQuery) { q.Direction = s })
			}
		}
	case ByAgent:
		known, err := agents(ctx, mostCounted)
		if err != nil {
			return nil, err
		}
		for _, a := range known {
			if base.AgentID == "" || base.AgentID == a.ID {
				add(ofAgent(a.Agent), func(q *talkover.CallQuery) { q.AgentID = a.ID })
			}
		}
	default:
		return spans(d, from, to), nil
	}
	return all, nil
}

// spans cuts days of UTC into days, weeks, months or weekdays.
func spans(d Dimension, from, to cache.Date) []filter {
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
