package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	doctorTime    = 30 * time.Second // of a whole run
	mostClockSkew = time.Minute      // beyond it, days and waits come out wrong
)

// The checks of the doctor, in their order. The gate is checked where it is OIDC.
const (
	checkConfig  = "configuration"
	checkGate    = "gate"
	checkNetwork = "network"
	checkToken   = "token"
	checkRate    = "rate limit"
	checkClock   = "clock"
)

// doctor finds out why an assistant says that it does not work. It sends a handful
// of requests, each once.
type doctor struct {
	config
	api      account
	base     *url.URL
	secret   talkover.Secret
	out      io.Writer
	failures []string // checks, each once
	warnings []string
}

// doctor runs the checks and prints a line for each. It is a failure if one is.
func (p program) doctor(ctx context.Context, env envconfig.Lookuper) int {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	d := &doctor{out: p.stdout}
	if d.configure(ctx, env, p.stderr) {
		d.examine(ctx)
	}
	return d.conclude()
}

// configure reads the configuration, and reports whether it can be taken.
func (d *doctor) configure(ctx context.Context, env envconfig.Lookuper, stderr io.Writer) bool {
	var err, tokenErr error
	d.config, err = load(ctx, env)
	d.secret, tokenErr = d.token()
	if err = errors.Join(err, tokenErr); err == nil {
		if d.LogLevel == slog.LevelInfo {
			d.LogLevel = slog.LevelError // the findings stand on the same screen
		}
		d.api, err = d.account(d.secret, d.logger(stderr), new(watch).roundTripper)
	}
	if err == nil {
		d.base, err = talkover.ParseBaseURL(d.BaseURL)
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			d.fail(checkConfig, "%s", strings.TrimSpace(line))
		}
		d.skip("", checkNetwork, checkToken, checkRate, checkClock)
		return false
	}
	d.ok(checkConfig, "%s; %s", d.door(), d.tokenFrom())
	return true
}

// door says how clients get in.
func (d *doctor) door() string {
	if d.Transport == "stdio" {
		return "stdio"
	}
	return fmt.Sprintf("%s at %s, MCP_AUTH=%s", d.Transport, d.Addr, d.Auth)
}

func (d *doctor) tokenFrom() string {
	switch {
	case d.Demo:
		return "the demo, in which every call is invented"
	case d.Source == "client":
		return "each request brings its own token"
	}
	return "the token is from " + d.tokenSetting()
}

// tokenSetting is the setting that holds the token.
func (d *doctor) tokenSetting() string {
	if d.TokenFile != "" {
		return "TALKOVER_TOKEN_FILE"
	}
	return "TALKOVER_TOKEN"
}

// examine asks Talkover once, and says what the answer tells.
func (d *doctor) examine(ctx context.Context) {
	if d.Demo {
		d.skip("the demo asks nothing outside", checkNetwork, checkToken, checkRate, checkClock)
		return
	}
	if d.Transport != "stdio" && d.Auth == "oidc" {
		d.judgeKeys(ctx)
	}
	up, err := d.api.Checkup(ctx)
	if fault := d.networkFault(ctx, err); fault != "" {
		d.fail(checkNetwork, "%s", fault)
		d.skip("", checkToken, checkRate, checkClock)
		return
	}
	d.ok(checkNetwork, "%s answers (%d ms)", d.base, up.Took.Milliseconds())
	var refused *talkover.Error
	errors.As(err, &refused)
	d.judgeToken(up, refused)
	d.judgeRate(up, refused)
	d.judgeClock(up)
}

// judgeKeys checks that the issuer's keys are there, as the server does at its start.
func (d *doctor) judgeKeys(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx) // which ends their renewal
	defer cancel()
	if _, err := d.oidc(ctx, slog.New(slog.DiscardHandler)); err != nil {
		d.fail(checkGate, "%s", err)
		return
	}
	d.ok(checkGate, "the keys of MCP_OIDC_ISSUER can be fetched")
}

// networkFault is why the API did not answer; empty if it did, be it with no.
func (d *doctor) networkFault(ctx context.Context, err error) string {
	var e *talkover.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		return "the check was stopped before an answer came. Run it again."
	}
	switch e.Reason {
	case talkover.Redirected:
		return d.wrongPlace(fmt.Sprintf("a redirect (%s), which is never followed, because the token would go along", answered(e)))
	case talkover.Malformed, talkover.TooLarge:
		return d.wrongPlace(answered(e) + ", but with no list of calls in JSON")
	case talkover.TimedOut, talkover.Unreachable, talkover.Interrupted:
		return d.noAnswer(ctx, e)
	case talkover.RateLimited:
		return ""
	}
	return d.refusedPlace(ctx, e)
}

