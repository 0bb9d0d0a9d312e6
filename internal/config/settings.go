// Package config holds all that can be set, by environment and by flags. It makes a
// client of the API and the gate of it.
package config

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Config holds all that can be set. [Load], help, flags, errors and docs/settings.md are
// made of its tags:
//   - env, default, flag: the names of the variable and of the flag, and the value where neither is set
//   - options, min, max, form: what it takes; file: it is the path of a file that stands in place of another setting
//   - takes: that in words, where the above does not say it; desc: what it is for
type Config struct {
	Token           string                `env:"TALKOVER_TOKEN" takes:"a Talkover API token" desc:"The token of the account. It has full access: keep it secret."`
	TokenFile       string                `env:"TALKOVER_TOKEN_FILE" file:"TALKOVER_TOKEN" desc:"A file that holds the token, in place of TALKOVER_TOKEN. It is read again when it changes."`
	TokenSource     string                `env:"TALKOVER_TOKEN_SOURCE" default:"server" options:"server,client" desc:"client: over sse and http, each request brings its own token in X-Talkover-Token."`
	BaseURL         string                `env:"TALKOVER_BASE_URL" default:"https://app.talkover.ai/api/v1" takes:"an https URL" desc:"The address of the API; http is allowed on loopback alone."`
	Timeout         time.Duration         `env:"TALKOVER_TIMEOUT" default:"15s" min:"1ns" max:"5m" desc:"The longest that one request to the API may take."`
	RateLimit       int                   `env:"TALKOVER_RATE_LIMIT" default:"100" min:"0" max:"100000" desc:"Requests a minute that the plan allows; with 0 this program sets no limit."`
	Zone            *time.Location        `env:"TALKOVER_TIMEZONE" default:"UTC" takes:"an IANA time zone such as Europe/Berlin" desc:"The zone in which answers show times."`
	BusinessHours   stats.Hours           `env:"TALKOVER_BUSINESS_HOURS" takes:"times at quarters of an hour, such as Mon-Fri 09:00-17:30, Sat 10-14" desc:"What business and after_hours mean in questions, by the clocks of their zone."`
	MaskNumbers     string                `env:"TALKOVER_MASK_NUMBERS" default:"none" options:"none,last4" desc:"last4 hides all but the last four digits of phone numbers in answers; search then takes a whole number or SID."`
	Charts          string                `env:"TALKOVER_CHARTS" default:"on" options:"on,off" desc:"off takes away the charts that hosts of MCP Apps draw beside answers; the answers stay the same."`
	CacheCalls      int                   `env:"TALKOVER_CACHE_CALLS" default:"250000" min:"0" max:"10000000" desc:"Calls of days that are over to keep in memory, at some 90 bytes each, so that each is read once; 0 keeps none."`
	CacheTTL        time.Duration         `env:"TALKOVER_CACHE_TTL" default:"24h" min:"1ns" max:"720h" desc:"How long the fields of a kept call are believed before they are confirmed, and kept without use."`
	CacheDir        string                `env:"TALKOVER_CACHE_DIR" default:"false" form:"folder" takes:"a path without variables such as $HOME, or true for talkover-mcp among the user's caches, or false for none" desc:"A folder in which the kept days outlive this program, encrypted with keys that are made from the token. They have a folder of their own in it, talkover-mcp-cache; nothing else is touched."`
	ValkeyURL       string                `env:"TALKOVER_VALKEY_URL" takes:"a valkey, valkeys, redis or rediss URL" desc:"A Valkey or Redis in which replicas share the limit, the kept days and the count of placed calls. It may hold a password: keep it secret."`
	ValkeyURLFile   string                `env:"TALKOVER_VALKEY_URL_FILE" file:"TALKOVER_VALKEY_URL" desc:"A file that holds this URL, in place of TALKOVER_VALKEY_URL. Its user and password are read again when it changes."`
	Replicas        int                   `env:"TALKOVER_REPLICAS" default:"1" min:"1" max:"1000" desc:"Replicas that share TALKOVER_TOKEN. Without a Valkey, or while it is away, each takes its part of TALKOVER_RATE_LIMIT and TALKOVER_MAX_CALLS_PER_HOUR."`
	AllowCalls      bool                  `env:"TALKOVER_ALLOW_CALLS" default:"false" desc:"true adds make_call, which rings people and costs money; over sse and http, only behind MCP_AUTH."`
	MaxCallsPerHour int                   `env:"TALKOVER_MAX_CALLS_PER_HOUR" default:"20" min:"0" max:"100000" desc:"Calls that make_call may place in any hour, for each caller and each account."`
	CallCountries   talkover.CallingCodes `env:"TALKOVER_CALL_COUNTRIES" takes:"calling codes separated by commas, such as 1,44,-1900" desc:"Numbers that make_call may ring: the longest code decides, - bars it. All if not set; over sse and http it is needed."`
	ConfirmCalls    string                `env:"TALKOVER_CONFIRM_CALLS" options:"auto,always,never" desc:"make_call asks the user first: where the client can ask (auto; so over stdio, if not set), always, or refuses (so over sse and http), or never."`
	Demo            bool                  `env:"TALKOVER_DEMO" default:"false" flag:"demo" desc:"Answer from an invented account; no token, no network."`
	Transport       string                `env:"MCP_TRANSPORT" default:"stdio" flag:"transport" options:"stdio,sse,http" desc:"How clients connect."`
	Addr            string                `env:"MCP_ADDR" default:"127.0.0.1:8080" flag:"addr" takes:"host:port" desc:"The address at which sse and http listen."`
	AllowedHosts    []string              `env:"MCP_ALLOWED_HOSTS" form:"hosts" takes:"host names without ports, separated by commas" desc:"Host names under which clients may reach sse and http, besides those of loopback and MCP_ADDR."`
	AllowedOrigins  []string              `env:"MCP_ALLOWED_ORIGINS" form:"origins" takes:"origins such as https://app.example.com, separated by commas" desc:"Web pages that may use sse and http, besides the server's own."`
	TrustedProxies  []string              `env:"MCP_TRUSTED_PROXIES" form:"networks" takes:"networks or addresses such as 10.0.0.0/8, separated by commas" desc:"Proxies whose X-Forwarded-For is believed where the log tells from which network a refused request is."`
	Auth            string                `env:"MCP_AUTH" default:"none" options:"none,token,oidc" desc:"What sse and http ask of clients: none (on loopback alone), a token of MCP_AUTH_TOKENS, or a JWT of MCP_OIDC_ISSUER."`
	AuthTokens      string                `env:"MCP_AUTH_TOKENS" takes:"tokens of 32 characters or more, separated by commas" desc:"With MCP_AUTH=token, a client must send one of these in Authorization: Bearer."`
	AuthTokensFile  string                `env:"MCP_AUTH_TOKENS_FILE" file:"MCP_AUTH_TOKENS" desc:"A file that holds these tokens, one a line, in place of MCP_AUTH_TOKENS: TOKEN [NAME [ROLES]], with the roles read, export and place, separated by commas. It is read again when it changes."`
	Issuer          string                `env:"MCP_OIDC_ISSUER" form:"url" takes:"an https URL" desc:"With MCP_AUTH=oidc, the issuer of the JWTs, written as in their iss."`
	ResourceURL     string                `env:"MCP_RESOURCE_URL" form:"url" takes:"an https URL" desc:"With MCP_AUTH=oidc, the URL by which clients know this server."`
	Audience        string                `env:"MCP_OIDC_AUDIENCE" takes:"an audience" desc:"What the aud of a JWT must name; if not set, MCP_RESOURCE_URL, or /mcp or /sse beside it at that path."`
	Scope           string                `env:"MCP_OIDC_SCOPE" takes:"scopes separated by spaces" desc:"The scopes that a JWT must have in scope or scp, all of them."`
	OIDCRoles       bool                  `env:"MCP_OIDC_ROLES" default:"false" desc:"true lets a JWT do only what its scopes read, export and place say: ask, take calls.csv, and place calls."`
	JWKSURL         string                `env:"MCP_OIDC_JWKS_URL" form:"url" takes:"an https URL" desc:"The address of the issuer's keys; its openid-configuration names it if not set."`
	MCPRateLimit    int                   `env:"MCP_RATE_LIMIT" default:"600" min:"0" max:"100000" desc:"Requests a minute of each caller whom MCP_AUTH or X-Talkover-Token tells from others; 0 for no limit."`
	DrainDelay      time.Duration         `env:"MCP_DRAIN_DELAY" default:"0s" min:"0s" max:"5m" takes:"a duration such as 5s, up to 5m" desc:"How long sse and http serve on after SIGTERM while /readyz answers 503, so that balancers send new requests elsewhere before the server takes none. A second SIGTERM ends it at once."`
	MetricsAddr     string                `env:"MCP_METRICS_ADDR" form:"address" takes:"host:port" desc:"The address at which Prometheus finds /metrics, by IP address or a name of MCP_ALLOWED_HOSTS. It has no gate, and shows no phone number and no token."`
	LogLevel        slog.Level            `env:"LOG_LEVEL" default:"info" takes:"debug, info, warn or error" desc:"The lowest level that is logged to stderr; over stdio debug tells of each call. trace is debug, and warning is warn."`
	LogFormat       string                `env:"LOG_FORMAT" default:"auto" options:"auto,text,json" desc:"auto is text on a terminal and json elsewhere."`

	token  talkover.Secret // of TALKOVER_TOKEN or its file; zero in the demo, and where each request brings its own
	valkey talkover.Secret // of TALKOVER_VALKEY_URL or its file; zero for none
}

