package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/talkover/talkover-mcp/talkover"
)

// WatchUsage adds what all requests to the API cost.
func (m *Metrics) WatchUsage(usage func() talkover.Usage) {
	if m == nil {
		return
	}
	m.counter("upstream_retries_total", "Requests to the Talkover API that were sent again after a failure.",
		func() float64 { return float64(usage().Retries) })
	m.counter("upstream_waits_total", "Times that a request waited: for the limit, or before it was sent again.",
		func() float64 { return float64(usage().Waits) })
	m.counter("upstream_wait_seconds_total", "Seconds that requests waited so.",
		func() float64 { return usage().Waited.Seconds() })
}

// WatchLimits adds how much of the API's limit is used, for a server with one account. limits is nil where each request
// has an account of its own.
func (m *Metrics) WatchLimits(limits func() talkover.Limits) {
	if m == nil || limits == nil {
		return
	}
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
	if m == nil {
		return
	}
	m.gauge("valkey_up", "1 while this replica shares limit, days and counts with others; 0 while it goes on alone.",
		func() float64 {
			if away, _ := state(); away {
				return 0
			}
			return 1
		})
	m.counter("valkey_away_total", "Times that Valkey gave no answer, and this replica went on alone.",
		func() float64 { _, gone := state(); return float64(gone) })
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

// WatchOrders adds how many calls may be placed in an hour, and how many are left to
// whoever has the fewest.
func (m *Metrics) WatchOrders(most int, left func() int) {
	if m == nil {
		return
	}
	m.gauge("make_call_limit", "Calls that each caller and each account may have placed in an hour.", func() float64 { return float64(most) })
	m.gauge("make_call_left", "Calls that the caller or account closest to that limit may yet have placed.", func() float64 { return float64(left()) })
}

// WatchKeys adds the fetches of an issuer's keys. The returned function, which may be nil, counts one.
func (m *Metrics) WatchKeys() func(ok bool) {
	if m == nil {
		return nil
	}
	v := m.counters("oidc_key_fetches_total", "Fetches of the keys of MCP_OIDC_ISSUER: ok or failed.", "outcome")
	fetched, failed := v.WithLabelValues("ok"), v.WithLabelValues("failed")
	return func(ok bool) {
		if ok {
			fetched.Inc()
		} else {
			failed.Inc()
		}
	}
}
