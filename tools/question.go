package tools

import (
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// question holds what one call works with. It is set once, before a tool runs: an answer
// has one account, one zone and one moment.
type question struct {
	client *talkover.Client // of the caller's account
	caller string           // as the gate knows it; "" without one
	calls  *calls.Log       // its calls
	clock  func() time.Time // tells now, as it goes on
	zone   *time.Location   // of every day, hour and time in the answer
	now    time.Time        // in zone
	demo   bool
	masked bool // the answer hides phone numbers but for their last four digits
	log    *slog.Logger
	// ignored names the arguments that the host added, and that were left aside.
	ignored []string
	*names
}

// frame begins the answer to a question.
func (q *question) frame() frame { return newFrame(q.now, q.demo, q.masked, q.ignored) }
