package scan

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Test makes a test of the calls of some columns, without unpacking them.
type Test func(*cache.Columns) func(cache.Row) bool

// one tests a single call. One that cannot be packed fails.
func (t Test) one(call talkover.Call) bool {
	var b cache.Builder
	if b.Add(call) != nil {
		return false
	}
	c := b.Columns()
	return t(c)(c.Row(0))
}

// Selection says which calls count: those that fit the filters, from From to before
// To. A zero field asks for nothing.
type Selection struct {
	Status, Direction, AgentID string
	From, To                   time.Time
}

// Test implements [Test].
func (s Selection) Test(c *cache.Columns) func(cache.Row) bool {
	from, to := int64(-1<<62), int64(1<<62) // microseconds
	if !s.From.IsZero() {
		from = s.From.UnixMicro()
	}
	if !s.To.IsZero() {
		to = s.To.UnixMicro()
	}
	var statuses, directions, agents []bool
	for _, status := range c.Statuses() {
		statuses = append(statuses, s.Status == "" || talkover.PlainStatus(status) == s.Status)
	}
	for _, direction := range c.Directions() {
		directions = append(directions, s.Direction == "" || direction == s.Direction)
	}
	for _, agent := range c.Agents() {
		agents = append(agents, s.AgentID == "" || agent.ID == s.AgentID)
	}
	return func(r cache.Row) bool {
		at := r.Created()
		return at >= from && at < to && statuses[r.Status()] && directions[r.Direction()] && agents[r.Agent()]
	}
}
