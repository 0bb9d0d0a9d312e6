package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// wsaRefused is the error of Windows for ECONNREFUSED. [syscall] has another number for
// it there (go1.26).
const wsaRefused = syscall.Errno(10061)

// doctorTime bounds a whole run of the doctor.
const doctorTime = 30 * time.Second

// network finds what stands between this machine and the API.
type network struct {
	Config
	api  Account
	base *url.URL
}

// fault says why the API did not answer. It is empty where the API itself answered, even
// with an error about the token or the limit.
func (n network) fault(ctx context.Context, err error) string {
	var e *talkover.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		return "the check was stopped before an answer came. Run it again."
	}
	switch e.Reason {
	case talkover.Redirected, talkover.Malformed, talkover.TooLarge:
		return n.wrongAddress(e)
	case talkover.TimedOut, talkover.Unreachable, talkover.Interrupted:
		return n.noAnswer(ctx, e)
	case talkover.RateLimited:
		return ""
	}
	return n.refusal(ctx, e)
}

// refusal explains an error status; empty where it is about the token.
func (n network) refusal(ctx context.Context, e *talkover.Error) string {
	switch {
	case e.Status == http.StatusNotFound:
		return n.wrongAddress(e)
	case e.Status >= http.StatusInternalServerError:
		return n.serverError(ctx, e)
	case !isDenial(e) && n.TokenPerRequest():
		return n.wrongAddress(e)
	case isDenial(e) && (n.TokenPerRequest() || isDenial(n.api.Health(ctx))):
		return fmt.Sprintf("%s answered %s even at /health, which needs no token: something before the API keeps this machine out, "+
			"such as a firewall, a VPN or a proxy%s. Ask who runs it to let %s through.", n.base, e.StatusLine(), n.orElsewhere(), n.base.Host)
	}
	return ""
}

