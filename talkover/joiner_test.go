package talkover_test

import (
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
)

// A joiner stays where it makes one sign of two, and nowhere else, where it would hide in a name.
func TestAJoinerStaysWhereItJoins(t *testing.T) {
	for name, want := range map[string]string{
		"👩‍💻 Support":              "👩‍💻 Support",
		"👩🏽‍💻":                     "👩🏽‍💻",
		"\u0915\u094d\u200d\u0937": "\u0915\u094d\u200d\u0937",
		"Re\u200dception":          "Reception",
		"\u200d👩\u200d":            "👩",
		"👩\u200dx":                 "👩x",
		"👩\u200d\u200d💻":           "👩‍💻",
	} {
		got := talkover.Clean(name, 120)
		if got != want || talkover.Clean(got, 120) != got {
			t.Errorf("%+q is cleaned to %+q, want %+q", name, got, want)
		}
	}
}
