package telemetry

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strconv"
	"time"
)

// noAnswer is the status of a request that got none.
const noAnswer = "none"

// placing is the endpoint of orders.
const placing = "place_call"

// numbers and pricing are the endpoints of rented numbers and of the price of an agent.
const (
	numbers = "phone-numbers"
	pricing = "pricing"
)

// endpoints are the words for what is asked of the API.
var endpoints = []string{"calls", "agents", "campaigns", numbers, pricing, placing, "health", other}

// endpointOf returns the word for what a request asks. A path may hold the id of an agent,
// so that none is a label itself.
func endpointOf(r *http.Request) string {
	last := path.Base(r.URL.Path)
	switch {
	case r.Method == http.MethodPost && last == "call":
		return placing
	case r.Method != http.MethodGet:
		return other
	}
	switch last {
	case "calls", "agents", "campaigns", "health", numbers:
		return last
	case "summary":
		return pricing
	}
	return other
}

// RoundTripper counts the requests that go through next. It sets the counts of each endpoint to zero.
func (m *Metrics) RoundTripper(next http.RoundTripper) http.RoundTripper {
	for _, endpoint := range endpoints {
		m.requests.WithLabelValues(endpoint, "200")
		m.requests.WithLabelValues(endpoint, noAnswer)
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		endpoint, start := endpointOf(r), time.Now()
		res, err := next.RoundTrip(r)
		status, up := noAnswer, 0.0
		if err == nil {
			status = strconv.Itoa(res.StatusCode)
			if res.StatusCode < http.StatusInternalServerError {
				up = 1
			}
		}
		if !errors.Is(r.Context().Err(), context.Canceled) { // a client that leaves says nothing of the API
			m.up.WithLabelValues().Set(up)
		}
		m.requests.WithLabelValues(endpoint, status).Inc()
		m.headTime.WithLabelValues(endpoint).Observe(time.Since(start).Seconds())
		return res, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
