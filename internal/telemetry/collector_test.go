package telemetry

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/testing/protocmp"
)

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func batch(s *tracepb.Span) []*tracepb.ResourceSpans {
	return []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{s}}}}}
}

// Whatever an instrumentation comes to write into a span, what leaves is on the list.
func TestSpansTellWhatIsOnTheListAlone(t *testing.T) {
	got := batch(&tracepb.Span{
		Name:   "HTTP GET",
		Events: []*tracepb.Span_Event{{Name: "exception", Attributes: []*commonpb.KeyValue{text("exception.message", "talq_secret")}}},
		Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "malformed HTTP status code \"talq_secret\""},
		Attributes: []*commonpb.KeyValue{
			text("url.full", "https://app.talkover.ai/api/v1/calls?search=%2B12025550177#part"), text("url.query", "search=%2B12025550177"),
			text("server.address", "app.talkover.ai"), text("http.request.header.authorization", "Bearer talq_secret"),
		},
	})
	want := batch(&tracepb.Span{
		Name:   "HTTP GET",
		Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR},
		Attributes: []*commonpb.KeyValue{
			text("url.full", "https://app.talkover.ai/api/v1/calls"), text("server.address", "app.talkover.ai"),
		},
	})
	if n := redact(got); n != 1 {
		t.Errorf("%d spans", n)
	}
	if d := gocmp.Diff(want, got, protocmp.Transform()); d != "" {
		t.Error(d)
	}
}

// A collector that switches to another protocol holds no export up: reads of such
// an answer ignore their context.
func TestACollectorOfAnotherProtocolEndsAnExport(t *testing.T) {
	left := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(io.Discard, c) // until the client hangs up
		close(left)
	}))
	defer s.Close()
	c := newCollector(s.URL, nil, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- c.post(t.Context(), nil) }()
	late := time.After(10 * time.Second)
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "101") {
			t.Error(err)
		}
	case <-late:
		t.Fatal("the export still waits")
	}
	select {
	case <-left:
	case <-late:
		t.Error("the connection is still open")
	}
}
