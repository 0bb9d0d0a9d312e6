package transport

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// answerKey is the context key of an *orderedAnswer.
type answerKey struct{}

// orderedAnswer is the answer to one POST. It is a stream of events as soon as a
// notification is sent, and then holds the response back until all notifications
// are out.
type orderedAnswer struct {
	http.ResponseWriter
	out outbox

	writing sync.Mutex
	started bool // the head is written
}

// notify sends a notification as an event.
func (a *orderedAnswer) notify(n mcp.JSONRPCNotification) {
	b, err := json.Marshal(n)
	if err != nil {
		return // what tools send can be written as JSON
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if !a.started {
		a.started = true
		a.Header().Set("Content-Type", eventStream)
		a.ResponseWriter.WriteHeader(http.StatusOK)
	}
	_ = writeEvent(a.ResponseWriter, b)
}

// WriteHeader implements [http.ResponseWriter].
func (a *orderedAnswer) WriteHeader(status int) {
	a.out.close()
	a.writing.Lock()
	defer a.writing.Unlock()
	if !a.started {
		a.started = true
		a.ResponseWriter.WriteHeader(status)
	}
}

// Write implements [io.Writer].
func (a *orderedAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.ResponseWriter.Write(b)
}

// Flush implements [http.Flusher], which mcp-go asks for before it streams.
func (a *orderedAnswer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// streamableSession is what a session of mcp-go over streamable HTTP can do, as far
// as it is of use here.
type streamableSession interface {
	server.SessionWithClientInfo
	server.SessionWithStreamableHTTPConfig // a notification turns the response into an event too
}

// streamableRequest is such a session whose notifications go through an outbox.
type streamableRequest struct {
	streamableSession
	out *outbox
}

// NotificationChannel implements [server.ClientSession].
func (s streamableRequest) NotificationChannel() chan<- mcp.JSONRPCNotification {
	return s.out.channel()
}
