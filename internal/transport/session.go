package transport

import (
	"context"
	"encoding/json"
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

// session is a conversation with one client. It gives each message to
// [server.MCPServer.HandleMessage], the public door of mcp-go, and sends what comes back,
// in the order made for each request.
//
// The servers of mcp-go v1.2.1 for stdio, SSE and streamable HTTP send answers before what
// was said earlier (https://github.com/mark3labs/mcp-go/pull/969), answer cancelled calls,
// miss a cancellation that comes before a call has begun, and at the end of input drop
// calls under way. The tests of this package name each.
type session struct {
	greeting
	id     string
	server *server.MCPServer
	life   context.Context // ends with the client; so does all work for it; nil where there is no way back to it
	calls  *calls
	log    *slog.Logger
	send   func(message any) // sends one message at a time

	workers chan struct{}
	waiting chan struct{}
	asks    asks
}

// newSession makes a session that lasts as long as life.
func newSession(life context.Context, id string, s *server.MCPServer, all *calls, send func(any),
	log *slog.Logger) *session {
	return &session{
		id: id, server: s, life: life, calls: all, log: log, send: send,
		workers: make(chan struct{}, workers), waiting: make(chan struct{}, waiting),
	}
}

// receive takes a message in, and calls done when it needs the message no longer.
// Requests are answered side by side; ctx has the values that their tools find, and its
// end ends nothing.
func (s *session) receive(ctx context.Context, b []byte, done func()) {
	m := parse(b)
	if !m.isRequest() {
		defer done()
		switch batch := refusedBatch(b); {
		case batch != nil:
			for _, no := range batch {
				s.send(no)
			}
		case m.Method == mcp.MethodNotificationCancelled:
			s.calls.cancel(s.id, m.Params.RequestID)
		case m.ID != nil && s.asks.heard(b):
		default: // a notification has no answer; what is no message has one, with the id null
			s.answer(ctx, m, b)
		}
		return
	}
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

// respond returns the answer to a message, behind which nothing more is said: nil if there
// is none, or the client has cancelled. A panic ends no other call.
func (s *session) respond(ctx context.Context, m message, b []byte) (response mcp.JSONRPCMessage) {
	said := &requestSession{session: s, queue: make(chan mcp.JSONRPCNotification, 8)}
	defer func() {
		if p := recover(); p != nil {
			s.log.ErrorContext(ctx, "panic", "method", string(m.Method), "panic", p, "stack", string(debug.Stack()))
			response = m.no(mcp.INTERNAL_ERROR, "internal error")
		}
		said.close()
		if isCancelled(ctx) || m.ID == nil && m.Method != "" {
			response = nil
		}
	}()
	if no := m.refusal(); no != nil {
		return no
	}
	ctx, amend := withAmendment(ctx)
	return amend.applied(s.server.HandleMessage(s.server.WithContext(ctx, said), b))
}

// requestSession is the session as one request sees it: what the request says comes before
// its answer, and never behind it.
type requestSession struct {
	*session
	mu    sync.Mutex
	over  bool
	queue chan mcp.JSONRPCNotification // of mcp-go, which puts the word on a subscription there
}

// Notify sends a notification at once.
func (s *requestSession) Notify(method string, params map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		n := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
		n.Method, n.Params.AdditionalFields = method, params
		s.send(n)
	}
}

func (s *requestSession) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for len(s.queue) > 0 {
		s.send(<-s.queue)
	}
}

// NotificationChannel implements [server.ClientSession].
func (s *requestSession) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.queue }

// Initialize implements [server.ClientSession].
func (*session) Initialize() {}

// Initialized implements [server.ClientSession]. Clients of 2026-07-28 never
// initialize, and may be told of progress all the same.
func (*session) Initialized() bool { return true }

// SessionID implements [server.ClientSession].
func (s *session) SessionID() string { return s.id }

// greeting is what a client says of itself. It implements [server.SessionWithClientInfo].
type greeting struct {
	mu           sync.Mutex
	client       mcp.Implementation
	capabilities mcp.ClientCapabilities
}

// ClientName returns the name that the client of a call gives itself; "" where it gave none,
// or over /mcp, which keeps none. It is a stranger's text.
func ClientName(ctx context.Context) string {
	if s, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo); ok {
		return s.GetClientInfo().Name
	}
	return ""
}

// GetClientInfo returns the name of the client.
func (g *greeting) GetClientInfo() mcp.Implementation {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.client
}

// SetClientInfo keeps the name of the client, without icons, which nobody looks at here.
func (g *greeting) SetClientInfo(client mcp.Implementation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	client.Icons = nil
	g.client = client
}

// GetClientCapabilities returns what the client can do.
func (g *greeting) GetClientCapabilities() mcp.ClientCapabilities {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.capabilities
}

// SetClientCapabilities keeps what the client can do.
func (g *greeting) SetClientCapabilities(c mcp.ClientCapabilities) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.Experimental = nil
	g.capabilities = c
}

var (
	_ server.SessionWithClientInfo  = (*requestSession)(nil)
	_ server.SessionWithElicitation = (*requestSession)(nil)
)

// sender returns a function that writes messages as lines of JSON, one at a time.
func sender(write func(line []byte) error, log *slog.Logger) func(message any) {
	var mu sync.Mutex
	return func(message any) {
		b, err := json.Marshal(message)
		if err != nil {
			log.Error("a message cannot be written as JSON", "why", err.Error())
			return
		}
		mu.Lock()
		defer mu.Unlock()
		_ = write(restored(append(b, '\n'))) // where that fails the client is gone, which ends the session elsewhere
	}
}
