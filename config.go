package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/transport"
)

// config is all that can be set. The tags are the one source of what a setting
// is called, which flag goes before it, what it takes and what it means: the
// help, the flags and the errors are made of them.
type config struct {
	Token     string        `env:"TALKOVER_TOKEN" takes:"a Talkover API token" desc:"The token of the account; it has full access, keep it secret."`
	TokenFile string        `env:"TALKOVER_TOKEN_FILE" takes:"a path" desc:"A file that holds the token, in place of TALKOVER_TOKEN."`
	Source    sourceName    `env:"TALKOVER_TOKEN_SOURCE, default=server" takes:"server or client" desc:"client: over sse and http, each request brings its own token in X-Talkover-Token."`
	BaseURL   string        `env:"TALKOVER_BASE_URL, default=https://app.talkover.ai/api/v1" takes:"an https URL" desc:"Where the API is; http is allowed on loopback alone."`
	Timeout   positive      `env:"TALKOVER_TIMEOUT, default=15s" takes:"a duration such as 15s, up to 5m" desc:"Of one request to the API."`
	RateLimit count         `env:"TALKOVER_RATE_LIMIT, default=100" takes:"a whole number from 0 to 100000" desc:"Requests a minute that the plan allows; 0 for no limit of ours."`
	Zone      zone          `env:"TALKOVER_TIMEZONE, default=UTC" takes:"an IANA time zone such as Europe/Berlin" desc:"The zone in which times are shown."`
	Mask      maskName      `env:"TALKOVER_MASK_NUMBERS, default=none" takes:"none or last4" desc:"last4 hides phone numbers in answers but for their last four digits."`
	MayCall   bool          `env:"TALKOVER_ALLOW_CALLS, default=false" takes:"true or false" desc:"true adds make_call, which rings people and costs money; over sse and http, only behind MCP_AUTH."`
	MostCalls count         `env:"TALKOVER_MAX_CALLS_PER_HOUR, default=20" takes:"a whole number from 0 to 100000" desc:"Calls that make_call may place in any hour."`
	Demo      bool          `env:"TALKOVER_DEMO, default=false" flag:"demo" takes:"true or false" desc:"Answer from an invented account; no token, no network."`
	Transport transportName `env:"MCP_TRANSPORT, default=stdio" flag:"transport" takes:"stdio, sse or http" desc:"How clients get in."`
	Addr      string        `env:"MCP_ADDR, default=127.0.0.1:8080" flag:"addr" takes:"host:port" desc:"Where sse and http listen."`
	Hosts     hostNames     `env:"MCP_ALLOWED_HOSTS" takes:"host names without ports, separated by commas" desc:"Names that sse and http answer to, besides those of loopback and MCP_ADDR."`
	Origins   origins       `env:"MCP_ALLOWED_ORIGINS" takes:"origins such as https://app.example.com, separated by commas" desc:"Web pages that may use sse and http, besides the server's own."`
	Auth      authName      `env:"MCP_AUTH, default=none" takes:"none, token or oidc" desc:"Who may use sse and http; none is for loopback addresses."`
	Tokens    string        `env:"MCP_AUTH_TOKENS" takes:"tokens of 32 characters or more, separated by commas" desc:"With MCP_AUTH=token, one of these is needed in Authorization: Bearer."`
	TokensAt  string        `env:"MCP_AUTH_TOKENS_FILE" takes:"a path" desc:"A file that holds them one a line, in place of MCP_AUTH_TOKENS."`
	Issuer    webURL        `env:"MCP_OIDC_ISSUER" takes:"an https URL" desc:"With MCP_AUTH=oidc, whose JWTs are taken; as they have it in iss."`
	Resource  webURL        `env:"MCP_RESOURCE_URL" takes:"an https URL" desc:"With MCP_AUTH=oidc, the URL by which clients know this server."`
	Audience  string        `env:"MCP_OIDC_AUDIENCE" takes:"an audience" desc:"What JWTs must have in aud; MCP_RESOURCE_URL if not set."`
	Scope     string        `env:"MCP_OIDC_SCOPE" takes:"scopes separated by spaces" desc:"What JWTs must have in scope or scp, all of it."`
	KeysURL   webURL        `env:"MCP_OIDC_JWKS_URL" takes:"an https URL" desc:"Where the issuer's keys are; found by its openid-configuration if not set."`
	Metrics   hostPort      `env:"MCP_METRICS_ADDR" takes:"host:port" desc:"Where /metrics is, for Prometheus; it tells no number or token, and has no gate."`
	Collector otlpURL       `env:"OTEL_EXPORTER_OTLP_ENDPOINT" takes:"an http or https URL" desc:"The OpenTelemetry collector that gets traces; none are made if not set."`
	OTLPHead  otlpHeaders   `env:"OTEL_EXPORTER_OTLP_HEADERS" takes:"name=value pairs separated by commas" desc:"Headers that the collector wants."`
	OTLP      string        `env:"OTEL_EXPORTER_OTLP_PROTOCOL, default=http/protobuf" takes:"http/protobuf" desc:"How to speak to the collector; with any other there are no traces."`
	LogLevel  slog.Level    `env:"LOG_LEVEL, default=info" takes:"debug, info, warn or error" desc:"What is logged to stderr."`
	LogFormat logFormatName `env:"LOG_FORMAT, default=auto" takes:"auto, text or json" desc:"auto is text on a terminal and json elsewhere."`
}

