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
	headerTime = 10 * time.Second  // for the head of a request to arrive
	idleTime   = 120 * time.Second // for a connection without a request
	maxHeader  = 64 << 10          // bytes of the head of a request
	quitTime   = 4 * time.Second   // for running calls, after the order to end
	closeTime  = time.Second / 2   // for streams to close after that
)

// HTTP serves clients over HTTP.
type HTTP struct {
	handler http.Handler
	calls   calls
	streams *streams
	ready   *readiness
	delay   time.Duration
	log     *slog.Logger
}

// NewHTTP serves /sse and /message, which older clients use, /healthz and /readyz. With
// [Options.Streamable] it also serves /mcp, without state, so that any replica can
// answer any request.
func NewHTTP(s *server.MCPServer, o Options) *HTTP {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &HTTP{
		ready: &readiness{ask: o.Ready, note: o.Note, log: o.Log},
		delay: o.DrainDelay,
		log:   o.Log,
	}
	amendErrors(s)
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
		for path, page := range o.Gate.Open() {
			routes[path] = route{method: page.Method, open: true, handler: page}
		}
	}
	h.handler = guard(routes, o, &h.ready.ending)
	return h
}

// Sessions returns how many streams are open.
func (h *HTTP) Sessions() int { return h.streams.count() }

// ServeHTTP implements [http.Handler].
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

// Serve answers clients on ln until ctx is done, which is success. It then turns /readyz
// off, goes on for [Options.DrainDelay], takes no more connections, and gives running
// calls, on streams too, at most 4 s.
func (h *HTTP) Serve(ctx context.Context, ln net.Listener) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		// Else net/http answers OPTIONS * itself, to any Host and Origin.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(h.log.Handler(), slog.LevelWarn),
		// There is no WriteTimeout: it would end streams, and withDeadlines bounds each write.
	}
	// Shutdown waits for streams, which end by themselves only when their clients leave.
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
	h.log.Info("ending", "delay", h.delay.String(), "grace", quitTime.String())
	h.ready.ending.Store(true)
	select {
	case err := <-failed:
		return err
	case <-time.After(h.delay):
	}
	h.streams.noMore()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTime+closeTime)
	defer cancel()
	err := s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close() // the rest had its time
	}
	return err
}
