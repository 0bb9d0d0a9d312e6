package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	namespace  = "talkover_mcp"
	scrapeTime = 10 * time.Second // for a whole scrape
	maxScrapes = 4                // at once
	maxHeader  = 16 << 10
)

// Metrics holds the figures of one server. A nil one counts nothing.
type Metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	callTime *prometheus.HistogramVec
	requests *prometheus.CounterVec
	headTime prometheus.Histogram
	answers  *prometheus.CounterVec
}

// NewMetrics makes the figures of a server of a version.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "tool_calls_total",
			Help: "Calls of tools, and reads of the calls.csv resource, that ended; outcome is ok or why not.",
		}, []string{"tool", "outcome"}),
		callTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "tool_call_duration_seconds",
			Help:    "How long they took, waits for the API's limit included; at most 50 s.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 25, 50},
		}, []string{"tool", "outcome"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "upstream_requests_total",
			Help: "Requests to the Talkover API by the HTTP status of the answer; none where there was no answer.",
		}, []string{"status"}),
		headTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "upstream_request_duration_seconds",
			Help:    "From a request to the head of its answer, or to its failure.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "http_requests_total",
			Help: "Requests of clients that were answered, refused ones too; path is other where there is nothing.",
		}, []string{"path", "status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "What runs here; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.calls, m.callTime, m.requests, m.headTime, m.answers, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Operation begins one call of a tool, or one read of a resource; the returned
// function ends it, with the word for how.
func (m *Metrics) Operation(name string) func(outcome string) {
	if m == nil {
		return func(string) {}
	}
	start := time.Now()
	return func(outcome string) {
		m.calls.WithLabelValues(name, outcome).Inc()
		m.callTime.WithLabelValues(name, outcome).Observe(time.Since(start).Seconds())
	}
}

// RoundTripper counts the requests that go through next.
func (m *Metrics) RoundTripper(next http.RoundTripper) http.RoundTripper {
	if m == nil {
		return next
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		start := time.Now()
		res, err := next.RoundTrip(r)
		status := "none"
		if err == nil {
			status = strconv.Itoa(res.StatusCode)
		}
		m.requests.WithLabelValues(status).Inc()
		m.headTime.Observe(time.Since(start).Seconds())
		return res, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Answered counts an answer to a client: to a path that there is, or to "".
func (m *Metrics) Answered(path string, status int) {
	if m == nil {
		return
	}
	if path == "" {
		path = "other"
	}
	m.answers.WithLabelValues(path, strconv.Itoa(status)).Inc()
}

// WatchUsage adds what the requests of a client cost, and of all that are alike.
func (m *Metrics) WatchUsage(of func() talkover.Usage) {
	m.counter("upstream_retries_total", "Requests to the Talkover API that were sent again.",
		func() float64 { return float64(of().Retries) })
	m.counter("upstream_waits_total", "Times that a request was held back: for its turn at the limit, or before it was sent again.",
		func() float64 { return float64(of().Waits) })
	m.counter("upstream_wait_seconds_total", "Seconds that requests were held back.",
		func() float64 { return of().Waited.Seconds() })
}

// WatchLimits adds where the one account of a server stands with the API's limit.
func (m *Metrics) WatchLimits(of func() talkover.Limits) {
	m.gauge("limiter_limit", "Requests a minute that the plan allows, as configured or as the API says; 0 for no limit.",
		func() float64 { return float64(of().Limit) })
	m.gauge("limiter_used", "Requests of the last minute, those under way included.",
		func() float64 { return float64(of().Used) })
	m.gauge("limiter_waiting", "Requests that wait for their turn.",
		func() float64 { return float64(of().Waiting) })
	m.gauge("limiter_hold_seconds", "Until the next request may go; 0 for at once.",
		func() float64 { return of().Hold.Seconds() })
}

// WatchSessions adds how many sessions are open.
func (m *Metrics) WatchSessions(open func() int) {
	if m == nil {
		return
	}
	m.gauge("sessions", "Streams that are open: sessions of /sse, and subscriptions at /mcp, which has no sessions.",
		func() float64 { return float64(open()) })
}

func (m *Metrics) counter(name, help string, of func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, of))
}

func (m *Metrics) gauge(name, help string, of func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, of))
}

// ServeHTTP answers a scrape of /metrics.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/metrics":
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this address takes GET", http.StatusMethodNotAllowed)
	default:
		promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}).ServeHTTP(w, r)
	}
}

// Serve answers scrapes on ln until ctx is done.
func (m *Metrics) Serve(ctx context.Context, ln net.Listener, log *slog.Logger) {
	s := &http.Server{
		Handler: m, ReadTimeout: scrapeTime, WriteTimeout: scrapeTime, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	end := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer end()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		log.Error("metrics are not served any more", "why", err.Error())
	}
}