// The types of settings that have rules of their own. Their errors carry no
// value: the tags say what is taken, and a value might be a misplaced token.

var errSetting = errors.New("not taken")

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

type zone struct{ *time.Location }

// EnvDecode implements [envconfig.Decoder].
func (z *zone) EnvDecode(s string) error {
	l, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		return errSetting
	}
	z.Location = l
	return nil
}

// webURL is a URL that goes over the network: nobody on the way may change what
// it answers.
type webURL string

// EnvDecode implements [envconfig.Decoder].
func (w *webURL) EnvDecode(s string) error {
	if s == "" { // it is not set
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || !talkover.IsLoopback(u.Hostname())) {
		return errSetting
	}
	*w = webURL(s)
	return nil
}

// hostPort is an address to listen at.
type hostPort string

// EnvDecode implements [envconfig.Decoder].
func (h *hostPort) EnvDecode(s string) error {
	if _, _, err := net.SplitHostPort(s); s != "" && err != nil {
		return errSetting
	}
	*h = hostPort(s)
	return nil
}

// otlpURL may lead anywhere: a span has nothing that must be hidden on the way.
type otlpURL string

// EnvDecode implements [envconfig.Decoder].
func (o *otlpURL) EnvDecode(s string) error {
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "") {
		return errSetting
	}
	*o = otlpURL(s)
	return nil
}

// otlpHeaders are name=value pairs, in which a value may be escaped as in a URL.
type otlpHeaders map[string]string

// EnvDecode implements [envconfig.Decoder].
func (o *otlpHeaders) EnvDecode(s string) error {
	*o = otlpHeaders{}
	for pair := range listed(s) {
		name, escaped, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(escaped))
		name = strings.TrimSpace(name)
		if !ok || err != nil || name == "" {
			return errSetting
		}
		(*o)[name] = value
	}
	return nil
}

// listed are the parts of a list with commas, but for those that are empty.
func listed(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

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

type (
	transportName string
	sourceName    string
	authName      string
	maskName      string
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
func (f *logFormatName) EnvDecode(s string) error { return oneOf(f, s, "auto", "text", "json") }

func oneOf[T ~string](into *T, s string, options ...string) error {
	for _, o := range options {
		if s == o {
			*into = T(s)
			return nil
		}
	}
	return errSetting
}

// setting is one field of config, as its tags describe it.
type setting struct{ env, preset, flag, takes, desc string }

func settings() []setting {
	var all []setting
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config]()) {
		env, preset, _ := strings.Cut(f.Tag.Get("env"), ", default=")
		all = append(all, setting{env, preset, f.Tag.Get("flag"), f.Tag.Get("takes"), f.Tag.Get("desc")})
	}
	return all
}

// faults are the lines that say what is wrong with a configuration.
type faults []string

func (f faults) Error() string { return strings.Join(f, "\n") }

