package transport

import (
	"net/http"
	"strconv"
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
	status  int
	amend   *amendment // of the error that mcp-go writes, if it is one
}

// event sends a message as an event.
func (a *orderedAnswer) event(b []byte) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.start(eventStream, http.StatusOK)
	return writeEvent(a.ResponseWriter, b)
}

// start writes the head, once; the caller holds the lock.
func (a *orderedAnswer) start(contentType string, status int) {
	if a.started {
		return
	}
	a.started, a.status = true, status
	if contentType != "" {
		a.ResponseWriter.Header().Set("Content-Type", contentType)
	}
	a.ResponseWriter.WriteHeader(status)
}

// respond sends the response: as an event where others came before it. Nil is an
// answer that never comes, and then there are no more events.
func (a *orderedAnswer) respond(response mcp.JSONRPCMessage) {
	if response == nil {
		a.start(eventStream, http.StatusOK)
		return
	}
	err := encode(response, func(b []byte) {
		if a.started {
			_ = writeEvent(a.ResponseWriter, b)
			return
		}
		a.ResponseWriter.Header().Set("Content-Length", strconv.Itoa(len(b)))
		a.start("application/json", http.StatusOK)
		_, _ = a.ResponseWriter.Write(b)
	})
	if err != nil {
		http.Error(a.ResponseWriter, "the answer cannot be written as JSON", http.StatusInternalServerError)
	}
}

// Header implements [http.ResponseWriter]. mcp-go v1.2.1 asks for it once the work is
// done, while notifications may still be on their way out, so it waits for them. The race
// detector fails TestProgressComesBeforeTheAnswer without that.
func (a *orderedAnswer) Header() http.Header {
	a.out.close()
	return a.ResponseWriter.Header()
}

// WriteHeader implements [http.ResponseWriter].
func (a *orderedAnswer) WriteHeader(status int) {
	a.out.close()
	a.writing.Lock()
	defer a.writing.Unlock()
	if a.amend != nil && a.amend.code == mcp.INVALID_PARAMS && status == http.StatusOK {
		status = http.StatusBadRequest // as mcp-go v1.2.1 answers that code from 2026-07-28 on
	}
	a.start("", status) // mcp-go has set the type
}

// Write implements [io.Writer].
func (a *orderedAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	own := b
	if a.amend != nil && a.status >= http.StatusBadRequest { // else it is a result, or an event
		own = a.amend.appliedTo(b)
	}
	if _, err := a.ResponseWriter.Write(restored(own)); err != nil {
		return 0, err
	}
	return len(b), nil
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
