package tools

import (
	"context"
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/makecall"
)

// Config sets up the tools. The zero value lists them, and can call none.
type Config struct {
	Client  *talkover.Client // reaches the account; needed to call tools, not to list them
	Version string           // of this program
	Zone    *time.Location   // answers show times in it; UTC if nil
	// BusinessHours are what group_by shift and hours take for business hours; zero for none.
	BusinessHours stats.Hours
	Now           func() time.Time // time.Now if nil
	Demo          bool             // the account is invented, and every answer says so
	Log           *slog.Logger     // gets a line for each call; nil for no log

	// QuietAudit has the log tell of calls at debug alone, where there is one user, who knows
	// who has asked.
	QuietAudit bool

	// TokenOf returns the Talkover token that a call brought, or the zero Secret if it
	// brought none. If it is set, each call works with the account of its token, through
	// a client made like Client. If it is nil, all calls share Client.
	TokenOf func(context.Context) talkover.Secret

	// NoToken returns what a call is told for which TokenOf has no token: why, and what to
	// do. If it is nil, the call is told to bring one in X-Talkover-Token.
	NoToken func(context.Context) string

	// CallerOf returns the name of who sent a call, as the gate knows it; "" where there
	// is no gate. It may be nil.
	CallerOf func(context.Context) string

	// Alias returns what logs show in place of a phone number: a hash with a key. If it
	// is nil, they show nothing of one.
	Alias func(number string) string

	// MayAs reports whether who sent a call has a role: read, export or place. If it is
	// nil, everybody has all.
	MayAs func(ctx context.Context, role string) bool

	// AllowCalls adds make_call, which places up to MaxCallsPerHour calls in any hour
	// for each caller and each account, to numbers with one of CallingCodes, and asks
	// the user first as ConfirmCalls says. They cost money and ring people, so nobody may
	// reach the server whom a gate has not let in.
	AllowCalls      bool
	MaxCallsPerHour int
	CallingCodes    talkover.CallingCodes // all numbers if nil
	ConfirmCalls    string                // [ConfirmAuto], [ConfirmAlways] or [ConfirmNever]; auto if empty

	// WatchOrders gets, once, what tells how many calls may yet be placed by whoever may
	// place the fewest. It may be nil.
	WatchOrders func(left func() int)

	// PlacedCalls counts the calls of all Replicas of this program. Where it is nil or
	// gives no count, each replica places its part of MaxCallsPerHour.
	PlacedCalls makecall.PlacedCalls
	Replicas    int // 1 if 0

	// Memory remembers, for all Replicas, which calls were ordered and which of the user's
	// answers were used. If it is nil, that is known to this process alone.
	Memory makecall.Memory

	// Logs reads the logs of calls, apart by token, and keeps what was read; nil keeps nothing.
	Logs *calls.Logs

	// Charts links the tools that count and list calls to a page that draws their answers.
	Charts bool

	// MaskNumbers hides phone numbers in all that leaves, but for their last four digits.
	MaskNumbers bool

	// Observe hears of each call of a tool and of each read of calls.csv as it begins, by its name. What it
	// returns hears how that ended: "ok", or a word for why not. Nobody hears if it is nil.
	Observe func(name string) (ended func(outcome string))
}

// observe tells that an operation begins.
func (c Config) observe(name string) (ended func(outcome string)) {
	if c.Observe == nil {
		return func(string) {}
	}
	return c.Observe(name)
}
