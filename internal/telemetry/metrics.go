// Package telemetry shows operators what the server does: figures for Prometheus, and words for the log in place of
// what it must not show. Neither holds what was asked or answered: no token, no phone number, no argument.
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
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	namespace  = "talkover_mcp"
	scrapeTime = 10 * time.Second // of a whole scrape
	maxScrapes = 4                // at the same time
	maxHeader  = 12 << 10         // bytes of a request's header; net/http takes 4 KiB more
	other      = "other"          // a label for what a client may name as it likes
)

// Metrics holds the figures of one server.
type Metrics struct {
	hosts    []string
	registry *prometheus.Registry
	make     promauto.Factory
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
	m.make = promauto.With(m.registry)
	m.calls = m.counters("tool_calls_total",
		"Calls of tools and reads of the calls.csv resource that ended; outcome is ok, or a word for why "+
			"not.", "tool", "outcome")
	m.callTime = m.make.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "tool_call_duration_seconds",
		Help:    "Duration of these calls and reads, with their waits for the API's limit; at most 50 s.",
		Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 25, 50},
	}, []string{"tool", "outcome"})
	m.inFlight = m.gauges("tool_calls_in_flight", "Calls of tools and reads of the calls.csv resource that are "+
		"being answered.", "tool")
	m.requests = m.counters("upstream_requests_total",
		"Requests to the Talkover API by endpoint and by the HTTP status of the answer; the status is none where no "+
			"answer came.", "endpoint", "status")
	m.headTime = m.make.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "upstream_request_duration_seconds",
		Help:    "Time from a request to the header of its answer, or to its failure.",
		Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
	}, []string{"endpoint"})
	m.up = m.gauges("upstream_up", "Whether the latest request to the Talkover API, health checks too, had an "+
		"answer below 500: 1 or 0.")
	m.answers = m.counters("http_requests_total",
		"Answers to requests of clients, refusals too; the path is other where the server has none.", "path", "status")
	m.gauges("build_info", "The build that runs; always 1.", "version", "goversion").
		WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return m.make.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return m.make.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func (m *Metrics) counter(name, help string, value func() float64) {
	m.make.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, value)
}

func (m *Metrics) gauge(name, help string, value func() float64) {
	m.make.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value)
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

// WatchShared adds whether what replicas share is away, and how often it went.
func (m *Metrics) WatchShared(state func() (away bool, gone int)) {
	m.gauge("valkey_up", "1 while this replica shares limit, days and counts with others; 0 while it goes on "+
		"alone.", func() float64 {
		if away, _ := state(); away {
			return 0
		}
		return 1
	})
	m.counter("valkey_away_total", "Times that Valkey gave no answer, and this replica went on alone.",
		func() float64 { _, gone := state(); return float64(gone) })
}

// WatchTokens adds whether the file of the gate's tokens is good. problem says what is wrong
// with it.
func (m *Metrics) WatchTokens(problem func() string) {
	m.gauge("auth_tokens_file_good", "1 while each line of MCP_AUTH_TOKENS_FILE is good; 0 while one is not, or "+
		"there is none.", func() float64 {
		if problem() != "" {
			return 0
		}
		return 1
	})
}

// WatchSessions adds how many streams are open.
func (m *Metrics) WatchSessions(open func() int) {
	m.gauge("sessions", "Open streams: sessions of /sse.", func() float64 { return float64(open()) })
}

// WatchOrders adds how many calls may be placed in an hour, and how many are left to
// whoever has the fewest.
func (m *Metrics) WatchOrders(most int, left func() int) {
	m.gauge("make_call_limit", "Calls that each caller and each account may have placed in an hour.",
		func() float64 { return float64(most) })
	m.gauge("make_call_left", "Calls that the caller or account closest to that limit may yet have placed.",
		func() float64 { return float64(left()) })
}

// WatchKeys adds the fetches of an issuer's keys. The returned function counts one.
func (m *Metrics) WatchKeys() func(ok bool) {
	v := m.counters("oidc_key_fetches_total", "Fetches of the keys of MCP_OIDC_ISSUER: ok or failed.", "outcome")
	count := map[bool]prometheus.Counter{true: v.WithLabelValues("ok"), false: v.WithLabelValues("failed")}
	return func(ok bool) { count[ok].Inc() }
}

// Operation begins one call of a tool, or one read of a resource. The returned function
// ends it, with "ok" or a word for why not.
func (m *Metrics) Operation(name string) func(outcome string) {
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
	if path == "" {
		path = other
	}
	m.answers.WithLabelValues(path, strconv.Itoa(status)).Inc()
}

// ServeHTTP answers a scrape of /metrics.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !m.isOwn(r.Host):
		http.Error(w, "these metrics are not for that Host; MCP_ALLOWED_HOSTS lists those they are for",
			http.StatusForbidden)
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
	log.Info("metrics", "addr", ln.Addr().String(), "path", "/metrics")
	ctx, end = context.WithCancel(context.WithoutCancel(ctx))
	go m.Serve(ctx, ln, log)
	return end
}

// Serve answers scrapes on ln until ctx is done.
func (m *Metrics) Serve(ctx context.Context, ln net.Listener, log *slog.Logger) {
	s := &http.Server{
		Handler: m, ReadTimeout: scrapeTime, WriteTimeout: scrapeTime, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	end := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer end()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		log.Error("metrics are no longer served", "why", err.Error())
	}
}
