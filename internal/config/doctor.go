package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/talkover"
)

// maxClockSkew bounds how far off the clock may be. Beyond it, days and waits are wrong.
const maxClockSkew = time.Minute

// Diagnose checks settings, what a server would listen at, gate, network, token, limit and
// clock, for at most 30 s. It sends a handful of requests and repeats none. names are those
// of all variables of the environment, for misspelt ones. version is that of this program.
// stderr gets the log.
func Diagnose(ctx context.Context, env envconfig.Lookuper, names []string, version string, stderr io.Writer) Findings {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	d := &doctor{}
	for _, odd := range misspelt(names) {
		d.warn(checkConfig, "%s", odd)
	}
	if d.configure(ctx, env, version, stderr) {
		d.judgeAddresses(ctx)
		d.examine(ctx)
	}
	return d.found
}

// configure loads the settings, and reports whether they have no fault.
func (d *doctor) configure(ctx context.Context, env envconfig.Lookuper, version string, stderr io.Writer) bool {
	var err error
	if d.Config, err = Load(ctx, env); err == nil {
		d.api, err = d.Account(version, d.Quiet().Logger(stderr), nil, nil)
	}
	if err == nil {
		d.base, err = talkover.ParseBaseURL(d.BaseURL)
	}
	var wrong Faults
	switch {
	case errors.As(err, &wrong):
		for _, fault := range wrong {
			d.fail(checkConfig, "%s%s", fault, placeholderNote(env, fault))
		}
	case err != nil:
		d.fail(checkConfig, "%s", err)
	default:
		return d.checkCache()
	}
	d.skip("", checkNetwork, checkToken, checkRate, checkClock)
	return false
}

// checkCache reports whether the folder of kept days can be used, where one is set.
func (d *doctor) checkCache() bool {
	where := ""
	if d.CacheDir != "" && !d.Demo {
		folder, err := d.CacheFolder(slog.New(slog.DiscardHandler))
		if err != nil {
			d.fail(checkConfig, "%s", err)
			d.skip("", checkNetwork, checkToken, checkRate, checkClock)
			return false
		}
		if folder.OpenToOthers() {
			d.warn(checkConfig, "%s", openFolder)
		}
		_ = folder.Close()
		where = "; days are kept in TALKOVER_CACHE_DIR"
	}
	d.ok(checkConfig, "%s; %s%s", d.door(), d.tokenFrom(), where)
	return true
}

// door says how clients connect.
func (d *doctor) door() string {
	if d.Transport == "stdio" {
		return "stdio"
	}
	return fmt.Sprintf("%s at %s, MCP_AUTH=%s", d.Transport, d.Addr, d.Auth)
}

// tokenFrom says where the token comes from.
func (d *doctor) tokenFrom() string {
	switch {
	case d.Demo:
		return "the demo, in which every call is invented"
	case d.TokenPerRequest():
		return "each request brings its own token"
	}
	return "the token is from " + d.tokenSetting()
}

// tokenSetting names the setting that holds the token.
func (d *doctor) tokenSetting() string {
	if d.TokenFile != "" {
		return "TALKOVER_TOKEN_FILE"
	}
	return "TALKOVER_TOKEN"
}

