package tools

import "time"

// What each half of an answer takes at most, in tokens of o200k.
var (
	ListingTokens = listingSize.most
	FindTokens    = findSize.most
	StatsTokens   = statsSize.most
)

// MaskWords and MaskHandle hide numbers.
var (
	MaskWords  = maskWords
	MaskHandle = maskHandle
)

// HostArguments names what hosts add to arguments, and the host.
var HostArguments = hostArguments

// PeriodDays returns the first and the last day of a period.
func PeriodDays(name string, now time.Time) (from, to string) {
	first, last := period(name).days(now)
	return string(first), string(last)
}
