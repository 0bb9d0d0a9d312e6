package talkover

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	maxHeader   = 64 << 10        // bytes of an answer's header
	connectTime = 5 * time.Second // to dial, and again for TLS
	idleConns   = 32              // kept open to the API: each spares a caller a TLS handshake
	readBuffer  = 32 << 10        // bytes of a connection: a page of 20 rows in one piece
)

// NewTransport returns the transport that a [Client] uses where its [Config] has no
// other. It goes through the proxy that HTTPS_PROXY names.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  proxyOf,
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

// errProxyURL stands for the error about the URL of a proxy, which would quote its password.
var errProxyURL = errors.New("the URL of a proxy that cannot be read")

// proxyOf returns the proxy that the environment names for a request; nil for none. One by
// plain http goes to none, since a proxy could read the secrets in it. What is no URL is an
// error: [http.ProxyFromEnvironment] goes without a proxy then, or takes a
// part of the text for the name of one.
func proxyOf(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme != "https" {
		return nil, nil
	}
	raw := cmp.Or(os.Getenv("HTTPS_PROXY"), os.Getenv("https_proxy"))
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	if _, err := url.Parse(raw); err != nil {
		return nil, errProxyURL
	}
	return http.ProxyFromEnvironment(r)
}

// proxyStatus is the status by which a proxy refuses to connect.
type proxyStatus int

func (s proxyStatus) Error() string { return "it answered " + strconv.Itoa(int(s)) }

// refusedByProxy turns a proxy's refusal into the error that net/http has for a
// proxy that is not there, so that both count as no connection.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: proxyStatus(res.StatusCode)}
}

// ParseBaseURL reads the base URL of an API: one that [IsPrivate], with nothing but a
// host, a port and a path. The error tells the person who set it what is wrong.
func ParseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("it is no URL with a host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, errors.New("it may hold no user, query or fragment")
	case IsPrivate(u):
	case u.Scheme == "http":
		return nil, errors.New("http would send the token in the clear; use https (http is for loopback hosts alone)")
	default:
		return nil, errors.New("its scheme must be https")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

// IsPrivate reports whether nobody on the way can read or change a request to a URL,
// or its answer: the URL is https, or http on a loopback host.
func IsPrivate(u *url.URL) bool {
	return u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http" && IsLoopback(u.Hostname()))
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

// Timely returns a transport that keeps each answer of next inside the context of
// its request, whatever next does. The end of the context closes the body. A
// final answer with a status under 200 is an error, and nothing of it is read.
//
// [net/http] hands a connection that switches protocols to the caller: reads of
// its body ignore the context, and no timeout ends them (go1.26,
// TestAnswersBeforeTheFinalOneAreRefused).
func Timely(next http.RoundTripper) http.RoundTripper { return timely{next} }

type timely struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t timely) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < http.StatusOK {
		_ = res.Body.Close()
		return nil, notFinal(res.StatusCode)
	}
	body := res.Body
	stop := context.AfterFunc(r.Context(), func() { _ = body.Close() })
	res.Body = timelyBody{body, stop}
	return res, nil
}

// CloseIdleConnections closes the idle connections of next. [http.Client] finds the
// method by its name.
func (t timely) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// timelyBody stops the watch over its request's context when it is closed.
type timelyBody struct {
	io.ReadCloser
	stop func() bool
}

// Close implements [io.Closer].
func (b timelyBody) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}
