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
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
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
	idleConns    = 32              // to the API: each kept one saves a TLS handshake to a caller beside others
	readBuffer   = 32 << 10        // bytes of a connection: a page of 20 in one piece
)

// Config says how a [Client] reaches the API. Only Token is needed.
type Config struct {
	Token     Secret
	BaseURL   string            // DefaultBaseURL if empty; https, or http on a loopback host
	UserAgent string            // "talkover-mcp" if empty
	Timeout   time.Duration     // of one attempt; DefaultTimeout if 0
	RateLimit int               // requests a minute that the plan allows; no limit of ours if 0
	Transport http.RoundTripper // the network if nil; the demo and tests set another
	Log       *slog.Logger      // a line for each request, at debug; none if nil
}

// Client speaks to one account of the API. It is safe for use by many
// goroutines.
type Client struct {
	base      *url.URL
	token     Secret
	userAgent string
	timeout   time.Duration
	transport http.RoundTripper
	rateLimit int
	limiter   *limiter
	usage     *usage // with all clients that are alike
	flights   flights
	log       *slog.Logger
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
		c.Transport = NewTransport()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	counts := new(usage)
	return &Client{
		base:      base,
		token:     c.Token,
		userAgent: c.UserAgent,
		timeout:   c.Timeout,
		transport: Timely(c.Transport),
		rateLimit: c.RateLimit,
		limiter:   newLimiter(c.RateLimit, counts),
		usage:     counts,
		log:       c.Log,
	}, nil
}

// As returns a client of the account that a token belongs to. It reaches the API
// in the same way and over the same connections, but limits requests, and shares
// equal ones, for that account alone.
func (c *Client) As(token Secret) *Client {
	return &Client{
		base:      c.base,
		token:     token,
		userAgent: c.userAgent,
		timeout:   c.timeout,
		transport: c.transport,
		rateLimit: c.rateLimit,
		limiter:   newLimiter(c.rateLimit, c.usage),
		usage:     c.usage,
		log:       c.log,
	}
}

// NewTransport is the network as a [Client] reaches it, where its [Config] has no
// other.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    connectTime,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    idleConns,
		ReadBufferSize:         readBuffer,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		OnProxyConnectResponse: refusedByProxy,
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
type Meter struct {
	requests atomic.Int64
	outer    *Meter // of the work that this is a part of
}

// WithMeter returns a context whose requests the meter counts, and so does the
// meter that ctx has already.
func WithMeter(ctx context.Context) (context.Context, *Meter) {
	m := new(Meter)
	m.outer, _ = ctx.Value(meterKey{}).(*Meter)
	return context.WithValue(ctx, meterKey{}, m), m
}

// Requests is how many HTTP requests went out to the API so far, repeated ones
// included.
func (m *Meter) Requests() int { return int(m.requests.Load()) }

// bulkKey is the context key of work that gives way.
type bulkKey struct{}

// Bulk returns a context for work of many requests. It may use 80 % of what the
// limiter allows, so that a look-up meanwhile is never starved.
func Bulk(ctx context.Context) context.Context { return context.WithValue(ctx, bulkKey{}, true) }

// Allowance is how many [Bulk] requests the limiter would let through within d
// from now, and the requests a minute that the plan allows. Both are 0 where
// there is no limit.
func (c *Client) Allowance(d time.Duration) (requests, limit int) { return c.limiter.allowance(d) }

// getList asks for one page of a list endpoint and reads each row with read. Equal
// requests in flight are sent once.
func getList[T any](ctx context.Context, c *Client, path string, query url.Values, read func(decoder) (T, bool, error)) (Page[T], error) {
	bulk, _ := ctx.Value(bulkKey{}).(bool)
	encoded := query.Encode() // writes + as %2B, which a phone number needs
	key := fmt.Sprint(bulk, path, "?", encoded)
	return shared(ctx, &c.flights, key, func(ctx context.Context) (Page[T], error) {
		return retrying(ctx, c, bulk, func() (Page[T], error) { return getOnce(ctx, c, path, encoded, read) })
	})
}

// getOnce is one attempt of getList.
func getOnce[T any](ctx context.Context, c *Client, path, query string, read func(decoder) (T, bool, error)) (Page[T], error) {
	var none Page[T]
	body := bodies.Get().(*bytes.Buffer)
	defer putBack(body)
	status, err := c.send(ctx, request{method: http.MethodGet, path: path, query: query}, body)
	if err != nil {
		return none, err
	}
	l := &rows[T]{read: read}
	e, err := readList(body, c.token, l)
	switch {
	case errors.Is(err, errTooManyRows):
		return none, &Error{Reason: TooLarge, Status: status, cause: err}
	case err != nil:
		return none, &Error{Reason: Malformed, Status: status, cause: withoutNames(err)}
	case e.failed, !e.hasRows && (e.code != "" || e.message != ""):
		return none, refusal(status, e)
	case !e.hasRows:
		return none, &Error{Reason: Malformed, Status: status, cause: errors.New("no list in data")}
	}
	return Page[T]{Rows: l.all, Pagination: e.rows, Unreadable: l.unreadable}, nil
}

