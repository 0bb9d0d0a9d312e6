// Package telemetry shows operators what the server does: figures for Prometheus, and
// traces for OpenTelemetry. Neither holds what was asked or answered: no token, no
// phone number, no argument.
package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/talkover"
)

// Config says who gets figures and traces. With the zero value nobody does.
type Config struct {
	Version string       // of this program
	Log     *slog.Logger // says where metrics are served, and which spans are lost; none if nil

	Metrics net.Listener // takes the connections of Prometheus; there are no metrics if it is nil
	Hosts   []string     // names under which Prometheus may ask, besides loopback names and IP addresses

	Collector string            // the base URL of an OTLP collector; spans go to its /v1/traces; no traces if empty
	Headers   map[string]string // sent to the collector; they may hold a secret
	Protocol  string            // of the collector; with any but http/protobuf there are no traces
}

// Telemetry watches one server.
type Telemetry struct {
	metrics *Metrics // nil, and then counts nothing, unless configured
	traces  *Traces  // likewise
	ln      net.Listener
	log     *slog.Logger
	end     context.CancelFunc // of answering scrapes; nil before it begins
}

// New starts what is configured. It fails where the OpenTelemetry SDK cannot read its
// own OTEL_ variables.
func New(ctx context.Context, c Config) (*Telemetry, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	t := &Telemetry{ln: c.Metrics, log: c.Log}
	if c.Metrics != nil {
		t.metrics = NewMetrics(c.Version, c.Hosts...)
	}
	switch {
	case c.Collector == "":
	case c.Protocol != "http/protobuf":
		// A host may hand down what was set for another program, so the server starts.
		c.Log.Warn("no traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL takes http/protobuf alone")
	default:
		var err error
		if t.traces, err = newTraces(ctx, c.Version, newCollector(c.Collector, c.Headers, c.Log), c.Log); err != nil {
			return nil, fmt.Errorf("the OTEL_ variables cannot be taken: %w", err)
		}
	}
	return t, nil
}

// RoundTripper counts and traces the requests that go through next. It returns next
// itself where nothing is configured.
func (t *Telemetry) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return t.metrics.RoundTripper(t.traces.RoundTripper(next))
}

// Operation begins one call of a tool, or one read of a resource. It takes a method of
// MCP, the name of the tool or resource, and the _meta of the request. The returned
// context carries the span, if there is one. The returned function ends the operation,
// with "ok" or a word for why not.
func (t *Telemetry) Operation(ctx context.Context, method, name string, meta map[string]any) (context.Context, func(outcome string)) {
	ctx, endSpan := t.traces.Operation(ctx, method, name, meta)
	count := t.metrics.Operation(name)
	return ctx, func(outcome string) {
		count(outcome)
		endSpan(outcome)
	}
}

// Answered counts an answer to a client over HTTP. path is empty where the server has
// no such path.
func (t *Telemetry) Answered(path string, status int) { t.metrics.Answered(path, status) }

// Watch counts the requests that a server answers.
func (t *Telemetry) Watch(s *server.MCPServer, about Server) { t.metrics.Watch(s, about) }

// WatchOrders adds how many calls may be placed in an hour, and how many are left to
// whoever has the fewest.
func (t *Telemetry) WatchOrders(most int, left func() int) { t.metrics.WatchOrders(most, left) }

// WatchKeys adds the fetches of an issuer's keys. The returned function, which may be nil,
// counts one.
func (t *Telemetry) WatchKeys() func(ok bool) { return t.metrics.WatchKeys() }

// WatchSessions adds how many streams are open.
func (t *Telemetry) WatchSessions(open func() int) { t.metrics.WatchSessions(open) }

// WatchShared adds whether what replicas share is away, and how often it went.
func (t *Telemetry) WatchShared(state func() (away bool, gone int)) { t.metrics.WatchShared(state) }

// Serve answers scrapes until [Telemetry.Close], also after ctx is done, so that
// operators see the last calls of a server that ends. usage tells what all requests to
// the API cost. limits tells how much of the API's limit is used; it is nil where each
// request has an account of its own.
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

// Close stops answering scrapes, and exports the last spans, for at most 2 s.
func (t *Telemetry) Close() {
	if t.end != nil {
		t.end()
	}
	t.traces.Close()
}
