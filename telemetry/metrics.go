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
)

// Metrics holds the figures of one server. A nil one counts nothing.
type Metrics struct {
	hosts    []string
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	callTime *prometheus.HistogramVec
	requests *prometheus.CounterVec
	headTime prometheus.Histogram
	answers  *prometheus.CounterVec
}

// NewMetrics makes the figures of one server; version is that of this program. Scrapes may
// come by an IP address, a loopback name or one of the hosts.
func NewMetrics(version string, hosts ...string) *Metrics {
	m := &Metrics{
		hosts:    hosts,
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "tool_calls_total",
			Help: "Calls of tools and reads of the calls.csv resource that ended; outcome is ok, or a word for why not.",
		}, []string{"tool", "outcome"}),
		callTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "tool_call_duration_seconds",
			Help:    "Duration of these calls and reads, with their waits for the API's limit; at most 50 s.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 25, 50},
		}, []string{"tool", "outcome"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "upstream_requests_total",
			Help: "Requests to the Talkover API by the HTTP status of the answer; the status is none where no answer came.",
		}, []string{"status"}),
		headTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "upstream_request_duration_seconds",
			Help:    "Time from a request to the header of its answer, or to its failure.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "http_requests_total",
			Help: "Answers to requests of clients, refusals too; the path is other where the server has none.",
		}, []string{"path", "status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "The build that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.calls, m.callTime, m.requests, m.headTime, m.answers, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Operation begins one call of a tool, or one read of a resource. The returned function
// ends it, with "ok" or a word for why not.
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

// Answered counts an answer to a client. path is empty where the server has no such
// path: it could be a secret gone astray.
func (m *Metrics) Answered(path string, status int) {
	if m == nil {
		return
	}
	if path == "" {
		path = "other"
	}
	m.answers.WithLabelValues(path, strconv.Itoa(status)).Inc()
}

// WatchUsage adds what all requests to the API cost.
func (m *Metrics) WatchUsage(usage func() talkover.Usage) {
	m.counter("upstream_retries_total", "Requests to the Talkover API that were sent again after a failure.",
		func() float64 { return float64(usage().Retries) })
	m.counter("upstream_waits_total", "Times that a request waited: for the limit, or before it was sent again.",
		func() float64 { return float64(usage().Waits) })
	m.counter("upstream_wait_seconds_total", "Seconds that requests waited so.",
		func() float64 { return usage().Waited.Seconds() })
}

// WatchLimits adds how much of the API's limit is used, for a server with one account.
func (m *Metrics) WatchLimits(limits func() talkover.Limits) {
	m.gauge("limiter_limit", "Requests a minute that the plan allows, by the settings or by the API; 0 for no limit.",
		func() float64 { return float64(limits().Limit) })
	m.gauge("limiter_used", "Requests of the last minute, with those under way.",
		func() float64 { return float64(limits().Used) })
	m.gauge("limiter_waiting", "Requests that wait for the limit.",
		func() float64 { return float64(limits().Waiting) })
	m.gauge("limiter_hold_seconds", "Seconds until the next request may go; 0 for at once.",
		func() float64 { return limits().Hold.Seconds() })
}

// WatchSessions adds how many streams are open.
func (m *Metrics) WatchSessions(open func() int) {
	if m == nil {
		return
	}
	m.gauge("sessions", "Open streams: sessions of /sse, and subscriptions at /mcp, which has no sessions.",
		func() float64 { return float64(open()) })
}

func (m *Metrics) counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, value))
}

func (m *Metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
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
