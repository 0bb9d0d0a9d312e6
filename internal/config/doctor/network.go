package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/talkover/talkover-mcp/talkover"
)

// fault says why the API did not answer. It is empty where the API itself answered, even
// with an error about the token or the limit.
func (d *doctor) fault(ctx context.Context, err error) string {
	var e *talkover.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		return "the check was stopped before an answer came. Run it again."
	}
	switch e.Reason {
	case talkover.Redirected, talkover.Malformed, talkover.TooLarge:
		return d.wrongAddress(e)
	case talkover.TimedOut, talkover.Unreachable, talkover.Interrupted:
		return d.noAnswer(ctx, e)
	case talkover.RateLimited:
		return ""
	}
	return d.refusal(ctx, e)
}

// refusal explains an error status; empty where it is about the token. /health needs none,
// so that who is denied even there was never let through to the API.
func (d *doctor) refusal(ctx context.Context, e *talkover.Error) string {
	isDenial := e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
	if isDenial && !e.IsBlocked() && !d.TokenPerRequest() {
		if health := (*talkover.Error)(nil); errors.As(d.api.Health(ctx), &health) && health.IsBlocked() {
			e = health
		}
	}
	switch {
	case e.IsBlocked():
		return e.Explain(d.base.String()) + d.orElsewhere() + ". " + e.Cause().Do
	case e.Status == http.StatusNotFound:
		return d.wrongAddress(e)
	case e.Status >= http.StatusInternalServerError:
		return d.serverError(ctx, e)
	case !isDenial && d.TokenPerRequest():
		return d.wrongAddress(e)
	}
	return ""
}

// isDefault reports whether TALKOVER_BASE_URL is Talkover's own address.
func (d *doctor) isDefault() bool { return d.base.String() == talkover.DefaultBaseURL }

// orElsewhere adds to a text that TALKOVER_BASE_URL may be wrong, where a user set it.
func (d *doctor) orElsewhere() string {
	if d.isDefault() {
		return ""
	}
	return ", or TALKOVER_BASE_URL leads elsewhere (Talkover's own is " + talkover.DefaultBaseURL + ")"
}

// wrongAddress explains an answer that the API never gives.
func (d *doctor) wrongAddress(e *talkover.Error) string {
	what := e.Explain(d.base.String())
	if d.isDefault() {
		return what + ". This is Talkover's own address, so something on the way may answer in its place, such as a " +
			"proxy or the login page of a network: try another network, and see whether there is a newer release " +
			"of talkover-mcp."
	}
	return fmt.Sprintf("%s. Correct TALKOVER_BASE_URL; Talkover's own is %s.", what, talkover.DefaultBaseURL)
}

// serverError explains a 5xx: the API is reachable but failing.
func (d *doctor) serverError(ctx context.Context, e *talkover.Error) string {
	health := "its /health answers as it should"
	if d.TokenPerRequest() || d.api.Health(ctx) != nil {
		health = "its /health fails as well"
	}
	return fmt.Sprintf("%s; %s. %s%s", e.Explain(d.base.String()), health, talkover.TryAgain(e.Wait), words(e))
}

// noAnswer explains why no whole answer came. It tells a host that does not exist from a
// network that does not work.
func (d *doctor) noAnswer(ctx context.Context, e *talkover.Error) string {
	cause, what := e.Cause(), e.Explain(d.base.Host)
	own, _ := url.Parse(talkover.DefaultBaseURL)
	switch {
	case cause.Name == string(talkover.TimedOut):
		return d.tooSlow(ctx)
	case cause.Name == talkover.NameUnknown && d.base.Hostname() != own.Hostname():
		if _, err := net.DefaultResolver.LookupHost(ctx, own.Hostname()); err == nil {
			return fmt.Sprintf("%s, while %s is. Correct TALKOVER_BASE_URL; Talkover's own is %s.", what,
				own.Hostname(), own)
		}
		what += ", nor is that of " + own.Hostname()
	}
	return what + ". " + cause.Do
}

// tooSlow tells a slow list of calls from a server that does not answer at all.
func (d *doctor) tooSlow(ctx context.Context) string {
	within := min(d.Timeout, wholeTime)
	if !d.TokenPerRequest() && d.api.Health(ctx) == nil {
		return fmt.Sprintf("%s is up, but did not list one call within %v. Raise TALKOVER_TIMEOUT, or try again in "+
			"a few minutes.", d.base, within)
	}
	return fmt.Sprintf("%s does not answer within %v, nor does its /health. %s TALKOVER_TIMEOUT may also be too "+
		"short.", d.base, within, talkover.WayOut)
}

// words quotes the API's own words, where it said any.
func words(e *talkover.Error) string {
	if e.OwnWords() == "" {
		return ""
	}
	return " " + e.OwnWords()
}