// add adds the line of a variable, which has but one.
func (f *faults) add(name, format string, args ...any) {
	if !slices.ContainsFunc(*f, func(line string) bool { return strings.HasPrefix(line, name+": ") }) {
		*f = append(*f, name+": "+fmt.Sprintf(format, args...))
	}
}

// lookup remembers the last variable that was asked for, which is the one that
// an error is about, and hides those already known to be wrong. An empty
// variable is as good as none: hosts pass settings that were left blank, some of
// them as the placeholder of their form.
type lookup struct {
	envconfig.Lookuper
	last   string
	hidden map[string]bool
}

func (l *lookup) Lookup(name string) (string, bool) {
	l.last = name
	value, ok := l.Lookuper.Lookup(name)
	value = strings.TrimSpace(value)
	if blank := value == "" || strings.HasPrefix(value, "${user_config."); !ok || blank || l.hidden[name] {
		return "", false
	}
	return value, true
}

// load reads the configuration, and checks what does not depend on what is to be
// done with it. The error is faults: all that is wrong, a line each.
func load(ctx context.Context, env envconfig.Lookuper) (config, error) {
	var c config
	var wrong faults
	l := &lookup{Lookuper: env, hidden: map[string]bool{}}
	takes := map[string]string{}
	for _, s := range settings() {
		takes[s.env] = s.takes
	}
	// envconfig stops at the first error; without that variable it goes on.
	for {
		c = config{}
		err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: &c, Lookuper: l})
		if err == nil {
			break
		}
		if l.hidden[l.last] {
			return c, fmt.Errorf("configuration: %w", err)
		}
		wrong.add(l.last, "takes %s", takes[l.last])
		l.hidden[l.last] = true
	}
	if _, err := talkover.ParseBaseURL(c.BaseURL); err != nil {
		wrong.add("TALKOVER_BASE_URL", "takes an https URL, such as %s: %s", talkover.DefaultBaseURL, err)
	}
	if c.Transport != "stdio" {
		c.checkAddr(&wrong)
		c.checkAuth(&wrong)
	}
	if c.Source == "client" && (c.Transport == "stdio" || c.Demo) {
		wrong.add("TALKOVER_TOKEN_SOURCE", "takes client only with MCP_TRANSPORT=http or sse, and not in the demo")
	}
	if len(wrong) > 0 {
		return c, wrong
	}
	return c, nil
}

func (c config) checkAddr(wrong *faults) {
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		wrong.add("MCP_ADDR", "takes host:port, such as 127.0.0.1:8080")
	case c.Auth == "none" && !talkover.IsLoopback(host):
		wrong.add("MCP_ADDR", "takes a loopback address while MCP_AUTH=none, such as 127.0.0.1:8080: "+
			"elsewhere anybody who reaches the port could read the account's calls")
	}
}

// checkAuth checks that what opens the door is there, and is meant to.
func (c config) checkAuth(wrong *faults) {
	missing := func(name string, value webURL) {
		if value == "" {
			wrong.add(name, "takes an https URL, which is missing; MCP_AUTH=oidc needs it")
		}
	}
	switch c.Auth {
	case "token":
		var bad faults
		if _, err := c.tokens(); errors.As(err, &bad) {
			*wrong = append(*wrong, bad...)
		}
	case "oidc":
		missing("MCP_OIDC_ISSUER", c.Issuer)
		missing("MCP_RESOURCE_URL", c.Resource)
	case "none":
		// Whoever names tokens or an issuer believes that they are asked for.
		if c.Tokens != "" || c.TokensAt != "" {
			wrong.add("MCP_AUTH", "takes token where MCP_AUTH_TOKENS or MCP_AUTH_TOKENS_FILE is set")
		}
		if c.Issuer != "" {
			wrong.add("MCP_AUTH", "takes oidc where MCP_OIDC_ISSUER is set")
		}
	}
}

// given is a setting that may stand in a file instead, and the name of the one of
// the two that was set.
func (f *faults) given(name, value, fileName, path string) (text, from string) {
	switch {
	case value != "" && path != "":
		f.add(fileName, "takes a path only where %s is not set; set one of the two", name)
	case path != "":
		b, err := os.ReadFile(path)
		if err != nil {
			f.add(fileName, "takes the path of a file that can be read")
		}
		return strings.TrimSpace(string(b)), fileName
	}
	return value, name
}

