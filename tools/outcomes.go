package tools

import (
	"slices"

	"github.com/talkover/talkover-mcp/talkover"
)

// MeasuredNames lists the names under which [Config.Observe] hears of operations: those of
// tools, and of the resource that takes as long.
func MeasuredNames(c Config) []string {
	names := []string{"calls.csv"}
	for _, t := range (Config{AllowCalls: c.AllowCalls}).tools() {
		name, _ := t.row()
		names = append(names, name)
	}
	return names
}

// CountingTools lists the tools whose answers say how exact they are.
func CountingTools() (names []string) {
	for _, t := range (Config{}).tools() {
		if name, counts := t.row(); counts {
			names = append(names, name)
		}
	}
	return names
}

// ResourceNames lists the names of the resources, which their addresses end in.
func ResourceNames() []string { return []string{"calls.html", "metrics", "calls.csv"} }

// Outcomes lists the words for how an operation of a name may end.
func Outcomes(name string) []string {
	all := []string{"ok", "bad_arguments", "guessing", "no_token", "forbidden", "cancelled", "panic", "failed"}
	for _, reason := range []talkover.Reason{
		talkover.Refused, talkover.RateLimited, talkover.Reading, talkover.TimedOut, talkover.Unreachable, talkover.Interrupted,
		talkover.Malformed, talkover.TooLarge, talkover.Redirected, talkover.Cancelled,
	} {
		if !slices.Contains(all, string(reason)) {
			all = append(all, string(reason))
		}
	}
	if name == "make_call" {
		all = append(all, "asked", "unconfirmed", "refused_here")
	}
	return all
}
