package transport

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

const (
	workers = 32   // calls of tools that a session answers at once
	waiting = 4096 // requests of a session that may be unanswered; the next one is not read before
)

// session is a conversation with one client, over stdio or on a stream. It gives
// each message to [server.MCPServer.HandleMessage], the public door of mcp-go, and
// sends what comes back, in the order made for each request.
//
// The StdioServer and SSEServer of mcp-go v1.2.1 send answers before what was said
// earlier, answer cancelled calls, miss a cancellation that comes before a call has
// begun, and at the end of input drop calls under way. The tests of this package
// name each.
type session struct {
	id     string
	server *server.MCPServer
	life   context.Context // ends with the client; so does all work for it
	calls  *calls
	log    *slog.Logger

	writing sync.Mutex         // one message at a time
	write   func([]byte) error // writes a message, which is a line

	workers chan struct{}
	waiting chan struct{}
	asks    asks

	about        sync.Mutex // guards what follows
	client       mcp.Implementation
	capabilities mcp.ClientCapabilities
}

// newSession makes a session that lasts as long as life.
func newSession(life context.Context, id string, s *server.MCPServer, all *calls, write func([]byte) error, log *slog.Logger) *session {
	return &session{
		id: id, server: s, life: life, calls: all, log: log, write: write,
		workers: make(chan struct{}, workers), waiting: make(chan struct{}, waiting),
	}
}

// receive takes a message in, and calls done when it needs the message no longer.
// Requests are answered side by side; ctx has the values that their tools find, and its
// end ends nothing.
func (s *session) receive(ctx context.Context, b []byte, done func()) {
	if batch := refusedBatch(b); batch != nil {
		for _, no := range batch {
			s.send(no)
		}
		done()
		return
	}
	m := parse(b)
	if !m.isRequest() {
		defer done()
	}
	switch {
	case m.isRequest():
		select {
		case s.waiting <- struct{}{}:
		case <-s.life.Done():
			done()
			return
		}
		work, end := s.calls.begin(context.WithoutCancel(ctx), s.id, m.ID)
		work, leave := context.WithCancelCause(work)
		stop := context.AfterFunc(s.life, func() { leave(context.Cause(s.life)) })
		go func() {
			defer func() { stop(); leave(nil); end(); <-s.waiting; done() }()
			s.answer(work, m, b)
		}()
	case m.Method == mcp.MethodNotificationCancelled:
		s.calls.cancel(s.id, m.Params.RequestID)
	case m.ID != nil && s.asks.heard(b):
	default: // a notification has no answer; what is no message has one, with the id null
		s.answer(ctx, m, b)
	}
}

// answer answers a message, unless the client cancels it.
func (s *session) answer(ctx context.Context, m message, b []byte) {
	if m.Method == mcp.MethodToolsCall {
		select {
		case s.workers <- struct{}{}:
			defer func() { <-s.workers }()
		case <-ctx.Done():
		}
	}
	if response := s.respond(ctx, m, b); response != nil {
		s.send(response)
	}
}

// respond returns the answer to a message when all that comes before it is sent: nil
// if there is none, or the client has cancelled.
func (s *session) respond(ctx context.Context, m message, b []byte) mcp.JSONRPCMessage {
	out := &outbox{send: func(n mcp.JSONRPCNotification) { s.send(n) }}
	response := s.handle(s.server.WithContext(ctx, requestSession{s, out}), m, b)
	out.close()
	if isCancelled(ctx) {
		return nil
	}
	return response
}

// handle has the server answer. A panic in it ends no other call.
func (s *session) handle(ctx context.Context, m message, b []byte) (response mcp.JSONRPCMessage) {
	defer func() {
		if p := recover(); p != nil {
			s.log.ErrorContext(ctx, "panic", "method", string(m.Method), "panic", p, "stack", string(debug.Stack()))
			if m.isRequest() {
				response = mcp.NewJSONRPCError(mcp.NewRequestId(m.ID), mcp.INTERNAL_ERROR, "internal error", nil)
			}
		}
	}()
	if no := m.refusal(len(b)); no != nil {
		if !m.isRequest() {
			return nil
		}
		return no
	}
	ctx, amend := withAmendment(ctx)
	return amend.applied(s.server.HandleMessage(ctx, b))
}

// send writes a message. The client is gone if that fails, which ends the session
// elsewhere.
func (s *session) send(v any) {
	err := encode(v, func(line []byte) {
		s.writing.Lock()
		defer s.writing.Unlock()
		_ = s.write(line)
	})
	if err != nil {
		s.log.Error("a message cannot be written as JSON", "why", err.Error())
	}
}

// requestSession is the session as one request sees it: what the request says goes
// through its own outbox.
type requestSession struct {
	*session
	out *outbox
}

// NotificationChannel implements [server.ClientSession].
func (s requestSession) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.out.channel() }

// Initialize implements [server.ClientSession].
func (*session) Initialize() {}

// Initialized implements [server.ClientSession]. Clients of 2026-07-28 never
// initialize, and may be told of progress all the same.
func (*session) Initialized() bool { return true }

// SessionID implements [server.ClientSession].
func (s *session) SessionID() string { return s.id }

// GetClientInfo implements [server.SessionWithClientInfo].
func (s *session) GetClientInfo() mcp.Implementation {
	s.about.Lock()
	defer s.about.Unlock()
	return s.client
}

// ClientName returns the name that the client of a call gives itself; "" where it gave none,
// or over /mcp, which keeps none. It is a stranger's text.
func ClientName(ctx context.Context) string {
	if s, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo); ok {
		return s.GetClientInfo().Name
	}
	return ""
}

// SetClientInfo implements [server.SessionWithClientInfo].
func (s *session) SetClientInfo(client mcp.Implementation) {
	s.about.Lock()
	defer s.about.Unlock()
	client.Icons = nil // nobody looks at them here
	s.client = client
}

// GetClientCapabilities implements [server.SessionWithClientInfo].
func (s *session) GetClientCapabilities() mcp.ClientCapabilities {
	s.about.Lock()
	defer s.about.Unlock()
	return s.capabilities
}

// SetClientCapabilities implements [server.SessionWithClientInfo].
func (s *session) SetClientCapabilities(c mcp.ClientCapabilities) {
	s.about.Lock()
	defer s.about.Unlock()
	c.Experimental = nil // likewise
	s.capabilities = c
}

var _ server.SessionWithClientInfo = requestSession{}
