package transport

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

const (
	headerTime = 10 * time.Second
	idleTime   = 120 * time.Second
	maxHeader  = 64 << 10
	quitTime   = 8 * time.Second // for calls in flight, when asked to end
	closeTime  = time.Second     // for streams to close after that
)

// Options say what there is and who gets in. The zero value is for loopback.
type Options struct {
	Streamable bool     // serve /mcp besides what SSE needs
	Hosts      []string // names that this server answers to, besides those of loopback; no ports
	Origins    []string // whose pages may make browsers call it, besides its own
	Gate       Gate     // who may use it; anybody if nil

	// ClientTokens has each request bring a Talkover token, which [TalkoverToken]
	// then finds in the context of its calls.
	ClientTokens bool

	Ready func(context.Context) error // whether what is behind answers; asked at most every 10 s
	Log   *slog.Logger                // none if nil

	// Answered is told of each answer that ended: its path, or "" where there is
	// nothing, and its status.
	Answered func(path string, status int)
}

// HTTP is the door for clients over HTTP.
type HTTP struct {
	handler http.Handler
	streams *streams
	ready   *readiness
	log     *slog.Logger
}

// NewHTTP opens /sse and /message, which older clients use, /healthz and /readyz;
// and with Streamable also /mcp, stateless, so that any replica answers any
// request.
func NewHTTP(s *server.MCPServer, o Options) *HTTP {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &HTTP{
		streams: &streams{open: map[string]*stream{}},
		ready:   &readiness{ask: o.Ready, log: o.Log},
		log:     o.Log,
	}
	sse := server.NewSSEServer(s,
		server.WithSSEDisableLocalhostProtection(true), // the guard knows the hosts
		// With no list of origins it would allow all of them; this one is nobody's.
		server.WithSSECORS(server.WithCORSAllowedOrigins("https://none.invalid")),
		server.WithUseFullURLForMessageEndpoint(false),
		server.WithSessionIDGenerator(streamID),
		// 2026-07-28 needs headers that clients of SSE do not send.
		server.WithSSEContextFunc(func(ctx context.Context, _ *http.Request) context.Context {
			return server.WithSupportedProtocolVersions(ctx, mcp.LegacyProtocolVersions())
		}),
	)
	routes := map[string]route{
		"/sse":     {method: http.MethodGet, handler: h.streams.hold(sse.SSEHandler())},
		"/message": {method: http.MethodPost, handler: h.streams.message(sse.MessageHandler())},
		"/healthz": {method: http.MethodGet, open: true, handler: http.HandlerFunc(alive)},
		"/readyz":  {method: http.MethodGet, open: true, handler: h.ready},
	}
	if o.Streamable {
		mcp := server.NewStreamableHTTPServer(s,
			server.WithStateLess(true),
			server.WithDisableStreaming(true), // a stream of one client hears of others
			server.WithDisableLocalhostProtection(true),
			server.WithStreamableHTTPLogger(o.Log),
		)
		routes["/mcp"] = route{method: http.MethodPost, handler: h.stateless(s, mcp)}
	}
	if o.Gate != nil {
		for path, document := range o.Gate.Open() {
			routes[path] = route{method: http.MethodGet, open: true, handler: static(document)}
		}
	}
	h.handler = guard(routes, o)
	return h
}

// Sessions is how many streams are open.
func (h *HTTP) Sessions() int { return h.streams.count() }

// ServeHTTP implements [http.Handler].
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

// Serve answers clients on ln until ctx is done, which is success: calls in
// flight are answered first, for at most 8 s, on streams too.
func (h *HTTP) Serve(ctx context.Context, ln net.Listener) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelWarn),
		// No WriteTimeout: the guard bounds each write, and streams last.
	}
	// An open stream would hold the end up, but it may be owed answers.
	s.RegisterOnShutdown(func() { h.streams.finish(quitTime) })
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	h.log.Info("ending", "grace", quitTime.String())
	h.ready.ending.Store(true)
	h.streams.noMore()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTime+closeTime)
	defer cancel()
	err := s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close() // what is left had its time
	}
	return err
}

// stateless serves a message for which no state is kept.
//
// A notifications/cancelled is answered and not passed on: without sessions,
// calls are known by their request id alone, and one client's would end
// another's call. Closing the request cancels it. A subscription holds its
// answer open, so it counts as a stream.
func (h *HTTP) stateless(s *server.MCPServer, next http.Handler) http.Handler {
	subscribe := h.streams.hold(acknowledged(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m message
		_ = json.Unmarshal(bodyOf(r), &m) // what is no JSON has no method, and is refused behind
		if call, ok := m.plainCall(s, r.Header.Get(mcp.HeaderProtocolVersion)); ok {
			call.answer(w, r)
			return
		}
		switch m.Method {
		case mcp.MethodNotificationCancelled:
			w.WriteHeader(http.StatusAccepted)
		case mcp.MethodSubscriptionsListen:
			subscribe.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// static answers with a JSON document.
func static(document []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document)
	})
}