// examine asks Talkover once, and judges the answer.
func (d *doctor) examine(ctx context.Context) {
	if d.Demo {
		d.skip("the demo asks nothing outside", checkNetwork, checkToken, checkRate, checkClock)
		return
	}
	if d.Transport != "stdio" && d.Auth == "oidc" {
		d.judgeKeys(ctx)
	}
	if !d.valkey.IsZero() {
		d.judgeShared()
	}
	up, err := d.api.Checkup(ctx)
	if fault := d.fault(ctx, err); fault != "" {
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

// judgeKeys checks that the issuer's keys can be fetched, as the server does at its start.
func (d *doctor) judgeKeys(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx) // ends the renewal of the keys
	defer cancel()
	if _, err := d.issuer(ctx, slog.New(slog.DiscardHandler), nil); err != nil {
		d.fail(checkGate, "%s", err)
		return
	}
	d.ok(checkGate, "the keys of MCP_OIDC_ISSUER can be fetched")
}

// judgeShared says whether replicas can share what TALKOVER_VALKEY_URL is for.
func (d *doctor) judgeShared() {
	shared, err := d.Shared(slog.New(slog.DiscardHandler))
	if err != nil {
		d.fail(checkShared, "%s", err)
		return
	}
	defer shared.Close()
	if line := shared.Words(); line != "" {
		d.warn(checkShared, "%s. The server starts all the same; look at TALKOVER_VALKEY_URL and the way there.", line)
		return
	}
	d.ok(checkShared, "Valkey answers; %s the limit (TALKOVER_REPLICAS)", talkover.Plural(int(d.Replicas), "replica shares", "replicas share"))
}

// judgeToken says whether the API accepts the token. e is its refusal, or nil.
func (d *doctor) judgeToken(up talkover.Checkup, e *talkover.Error) {
	switch {
	case d.TokenPerRequest():
		d.skip("each request brings its own", checkToken)
	case e == nil && up.Calls < 0:
		d.ok(checkToken, "Talkover accepts it, and does not say how many calls are in the log")
	case e == nil && up.Calls == 0:
		d.ok(checkToken, "Talkover accepts it; 0 calls in the log (a token sees the calls of its own environment)")
	case e == nil:
		d.ok(checkToken, "Talkover accepts it; %s in the log", talkover.Plural(up.Calls, "call", "calls"))
	case e.Reason == talkover.RateLimited:
		d.skip("the limit on requests is reached", checkToken)
	case e.IsTokenUnknown():
		d.fail(checkToken, "%s, which is from %s. %s%s",
			e.Explain("Talkover"), d.tokenSetting(), cmp.Or(e.Cause().Do, "Make a new one in Talkover, and set it whole."), words(e))
	case e.Status == http.StatusForbidden:
		d.fail(checkToken, "%s. %s%s", e.Explain("Talkover"), cmp.Or(e.Cause().Do, "Use a token of an account that may list calls."), words(e))
	default:
		d.fail(checkToken, "%s, and it lists no calls. Show this line to Talkover's support.%s", e.Explain("Talkover"), words(e))
	}
}

// judgeRate says how many requests the plan still allows in this minute.
func (d *doctor) judgeRate(up talkover.Checkup, e *talkover.Error) {
	wait := up.Reset // by the API's clock
	if e != nil {
		wait = cmp.Or(wait, e.Wait)
	}
	again := talkover.TryAgain(wait)
	const others = "Another program with this token uses them up, or the plan is too small."
	limited := e != nil && e.Reason == talkover.RateLimited
	switch {
	case d.TokenPerRequest():
		d.skip("it belongs to the token of each request", checkRate)
	case limited:
		d.fail(checkRate, "%s (%s). %s %s%s", e.Explain("Talkover"), e.StatusLine(), again, others, words(e))
	case e != nil:
		d.skip("", checkRate)
	case up.Left == 0:
		d.fail(checkRate, "no request is left of this minute's%s. %s %s", limitOf(up), again, others)
	case up.Limit < 0 || up.Left < 0:
		d.skip("Talkover's answer does not tell it", checkRate)
	case d.RateLimit == 0:
		d.warn(checkRate, "%s left this minute, and TALKOVER_RATE_LIMIT is 0, so this program does not keep to the limit. Set it to %d.", left(up), up.Limit)
	case up.Limit < int(d.RateLimit):
		d.warn(checkRate, "%s left this minute, but TALKOVER_RATE_LIMIT is %d. Set it to %d.", left(up), d.RateLimit, up.Limit)
	default:
		d.ok(checkRate, "%s left this minute; TALKOVER_RATE_LIMIT is %d", left(up), d.RateLimit)
	}
}

// left says how many requests are left, and of how many.
func left(up talkover.Checkup) string { return fmt.Sprintf("%d of %d requests", up.Left, up.Limit) }

// limitOf returns the limit with a space before it; empty where it is unknown.
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
	case off > maxClockSkew:
		d.fail(checkClock, "it is %v %s Talkover's, so days such as yesterday are wrong. Set it, best by NTP; a container has the clock of its host.",
			off.Round(time.Second), which)
	default: // the date has whole seconds, and is of some moment during the request
		d.ok(checkClock, "at most %s off Talkover's", seconds(off+up.Took/2+time.Second/2))
	}
}
