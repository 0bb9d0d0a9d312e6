// Package telemetry tells those who run the server what it does: figures for
// Prometheus, and traces for OpenTelemetry. Neither says what was asked or
// answered: no token, no phone number, no argument.
package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/talkover/talkover-mcp/talkover"
)

// Config says what is told, and to whom. The zero value tells nobody.
type Config struct {
	Version string       // of this program
	Log     *slog.Logger // told where metrics are served and spans are lost; none if nil

	Metrics net.Listener // where Prometheus asks for /metrics; no metrics if nil

	Collector string            // the base URL of an OTLP collector, whose /v1/traces gets spans; no traces if empty
	Headers   map[string]string // that the collector wants; they may hold a secret
	Protocol  string            // how to speak to the collector; with any but http/protobuf there are no traces
}

// Telemetry watches one server.
type Telemetry struct {
	metrics *Metrics // nil, and then counts nothing, unless configured
	traces  *Traces  // likewise
	ln      net.Listener
	log     *slog.Logger
	end     context.CancelFunc // of answering scrapes; nil before it begins
}

// New makes what is configured. It fails where the OpenTelemetry SDK cannot take its
// own OTEL_ variables.
func New(ctx context.Context, c Config) (*Telemetry, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	t := &Telemetry{ln: c.Metrics, log: c.Log}
	if c.Metrics != nil {
		t.metrics = NewMetrics(c.Version)
	}
	switch {
	case c.Collector == "":
	case c.Protocol != "http/protobuf":
		// Hosts hand down what was set for other programs: no reason not to start.
		c.Log.Warn("no traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL takes http/protobuf alone")
	default:
		var err error
		if t.traces, err = newTraces(ctx, c.Version, newCollector(c.Collector, c.Headers, c.Log), c.Log); err != nil {
			return nil, fmt.Errorf("the OTEL_ variables cannot be taken: %w", err)
		}
	}
	return t, nil
}

// RoundTripper watches the requests that go through next. It returns next itself
// where nothing is configured.
func (t *Telemetry) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return t.metrics.RoundTripper(t.traces.RoundTripper(next))
}

// Operation begins one call of a tool, or one read of a resource: a method of MCP,
// the name of the tool or resource, and the _meta of the request. The returned
// context carries the span of it, if there is one; the returned function ends it,
// with "ok" or a word for why not.
func (t *Telemetry) Operation(ctx context.Context, method, name string, meta map[string]any) (context.Context, func(outcome string)) {
	ctx, endSpan := t.traces.Operation(ctx, method, name, meta)
	count := t.metrics.Operation(name)
	return ctx, func(outcome string) {
		count(outcome)
		endSpan(outcome)
	}
}

// Answered counts an answer to a client over HTTP: to a path that there is, or to "".
func (t *Telemetry) Answered(path string, status int) { t.metrics.Answered(path, status) }

// WatchSessions adds how many streams are open.
func (t *Telemetry) WatchSessions(open func() int) { t.metrics.WatchSessions(open) }

// Serve answers scrapes until [Telemetry.Close], and not only until ctx is done, so
// that the end of a server can be watched too. usage tells what all requests cost;
// limits tells where the one account of a server stands with the API's limit, and is
// nil where each request has an account of its own.
func (t *Telemetry) Serve(ctx context.Context, usage func() talkover.Usage, limits func() talkover.Limits) {
	if t.metrics == nil {
		return
	}
	t.metrics.WatchUsage(usage)
	if limits != nil {
		t.metrics.WatchLimits(limits)
	}
	t.log.Info("metrics", "addr", t.ln.Addr().String(), "path", "/metrics")
	ctx, t.end = context.WithCancel(context.WithoutCancel(ctx))
	go t.metrics.Serve(ctx, t.ln, t.log)
}

// Close stops answering scrapes, and sends the spans that are left, for at most 2 s.
func (t *Telemetry) Close() {
	if t.end != nil {
		t.end()
	}
	t.traces.Close()
}
