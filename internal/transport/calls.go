package transport

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// message is what a transport must know of a message to pass it on. A message that
// is not JSON leaves it empty; mcp-go then has words for the client.
type message struct {
	ID     any           `json:"id"`
	Method mcp.MCPMethod `json:"method"`
	Params struct {
		RequestID any `json:"requestId"` // of notifications/cancelled
		Name      any `json:"name"`      // of tools/call and prompts/get
		URI       any `json:"uri"`       // of resources/read
		Meta      struct {
			Token   any    `json:"progressToken"`
			Version string `json:"io.modelcontextprotocol/protocolVersion"` // since 2026-07-28
		} `json:"_meta"`
	} `json:"params"`
}

func parse(b []byte) (m message) {
	if json.Unmarshal(b, &m) != nil { // params may be of any shape
		m.Params.RequestID = nil
	}
	return m
}

// isRequest reports whether the message will be answered.
func (m message) isRequest() bool { return m.ID != nil && m.Method != "" }

// errCancelled is why a call ends that its client cancelled. Such a call is not
// answered, as MCP asks: "Receivers of a cancellation notification SHOULD [...] not
// send a response for the cancelled request".
var errCancelled = errors.New("the client cancelled the request")

// isCancelled reports whether the client cancelled the call of ctx.
func isCancelled(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errCancelled) }

// calls knows the requests that are being answered, so that a client can cancel its
// own, and the server can answer them before it ends. The zero value is ready.
type calls struct {
	running  atomic.Int64
	mu       sync.Mutex
	byClient map[callKey]context.CancelCauseFunc
	early    map[callKey]bool // cancelled, but not seen yet
}

const (
	overtaken = time.Second // how far a cancellation may be ahead of its request
	mostEarly = 1000        // cancellations that may be ahead at once
)

// callKey names a request: ids are unique within a session alone.
type callKey struct {
	session string
	id      any // a string or a float64
}

// begin counts a request, and returns the context of its work. With a session, the
// client can cancel it. end must be called when the answer is sent.
func (c *calls) begin(ctx context.Context, session string, id any) (work context.Context, end func()) {
	work, cancel := context.WithCancelCause(ctx)
	c.running.Add(1)
	key := callKey{session, id}
	c.mu.Lock()
	defer c.mu.Unlock()
	named := session != "" && isID(id) && c.byClient[key] == nil // of two with the same id, the first can be cancelled
	if named {
		if c.byClient == nil {
			c.byClient, c.early = map[callKey]context.CancelCauseFunc{}, map[callKey]bool{}
		}
		c.byClient[key] = cancel
		if c.early[key] {
			delete(c.early, key)
			cancel(errCancelled)
		}
	}
	return work, func() {
		cancel(nil)
		if named {
			c.mu.Lock()
			delete(c.byClient, key)
			c.mu.Unlock()
		}
		c.running.Add(-1)
	}
}

// mostID bounds an id, in bytes.
const mostID = 256

// isID reports whether a decoded JSON value is a string or a number, as ids are, and short:
// answers repeat it, and it is kept while its request is answered.
func isID(id any) bool {
	switch id := id.(type) {
	case string:
		return len(strings.TrimPrefix(id, numberMark)) <= mostID
	case float64:
		return true
	}
	return false
}

// cancel ends the work of a request of a session. A request that is not there may have
// ended, or is still to come: over HTTP, and for messages of SSE, each has a connection
// of its own. TestCancellationOvertakesItsRequest fails without the second thought.
func (c *calls) cancel(session string, id any) {
	if session == "" || !isID(id) {
		return
	}
	key := callKey{session, id}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.byClient[key]; cancel != nil {
		cancel(errCancelled)
		return
	}
	if c.byClient == nil {
		c.byClient, c.early = map[callKey]context.CancelCauseFunc{}, map[callKey]bool{}
	}
	if len(c.early) < mostEarly {
		c.early[key] = true
		time.AfterFunc(overtaken, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.early, key)
		})
	}
}

// drain waits until all requests are answered, for at most d.
func (c *calls) drain(d time.Duration) {
	for end := time.Now().Add(d); c.running.Load() > 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}
