package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"

	"github.com/talkover/talkover-mcp/telemetry"
	"github.com/talkover/talkover-mcp/tools"
)

// watch is what those who run the server hear of it. Each part is nil where it is
// not configured, and then nothing of it is there.
type watch struct {
	metrics *telemetry.Metrics
	traces  *telemetry.Traces
	end     context.CancelFunc // of answering scrapes
}

// watch makes the parts that are configured; serving is whether clients will come.
func (c config) watch(ctx context.Context, serving bool, log *slog.Logger) (*watch, error) {
	w := &watch{end: func() {}}
	if c.Metrics != "" && serving {
		w.metrics = telemetry.NewMetrics(version())
	}
	switch {
	case c.Collector == "":
	case c.OTLP != "http/protobuf":
		// Hosts hand down what was set for other programs: no reason not to start.
		log.Warn("no traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL takes http/protobuf alone")
	default:
		var err error
		w.traces, err = telemetry.NewTraces(ctx, telemetry.TracesConfig{
			Endpoint: string(c.Collector), Headers: c.OTLPHead, Version: version(), Log: log,
		})
		if err != nil {
			return w, fmt.Errorf("the OTEL_ variables cannot be taken: %w", err)
		}
	}
	return w, nil
}

// roundTripper watches requests that go through next.
func (w *watch) roundTripper(next http.RoundTripper) http.RoundTripper {
	if w.traces != nil {
		next = w.traces.RoundTripper(next)
	}
	if w.metrics != nil {
		next = w.metrics.RoundTripper(next)
	}
	return next
}

// observers watch calls of tools.
func (w *watch) observers() []tools.Observer {
	var all []tools.Observer
	if w.traces != nil {
		all = append(all, w.traces.Operation)
	}
	if w.metrics != nil {
		all = append(all, w.metrics.Operation)
	}
	return all
}

// answered hears of answers to clients over HTTP; nil if nobody does.
func (w *watch) answered() func(path string, status int) {
	if w.metrics == nil {
		return nil
	}
	return w.metrics.Answered
}

// sessions watches how many streams are open.
func (w *watch) sessions(open func() int) {
	if w.metrics != nil {
		w.metrics.WatchSessions(open)
	}
}

// serve answers scrapes until close, so that a drain can be watched too.
func (w *watch) serve(ctx context.Context, c config, a account, log *slog.Logger) error {
	if w.metrics == nil {
		return nil
	}
	ln, err := listen(ctx, "MCP_METRICS_ADDR", string(c.Metrics))
	if err != nil {
		return err
	}
	w.metrics.WatchUsage(a.Usage)
	if c.Source != "client" { // else each account has a limit of its own
		w.metrics.WatchLimits(a.Limits)
	}
	log.Info("metrics", "addr", ln.Addr().String(), "path", "/metrics")
	ctx, w.end = context.WithCancel(context.WithoutCancel(ctx))
	go w.metrics.Serve(ctx, ln, log)
	return nil
}

// What Windows has in place of EADDRINUSE and ECONNREFUSED, which [syscall] does
// not tell from them.
const (
	wsaInUse   = syscall.Errno(10048)
	wsaRefused = syscall.Errno(10061)
)

// listen opens the address of a setting.
func listen(ctx context.Context, setting, addr string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, wsaInUse):
		return nil, fmt.Errorf("%s: takes a port that is free; %s is in use", setting, addr)
	case err != nil:
		return nil, fmt.Errorf("%s: takes an address of this machine that is free", setting)
	}
	return ln, nil
}

// close sends what is left to be sent.
func (w *watch) close() {
	w.end()
	if w.traces != nil {
		w.traces.Close()
	}
}