// Setting describes one field of [Config].
type Setting struct {
	Env     string // the name of its variable
	Default string // empty for none
	Flag    string // the name of the flag that overrides the variable; empty for none
	Takes   string // the values that it takes
	Means   string // what it is for, in a sentence
	File    string // the setting in place of which it names a file; empty for none

	field reflect.StructField
}

// All returns every setting, in the order of [Config].
func All() []Setting {
	var all []Setting
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		tag := f.Tag.Get
		if tag("env") != "" {
			all = append(all, Setting{tag("env"), tag("default"), tag("flag"), takes(f), tag("desc"), tag("file"), f})
		}
	}
	return all
}

// takes says in words what a field takes.
func takes(f reflect.StructField) string {
	tag := f.Tag.Get
	options := strings.Split(tag("options"), ",")
	last := len(options) - 1
	switch {
	case tag("takes") != "":
		return tag("takes")
	case tag("file") != "":
		return "a path"
	case last > 0:
		return strings.Join(options[:last], ", ") + " or " + options[last]
	case f.Type.Kind() == reflect.Bool:
		return "true or false"
	case f.Type.Kind() == reflect.Int:
		return "a whole number from " + tag("min") + " to " + tag("max")
	}
	return "a duration such as " + tag("default") + ", up to " + tag("max")
}

