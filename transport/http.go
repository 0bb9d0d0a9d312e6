package transport

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

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

	// SessionKey proves that session ids of /mcp were made by this server or a
	// replica of it, which has the same key. It should be secret and 32 bytes long;
	// it may be nil where ClientTokens is set.
	SessionKey []byte

	Ready func(context.Context) error // whether what is behind answers; asked at most every 10 s
	Log   *slog.Logger                // none if nil

	// Answered is told of each answer that ended: its path, or "" where there is
	// nothing, and its status.
	Answered func(path string, status int)
}

// HTTP is the door for clients over HTTP.
type HTTP struct {
	handler http.Handler
	calls   calls
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
		ready: &readiness{ask: o.Ready, log: o.Log},
		log:   o.Log,
	}
	h.streams = &streams{server: s, calls: &h.calls, log: o.Log, open: map[string]*stream{}}
	routes := map[string]route{
		"/sse":     {method: http.MethodGet, handler: http.HandlerFunc(h.streams.listen)},
		"/message": {method: http.MethodPost, handler: http.HandlerFunc(h.streams.message)},
		"/healthz": {method: http.MethodGet, open: true, handler: http.HandlerFunc(alive)},
		"/readyz":  {method: http.MethodGet, open: true, handler: h.ready},
	}
	if o.Streamable {
		routes["/mcp"] = route{method: http.MethodPost, handler: newStreamable(s, &h.calls, o.SessionKey, o.Log)}
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
	// An open stream would hold the end up, but answers may still go out on it.
	s.RegisterOnShutdown(func() {
		h.calls.drain(quitTime)
		h.streams.finish()
	})
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

// static answers with a JSON document.
func static(document []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document)
	})
}
