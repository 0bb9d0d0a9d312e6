package talkover_test

import (
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestPluralOfOneIsNone(t *testing.T) {
	for n, want := range map[int]string{0: "0 calls", 1: "1 call", 2: "2 calls", 11: "11 calls"} {
		if got := talkover.Plural(n, "call", "calls"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
