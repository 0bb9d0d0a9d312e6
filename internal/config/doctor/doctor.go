// Package doctor says in words why an assistant gets no answers.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/talkover"
)

const (
	wholeTime    = 30 * time.Second // of a run
	maxClockSkew = time.Minute      // beyond it, days and waits are wrong
)

// doctor is a run of [Diagnose].
type doctor struct {
	config.Config
	api   config.Account
	base  *url.URL
	found Findings
}

// Diagnose checks settings, what a server would listen at, gate, network, token, limit and
// clock, for at most 30 s. It sends a handful of requests and repeats none. names are those
// of all variables of the environment, for misspelt ones. version is that of this program.
// stderr gets the log.
func Diagnose(ctx context.Context, env envconfig.Lookuper, names []string, version string, stderr io.Writer) Findings {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	d := &doctor{}
	for _, odd := range misspelt(names) {
		d.find(Warning, checkConfig, "%s", odd)
	}
	if err := d.configure(ctx, env, version, stderr); err != nil {
		for fault := range strings.SplitSeq(err.Error(), "\n") {
			if value, _ := env.Lookup("TALKOVER_TOKEN"); strings.HasPrefix(fault, "TALKOVER_TOKEN:") &&
				strings.TrimSpace(value) == config.Placeholder {
				fault += ". What is set is the placeholder of the documents; put the token of your account in its place"
			}
			d.find(Failure, checkConfig, "%s", fault)
		}
		d.skip("", checkNetwork, checkToken, checkRate, checkClock)
		return d.found
	}
	if d.Transport != "stdio" {
		d.judgeAddress(ctx, "MCP_ADDR", d.Addr)
	}
	if d.MetricsAddr != "" {
		d.judgeAddress(ctx, "MCP_METRICS_ADDR", d.MetricsAddr)
	}
	if d.Transport != "stdio" && d.Auth != "none" {
		d.judgeGate(ctx)
	}
	if d.Demo {
		d.skip("the demo asks nothing outside", checkNetwork, checkToken, checkRate, checkClock)
		return d.found
	}
	d.judgeShared()
	d.examine(ctx)
	return d.found
}

// configure loads the settings, and looks whether they can be used.
func (d *doctor) configure(ctx context.Context, env envconfig.Lookuper, version string, stderr io.Writer) (err error) {
	if d.Config, err = config.Load(ctx, env); err != nil {
		return err
	}
	if d.api, err = d.Account(version, d.Quiet().Logger(stderr), nil, nil); err != nil {
		return err
	}
	if d.base, err = talkover.ParseBaseURL(d.BaseURL); err != nil {
		return err
	}
	door, token, kept := "stdio", "the token is from "+d.tokenSetting(), ""
	if d.Transport != "stdio" {
		door = fmt.Sprintf("%s at %s, MCP_AUTH=%s", d.Transport, d.Addr, d.Auth)
	}
	switch {
	case d.Demo:
		token = "the demo, in which every call is invented"
	case d.TokenPerRequest():
		token = "each request brings its own token"
	}
	if d.CacheDir != "" && !d.Demo {
		folder, err := d.CacheFolder(slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		if folder.OpenToOthers() {
			d.find(Warning, checkConfig, "%s", config.OpenFolder)
		}
		_ = folder.Close()
		kept = "; days are kept in TALKOVER_CACHE_DIR"
	}
	d.find(OK, checkConfig, "%s; %s%s", door, token, kept)
	return nil
}

// tokenSetting names the setting that holds the token.
func (d *doctor) tokenSetting() string {
	if d.TokenFile != "" {
		return "TALKOVER_TOKEN_FILE"
	}
	return "TALKOVER_TOKEN"
}

// variable matches the name of a variable that may be shown.
var variable = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// misspelt tells of each variable that is meant for this program and is none of its
// settings. Other programs have variables that begin with MCP_, so that of these only near
// names are told.
func misspelt(names []string) (odd []string) {
	var known []string
	for _, s := range config.All() {
		known = append(known, s.Env)
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		upper := strings.ToUpper(name)
		ours, others := strings.HasPrefix(upper, "TALKOVER_"), strings.HasPrefix(upper, "MCP_")
		if slices.Contains(known, name) || !ours && !others || !variable.MatchString(name) {
			continue
		}
		const text = "%s is not a setting of this program, so it does nothing%s"
		if near := nearest(upper, known); near != "" {
			odd = append(odd, fmt.Sprintf(text, name, "; did you mean "+near+"?"))
		} else if ours {
			odd = append(odd, fmt.Sprintf(text, name, ". talkover-mcp -help lists those that there are."))
		}
	}
	return odd
}

// nearest returns the setting that a misspelt name most likely meant; "" where more than a
// quarter of its own part, behind the prefix, would have to change.
func nearest(name string, known []string) string {
	best, at := "", len(name)
	for _, k := range known {
		_, own, _ := strings.Cut(k, "_")
		if d := levenshtein.ComputeDistance(name, k); d < at && d <= max(1, len(own)/4) {
			best, at = k, d
		}
	}
	return best
}

// judgeAddress checks whether an address is free. The doctor may be asked beside a server
// that runs well.
func (d *doctor) judgeAddress(ctx context.Context, setting, addr string) {
	ln, err := httpserver.Listen(ctx, addr)
	switch {
	case err == nil:
		_ = ln.Close()
		d.find(OK, checkAddress, "%s: %s is free", setting, addr)
	case setting == "MCP_ADDR" && httpserver.Probe(ctx, addr) == nil:
		d.find(Warning, checkAddress, "%s: a server answers at %s already, so that no other can be started there",
			setting, addr)
	default:
		d.find(Failure, checkAddress, "%s: %s", setting, err)
	}
}

// judgeGate makes the gate as the server does at its start: the issuer's keys can be fetched, and each
// line of a file of tokens is good.
func (d *doctor) judgeGate(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx) // ends the renewal of the keys
	defer cancel()
	door, err := d.Door(ctx, slog.New(slog.DiscardHandler), nil)
	note := ""
	if door.Note != nil {
		note = door.Note()
	}
	switch {
	case err != nil:
		d.find(Failure, checkGate, "%s", err)
	case note != "":
		d.find(Warning, checkGate, "%s; the good lines let in, and no others", note)
	case d.Auth == "oidc":
		d.find(OK, checkGate, "the keys of MCP_OIDC_ISSUER can be fetched")
	default:
		d.find(OK, checkGate, "the tokens of the gate are good")
	}
}