// isDenial reports whether an answer refuses whoever asked.
func isDenial(err error) bool {
	var e *talkover.Error
	return errors.As(err, &e) && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// isDefault reports whether TALKOVER_BASE_URL is Talkover's own address.
func (n network) isDefault() bool { return n.base.String() == talkover.DefaultBaseURL }

// orElsewhere adds to a text that TALKOVER_BASE_URL may be wrong, where a user set it.
func (n network) orElsewhere() string {
	if n.isDefault() {
		return ""
	}
	return ", or TALKOVER_BASE_URL leads elsewhere (Talkover's own is " + talkover.DefaultBaseURL + ")"
}

// wrongAddress explains an answer that the API never gives.
func (n network) wrongAddress(e *talkover.Error) string {
	what := e.Explain(n.base.String())
	if n.isDefault() {
		return what + ". This is Talkover's own address, so something on the way may answer in its place, such as a proxy or " +
			"the login page of a network: try another network, and see whether there is a newer release of talkover-mcp."
	}
	return fmt.Sprintf("%s. Correct TALKOVER_BASE_URL; Talkover's own is %s.", what, talkover.DefaultBaseURL)
}

// serverError explains a 5xx: the API is reachable but failing.
func (n network) serverError(ctx context.Context, e *talkover.Error) string {
	health := "its /health answers as it should"
	if n.TokenPerRequest() || n.api.Health(ctx) != nil {
		health = "its /health fails as well"
	}
	return fmt.Sprintf("%s; %s. %s%s", e.Explain(n.base.String()), health, talkover.TryAgain(e.Wait), words(e))
}

// noAnswer explains why no whole answer came.
func (n network) noAnswer(ctx context.Context, e *talkover.Error) string {
	var operation *net.OpError
	var name *net.DNSError
	isDial := errors.As(e, &operation) && operation.Op == "dial"
	switch {
	case operation != nil && operation.Op == "proxyconnect":
		return fmt.Sprintf("the proxy that HTTPS_PROXY names does not connect to %s: %s. Correct HTTPS_PROXY, or add %s to NO_PROXY.",
			n.base.Host, operation.Err, n.base.Hostname())
	case e.IsTLS():
		return fmt.Sprintf("no safe connection to %s: %s.", n.base.Host, tlsFault(e))
	case errors.As(e, &name):
		return n.noName(ctx, name)
	case errors.Is(e, syscall.ECONNREFUSED), errors.Is(e, wsaRefused):
		return fmt.Sprintf("%s refuses connections. %s.", n.base.Host, n.connectAdvice())
	case isDial:
		return fmt.Sprintf("no connection to %s: %s. %s.", n.base.Host, operation.Err, n.connectAdvice())
	case e.Reason == talkover.TimedOut:
		return n.tooSlow(ctx)
	}
	return fmt.Sprintf("%s. A firewall or a proxy on the way may do so%s. %s", e.Explain(n.base.Host), n.orElsewhere(), talkover.TryAgain(0))
}

// connectAdvice says what to do where no connection is made.
func (n network) connectAdvice() string {
	if n.isDefault() {
		return "See whether this machine has a network, and whether a firewall lets it out to port 443; behind a proxy, set HTTPS_PROXY"
	}
	return "Correct host and port of TALKOVER_BASE_URL (Talkover's own is " + talkover.DefaultBaseURL + "), or see whether a firewall is on the way"
}

// noName tells a host that does not exist from a network that does not work.
func (n network) noName(ctx context.Context, e *net.DNSError) string {
	known, _ := url.Parse(talkover.DefaultBaseURL)
	advice := "This machine has no network, or a name server that does not know the internet; behind a proxy, set HTTPS_PROXY."
	switch {
	case !e.IsNotFound:
		return "the name server does not answer when asked for " + n.base.Hostname() + ". " + advice
	case n.base.Hostname() == known.Hostname():
		return "the name " + known.Hostname() + " is not found. " + advice
	}
	if _, err := net.DefaultResolver.LookupHost(ctx, known.Hostname()); err != nil {
		return fmt.Sprintf("neither %s nor %s, where Talkover is, is found by name. %s", n.base.Hostname(), known.Hostname(), advice)
	}
	return fmt.Sprintf("there is no host %s, while %s is found. Correct TALKOVER_BASE_URL; Talkover's own is %s.",
		n.base.Hostname(), known.Hostname(), talkover.DefaultBaseURL)
}

// tooSlow tells a slow list of calls from a server that does not answer at all.
func (n network) tooSlow(ctx context.Context) string {
	within := min(time.Duration(n.Timeout), doctorTime)
	if !n.TokenPerRequest() && n.api.Health(ctx) == nil {
		return fmt.Sprintf("%s is up, but did not list one call within %v. Raise TALKOVER_TIMEOUT, or try again in a few minutes.", n.base, within)
	}
	return fmt.Sprintf("%s does not answer within %v, nor does its /health. %s; TALKOVER_TIMEOUT may also be too short.", n.base, within, n.connectAdvice())
}

// tlsFault says what is wrong with a certificate. A clock that is far off makes a good
// certificate look bad, so the text has the time of the clock.
func tlsFault(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var certificate *tls.CertificateVerificationError
	now := time.Now()
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.Before(invalid.Cert.NotBefore):
		return fmt.Sprintf("its certificate is valid only from %s, and the clock here says %s. Set the clock; if it is right, the certificate is wrong",
			moment(invalid.Cert.NotBefore), moment(now))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("its certificate has expired at %s, and the clock here says %s. Set the clock if it is wrong; else whoever runs the host must renew the certificate",
			moment(invalid.Cert.NotAfter), moment(now))
	case errors.As(err, &host):
		return "its certificate is for " + namesOf(host.Certificate) + ", and not for this host. Correct TALKOVER_BASE_URL; if it is right, something on the way answers in its place"
	case errors.As(err, &certificate):
		return fmt.Sprintf("its certificate is not one that this machine trusts. Install the root certificate of whoever signed it (often a company's proxy), "+
			"on Linux also by SSL_CERT_FILE; a clock far off has the same effect, and here it is %s", moment(now))
	}
	return "it does not speak TLS as it should. Correct host and port of TALKOVER_BASE_URL; if they are right, something on the way answers in its place"
}

// namesOf lists hosts that a certificate is for. Whoever made it wrote them, so they are shown
// only where they look like names.
func namesOf(c *x509.Certificate) string {
	const most = 3
	var names []string
	for _, name := range c.DNSNames {
		if len(name) <= maxHostName && hostForm.MatchString(strings.TrimPrefix(name, "*.")) {
			names = append(names, name)
		}
	}
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	switch {
	case len(names) == 0:
		return "another host"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// maxHostName is the length of the longest name of a host (RFC 1035, 2.3.4).
const maxHostName = 253

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// words quotes the API's own words, where it said any.
func words(e *talkover.Error) string {
	if e.OwnWords() == "" {
		return ""
	}
	return " " + e.OwnWords()
}

// seconds returns a time in whole seconds, rounded up.
func seconds(d time.Duration) string { return fmt.Sprintf("%d s", int(math.Ceil(d.Seconds()))) }