// Fault says what a setting takes, where it has another value or none. It never quotes
// the value, which might be a token.
type Fault struct{ Setting, Problem string }

// String returns the fault as one line.
func (f Fault) String() string { return f.Setting + ": " + f.Problem }

// Faults is the error of [Load]: all that is wrong, one fault a setting.
type Faults []Fault

// Error implements error, a line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// Except returns the faults of all settings but those named; nil if there are none.
func (f Faults) Except(settings ...string) error {
	var rest Faults
	for _, fault := range f {
		if !slices.Contains(settings, fault.Setting) {
			rest = append(rest, fault)
		}
	}
	if rest == nil {
		return nil
	}
	return rest
}

// add adds a fault, unless the setting has one already.
func (f *Faults) add(setting, format string, args ...any) {
	if !slices.ContainsFunc(*f, func(fault Fault) bool { return fault.Setting == setting }) {
		*f = append(*f, Fault{setting, fmt.Sprintf(format, args...)})
	}
}

// TokenPerRequest reports whether each request brings a Talkover token of its own.
func (c Config) TokenPerRequest() bool { return c.TokenSource == "client" }

// LacksToken reports whether a server over stdio has no Talkover token: neither setting of
// one is set. Such a server starts, since hosts show what a tool answers, and hide why a
// server ended.
func (c Config) LacksToken() bool {
	return c.Transport == "stdio" && !c.Demo && !c.TokenPerRequest() && c.Token == "" && c.TokenFile == ""
}

// MayCall reports whether make_call is offered. Over HTTP that needs a gate, so that no
// stranger rings people at the account's cost.
func (c Config) MayCall() bool {
	return c.AllowCalls && (c.Transport == "stdio" || c.Auth != "none")
}

// valueOrFile returns a setting that may stand in a file instead, and which of the two
// settings it is from. ok is false where that is a fault.
func (f *Faults) valueOrFile(name, value, path string) (text, from string, ok bool) {
	if path == "" {
		return value, name, true
	}
	from = name + "_FILE"
	if value != "" {
		f.add(from, "takes a path only where %s is not set; set one of the two", name)
		return "", from, false
	}
	text, err := readSecrets(path)
	if err != nil {
		f.add(from, "%s", err)
	}
	return text, from, err == nil
}

// gateTokens makes the gate of MCP_AUTH=token. Of a file the good lines count, at the start as later:
// a server that ended for one bad line would lock everybody out.
func (c Config) gateTokens(wrong *Faults) auth.Tokens {
	all, from, ok := wrong.valueOrFile("MCP_AUTH_TOKENS", c.AuthTokens, c.AuthTokensFile)
	if !ok {
		return nil
	}
	gate, err := parseGate(all)
	if err != nil && (c.AuthTokensFile == "" || len(gate) == 0) {
		wrong.add(from, "%s", err)
	}
	return gate
}

// parseGate reads the tokens of a gate, one a line. A line of tokens alone may hold
// several, separated by commas. It returns the good ones beside an error.
func parseGate(text string) (auth.Tokens, error) {
	var entries []string
	for line := range strings.Lines(text) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case first == "":
		case strings.Contains(first, ","):
			entries = append(entries, listed(line)...)
		default:
			entries = append(entries, line)
		}
	}
	gate, err := auth.NewTokens(entries...)
	if err != nil {
		err = fmt.Errorf("takes tokens of 32 characters or more, such as of openssl rand -hex 32: %w", err)
	}
	return gate, err
}

// OpenFiles lists the settings whose files of secrets any user of this machine may read.
func (c Config) OpenFiles() []string {
	var open []string
	for _, s := range All() {
		if path := reflect.ValueOf(c).FieldByIndex(s.field.Index).String(); s.File != "" && path != "" &&
			isOpenToOthers(path) {
			open = append(open, s.Env)
		}
	}
	return open
}
