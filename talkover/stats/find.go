package stats

import (
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Find looks for calls in those that [Ask] would read. It stops early where the order
// allows, unless the rest is cheap to read.
func Find(ctx context.Context, api scan.API, s Search) (*Found, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Order == "" {
		s.Order = Newest
	}
	f := &finder{Search: s, selection: newSelection(&s.Filter)}
	w := scan.Wanted{Window: s.Filter.Window(), Query: s.Filter.query(), Now: s.Now, Account: s.Account, Progress: s.Progress, OldestFirst: s.Order == Oldest}
	if s.Only == "" && (s.Order == Newest || s.Order == Oldest) {
		w.Enough, w.Matches = s.Skip+s.Limit+1, f.next // one more tells whether there is one
	}
	r, err := scan.Gather(ctx, api, w)
	if err != nil {
		return nil, err
	}
	segment, err := r.Best()
	if err != nil {
		return nil, err
	}
	found := &Found{Coverage: r.Coverage(segment)}
	rows := f.rows(segment)
	if s.Only != "" {
		l := later{api: api, w: w, pay: true}
		if rows, err = f.only(ctx, &l, found, segment, rows); err != nil {
			return nil, err
		}
	}
	found.All = found.Whole
	found.take(f, rows)
	if !found.Whole {
		r.ReadOn()
	}
	return found, nil
}

// take takes the rows that are shown.
func (found *Found) take(f *finder, rows []cache.Row) {
	slices.SortFunc(rows, f.Order.compare)
	found.Total = len(rows)
	found.Skipped, _ = slices.BinarySearchFunc(rows, f.After, func(row cache.Row, c Cursor) int {
		if f.after(row) {
			return 1
		}
		return -1
	})
	found.Skipped = min(found.Skipped+f.Skip, len(rows))
	shown := rows[found.Skipped:min(found.Skipped+f.Limit, len(rows))]
	for _, row := range shown {
		found.Calls = append(found.Calls, row.Call())
	}
	if n := len(shown); n > 0 && (found.Skipped+n < len(rows) || !found.All) {
		found.Next = CursorOf(found.Calls[n-1])
	}
}
