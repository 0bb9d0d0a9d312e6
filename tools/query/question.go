package query

import (
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// Question holds what one call works with. It is set once, before a tool runs: an answer
// has one account, one zone and one moment.
type Question struct {
	Client *talkover.Client // of the caller's account
	Caller string           // as the gate knows it; "" without one
	Calls  *calls.Log       // its calls
	Clock  func() time.Time // tells now, as it goes on
	Zone   *time.Location   // of every day, hour and time in the answer
	Now    time.Time        // in zone
	Demo   bool
	// Business is what business hours are; zero where nobody said.
	Business stats.Hours
	Masked   bool // the answer hides phone numbers but for their last four digits
	Log      *slog.Logger
	// ignored names the arguments that the host added, and that were left aside.
	Ignored []string
	*Names
}

// About says in words which calls figures rest on.
func (q *Question) About(c stats.Coverage, w answer.Window) answer.SafeText {
	return answer.SafeText(answer.NewCoverage(c, w, q.Now, 0).String())
}

// Frame begins the answer to a question.
func (q *Question) Frame() answer.Frame { return answer.NewFrame(q.Now, q.Demo, q.Masked, q.Ignored) }
