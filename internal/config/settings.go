// Package config holds all that can be set, by environment and by flags. It makes a
// client of the API and the gate of it, and says in words why they do not work.
package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
	"github.com/talkover/talkover-mcp/talkover"
)

// Config holds all that can be set. Help, flags and errors are made of its tags: env has
// the name of the variable and its default, flag the name of the flag, takes the values,
// and desc the meaning.
type Config struct {
	Token           string        `env:"TALKOVER_TOKEN" takes:"a Talkover API token" desc:"The token of the account. It has full access: keep it secret."`
	TokenFile       string        `env:"TALKOVER_TOKEN_FILE" takes:"a path" desc:"A file that holds the token, in place of TALKOVER_TOKEN. It is read again when it changes."`
	TokenSource     sourceName    `env:"TALKOVER_TOKEN_SOURCE, default=server" takes:"server or client" desc:"client: over sse and http, each request brings its own token in X-Talkover-Token."`
	BaseURL         string        `env:"TALKOVER_BASE_URL, default=https://app.talkover.ai/api/v1" takes:"an https URL" desc:"The address of the API; http is allowed on loopback alone."`
	Timeout         positive      `env:"TALKOVER_TIMEOUT, default=15s" takes:"a duration such as 15s, up to 5m" desc:"The longest that one request to the API may take."`
	RateLimit       count         `env:"TALKOVER_RATE_LIMIT, default=100" takes:"a whole number from 0 to 100000" desc:"Requests a minute that the plan allows; with 0 this program sets no limit."`
	Zone            zone          `env:"TALKOVER_TIMEZONE, default=UTC" takes:"an IANA time zone such as Europe/Berlin" desc:"The zone in which answers show times."`
	MaskNumbers     maskName      `env:"TALKOVER_MASK_NUMBERS, default=none" takes:"none or last4" desc:"last4 hides all but the last four digits of phone numbers in answers; search then takes a whole number or SID."`
	Charts          chartsName    `env:"TALKOVER_CHARTS, default=on" takes:"on or off" desc:"off takes away the charts that hosts of MCP Apps draw beside answers; the answers stay the same."`
	CacheCalls      callCount     `env:"TALKOVER_CACHE_CALLS, default=250000" takes:"a whole number from 0 to 10000000" desc:"Calls of days that are over to keep in memory, at 72 bytes each, so that each is read once; 0 keeps none."`
	CacheTTL        days          `env:"TALKOVER_CACHE_TTL, default=24h" takes:"a duration such as 24h, up to 720h" desc:"How long the fields of a kept call are believed before they are confirmed, and kept without use."`
	CacheDir        folder        `env:"TALKOVER_CACHE_DIR, default=false" takes:"a path without variables such as $HOME, or true for talkover-mcp among the user's caches, or false for none" desc:"A folder in which the kept days outlive this program, encrypted with keys that are made from the token. They have a folder of their own in it, talkover-mcp-cache; nothing else is touched."`
	ValkeyURL       string        `env:"TALKOVER_VALKEY_URL" takes:"a valkey, valkeys, redis or rediss URL" desc:"A Valkey or Redis in which replicas share the limit, the kept days and the count of placed calls. It may hold a password: keep it secret."`
	ValkeyURLFile   string        `env:"TALKOVER_VALKEY_URL_FILE" takes:"a path" desc:"A file that holds this URL, in place of TALKOVER_VALKEY_URL. Its user and password are read again when it changes."`
	Replicas        replicas      `env:"TALKOVER_REPLICAS, default=1" takes:"a whole number from 1 to 1000" desc:"Replicas that share TALKOVER_TOKEN. Without a Valkey, or while it is away, each takes its part of TALKOVER_RATE_LIMIT and TALKOVER_MAX_CALLS_PER_HOUR."`
	AllowCalls      bool          `env:"TALKOVER_ALLOW_CALLS, default=false" takes:"true or false" desc:"true adds make_call, which rings people and costs money; over sse and http, only behind MCP_AUTH."`
	MaxCallsPerHour count         `env:"TALKOVER_MAX_CALLS_PER_HOUR, default=20" takes:"a whole number from 0 to 100000" desc:"Calls that make_call may place in any hour, for each caller and each account."`
	CallCountries   callingCodes  `env:"TALKOVER_CALL_COUNTRIES" takes:"calling codes separated by commas, such as 1,44,-1900" desc:"Numbers that make_call may ring: the longest code decides, - bars it. All if not set; over sse and http it is needed."`
	ConfirmCalls    confirmName   `env:"TALKOVER_CONFIRM_CALLS" takes:"auto, always or never" desc:"make_call asks the user first: where the client can ask (auto; so over stdio, if not set), always, or refuses (so over sse and http), or never."`
	Demo            bool          `env:"TALKOVER_DEMO, default=false" flag:"demo" takes:"true or false" desc:"Answer from an invented account; no token, no network."`
	Transport       transportName `env:"MCP_TRANSPORT, default=stdio" flag:"transport" takes:"stdio, sse or http" desc:"How clients connect."`
	Addr            string        `env:"MCP_ADDR, default=127.0.0.1:8080" flag:"addr" takes:"host:port" desc:"The address at which sse and http listen."`
	AllowedHosts    hostNames     `env:"MCP_ALLOWED_HOSTS" takes:"host names without ports, separated by commas" desc:"Host names under which clients may reach sse and http, besides those of loopback and MCP_ADDR."`
	AllowedOrigins  origins       `env:"MCP_ALLOWED_ORIGINS" takes:"origins such as https://app.example.com, separated by commas" desc:"Web pages that may use sse and http, besides the server's own."`
	Auth            authName      `env:"MCP_AUTH, default=none" takes:"none, token or oidc" desc:"What sse and http ask of clients: none (on loopback alone), a token of MCP_AUTH_TOKENS, or a JWT of MCP_OIDC_ISSUER."`
	AuthTokens      string        `env:"MCP_AUTH_TOKENS" takes:"tokens of 32 characters or more, separated by commas" desc:"With MCP_AUTH=token, a client must send one of these in Authorization: Bearer."`
	AuthTokensFile  string        `env:"MCP_AUTH_TOKENS_FILE" takes:"a path" desc:"A file that holds these tokens, one a line, in place of MCP_AUTH_TOKENS: TOKEN [NAME [ROLES]], with the roles read, export and place, separated by commas. It is read again when it changes."`
	Issuer          webURL        `env:"MCP_OIDC_ISSUER" takes:"an https URL" desc:"With MCP_AUTH=oidc, the issuer of the JWTs, written as in their iss."`
	ResourceURL     webURL        `env:"MCP_RESOURCE_URL" takes:"an https URL" desc:"With MCP_AUTH=oidc, the URL by which clients know this server."`
	Audience        string        `env:"MCP_OIDC_AUDIENCE" takes:"an audience" desc:"What the aud of a JWT must name; if not set, MCP_RESOURCE_URL, or /mcp or /sse beside it at that path."`
	Scope           string        `env:"MCP_OIDC_SCOPE" takes:"scopes separated by spaces" desc:"The scopes that a JWT must have in scope or scp, all of them."`
	OIDCRoles       bool          `env:"MCP_OIDC_ROLES, default=false" takes:"true or false" desc:"true lets a JWT do only what its scopes read, export and place say: ask, take calls.csv, and place calls."`
	JWKSURL         webURL        `env:"MCP_OIDC_JWKS_URL" takes:"an https URL" desc:"The address of the issuer's keys; its openid-configuration names it if not set."`
	MCPRateLimit    count         `env:"MCP_RATE_LIMIT, default=600" takes:"a whole number from 0 to 100000" desc:"Requests a minute of each caller whom MCP_AUTH or X-Talkover-Token tells from others; 0 for no limit."`
	DrainDelay      delay         `env:"MCP_DRAIN_DELAY, default=0s" takes:"a duration such as 5s, up to 5m" desc:"How long sse and http serve on after SIGTERM while /readyz answers 503, so that balancers send new requests elsewhere before the server takes none. A second SIGTERM ends it at once."`
	MetricsAddr     hostPort      `env:"MCP_METRICS_ADDR" takes:"host:port" desc:"The address at which Prometheus finds /metrics, by IP address or a name of MCP_ALLOWED_HOSTS. It has no gate, and shows no phone number and no token."`
	LogLevel        logLevel      `env:"LOG_LEVEL, default=info" takes:"debug, info, warn or error" desc:"The lowest level that is logged to stderr; over stdio debug tells of each call. trace is debug, and warning is warn."`
	LogFormat       logFormatName `env:"LOG_FORMAT, default=auto" takes:"auto, text or json" desc:"auto is text on a terminal and json elsewhere."`

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
}

