// Package talkover is the Talkover API in Go: the calls that an account's AI
// voice agents made and took.
//
//	client, err := talkover.New(talkover.Config{Token: talkover.NewSecret(token)})
//	page, err := client.ListCalls(ctx, talkover.CallQuery{Status: "failed", PerPage: 50})
//
// A token has full access to its account: it can place calls and delete agents.
// So a [Client] sends only the methods and paths that it has a method for, to
// the one base URL it was made with, and follows no redirect.
package talkover

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultBaseURL is where the API lives.
const DefaultBaseURL = "https://app.talkover.ai/api/v1"

// DefaultTimeout bounds one attempt, from the first byte sent to the last byte
// read.
const DefaultTimeout = 15 * time.Second

// Bounds on what one answer may take.
const (
	maxBody      = 4 << 20  // bytes of a body, after decompression
	maxErrorBody = 64 << 10 // bytes of an error's body
	maxHeader    = 64 << 10
	connectTime  = 5 * time.Second // to dial, and again for TLS
)

// Config says how a [Client] reaches the API. Only Token is needed.
type Config struct {
	Token     Secret
	BaseURL   string            // DefaultBaseURL if empty; https, or http on a loopback host
	UserAgent string            // "talkover-mcp" if empty
	Timeout   time.Duration     // of one attempt; DefaultTimeout if 0
	Transport http.RoundTripper // the network if nil; the demo and tests set another
}

// Client speaks to one account of the API. It is safe for use by many
// goroutines.
type Client struct {
	base      *url.URL
	token     Secret
	userAgent string
	timeout   time.Duration
	http      http.Client
}

// New makes a client. It fails on a base URL that [ParseBaseURL] refuses.
func New(c Config) (*Client, error) {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	base, err := ParseBaseURL(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("talkover: base URL: %w", err)
	}
	if c.UserAgent == "" {
		c.UserAgent = "talkover-mcp"
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	return &Client{
		base:      base,
		token:     c.Token,
		userAgent: c.UserAgent,
		timeout:   c.Timeout,
		http: http.Client{
			Transport: c.Transport,
			// A redirect is an error: the token must not follow it elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    connectTime,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

// ParseBaseURL reads the base URL of an API: https, or http on a loopback host,
// with nothing but a host, a port and a path.
func ParseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("it is no URL with a host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, errors.New("it may hold no user, query or fragment")
	case u.Scheme == "https":
	case u.Scheme == "http" && IsLoopback(u.Hostname()):
	case u.Scheme == "http":
		return nil, errors.New("http would send the token in the clear; use https (http is for loopback hosts alone)")
	default:
		return nil, errors.New("its scheme must be https")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

// IsLoopback reports whether a host name or address without a port means this
// machine.
func IsLoopback(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// meterKey is the context key of a *Meter.
type meterKey struct{}

// Meter counts what a piece of work costs.
type Meter struct{ requests atomic.Int64 }

// WithMeter returns a context whose requests the meter counts.
func WithMeter(ctx context.Context) (context.Context, *Meter) {
	m := new(Meter)
	return context.WithValue(ctx, meterKey{}, m), m
}

// Requests is how many HTTP requests went out to the API so far, repeated ones
// included.
func (m *Meter) Requests() int { return int(m.requests.Load()) }

// list asks for one page of a list endpoint and has read take it.
func (c *Client) list(ctx context.Context, path string, query url.Values, read func(io.Reader) (envelope, error)) (envelope, error) {
	status, body, err := c.get(ctx, path, query)
	if err != nil {
		return envelope{}, err
	}
	e, err := read(bytes.NewBuffer(body))
	switch {
	case err != nil:
		return envelope{}, &Error{Reason: Malformed, Status: status, Attempts: 1, cause: err}
	case e.failed:
		return envelope{}, refusal(status, e)
	case !e.hasRows:
		return envelope{}, &Error{Reason: Malformed, Status: status, Attempts: 1, cause: errors.New("no list in data")}
	}
	return e, nil
}

// get sends one GET and returns the body of a 2xx answer.
func (c *Client) get(ctx context.Context, path string, query url.Values) (int, []byte, error) {
	attempt, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	u := *c.base
	u.Path += "/" + path
	u.RawQuery = query.Encode() // writes + as %2B, which a phone number needs
	req, err := http.NewRequestWithContext(attempt, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, nil, fmt.Errorf("talkover: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		m.requests.Add(1)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, failure(ctx, attempt, 0, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return 0, nil, &Error{Reason: Redirected, Status: res.StatusCode, Attempts: 1}
	}
	ok := res.StatusCode >= 200 && res.StatusCode < 300
	bound := int64(maxErrorBody)
	if ok {
		bound = maxBody
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, bound+1))
	if !ok {
		// What came of an error's body is enough, whole or not.
		e, _ := readList(bytes.NewReader(body), func(d decoder) error { return d.SkipValue() })
		return 0, nil, refusal(res.StatusCode, e)
	}
	switch {
	case int64(len(body)) > bound:
		return 0, nil, &Error{Reason: TooLarge, Status: res.StatusCode, Attempts: 1}
	case err != nil:
		return 0, nil, failure(ctx, attempt, res.StatusCode, err)
	}
	return res.StatusCode, body, nil
}

// refusal is the error that the API itself answered with.
func refusal(status int, e envelope) *Error {
	reason := Refused
	if status == http.StatusTooManyRequests {
		reason = RateLimited
	}
	return &Error{
		Reason: reason, Status: status, Attempts: 1,
		Code: e.code, Message: e.message, Fields: e.fields, Wait: e.retryAfter,
	}
}

// failure is the error of a request that got no whole answer.
func failure(ctx, attempt context.Context, status int, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	// A url.Error quotes the URL with its query, which may hold a number.
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	e := &Error{Reason: Interrupted, Status: status, Attempts: 1, cause: err}
	var network net.Error
	var operation *net.OpError
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case attempt.Err() != nil, errors.As(err, &network) && network.Timeout():
		e.Reason = TimedOut
	case errors.As(err, &certificate), errors.As(err, &name),
		errors.As(err, &operation) && operation.Op == "dial":
		e.Reason = Unreachable
	}
	return e
}
