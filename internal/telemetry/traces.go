package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// flushTime bounds the export of the last spans, when the server ends.
const flushTime = 2 * time.Second

// Traces makes spans of tool calls and of the requests that they make of the API.
// A nil one makes none.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	log      *slog.Logger
}

// newTraces starts exporting to a collector. The SDK takes the service's name,
// resource attributes, sampler and batch sizes from its own OTEL_ variables;
// newTraces fails where it cannot read them.
func newTraces(ctx context.Context, version string, to *collector, log *slog.Logger) (*Traces, error) {
	exporter, err := otlptrace.New(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("talkover-mcp"), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv(), // last, since it overrides what stands before it
	)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return &Traces{provider, provider.Tracer("github.com/talkover/talkover-mcp"), log}, nil
}

// Operation begins the span of one call of a tool, or of one read of a resource. It is
// a child of the caller's span where the _meta of the request names one, by W3C trace
// context. The returned function ends the span, with "ok" or a word for why not.
func (t *Traces) Operation(ctx context.Context, method, name string, meta map[string]any) (context.Context, func(outcome string)) {
	if t == nil {
		return ctx, func(string) {}
	}
	ctx = propagation.TraceContext{}.Extract(ctx, carrier(meta))
	ctx, span := t.tracer.Start(ctx, method+" "+name, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("mcp.method.name", method)))
	if method == toolsCall { // named as in the semantic conventions for MCP and GenAI
		span.SetAttributes(attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", name))
	}
	return ctx, func(outcome string) {
		if outcome != "ok" {
			span.SetStatus(codes.Error, "")
			span.SetAttributes(semconv.ErrorTypeKey.String(outcome))
		}
		span.End()
	}
}

// toolsCall is the method that calls a tool.
const toolsCall = "tools/call"

// carrier reads the caller's trace context from the _meta of a request.
type carrier map[string]any

// Get implements [propagation.TextMapCarrier].
func (c carrier) Get(key string) string {
	value, _ := c[key].(string)
	return value
}

// Set implements [propagation.TextMapCarrier]; nothing goes back to the caller.
func (c carrier) Set(string, string) {}

// Keys implements [propagation.TextMapCarrier].
func (c carrier) Keys() []string { return nil }

// RoundTripper gives each request through next a span. The API, which belongs to
// somebody else, is not told of the trace.
func (t *Traces) RoundTripper(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return otelhttp.NewTransport(next,
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
	)
}

// Close exports the last spans, for at most 2 s.
func (t *Traces) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.log.Warn("spans are lost", "why", withoutURL(err).Error())
	}
}
