package tools

import "time"
import (
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// What each half of an answer takes at most, in tokens of o200k.
var (
	ListingTokens = answer.ListingSize.Most
	FindTokens    = answer.FindSize.Most
	StatsTokens   = answer.StatsSize.Most
)

// MaskWords and MaskHandle hide numbers.
var (
	MaskWords  = answer.MaskWords
	MaskHandle = answer.MaskID
)

// HostArguments names what hosts add to arguments, and the host.
var HostArguments = hostArguments

// PeriodDays returns the first and the last day of a period.
func PeriodDays(name string, now time.Time) (from, to string) {
	first, last := query.Period(name).Days(now)
	return string(first), string(last)
}
