package stats

import (
	"context"
	"slices"
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// only narrows rows to those that Only asks for. Of missed calls it narrows the coverage
// too, to those since which all calls are known.
func (f *finder) only(ctx context.Context, l *later, found *Found, s scan.Segment, rows []cache.Row) ([]cache.Row, error) {
	var numbers follower
	if f.Only == OnlyRepeat {
		for _, row := range rows {
			numbers.of(row).calls++
		}
		return slices.DeleteFunc(rows, func(row cache.Row) bool {
			k := numbers.of(row)
			return k.calls < 2 || k.withheld
		}), nil
	}
	rows = slices.DeleteFunc(rows, func(row cache.Row) bool { return !IsMissed(row.Call()) })
	var first time.Time
	for _, row := range rows {
		if at := time.UnixMicro(row.Created()).UTC(); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	since, err := l.since(ctx, first, s)
	if err != nil {
		return nil, err
	}
	if !since.known {
		if since.parts == nil {
			return nil, since.err
		}
		rows = slices.DeleteFunc(rows, func(row cache.Row) bool { return row.Created() < since.from.UnixMicro() })
		found.From, found.Whole, found.Reason, found.AskAgain = since.from, false, since.reason, since.askAgain
		found.Missing = scan.Unknown
	}
	for _, p := range append(slices.Clone(s.Parts), since.parts...) {
		numbers.follow(p.Calls, &f.Filter)
	}
	return slices.DeleteFunc(rows, func(row cache.Row) bool {
		k := numbers.of(row)
		if k.withheld {
			found.Withheld++
			return true
		}
		became := k.became(row.Created())
		return became == "" || f.Only != OnlyUnreturned && f.Only != became
	}), nil
}