// judgeShared says whether replicas can share what TALKOVER_VALKEY_URL is for.
func (d *doctor) judgeShared() {
	shared, err := d.Shared(slog.New(slog.DiscardHandler))
	switch {
	case err != nil:
		d.find(Failure, checkShared, "%s", err)
		return
	case shared == nil:
		return
	}
	defer shared.Close()
	if line := shared.Words(); line != "" {
		d.find(Warning, checkShared, "%s. The server starts all the same; look at TALKOVER_VALKEY_URL and the way "+
			"there.", line)
		return
	}
	d.find(OK, checkShared, "Valkey answers; %s the limit (TALKOVER_REPLICAS)",
		talkover.Plural(d.Replicas, "replica shares", "replicas share"))
}

// examine asks Talkover once, and judges the answer.
func (d *doctor) examine(ctx context.Context) {
	up, err := d.api.Checkup(ctx)
	if fault := d.fault(ctx, err); fault != "" {
		d.find(Failure, checkNetwork, "%s", fault)
		d.skip("", checkToken, checkRate, checkClock)
		return
	}
	d.find(OK, checkNetwork, "%s answers (%d ms)", d.base, up.Took.Milliseconds())
	var refused *talkover.Error
	errors.As(err, &refused)
	d.judgeToken(up, refused)
	d.judgeRate(up, refused)
	d.judgeClock(up)
}

// judgeToken says whether the API accepts the token. e is its refusal, or nil.
func (d *doctor) judgeToken(up talkover.Checkup, e *talkover.Error) {
	const accepted = "Talkover accepts it"
	switch {
	case d.TokenPerRequest():
		d.skip("each request brings its own", checkToken)
	case e == nil && up.Calls < 0:
		d.find(OK, checkToken, accepted+", and does not say how many calls are in the log")
	case e == nil && up.Calls == 0:
		d.find(OK, checkToken, accepted+"; 0 calls in the log (a token sees the calls of its own environment)")
	case e == nil:
		d.find(OK, checkToken, accepted+"; %s in the log", talkover.Plural(up.Calls, "call", "calls"))
	case e.Reason == talkover.RateLimited:
		d.skip("the limit on requests is reached", checkToken)
	case e.IsTokenUnknown():
		d.find(Failure, checkToken, "%s, which is from %s. %s%s",
			e.Explain("Talkover"), d.tokenSetting(),
			cmp.Or(e.Cause().Do, "Make a new one in Talkover, and set it whole."), words(e))
	case e.Status == http.StatusForbidden:
		d.find(Failure, checkToken, "%s. %s%s", e.Explain("Talkover"),
			cmp.Or(e.Cause().Do, "Use a token of an account that may list calls."), words(e))
	default:
		d.find(Failure, checkToken, "%s, and it lists no calls. Show this line to Talkover's support.%s",
			e.Explain("Talkover"), words(e))
	}
}

// judgeRate says how many requests the plan still allows in this minute.
func (d *doctor) judgeRate(up talkover.Checkup, e *talkover.Error) {
	wait := up.Reset // by the API's clock
	if e != nil {
		wait = cmp.Or(wait, e.Wait)
	}
	then := talkover.TryAgain(wait) + " Another program with this token uses them up, or the plan is too small."
	left := fmt.Sprintf("%d of %d requests left this minute", up.Left, up.Limit)
	switch {
	case d.TokenPerRequest():
		d.skip("it belongs to the token of each request", checkRate)
	case e != nil && e.Reason == talkover.RateLimited:
		d.find(Failure, checkRate, "%s (%s). %s%s", e.Explain("Talkover"), e.StatusLine(), then, words(e))
	case e != nil:
		d.skip("", checkRate)
	case up.Left == 0 && up.Limit < 0:
		d.find(Failure, checkRate, "no request is left of this minute's. %s", then)
	case up.Left == 0:
		d.find(Failure, checkRate, "no request is left of this minute's %d. %s", up.Limit, then)
	case up.Limit < 0 || up.Left < 0:
		d.skip("Talkover's answer does not tell it", checkRate)
	case d.RateLimit == 0:
		d.find(Warning, checkRate, "%s, and TALKOVER_RATE_LIMIT is 0, so this program does not keep to the limit. "+
			"Set it to %d.", left, up.Limit)
	case up.Limit < d.RateLimit:
		d.find(Warning, checkRate, "%s, but TALKOVER_RATE_LIMIT is %d. Set it to %d.", left, d.RateLimit, up.Limit)
	default:
		d.find(OK, checkRate, "%s; TALKOVER_RATE_LIMIT is %d", left, d.RateLimit)
	}
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
		d.find(Failure, checkClock, "it is %v %s Talkover's, so days such as yesterday are wrong. Set it, best by "+
			"NTP; a container has the clock of its host.",
			off.Round(time.Second), which)
	default: // the date has whole seconds, and is of some moment during the request
		d.find(OK, checkClock, "at most %.0f s off Talkover's", math.Ceil((off + up.Took/2 + time.Second/2).Seconds()))
	}
}
