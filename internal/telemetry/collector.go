package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	exportTime  = 10 * time.Second // of one batch, with its retries: the default of OTEL_EXPORTER_OTLP_TIMEOUT
	exportTries = 3
)

// collector implements [otlptrace.Client] by OTLP over HTTP. The SDK's own client,
// otlptracehttp v1.47.0, links all of gRPC for the sake of one type: 5.7 MB, and the
// whole binary may have 20 MiB.
type collector struct {
	url     string
	headers map[string]string
	http    *http.Client
	log     *slog.Logger
}

func newCollector(base string, headers map[string]string, log *slog.Logger) *collector {
	return &collector{
		url:     strings.TrimRight(base, "/") + "/v1/traces",
		headers: headers,
		http: &http.Client{
			Transport: talkover.Timely(http.DefaultTransport.(*http.Transport).Clone()),
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // headers may hold a secret
			},
		},
		log: log,
	}
}

// Start implements [otlptrace.Client].
func (c *collector) Start(context.Context) error { return nil }

// Stop implements [otlptrace.Client].
func (c *collector) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements [otlptrace.Client]. It logs a failure and returns none: the
// SDK would print the error past our log.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	n := redact(spans)
	// The collector reads this as an ExportTraceServiceRequest, which has the same one field.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, exportTime)
		defer cancel()
		_, err = backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, c.post(ctx, body) }, backoff.WithMaxTries(exportTries))
	}
	if err != nil {
		c.log.WarnContext(ctx, "spans are lost", "spans", n, "why", withoutURL(err).Error())
	}
	return nil
}

// post sends one batch, once.
func (c *collector) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(err)
	}
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	res, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // else the connection cannot be used again
	switch err := fmt.Errorf("the collector answered %d", res.StatusCode); res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return err // for these statuses OTLP asks to try again
	default:
		if res.StatusCode > 299 {
			return backoff.Permanent(err)
		}
		return nil
	}
}

// withoutURL cuts the URL off an error, since it may hold a password.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// allowedAttributes lists what leaves with a span. Any other attribute, of otelhttp now
// or in a later version, might quote a request.
var allowedAttributes = map[string]bool{
	"error.type": true, "gen_ai.operation.name": true, "gen_ai.tool.name": true, "http.request.method": true,
	"http.response.status_code": true, "mcp.method.name": true, "network.protocol.version": true,
	"server.address": true, "server.port": true, "url.full": true,
}

// redact removes from spans what may quote a caller or the API: the query of a URL has
// phone numbers, and the text of an error may echo a token. It returns the number of
// spans.
func redact(all []*tracepb.ResourceSpans) (n int) {
	for _, r := range all {
		for _, scope := range r.ScopeSpans {
			for _, span := range scope.Spans {
				n++
				span.Events = nil
				if span.Status != nil {
					span.Status.Message = ""
				}
				span.Attributes = allowed(span.Attributes)
			}
		}
	}
	return n
}

// allowed keeps the attributes that may leave, and of a URL what stands before its query.
func allowed(attributes []*commonpb.KeyValue) []*commonpb.KeyValue {
	kept := attributes[:0]
	for _, a := range attributes {
		if !allowedAttributes[a.Key] {
			continue
		}
		if a.Key == "url.full" {
			bare, _, _ := strings.Cut(a.Value.GetStringValue(), "?")
			a.Value = &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: bare}}
		}
		kept = append(kept, a)
	}
	return kept
}
