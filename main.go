// Command talkover-mcp is an MCP server that answers an assistant's questions
// about the phone calls of a Talkover account.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // zones, where the system has none

	"github.com/lmittmann/tint"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sethvargo/go-envconfig"
	"golang.org/x/term"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/transport"
)

// Exit codes.
const (
	success       = 0
	failed        = 1 // a tool that answered with an error, a server that broke
	misconfigured = 2 // flags or environment that cannot be taken
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{envconfig.OsLookuper(), os.Stdin, os.Stdout, os.Stderr}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is what a run of the command has of the world.
type program struct {
	env    envconfig.Lookuper
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// run does what the arguments say and returns the exit code.
func (p program) run(ctx context.Context, args []string) int {
	o, err := parse(args)
	if err != nil {
		return p.fail(err, misconfigured)
	}
	switch {
	case o.help:
		help(p.stdout)
		return success
	case o.version:
		fmt.Fprintln(p.stdout, "talkover-mcp", version())
		return success
	}
	command, rest := "", []string(nil)
	if len(o.commands) > 0 {
		command, rest = o.commands[0], o.commands[1:]
	}
	env := envconfig.MultiLookuper(envconfig.MapLookuper(o.env), p.env)
	switch {
	case command == "tools" && len(rest) == 0:
		return p.listTools(ctx)
	case command == "doctor" && len(rest) == 0:
		return p.doctor(ctx, env)
	case command == "healthcheck" && len(rest) == 0:
		return p.healthcheck(ctx, env)
	}
	c, err := load(ctx, env)
	token, tokenErr := c.token()
	if err = errors.Join(err, tokenErr); err != nil {
		return p.fail(err, misconfigured)
	}
	if command == "call" && c.LogLevel == slog.LevelInfo {
		c.LogLevel = slog.LevelError // its answer stands on the same screen
	}
	log := c.logger(p.stderr)
	w, err := c.watch(ctx, command == "", log)
	if err != nil {
		return p.fail(err, misconfigured)
	}
	defer w.close()
	account, err := c.account(token, log, w.roundTripper)
	if err != nil {
		return p.fail(err, failed)
	}
	s, err := c.server(account, log, w.observers()...)
	if err != nil {
		return p.fail(err, failed)
	}
	if err := w.serve(ctx, c, account, log); err != nil {
		return p.fail(err, misconfigured)
	}
	switch {
	case command == "" && c.Transport == "stdio":
		return p.serveStdio(ctx, c, s, log)
	case command == "":
		return p.serveHTTP(ctx, c, s, account, w, log)
	case command == "call" && len(rest) > 0:
		return p.call(ctx, s, rest[0], rest[1:], o.json)
	case command == "call":
		return p.fail(errors.New("call: which tool? (see -help)"), misconfigured)
	}
	return p.fail(fmt.Errorf("%q is no command (see -help)", strings.Join(o.commands, " ")), misconfigured)
}

// fail says what is wrong, a line for each fault.
func (p program) fail(err error, code int) int {
	for line := range strings.Lines(err.Error() + "\n") {
		fmt.Fprint(p.stderr, "talkover-mcp: "+line)
	}
	return code
}

// account is the configured account, or the demo's with its clock.
type account struct {
	*talkover.Client
	now func() time.Time
}

// account reaches the API through what wrap makes of its transport.
func (c config) account(token talkover.Secret, log *slog.Logger, wrap func(http.RoundTripper) http.RoundTripper) (account, error) {
	api := talkover.Config{
		Transport: talkover.NewTransport(),
		Token:     token,
		BaseURL:   c.BaseURL,
		UserAgent: "talkover-mcp/" + version(),
		Timeout:   time.Duration(c.Timeout),
		RateLimit: int(c.RateLimit),
		Log:       log,
	}
	var a account
	if c.Demo {
		demo := sandbox.New(time.Now())
		api.Token, api.BaseURL, api.Transport = talkover.NewSecret(sandbox.Token), "", demo.Transport()
		api.RateLimit = 0 // it has none
		a.now = demo.Now
	}
	api.Transport = wrap(api.Transport)
	var err error
	a.Client, err = talkover.New(api)
	return a, err
}

// server makes the MCP server of an account, or of each caller's own.
func (c config) server(a account, log *slog.Logger, observers ...tools.Observer) (*server.MCPServer, error) {
	with := tools.Config{
		Client: a.Client, Version: version(), Zone: c.Zone.Location, Now: a.now,
		Demo: c.Demo, Log: log, MaskNumbers: c.Mask == "last4",
		AllowCalls: c.mayCall(), MaxCallsPerHour: int(c.MostCalls),
		Observers: observers,
	}
	if c.Source == "client" {
		with.TokenOf = transport.TalkoverToken
	}
	return tools.New(with)
}

// serveStdio lets one client in until ctx is done or input ends.
func (p program) serveStdio(ctx context.Context, c config, s *server.MCPServer, log *slog.Logger) int {
	if isTerminal(p.stdin) {
		fmt.Fprintln(p.stderr, "talkover-mcp waits here for an MCP client to speak JSON-RPC on stdin; end it with Ctrl-C.\n"+
			"To try it by hand: talkover-mcp call -demo list_calls status=failed")
	}
	c.greet(log)
	if err := transport.Stdio(ctx, s, p.stdin, p.stdout, log); err != nil {
		return p.fail(err, failed)
	}
	return success
}

// busyGC lets garbage grow to twice what is in use before it is collected. That is
// 4 MiB here, and by Go's own 100 % a busy server would collect 40 times a second:
// BenchmarkServer in bench/ has a quarter more calls a second with it. GOGC goes
// before it.
const busyGC = 200

// serveHTTP lets clients in until ctx is done.
func (p program) serveHTTP(ctx context.Context, c config, s *server.MCPServer, a account, w *watch, log *slog.Logger) int {
	with := transport.Options{
		Streamable:   c.Transport == "http",
		Hosts:        c.Hosts,
		Origins:      c.Origins,
		ClientTokens: c.Source == "client",
		Ready:        a.Health,
		Log:          log,
		Answered:     w.answered(),
	}
	// 0.0.0.0 and the like are no names by which a client may know us.
	if host, _, _ := net.SplitHostPort(c.Addr); host != "" && !net.ParseIP(host).IsUnspecified() {
		with.Hosts = append(with.Hosts, host)
	}
	switch c.Auth {
	case "token":
		gate, err := c.tokens()
		if err != nil {
			return p.fail(err, misconfigured)
		}
		with.Gate = gate
	case "oidc":
		gate, err := c.oidc(ctx, log)
		if err != nil {
			return p.fail(err, failed)
		}
		with.Gate = gate
	}
	ln, err := listen(ctx, "MCP_ADDR", c.Addr)
	if err != nil {
		return p.fail(err, misconfigured)
	}
	door := transport.NewHTTP(s, with)
	w.sessions(door.Sessions)
	if _, set := p.env.Lookup("GOGC"); !set {
		debug.SetGCPercent(busyGC)
	}
	c.greet(log, "addr", ln.Addr().String(), "auth", c.Auth)
	if err := door.Serve(ctx, ln); err != nil {
		return p.fail(err, failed)
	}
	return success
}

// oidc is the gate of MCP_AUTH=oidc.
func (c config) oidc(ctx context.Context, log *slog.Logger) (*transport.OIDC, error) {
	gate, err := transport.NewOIDC(ctx, transport.OIDCConfig{
		Issuer: string(c.Issuer), Resource: string(c.Resource), Audience: c.Audience,
		Scope: c.Scope, KeysURL: string(c.KeysURL), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("MCP_OIDC_ISSUER: takes an issuer whose keys can be fetched: %w", err)
	}
	return gate, nil
}

// greet logs that clients may come.
func (c config) greet(log *slog.Logger, where ...any) {
	if c.Demo {
		log.Warn("demo account: every call in it is invented")
	}
	if c.MayCall && !c.mayCall() {
		log.Warn("make_call is off: over " + string(c.Transport) + " it needs MCP_AUTH")
	}
	log.Info("serving", append([]any{"transport", c.Transport, "version", version()}, where...)...)
	go debug.FreeOSMemory() // what the start left behind
}

// call runs one tool through the server, as a client would, and prints what a
// model would read.
func (p program) call(ctx context.Context, s *server.MCPServer, tool string, pairs []string, structure bool) int {
	args := map[string]any{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return p.fail(fmt.Errorf("call: %q is no name=value", pair), misconfigured)
		}
		args[name] = value
	}
	c, err := connect(ctx, s)
	if err != nil {
		return p.fail(err, failed)
	}
	defer c.Close()
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, args
	result, err := c.CallTool(ctx, r)
	if err != nil {
		return p.fail(err, failed)
	}
	if structure && !result.IsError {
		err = printJSON(p.stdout, result.StructuredContent)
	} else {
		for _, content := range result.Content {
			if text, ok := content.(mcp.TextContent); ok {
				_, err = fmt.Fprintln(p.stdout, strings.TrimRight(text.Text, "\n"))
			}
		}
	}
	if err != nil {
		return p.fail(err, failed)
	}
	if result.IsError {
		return failed
	}
	return success
}

// listTools prints the tools as a client gets them. It needs no account.
func (p program) listTools(ctx context.Context) int {
	s, err := tools.New(tools.Config{Version: version()})
	if err != nil {
		return p.fail(err, failed)
	}
	c, err := connect(ctx, s)
	if err != nil {
		return p.fail(err, failed)
	}
	defer c.Close()
	list, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err == nil {
		err = printJSON(p.stdout, map[string]any{"tools": list.Tools})
	}
	if err != nil {
		return p.fail(err, failed)
	}
	return success
}

// connect is a client of the server in this process.
func connect(ctx context.Context, s *server.MCPServer) (*client.Client, error) {
	c, err := client.NewInProcessClient(s)
	if err == nil {
		_, err = c.Initialize(ctx, mcp.InitializeRequest{})
	}
	return c, err
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// logger writes to stderr alone: over stdio, stdout belongs to the protocol.
func (c config) logger(w io.Writer) *slog.Logger {
	terminal := isTerminal(w)
	var h slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: c.LogLevel})
	if c.LogFormat == "text" || c.LogFormat == "auto" && terminal {
		h = tint.NewTextHandler(w, &tint.Options{Level: c.LogLevel, NoColor: !terminal, TimeFormat: time.TimeOnly})
	}
	return slog.New(transport.LogRequests(h))
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// release is set by the linker in releases.
var release string

// version is that of the release, or of the module that was built.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "dev"
}
