package talkover_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// certified starts a server of TLS with a certificate of its own, for a host, valid from and
// until so long from now; change may change it.
func certified(t *testing.T, host string, from, until time.Duration, change func(*tls.Config)) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until), IPAddresses: []net.IP{net.ParseIP(host)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if change != nil {
		change(s.TLS)
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// through returns a transport that goes through a proxy, which refuses with a status.
func through(t *testing.T, status int) *http.Transport {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(proxy.Close)
	tr := talkover.NewTransport()
	tr.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	return tr
}

// trusting returns a transport that asks for nothing of a certificate.
func trusting() *http.Transport {
	tr := talkover.NewTransport()
	tr.TLSClientConfig.InsecureSkipVerify = true
	return tr
}

// dialing returns a transport whose dials end with an error.
func dialing(err error) *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}}
}

// Each way in which a connection fails has its own cause, which says whether to try again.
func TestWhyTalkoverCannotBeReached(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close) // the cases go on side by side
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	away := talkover.NewTransport()
	away.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(closed.URL) }
	noName := talkover.NewTransport()
	noName.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.invalid:3128") }
	noName.DialContext = dialing(&net.DNSError{Err: "no such host", Name: "proxy.invalid", IsNotFound: true}).DialContext
	const elsewhere = "https://api.talkover.invalid/api/v1"
	const hour = time.Hour
	for name, test := range map[string]struct {
		base      string
		transport *http.Transport // that of NewTransport if nil
		cause     string
		what      string // words of it
		attempts  int
	}{
		"a proxy that wants a login":     {elsewhere, through(t, 407), "proxy_login", "wants a user and a password (407)", 1},
		"a proxy that refuses":           {elsewhere, through(t, 403), "proxy_refuses", "does not let it through (403)", 1},
		"a proxy that fails":             {elsewhere, through(t, 503), "proxy_away", "gives no connection", 3},
		"a proxy that is not there":      {elsewhere, away, "proxy_away", "gives no connection (connection refused)", 3},
		"a proxy of no name":             {elsewhere, noName, "proxy_away", "gives no connection", 3},
		"a certificate to come":          {certified(t, "127.0.0.1", hour, 2*hour, nil), nil, "certificate_expired", "or is not valid yet: current time 20", 1},
		"a certificate of the past":      {certified(t, "127.0.0.1", -2*hour, -hour, nil), nil, "certificate_expired", "has expired, or is not valid yet: current time 20", 1},
		"a certificate of another":       {certified(t, "192.0.2.1", -hour, hour, nil), nil, "certificate_name", `is for another host: "[] [192.0.2.1]"`, 1},
		"a certificate of nobody":        {certified(t, "127.0.0.1", -hour, hour, nil), nil, "certificate_unknown", "not one that this machine trusts", 1},
		"TLS to a plain port":            {strings.Replace(plain.URL, "http", "https", 1), nil, "tls", "does not speak TLS as it should", 1},
		"TLS of before":                  {certified(t, "127.0.0.1", -hour, hour, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), nil, "tls", "TLS", 1},
		"a server that wants to know us": {certified(t, "127.0.0.1", -hour, hour, func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }), trusting(), "tls", "TLS", 1},
		"no such name":                   {elsewhere, dialing(&net.DNSError{Err: "no such host", IsNotFound: true}), "name_unknown", "its name is not found", 1},
		"no name server":                 {elsewhere, dialing(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), "name_server", "the name server does not answer", 3},
		"refused":                        {closed.URL, nil, "refused", "it refuses connections", 3},
		"no route":                       {elsewhere, dialing(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "no_connection", "no connection comes about (no route to host)", 3},
		"nobody answers":                 {elsewhere, dialing(os.ErrDeadlineExceeded), "no_connection", "no connection comes about", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := talkover.Config{BaseURL: test.base, Token: talkover.NewSecret(secretToken)}
			if test.transport != nil {
				config.Transport = test.transport
			}
			_, err := newClient(t, config).ListCalls(t.Context(), talkover.CallQuery{Search: secretNumber})
			e := apiError(t, err)
			cause := e.Cause()
			if cause.Name != test.cause || !strings.Contains(e.Explain("Talkover"), test.what) || e.Attempts != test.attempts {
				t.Errorf("%s (%d attempts): %s", cause.Name, e.Attempts, e.Explain("Talkover"))
			}
			if again := strings.HasPrefix(cause.Advice(), "Try again"); again != (test.attempts == 3) || !strings.Contains(cause.Advice(), cause.Do) {
				t.Errorf("after %d attempts: %s", test.attempts, cause.Advice())
			}
			if !strings.Contains(err.Error(), "("+test.cause+")") {
				t.Errorf("the log has no cause: %v", err)
			}
			discreet(t, err)
		})
	}
}

// A 401 tells a token that was never filled in from one that Talkover does not know.
func TestATokenThatWasNeverFilledIn(t *testing.T) {
	for token, want := range map[string]string{
		secretToken: "", "${TALKOVER_TOKEN}": "token_form", "%X%": "token_form", "${input:token}": "token_form",
		"undefined": "token_form", "***": "token_form", "$(op)": "token_form", "TALQ_1": "token_form",
	} {
		for status, body := range map[int]string{401: `{"message":"Unauthorized"}`, 403: `{"message":"No."}`} {
			client := newClient(t, talkover.Config{Token: talkover.NewSecret(token), Transport: replying(status, body)})
			_, err := client.ListCalls(t.Context(), talkover.CallQuery{})
			if got := talkover.CauseOf(err); got.Name != want || (got.Do != "") != (want != "") {
				t.Errorf("%s, %d: %+v", token, status, got)
			}
		}
	}
	if got := talkover.CauseOf(errors.New("another error")); got.Name != "" {
		t.Error(got)
	}
}

// What stands before the API is told from the API: no token is to blame for it.
func TestWhatAnswersBeforeTheAPI(t *testing.T) {
	const page = "\n<!DOCTYPE html><html></html>"
	for _, test := range []struct {
		status  int
		header  string
		body    string
		blocked bool
	}{
		{403, "", page, true}, {401, "", page, true}, {403, "Cf-Mitigated", "", true}, {503, "Cf-Mitigated", page, true}, {429, "Cf-Mitigated", page, true},
		{403, "", `{"message":"No."}`, false}, {403, "", "", false}, {401, "", "", false}, {503, "", page, false}, {404, "", page, false},
	} {
		virtual(t, func(t *testing.T) {
			client := newClient(t, talkover.Config{Token: talkover.NewSecret("undefined"), Transport: replying(test.status, test.body, test.header)})
			_, err := client.ListCalls(t.Context(), talkover.CallQuery{})
			e := apiError(t, err)
			if e.IsBlocked() != test.blocked || test.blocked && (e.Cause().Name != "blocked" || e.IsTokenUnknown() || e.OwnWords() != "") {
				t.Errorf("%d %s %.10q: %+v", test.status, test.header, test.body, e.Cause())
			}
		})
	}
}

// replying answers all requests in one way, with one header, if any.
func replying(status int, body string, header ...string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for _, name := range header {
			h.Set(name, "challenge")
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
}