// withoutNames takes the names of the body's members off a syntax error.
func withoutNames(err error) error {
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		return fmt.Errorf("%w at byte %d", s.Err, s.ByteOffset)
	}
	return err
}

// request is what one request asks for.
type request struct {
	method string
	path   string // below the base URL; its segments are escaped already
	query  string
	body   []byte // JSON; none if nil
}

// bodies are kept for the answers to come: of all that a call takes, its body is
// the largest piece of memory. What is read of one is copied out of it.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// mostKept is the largest body whose memory is kept: that of a full page.
const mostKept = 128 << 10

func putBack(body *bytes.Buffer) {
	if body.Cap() <= mostKept {
		body.Reset()
		bodies.Put(body)
	}
}

// send sends a request once and puts the body of a 2xx answer into body.
func (c *Client) send(ctx context.Context, r request, body *bytes.Buffer) (status int, err error) {
	attempt, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	start := time.Now()
	defer func() {
		c.log.DebugContext(ctx, "upstream request", "method", r.method, "path", r.path, "status", status, "bytes", body.Len(),
			"ms", time.Since(start).Milliseconds(), "failed", err != nil)
	}()
	u := *c.base
	u.Path += "/" + r.path
	u.RawQuery = r.query
	req, err := http.NewRequestWithContext(attempt, r.method, u.String(), nil)
	if err != nil {
		return 0, fmt.Errorf("talkover: %w", err)
	}
	if r.body != nil { // without a GetBody, so that net/http cannot send it again
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	for m, _ := ctx.Value(meterKey{}).(*Meter); m != nil; m = m.outer {
		m.requests.Add(1)
	}
	// An http.Client would follow redirects, and quote the URL in its errors.
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return 0, failure(ctx, attempt, 0, err)
	}
	defer res.Body.Close()
	status = res.StatusCode
	c.limiter.learn(res.Header)
	if status >= 300 && status < 400 {
		return status, &Error{Reason: Redirected, Status: status}
	}
	ok := status >= 200 && status < 300
	bound := int64(maxErrorBody)
	if ok {
		bound = maxBody
	}
	err = readInto(body, res, bound+1)
	if !ok {
		// What came of an error's body is enough, whole or not.
		e, _ := readList(body, c.token, noRows{})
		refused := refusal(status, e)
		refused.Wait = askedWait(res.Header, status, e.retryAfter)
		return status, refused
	}
	switch {
	case int64(body.Len()) > bound:
		return status, &Error{Reason: TooLarge, Status: status}
	case err != nil:
		return status, failure(ctx, attempt, status, err)
	}
	return status, nil
}

// readInto reads the body of an answer, but no more than so much of it.
func readInto(body *bytes.Buffer, res *http.Response, most int64) error {
	first := min(most, mostKept)
	if res.ContentLength > 0 {
		body.Grow(int(min(res.ContentLength, first)) + bytes.MinRead) // so that it need not grow to find the end
	}
	_, err := body.ReadFrom(io.LimitReader(res.Body, first))
	if err != nil || int64(body.Len()) < first || first == most {
		return err
	}
	body.Grow(int(most)) // in one step: by doubling it would take four times as much
	_, err = body.ReadFrom(io.LimitReader(res.Body, most-first))
	return err
}

// refusal is the error that the API itself answered with.
func refusal(status int, e envelope) *Error {
	reason := Refused
	if status == http.StatusTooManyRequests {
		reason = RateLimited
	}
	return &Error{Reason: reason, Status: status, Code: e.code, Message: e.message, Fields: e.fields}
}

// failure is the error of a request that got no whole answer.
func failure(ctx, attempt context.Context, status int, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	e := &Error{Reason: Interrupted, Status: status, cause: err}
	var early notFinal
	var network net.Error
	var operation *net.OpError
	switch {
	case errors.As(err, &early):
		e.Reason, e.Status, e.cause = Malformed, int(early), early
	case attempt.Err() != nil:
		e.Reason, e.cause = TimedOut, attempt.Err()
	case isTLS(err):
		e.Reason = Unreachable
	case errors.As(err, &operation):
		e.cause = operation
		if operation.Op == "dial" || operation.Op == "proxyconnect" {
			e.Reason = Unreachable
		}
		if operation.Timeout() {
			e.Reason = TimedOut
		}
	case errors.As(err, &network) && network.Timeout():
		e.Reason, e.cause = TimedOut, errors.New("timeout")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.cause = io.ErrUnexpectedEOF
	default: // net/http quotes what it could not read, which may be an echo of what we sent
		e.cause = errors.New("no whole HTTP answer")
	}
	return e
}

// isTLS reports whether a connection failed at TLS, as it will again.
func isTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) || errors.Is(err, http.ErrSchemeMismatch)
}
