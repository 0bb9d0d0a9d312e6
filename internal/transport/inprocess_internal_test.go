package transport

import (
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// Progress of an earlier call that comes late is not that of the next one.
func TestLateProgressBelongsToItsCall(t *testing.T) {
	var got []int
	tell := func(done, _ int, _ string) { got = append(got, done) }
	var l Local
	first := l.watch(tell)
	second := l.watch(tell)
	hear := func(token string, done int) {
		var n mcp.JSONRPCNotification
		n.Method = "notifications/progress"
		n.Params.AdditionalFields = map[string]any{"progressToken": token, "progress": done}
		l.hear(n)
	}
	hear(first, 1)
	hear(second, 2)
	l.watch(nil)
	hear(second, 3)
	if len(got) != 1 || got[0] != 2 {
		t.Error(got)
	}
}