// tokens is the gate of MCP_AUTH=token.
func (c config) tokens() (transport.Tokens, error) {
	var wrong faults
	all, from := wrong.given("MCP_AUTH_TOKENS", c.Tokens, "MCP_AUTH_TOKENS_FILE", c.TokensAt)
	if wrong != nil {
		return nil, wrong
	}
	gate, err := transport.NewTokens(slices.Collect(listed(strings.ReplaceAll(all, "\n", ",")))...)
	if err != nil {
		wrong.add(from, "takes tokens of 32 characters or more, such as of openssl rand -hex 32: %s", err)
		return nil, wrong
	}
	return gate, nil
}

// mayCall reports whether calls may be placed: only by who started the process or
// was let in.
func (c config) mayCall() bool { return c.MayCall && (c.Transport == "stdio" || c.Auth != "none") }

// token finds the token, which must be there but in the demo and where each
// request brings its own.
func (c config) token() (talkover.Secret, error) {
	var wrong faults
	switch {
	case c.Demo:
		return talkover.Secret{}, nil
	case c.Source == "client" && (c.Token != "" || c.TokenFile != ""):
		wrong.add("TALKOVER_TOKEN", "takes nothing, nor does TALKOVER_TOKEN_FILE, while TALKOVER_TOKEN_SOURCE=client: each request brings its own")
		return talkover.Secret{}, wrong
	case c.Source == "client":
		return talkover.Secret{}, nil
	}
	token, from := wrong.given("TALKOVER_TOKEN", c.Token, "TALKOVER_TOKEN_FILE", c.TokenFile)
	switch {
	case wrong != nil:
	case token == "":
		wrong.add(from, "takes a Talkover API token, which is missing (to try without one: -demo)")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		wrong.add(from, "takes the token alone, without spaces, line breaks or \"Bearer\"")
	}
	if wrong != nil {
		return talkover.Secret{}, wrong
	}
	return talkover.NewSecret(token), nil
}

// options are what the flags say.
type options struct {
	env      map[string]string // settings that flags set
	version  bool
	help     bool
	json     bool     // of call
	commands []string // what is no flag
}

// parse reads flags wherever they stand. The error is one line.
func parse(args []string) (options, error) {
	o := options{env: map[string]string{}}
	fs := flag.NewFlagSet("talkover-mcp", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&o.version, "version", false, "")
	fs.BoolVar(&o.help, "help", false, "")
	fs.BoolVar(&o.help, "h", false, "")
	fs.BoolVar(&o.json, "json", false, "")
	for _, s := range settings() {
		set := func(value string) error { o.env[s.env] = value; return nil }
		switch {
		case s.flag == "":
		case s.preset == "false":
			fs.BoolFunc(s.flag, "", set)
		default:
			fs.Func(s.flag, "", set)
		}
	}
	for {
		if err := fs.Parse(args); err != nil {
			return o, fmt.Errorf("%w (see -help)", err)
		}
		if fs.NArg() == 0 {
			return o, nil
		}
		o.commands = append(o.commands, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

const usage = `talkover-mcp answers questions about the calls of a Talkover account, over MCP.

  talkover-mcp                                  serve a client over stdio
  talkover-mcp -transport http                  serve clients over HTTP: /mcp, and /sse for older ones
  talkover-mcp call [-json] TOOL [name=value ...]   call one tool and print what a model would read
  talkover-mcp tools                            print the tools and their schemas as JSON
  talkover-mcp doctor                           check settings, network, token, limit and clock, and say what is wrong
  talkover-mcp healthcheck                      ask the server at -addr whether it is alive; exit 1 if not

Flags go before the environment:
  -demo             answer from an invented account; no token, no network
  -transport NAME   stdio, sse or http
  -addr HOST:PORT   where sse and http listen
  -version          print the version
  -help             print this

Environment:
`

// help prints what there is and every setting.
func help(w io.Writer) {
	fmt.Fprint(w, usage)
	for _, s := range settings() {
		preset := s.preset
		if preset == "" {
			preset = "none"
		}
		fmt.Fprintf(w, "  %s (%s; default: %s)\n      %s\n", s.env, s.takes, preset, s.desc)
	}
}
