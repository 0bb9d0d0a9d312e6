package tools

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