// refusedPlace is for answers that are no matter of the token.
func (d *doctor) refusedPlace(ctx context.Context, e *talkover.Error) string {
	switch {
	case e.Status == http.StatusNotFound:
		return d.wrongPlace(answered(e) + ": it knows no such address")
	case e.Status >= http.StatusInternalServerError:
		return d.theirTrouble(ctx, e)
	case !isDenial(e) && d.Source == "client":
		return d.wrongPlace(answered(e))
	case isDenial(e) && (d.Source == "client" || isDenial(d.api.Health(ctx))):
		return fmt.Sprintf("%s answers %s even at /health, which needs no token: something before the API keeps this machine out, "+
			"such as a firewall, a VPN or a proxy%s. Ask who runs it to let %s through.", d.base, answered(e), d.orElsewhere(), d.base.Host)
	}
	return ""
}

// isDenial reports whether an answer keeps its asker out.
func isDenial(err error) bool {
	var e *talkover.Error
	return errors.As(err, &e) && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// isDefault reports whether the API is asked at Talkover's own address.
func (d *doctor) isDefault() bool { return d.base.String() == talkover.DefaultBaseURL }

// orElsewhere adds that the address may be the fault, where it was set.
func (d *doctor) orElsewhere() string {
	if d.isDefault() {
		return ""
	}
	return ", or TALKOVER_BASE_URL leads elsewhere (Talkover's own is " + talkover.DefaultBaseURL + ")"
}

// wrongPlace is for an answer that the API does not give.
func (d *doctor) wrongPlace(answer string) string {
	if d.isDefault() {
		return fmt.Sprintf("%s answers %s. This is Talkover's own address, so something on the way may answer in its place, such as a proxy or "+
			"the login page of a network: try another network, and see whether there is a newer release of talkover-mcp.", d.base, answer)
	}
	return fmt.Sprintf("%s answers %s. Correct TALKOVER_BASE_URL; Talkover's own is %s.", d.base, answer, talkover.DefaultBaseURL)
}

// theirTrouble is for an API that is there, and ill.
func (d *doctor) theirTrouble(ctx context.Context, e *talkover.Error) string {
	health := "its /health answers as it should"
	if d.Source == "client" || d.api.Health(ctx) != nil {
		health = "its /health fails as well"
	}
	wait := "in a few minutes"
	if e.Wait > 0 {
		wait = "in " + seconds(e.Wait)
	}
	return fmt.Sprintf("%s answers %s: trouble on Talkover's side, not here; %s. Try again %s.%s", d.base, answered(e), health, wait, words(e))
}

// noAnswer is for a request that got no answer, or not the whole of one.
func (d *doctor) noAnswer(ctx context.Context, e *talkover.Error) string {
	var operation *net.OpError
	var name *net.DNSError
	isDial := errors.As(e, &operation) && operation.Op == "dial"
	switch {
	case operation != nil && operation.Op == "proxyconnect":
		return fmt.Sprintf("the proxy that HTTPS_PROXY names does not connect to %s: %s. Correct HTTPS_PROXY, or add %s to NO_PROXY.",
			d.base.Host, operation.Err, d.base.Hostname())
	case e.IsTLS():
		return fmt.Sprintf("no safe connection to %s: %s.", d.base.Host, tlsFault(e))
	case errors.As(e, &name):
		return d.noName(ctx, name)
	case errors.Is(e, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refuses connections. %s.", d.base.Host, d.connectAdvice())
	case isDial:
		return fmt.Sprintf("no connection to %s: %s. %s.", d.base.Host, operation.Err, d.connectAdvice())
	case e.Reason == talkover.TimedOut:
		return d.tooSlow(ctx)
	}
	return fmt.Sprintf("%s breaks connections off before its answer is whole. A firewall or a proxy on the way may do so%s; try again in a minute.",
		d.base.Host, d.orElsewhere())
}

// connectAdvice is what to do where no connection is made.
func (d *doctor) connectAdvice() string {
	if d.isDefault() {
		return "See whether this machine has a network, and whether a firewall lets it out to port 443; behind a proxy, set HTTPS_PROXY"
	}
	return "Correct host and port of TALKOVER_BASE_URL (Talkover's own is " + talkover.DefaultBaseURL + "), or see whether a firewall is on the way"
}

// noName tells a host that is not there from a network that is not.
func (d *doctor) noName(ctx context.Context, e *net.DNSError) string {
	known, _ := url.Parse(talkover.DefaultBaseURL)
	advice := "This machine has no network, or a name server that does not know the internet; behind a proxy, set HTTPS_PROXY."
	switch {
	case !e.IsNotFound:
		return "the name server does not answer when asked for " + d.base.Hostname() + ". " + advice
	case d.base.Hostname() == known.Hostname():
		return "the name " + known.Hostname() + " is not found. " + advice
	}
	if _, err := net.DefaultResolver.LookupHost(ctx, known.Hostname()); err != nil {
		return fmt.Sprintf("neither %s nor %s, where Talkover is, is found by name. %s", d.base.Hostname(), known.Hostname(), advice)
	}
	return fmt.Sprintf("there is no host %s, while %s is found. Correct TALKOVER_BASE_URL; Talkover's own is %s.",
		d.base.Hostname(), known.Hostname(), talkover.DefaultBaseURL)
}

// tooSlow tells a slow answer from none.
func (d *doctor) tooSlow(ctx context.Context) string {
	within := min(time.Duration(d.Timeout), doctorTime)
	if d.Source != "client" && d.api.Health(ctx) == nil {
		return fmt.Sprintf("%s is up, but did not list one call within %v. Raise TALKOVER_TIMEOUT, or try again in a few minutes.", d.base, within)
	}
	return fmt.Sprintf("%s does not answer within %v, nor does its /health. %s; TALKOVER_TIMEOUT may also be too short.", d.base, within, d.connectAdvice())
}

// tlsFault says what is wrong with a certificate. A clock far off makes a good one
// look bad, so the time is told.
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
		return "its certificate is for another host. Correct TALKOVER_BASE_URL; if it is right, something on the way answers in its place"
	case errors.As(err, &certificate):
		return fmt.Sprintf("its certificate is not one that this machine trusts. Install the root certificate of whoever signed it (often a company's proxy), "+
			"on Linux also by SSL_CERT_FILE; a clock far off has the same effect, and here it is %s", moment(now))
	}
	return "it does not speak TLS as it should. Correct host and port of TALKOVER_BASE_URL; if they are right, something on the way answers in its place"
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// judgeToken says what the API thinks of the token; e is its refusal, or nil.
func (d *doctor) judgeToken(up talkover.Checkup, e *talkover.Error) {
	switch {
	case d.Source == "client":
		d.skip("each request brings its own", checkToken)
	case e == nil && up.Calls < 0:
		d.ok(checkToken, "Talkover takes it, and does not say how many calls are in the log")
	case e == nil && up.Calls == 0:
		d.ok(checkToken, "Talkover takes it; 0 calls in the log (a token sees the calls of its own environment)")
	case e == nil:
		d.ok(checkToken, "Talkover takes it; %d calls in the log", up.Calls)
	case e.Reason == talkover.RateLimited:
		d.skip("the limit keeps it from being asked", checkToken)
	case e.Status == http.StatusUnauthorized:
		form := ""
		if !strings.HasPrefix(d.secret.Reveal(), "talq_") {
			form = ", but does not begin with talq_ as Talkover's tokens do"
		}
		d.fail(checkToken, "Talkover answers %s: it does not know the token, which is from %s%s. Make a new one in Talkover, and set it whole.%s",
			answered(e), d.tokenSetting(), form, words(e))
	case e.Status == http.StatusForbidden:
		d.fail(checkToken, "Talkover answers %s: it knows the token, but does not let it list calls. Use a token of an account that may.%s", answered(e), words(e))
	default:
		d.fail(checkToken, "Talkover answers %s and lists no calls. Show this line to Talkover's support.%s", answered(e), words(e))
	}
}

// judgeRate says what is left of the plan's limit.
func (d *doctor) judgeRate(up talkover.Checkup, e *talkover.Error) {
	wait := up.Reset // by the API's clock
	if e != nil {
		wait = cmp.Or(wait, e.Wait)
	}
	again := "within a minute"
	if wait > 0 {
		again = "in " + seconds(wait)
	}
	const others = "Whatever else has this token uses it up, or the plan is too small."
	limited := e != nil && e.Reason == talkover.RateLimited
	switch {
	case d.Source == "client":
		d.skip("it belongs to the token of each request", checkRate)
	case limited:
		d.fail(checkRate, "Talkover answers %s: the requests of this minute are used up. Try again %s. %s%s", answered(e), again, others, words(e))
	case e != nil:
		d.skip("", checkRate)
	case up.Left == 0:
		d.fail(checkRate, "no request is left of this minute's%s. Try again %s. %s", limitOf(up), again, others)
	case up.Limit < 0 || up.Left < 0:
		d.skip("Talkover's answer does not tell it", checkRate)
	case d.RateLimit == 0:
		d.warn(checkRate, "%s left this minute, and TALKOVER_RATE_LIMIT is 0, so nothing here keeps to the limit. Set it to %d.", left(up), up.Limit)
	case up.Limit < int(d.RateLimit):
		d.warn(checkRate, "%s left this minute, but TALKOVER_RATE_LIMIT is %d. Set it to %d.", left(up), d.RateLimit, up.Limit)
	default:
		d.ok(checkRate, "%s left this minute; TALKOVER_RATE_LIMIT is %d", left(up), d.RateLimit)
	}
}

func left(up talkover.Checkup) string { return fmt.Sprintf("%d of %d requests", up.Left, up.Limit) }

func limitOf(up talkover.Checkup) string {
	if up.Limit < 0 {
		return ""
	}
	return fmt.Sprintf(" %d", up.Limit)
}

// judgeClock compares the clock here with the date of the answer.
func (d *doctor) judgeClock(up talkover.Checkup) {
	which := "ahead of"
	if up.Ahead < 0 {
		which = "behind"
	}
	off := up.Ahead.Abs()
	switch {
	case !up.Dated:
		d.skip("Talkover's answer has no date", checkClock)
	case off > mostClockSkew:
		d.fail(checkClock, "it is %v %s Talkover's, so days such as yesterday come out wrong. Set it, best by NTP; a container has the clock of its host.",
			off.Round(time.Second), which)
	default: // the date tells whole seconds, of some moment of the request
		d.ok(checkClock, "at most %s off Talkover's", seconds(off+up.Took/2+time.Second/2))
	}
}

// answered is the status of an answer.
func answered(e *talkover.Error) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
}

