package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
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
	quitTime   = 8 * time.Second // for calls in flight, when asked to end
)

// HTTP is the door for clients over HTTP.
type HTTP struct {
	handler http.Handler
	sse     *server.SSEServer
	log     *slog.Logger
}

// NewHTTP opens /sse and /message, which older clients use, and /healthz; and
// with streamable also /mcp, stateless, so that any replica answers any request.
func NewHTTP(s *server.MCPServer, streamable bool, log *slog.Logger) *HTTP {
	sse := server.NewSSEServer(s,
		server.WithSSEDisableLocalhostProtection(true), // the guard knows the hosts
		// With no list of origins it would allow all of them; this one is nobody's.
		server.WithSSECORS(server.WithCORSAllowedOrigins("https://none.invalid")),
		server.WithUseFullURLForMessageEndpoint(false),
		// 2026-07-28 needs headers that clients of SSE do not send.
		server.WithSSEContextFunc(func(ctx context.Context, _ *http.Request) context.Context {
			return server.WithSupportedProtocolVersions(ctx, mcp.LegacyProtocolVersions())
		}),
	)
	routes := map[string]route{
		"/sse":     {[]string{http.MethodGet}, sse.SSEHandler()},
		"/message": {[]string{http.MethodPost}, sse.MessageHandler()},
		"/healthz": {[]string{http.MethodGet, http.MethodHead}, http.HandlerFunc(alive)},
	}
	if streamable {
		mcp := server.NewStreamableHTTPServer(s,
			server.WithStateLess(true),
			server.WithDisableStreaming(true), // a stream of one client hears of others
			server.WithDisableLocalhostProtection(true),
			server.WithStreamableHTTPLogger(log),
		)
		routes["/mcp"] = route{[]string{http.MethodPost}, dropCancelled(mcp)}
	}
	return &HTTP{handler: guard(routes, log), sse: sse, log: log}
}

// ServeHTTP implements [http.Handler].
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

// Serve answers clients on ln until ctx is done, which is success: calls in
// flight are answered first, for at most 8 s.
func (h *HTTP) Serve(ctx context.Context, ln net.Listener) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelWarn),
		// No WriteTimeout: the guard bounds each write, and streams last.
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	h.log.Info("ending", "grace", quitTime)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTime)
	defer cancel()
	s.RegisterOnShutdown(h.sse.CloseSessions) // an open stream would hold the end up
	if err := s.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// dropCancelled answers a notifications/cancelled without passing it on:
// without sessions, calls are known by their request id alone, and one client's
// would end another's call. Closing the request cancels it.
func dropCancelled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the request did not come in whole", http.StatusBadRequest)
			return
		}
		var m struct {
			Method string `json:"method"`
		}
		if json.Unmarshal(body, &m) == nil && m.Method == string(mcp.MethodNotificationCancelled) {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
