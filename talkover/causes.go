package talkover

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"syscall"
)

// Cause is why a request got no answer of the API, or none that is about it: a row of the
// one table from which tools, logs, the doctor and the documents have their words.
type Cause struct {
	Name string // a word for logs
	What string // what is wrong; empty where the Reason says all, whose word is then the name
	Do   string // what to change, in sentences

	passes bool // it may pass by itself
	is     func(*Error) bool
	detail func(*Error) string // what one case adds to What; nil for nothing
}

// Causes returns the table.
func Causes() []Cause { return slices.Clone(causes) }

// NotAToken says of what a setting holds that it was most likely never filled in.
const NotAToken = "does not look like a Talkover token (it does not begin with talq_); " +
	"the host may not have filled it in"

// NameUnknown is the name of the cause that DNS has no such name.
const NameUnknown = "name_unknown"

// WayOut says what to do where no connection comes about.
const WayOut = "See whether the machine of this server has a network, and whether a firewall lets it out; " +
	"behind a proxy, set HTTPS_PROXY; if TALKOVER_BASE_URL is set, correct its host and port."

const somethingElse = "If TALKOVER_BASE_URL is set, correct it; else something on the way answers in its place."

// causes has what is nearer to this program first: a proxy before what lies behind it.
var causes = []Cause{
	{Name: "token_form", is: func(e *Error) bool { return e.foreign },
		What: "the token is unknown, and does not begin with `talq_`",
		Do:   "What TALKOVER_TOKEN holds " + NotAToken + ". Set it to the token itself, and restart the server."},
	{Name: "blocked", is: func(e *Error) bool { return e.barred },
		What: "something before the API, such as a firewall, a VPN or a proxy, keeps this machine out",
		Do:   "Ask who runs it to let this machine through, or try another network."},
	{Name: "proxy_url", is: func(e *Error) bool { return errors.Is(e.cause, errProxyURL) },
		What: "HTTPS_PROXY holds no URL of a proxy",
		Do: "Correct it: host:port, or user:password@host:port, in which signs such as @ and % " +
			"are written as %40 and %25."},
	{Name: "proxy_login", is: func(e *Error) bool { return as[proxyStatus](e.cause) == http.StatusProxyAuthRequired },
		What: "the proxy that HTTPS_PROXY names wants a user and a password (407)",
		Do:   "Set them in HTTPS_PROXY, as user:password@host:port."},
	{Name: "proxy_refuses", is: func(e *Error) bool { return as[proxyStatus](e.cause) == http.StatusForbidden },
		What: "the proxy that HTTPS_PROXY names does not let it through (403)",
		Do: "Ask who runs the proxy to let the host of the API through, or correct HTTPS_PROXY, " +
			"or add that host to NO_PROXY."},
	{Name: "proxy_away", passes: true, is: func(e *Error) bool { return e.failedAt("proxyconnect") },
		What: "the proxy that HTTPS_PROXY names gives no connection", detail: atDial,
		Do: "Correct HTTPS_PROXY, or add the host of the API to NO_PROXY."},
	{Name: "certificate_expired",
		is:     func(e *Error) bool { return as[x509.CertificateInvalidError](e.cause).Reason == x509.Expired },
		What:   "its certificate has expired, or is not valid yet",
		Do:     "Set the clock of this machine if it is wrong; else whoever runs the host must renew the certificate.",
		detail: func(e *Error) string { return ": " + as[x509.CertificateInvalidError](e.cause).Detail }},
	{Name: "certificate_name", is: causedBy[x509.HostnameError],
		What: "its certificate is for another host", Do: somethingElse,
		detail: func(e *Error) string {
			c := as[x509.HostnameError](e.cause).Certificate
			return fmt.Sprintf(": %q", Clean(fmt.Sprint(c.DNSNames, c.IPAddresses), maxMessage))
		}},
	{Name: "certificate_unknown", is: causedBy[*tls.CertificateVerificationError],
		What: "its certificate is not one that this machine trusts",
		Do: "Install the root certificate of whoever signed it (often a company's proxy), " +
			"on Linux also by SSL_CERT_FILE; a clock that is far off has the same effect."},
	{Name: "tls", is: func(e *Error) bool { return isTLS(e.cause) },
		What: "it does not speak TLS as it should", Do: somethingElse},
	{Name: NameUnknown, is: func(e *Error) bool {
		name := as[*net.DNSError](e.cause)
		return name != nil && name.IsNotFound
	},
		What: "its name is not found", Do: WayOut},
	{Name: "name_server", passes: true, is: causedBy[*net.DNSError],
		What: "the name server does not answer", Do: WayOut},
	{Name: "refused", passes: true, What: "it refuses connections", Do: WayOut,
		is: func(e *Error) bool { return errors.Is(e.cause, syscall.ECONNREFUSED) || errors.Is(e.cause, wsaRefused) }},
	{Name: "no_connection", passes: true, is: func(e *Error) bool { return e.failedAt("dial") },
		What: "no connection comes about", detail: atDial, Do: WayOut},
	{Name: string(TimedOut), passes: true, is: func(e *Error) bool { return e.Reason == TimedOut },
		Do: "Ask for less (per_page, dates), or raise TALKOVER_TIMEOUT."},
	{Name: string(Interrupted), passes: true, is: func(e *Error) bool { return e.Reason == Interrupted },
		Do: "A firewall or a proxy on the way may do so; if TALKOVER_BASE_URL is set, correct it."},
}

// Cause returns the row of the table that fits; the zero Cause where none does.
func (e *Error) Cause() Cause {
	for _, c := range causes {
		if c.is(e) {
			if c.detail != nil {
				c.What += c.detail(e)
			}
			return c
		}
	}
	return Cause{}
}

// CauseOf returns the cause of an error; the zero Cause where it is no [*Error].
func CauseOf(err error) Cause {
	var e *Error
	if errors.As(err, &e) {
		return e.Cause()
	}
	return Cause{}
}

// Advice says whether to try again, and what to change.
func (c Cause) Advice() string {
	if c.passes {
		return TryAgain(0) + " " + c.Do
	}
	return "Trying again will not help. " + c.Do
}

// wsaRefused is the error of Windows for ECONNREFUSED. [syscall] has another number for
// it there (go1.26).
const wsaRefused = syscall.Errno(10061)

// as returns the error of a type among those that err wraps; the zero value for none.
func as[T error](err error) (found T) {
	errors.As(err, &found)
	return found
}

func is[T error](err error) bool { return errors.As(err, new(T)) }

func causedBy[T error](e *Error) bool { return is[T](e.cause) }

// failedAt reports whether a step of connecting failed, by the name that [net] has for it.
func (e *Error) failedAt(step string) bool {
	operation := as[*net.OpError](e.cause)
	return operation != nil && operation.Op == step
}

// atDial says why connecting failed. It names no host and no address, which are the
// operator's own.
func atDial(e *Error) string {
	if number := as[syscall.Errno](e.cause); number != 0 {
		return " (" + number.Error() + ")"
	}
	return ""
}