// words are what the API itself says of an error.
func words(e *talkover.Error) string {
	if e.Message == "" {
		return ""
	}
	return fmt.Sprintf(" Talkover's own words: %q", e.Message)
}

// seconds is a time in whole seconds, never too short.
func seconds(d time.Duration) string { return fmt.Sprintf("%d s", int(math.Ceil(d.Seconds()))) }

func (d *doctor) ok(check, format string, args ...any) { d.line("ok", check, format, args...) }

func (d *doctor) warn(check, format string, args ...any) {
	d.warnings = append(d.warnings, check)
	d.line("warn", check, format, args...)
}

func (d *doctor) fail(check, format string, args ...any) {
	if len(d.failures) == 0 || d.failures[len(d.failures)-1] != check {
		d.failures = append(d.failures, check)
	}
	d.line("FAIL", check, format, args...)
}

// skip says that checks are not made, and why if it is no earlier failure.
func (d *doctor) skip(why string, checks ...string) {
	if why != "" {
		why = "; " + why
	}
	for _, check := range checks {
		d.line("-", check, "not checked%s", why)
	}
}

// tokenForm is what may be a Talkover token, gone astray into another setting.
var tokenForm = regexp.MustCompile(`talq_[A-Za-z0-9_-]+`)

// line prints a finding, in which no token may stand.
func (d *doctor) line(verdict, check, format string, args ...any) {
	const hidden, leastHidden = "[redacted]", 8 // what is shorter would be found in other words
	text := fmt.Sprintf(format, args...)
	if token := d.secret.Reveal(); len(token) >= leastHidden {
		text = strings.ReplaceAll(text, token, hidden)
	}
	fmt.Fprintf(d.out, "%-5s %s: %s\n", verdict, check, tokenForm.ReplaceAllString(text, hidden))
}

// conclude sums up.
func (d *doctor) conclude() int {
	switch n := len(d.failures); {
	case n == 1:
		fmt.Fprintf(d.out, "1 check failed: %s.\n", d.failures[0])
	case n > 1:
		fmt.Fprintf(d.out, "%d checks failed: %s.\n", n, strings.Join(d.failures, ", "))
	case len(d.warnings) > 0:
		fmt.Fprintf(d.out, "No check failed; see the warning: %s.\n", strings.Join(d.warnings, ", "))
	default:
		fmt.Fprintln(d.out, "All is well.")
	}
	if len(d.failures) > 0 {
		return failed
	}
	return success
}
