// Package telemetry shows operators what the server does: figures for Prometheus, and words for the log in place of what
// it must not show. Neither holds what was asked or answered: no token, no phone number, no argument.
package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	namespace  = "talkover_mcp"
	scrapeTime = 10 * time.Second // of a whole scrape
	maxScrapes = 4                // at the same time
	maxHeader  = 16 << 10         // bytes of a request's header
	other      = "other"          // a label for what a client may name as it likes
)

// Metrics holds the figures of one server. A nil one counts nothing.
type Metrics struct {
	hosts    []string
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	callTime *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	requests *prometheus.CounterVec
	headTime *prometheus.HistogramVec
	up       *prometheus.GaugeVec // without labels, and without a value before the first request
	answers  *prometheus.CounterVec
}

// NewMetrics makes the figures of one server; version is that of this program. Scrapes may
// come by an IP address, a loopback name or one of the hosts.
func NewMetrics(version string, hosts ...string) *Metrics {
	m := &Metrics{hosts: hosts, registry: prometheus.NewRegistry()}
	m.calls = m.counters("tool_calls_total",
		"Calls of tools and reads of the calls.csv resource that ended; outcome is ok, or a word for why not.", "tool", "outcome")
	m.callTime = m.histograms("tool_call_duration_seconds",
		"Duration of these calls and reads, with their waits for the API's limit; at most 50 s.",
		[]float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 25, 50}, "tool", "outcome")
	m.inFlight = m.gauges("tool_calls_in_flight", "Calls of tools and reads of the calls.csv resource that are being answered.", "tool")
	m.requests = m.counters("upstream_requests_total",
		"Requests to the Talkover API by endpoint and by the HTTP status of the answer; the status is none where no answer came.", "endpoint", "status")
	m.headTime = m.histograms("upstream_request_duration_seconds",
		"Time from a request to the header of its answer, or to its failure.",
		[]float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}, "endpoint")
	m.up = m.gauges("upstream_up", "Whether the latest request to the Talkover API, health checks too, had an answer below 500: 1 or 0.")
	m.answers = m.counters("http_requests_total",
		"Answers to requests of clients, refusals too; the path is other where the server has none.", "path", "status")
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "The build that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Operation begins one call of a tool, or one read of a resource. The returned function
// ends it, with "ok" or a word for why not.
func (m *Metrics) Operation(name string) func(outcome string) {
	if m == nil {
		return func(string) {}
	}
	start, running := time.Now(), m.inFlight.WithLabelValues(name)
	running.Inc()
	return func(outcome string) {
		running.Dec()
		m.calls.WithLabelValues(name, outcome).Inc()
		m.callTime.WithLabelValues(name, outcome).Observe(time.Since(start).Seconds())
	}
}

// Answered counts an answer to a client. path is empty where the server has no such
// path: it could be a secret gone astray.
func (m *Metrics) Answered(path string, status int) {
	if m == nil {
		return
	}
	if path == "" {
		path = other
	}
	m.answers.WithLabelValues(path, strconv.Itoa(status)).Inc()
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// ServeHTTP answers a scrape of /metrics.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !m.isOwn(r.Host):
		http.Error(w, "these metrics are not for that Host; MCP_ALLOWED_HOSTS lists those they are for", http.StatusForbidden)
	case r.URL.Path != "/metrics":
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this address takes GET and HEAD", http.StatusMethodNotAllowed)
	default:
		promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}).ServeHTTP(w, r)
	}
}

// isOwn reports whether a Host may be asked for metrics. A page of a foreign site that
// rebinds its domain to this address still sends its own name. It cannot so misuse an IP
// address, which is what Prometheus uses for the pods that it finds.
func (m *Metrics) isOwn(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	return talkover.IsLoopback(host) || net.ParseIP(host) != nil ||
		slices.ContainsFunc(m.hosts, func(own string) bool { return strings.EqualFold(own, host) })
}

// Start answers scrapes on ln until end is called, also after ctx is done, so that operators see the last calls of a
// server that ends.
func (m *Metrics) Start(ctx context.Context, ln net.Listener, log *slog.Logger) (end context.CancelFunc) {
	if m == nil {
		return func() {}
	}
	log.Info("metrics", "addr", ln.Addr().String(), "path", "/metrics")
	ctx, end = context.WithCancel(context.WithoutCancel(ctx))
	go m.Serve(ctx, ln, log)
	return end
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
		log.Error("metrics are no longer served", "why", err.Error())
	}
}
