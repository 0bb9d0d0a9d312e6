package transport_test

import (
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/internal/transport"
)

// A client in the process of the server gets its tools, their answers and how far they
// are, but nothing of that once a call has returned.
func TestAClientInTheProcess(t *testing.T) {
	c := transport.Connect(walking())
	if list, err := c.Tools(t.Context()); err != nil || len(list) != 1 || list[0].Name != "walk" {
		t.Error(list, err)
	}
	for range 1000 {
		var returned atomic.Bool
		last := 0
		result, err := c.Call(t.Context(), "walk", nil, func(done, total int, _ string) {
			if returned.Load() || done <= last || total != steps {
				t.Errorf("%d of %d after %d; returned: %v", done, total, last, returned.Load())
			}
			last = done
		})
		returned.Store(true)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := result.Content[0].(mcp.TextContent); !ok || text.Text != "there" {
			t.Error(result)
		}
	}
	if _, err := c.Call(t.Context(), "fly", nil, nil); err == nil || err.Error() != `there is no tool "fly"; there are walk` {
		t.Error(err)
	}
}
