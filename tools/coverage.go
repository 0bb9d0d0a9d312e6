package tools

import (
	"fmt"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// coverage says which calls an answer rests on, and whether these are all.
type coverage struct {
	Method    string `json:"method" jsonschema:"enum=scan,enum=counts,enum=sample"`
	Complete  bool   `json:"complete"`
	Matched   int    `json:"matched"`
	Scanned   int    `json:"scanned" jsonschema_description:"Calls that were read."`
	Requests  int    `json:"requests"`
	TestCalls *int   `json:"test_calls,omitempty"`
	Reason    ours   `json:"reason,omitempty" jsonschema_description:"Why it is not complete."`
}

// newCoverage shows a coverage, and how many requests it took.
func newCoverage(c stats.Coverage, requests int) coverage {
	return coverage{
		Method: string(c.Method), Complete: c.Complete, Matched: c.Matched,
		Scanned: c.Scanned, Requests: requests, Reason: ours(c.Reason), // no text of the API is in it
	}
}

// String writes the coverage as the first line of an answer says it.
func (c coverage) String() string {
	var s string
	switch {
	case c.Method == string(stats.Counts):
		s = fmt.Sprintf("Counted by Talkover: %s; figures marked ~ are estimates from %d calls", plural(c.Matched, "call matches", "calls match"), c.Scanned)
	case c.Method == string(stats.Sample):
		s = fmt.Sprintf("Estimated: %s; figures marked ~ are estimates from %d of them", plural(c.Matched, "call matches", "calls match"), c.Scanned)
	case c.Complete:
		s = fmt.Sprintf("Exact: %s and all were read", plural(c.Matched, "call matches", "calls match"))
	default:
		s = fmt.Sprintf("NOT COMPLETE: %s, %d read", plural(c.Matched, "call matches", "calls match"), c.Scanned)
	}
	if c.Reason != "" {
		s += ": " + string(c.Reason)
	}
	return s
}

// statsWindow holds the days that were asked for.
type statsWindow struct {
	DateFrom     string `json:"date_from,omitempty"`
	DateTo       string `json:"date_to,omitempty"`
	Timezone     string `json:"timezone"`
	PreviousFrom string `json:"previous_from,omitempty"`
	PreviousTo   string `json:"previous_to,omitempty"`
}