// All returns every setting, in the order of [Config].
func All() []Setting {
	var all []Setting
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if env, preset, _ := strings.Cut(f.Tag.Get("env"), ", default="); env != "" {
			all = append(all, Setting{env, preset, f.Tag.Get("flag"), f.Tag.Get("takes"), f.Tag.Get("desc")})
		}
	}
	return all
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
func (f *Faults) valueOrFile(name, value, fileName, path string) (text, from string, ok bool) {
	switch {
	case value != "" && path != "":
		f.add(fileName, "takes a path only where %s is not set; set one of the two", name)
		return "", fileName, false
	case path != "":
		text, err := readSecrets(path)
		if err != nil {
			f.add(fileName, "%s", err)
		}
		return text, fileName, err == nil
	}
	return value, name, true
}

// gateTokens makes the gate of MCP_AUTH=token; nil where its tokens have a fault.
func (c Config) gateTokens(wrong *Faults) auth.Tokens {
	all, from, ok := wrong.valueOrFile("MCP_AUTH_TOKENS", c.AuthTokens, "MCP_AUTH_TOKENS_FILE", c.AuthTokensFile)
	if !ok {
		return nil
	}
	gate, err := parseGate(all)
	if err != nil {
		wrong.add(from, "%s", err)
	}
	return gate
}

// parseGate reads the tokens of a gate, one a line. A line of tokens alone may hold
// several, separated by commas.
func parseGate(text string) (auth.Tokens, error) {
	var entries []string
	for line := range strings.Lines(text) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case first == "":
		case strings.Contains(first, ","):
			entries = slices.AppendSeq(entries, listed(line))
		default:
			entries = append(entries, line)
		}
	}
	gate, err := auth.NewTokens(entries...)
	if err != nil {
		return nil, fmt.Errorf("takes tokens of 32 characters or more, such as of openssl rand -hex 32: %w", err)
	}
	return gate, nil
}

// OpenFiles lists the settings whose files of secrets any user of this machine may read.
func (c Config) OpenFiles() []string {
	var open []string
	for _, f := range [][2]string{{"TALKOVER_TOKEN_FILE", c.TokenFile}, {"MCP_AUTH_TOKENS_FILE", c.AuthTokensFile}, {"TALKOVER_VALKEY_URL_FILE", c.ValkeyURLFile}} {
		if f[1] != "" && isOpenToOthers(f[1]) {
			open = append(open, f[0])
		}
	}
	return open
}
