package scan

import (
	"context"
	"errors"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Counter has the API count groups of calls that are too many to be read. It knows the
// groups; a [Run] knows the days, and frames the counts with equal totals.
type Counter interface {
	// Cost returns the fewest requests that count the groups of closed UTC days, beside
	// the totals; 0 where the API cannot count them. Of an unbounded log the first day is
	// not known.
	Cost(from, to cache.Date, unbounded bool) int
	// Groups prepares the groups of the calls of base, which lie in UTC days, and returns
	// how many there are. The error is [ErrUncountable] where they are too many.
	Groups(ctx context.Context, base talkover.CallQuery, from, to cache.Date, agents Agents) (int, error)
	// Queries returns what to count, where base has so many calls and so many requests
	// may be sent.
	Queries(total, left int) []talkover.CallQuery
	// Take takes the count of each query, and returns how many calls are wanted. It reports
	// false where the counts cannot be of one moment.
	Take(counts []int) (calls int, ok bool)
}

// Agents lists all agents that there are, where they are so many at most; deleted ones
// are not among them. The error is [ErrUncountable] where they cannot be listed.
type Agents func(ctx context.Context, most int) ([]talkover.AgentInfo, error)

// ErrUncountable says that groups cannot be counted with the requests there are.
var ErrUncountable = errors.New("too many groups to count")
