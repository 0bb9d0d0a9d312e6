package config

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

// errSetting is the error of all types here. It does not quote the value, which might be
// a misplaced token; the tags of [Config] say what a setting takes.
var errSetting = errors.New("not taken")

// positive is a duration over 0, up to 5 min.
type positive time.Duration

// EnvDecode implements [envconfig.Decoder].
func (p *positive) EnvDecode(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > 5*time.Minute {
		return errSetting
	}
	*p = positive(d)
	return nil
}

// delay is a duration from 0 to 5 min.
type delay time.Duration

// EnvDecode implements [envconfig.Decoder].
func (d *delay) EnvDecode(s string) error {
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 || t > 5*time.Minute {
		return errSetting
	}
	*d = delay(t)
	return nil
}

// count is a number from 0 to 100,000.
type count int

// EnvDecode implements [envconfig.Decoder].
func (c *count) EnvDecode(s string) error {
	var n int
	if _, err := fmt.Sscanf(s+"\n", "%d\n", &n); err != nil || n < 0 || n > 100_000 {
		return errSetting
	}
	*c = count(n)
	return nil
}

// replicas is a number from 1 to 1,000.
type replicas int

// EnvDecode implements [envconfig.Decoder].
func (r *replicas) EnvDecode(s string) error {
	var n int
	if _, err := fmt.Sscanf(s+"\n", "%d\n", &n); err != nil || n < 1 || n > 1000 {
		return errSetting
	}
	*r = replicas(n)
	return nil
}

// callCount is a number of calls from 0 to 10,000,000.
type callCount int

// EnvDecode implements [envconfig.Decoder].
func (c *callCount) EnvDecode(s string) error {
	var n int
	if _, err := fmt.Sscanf(s+"\n", "%d\n", &n); err != nil || n < 0 || n > 10_000_000 {
		return errSetting
	}
	*c = callCount(n)
	return nil
}

// days is a duration over 0, up to 30 days.
type days time.Duration

// EnvDecode implements [envconfig.Decoder].
func (d *days) EnvDecode(s string) error {
	t, err := time.ParseDuration(s)
	if err != nil || t <= 0 || t > 30*24*time.Hour {
		return errSetting
	}
	*d = days(t)
	return nil
}

// zone is a time zone by its IANA name. It is never Local, which differs from machine to
// machine.
type zone struct{ *time.Location }

// EnvDecode implements [envconfig.Decoder].
func (z *zone) EnvDecode(s string) error {
	named := schema.Zone(schema.Zone("").Spell(s))
	if named.Check("") != nil {
		return errSetting
	}
	z.Location = named.Location()
	return nil
}

// webURL is a URL whose answers nobody on the way can change; it may be empty.
type webURL string

// EnvDecode implements [envconfig.Decoder].
func (w *webURL) EnvDecode(s string) error {
	if s == "" { // it is not set
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Fragment != "" || !talkover.IsPrivate(u) {
		return errSetting
	}
	*w = webURL(s)
	return nil
}

// folder is a path, empty for none. true is that of this program among the caches of the
// user, as the switch of a desktop host has it. ~ is the user's home.
type folder string

// unfilled matches what a shell would have filled in: a variable, or the home of somebody.
var unfilled = regexp.MustCompile(`\$[\w{(]|%\w+%|^~`)

// EnvDecode implements [envconfig.Decoder].
func (f *folder) EnvDecode(s string) (err error) {
	if on, notSwitch := strconv.ParseBool(s); notSwitch == nil {
		if s = ""; on {
			s, err = os.UserCacheDir()
			s = filepath.Join(s, "talkover-mcp")
		}
	} else if rest := strings.TrimPrefix(s, "~"); rest != s && (rest == "" || os.IsPathSeparator(rest[0])) {
		s, err = os.UserHomeDir()
		s = filepath.Join(s, rest)
	}
	if err != nil || unfilled.MatchString(s) {
		return errSetting
	}
	*f = folder(s)
	return nil
}

// hostPort is an address to listen at; it may be empty.
type hostPort string

// EnvDecode implements [envconfig.Decoder].
func (h *hostPort) EnvDecode(s string) error {
	if _, _, err := net.SplitHostPort(s); s != "" && err != nil {
		return errSetting
	}
	*h = hostPort(s)
	return nil
}

// listed yields the parts of a list with commas, without the empty ones.
func listed(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// hostNames holds host names and IP addresses, without ports.
type hostNames []string

var hostForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// EnvDecode implements [envconfig.Decoder].
func (h *hostNames) EnvDecode(s string) error {
	for name := range listed(s) {
		name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
		if net.ParseIP(name) == nil && !hostForm.MatchString(name) {
			return errSetting
		}
		*h = append(*h, name)
	}
	return nil
}

// origins holds origins of web pages, such as https://app.example.com.
type origins []string

// EnvDecode implements [envconfig.Decoder].
func (o *origins) EnvDecode(s string) error {
	for origin := range listed(s) {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || strings.Contains(origin, "*") {
			return errSetting
		}
		*o = append(*o, origin)
	}
	return nil
}

// callingCodes holds the numbers that may be rung; nil for all.
type callingCodes talkover.CallingCodes

// EnvDecode implements [envconfig.Decoder].
func (c *callingCodes) EnvDecode(s string) error {
	codes, err := talkover.ParseCallingCodes(s)
	if err != nil {
		return errSetting
	}
	*c = callingCodes(codes)
	return nil
}

// logLevel is a level of the log, by its name here or in other programs.
type logLevel slog.Level

// EnvDecode implements [envconfig.Decoder].
func (l *logLevel) EnvDecode(s string) error {
	switch strings.ToLower(s) {
	case "trace":
		s = "debug"
	case "warning":
		s = "warn"
	case "fatal", "critical":
		s = "error"
	}
	return (*slog.Level)(l).UnmarshalText([]byte(s))
}

// Settings with a few words to choose from.
type (
	transportName string
	sourceName    string
	authName      string
	maskName      string
	chartsName    string
	confirmName   string
	logFormatName string
)

// EnvDecode implements [envconfig.Decoder].
func (t *transportName) EnvDecode(s string) error { return oneOf(t, s, "stdio", "sse", "http") }

// EnvDecode implements [envconfig.Decoder].
func (a *authName) EnvDecode(s string) error { return oneOf(a, s, "none", "token", "oidc") }

// EnvDecode implements [envconfig.Decoder].
func (n *sourceName) EnvDecode(s string) error { return oneOf(n, s, "server", "client") }

// EnvDecode implements [envconfig.Decoder].
func (m *maskName) EnvDecode(s string) error { return oneOf(m, s, "none", "last4") }

// EnvDecode implements [envconfig.Decoder].
func (c *chartsName) EnvDecode(s string) error { return oneOf(c, s, "on", "off") }

// EnvDecode implements [envconfig.Decoder].
func (c *confirmName) EnvDecode(s string) error { return oneOf(c, s, "", "auto", "always", "never") }

// EnvDecode implements [envconfig.Decoder].
func (f *logFormatName) EnvDecode(s string) error { return oneOf(f, s, "auto", "text", "json") }

// oneOf stores a word if it is one of the options.
func oneOf[T ~string](into *T, s string, options ...string) error {
	for _, o := range options {
		if s == o {
			*into = T(s)
			return nil
		}
	}
	return errSetting
}
