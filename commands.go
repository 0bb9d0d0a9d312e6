package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/settings"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/telemetry"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/transport"
)

// program holds what a run of talkover-mcp reads from and writes to.
type program struct {
	env    envconfig.Lookuper
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	json   bool // whether -json was given
	began  bool // whether words and flags were a command's; an error before that is one of them
}

// misuse wraps an error that goes away only with other arguments or settings.
type misuse struct{ error }

// errTold makes the exit code that of a failure which stdout tells already.
var errTold = errors.New("told on stdout")

// service is an MCP server with what it works with.
type service struct {
	settings.Config
	account   settings.Account
	cache     *cache.Cache // the caller of open closes it
	server    *server.MCPServer
	telemetry *telemetry.Telemetry // the caller of open closes it
	alias     func(secret string) string
	log       *slog.Logger
}

// open makes the service that the settings describe. It answers Prometheus at scrapes,
// if that is not nil.
func (p *program) open(ctx context.Context, c settings.Config, scrapes net.Listener) (s service, err error) {
	s.Config, s.log = c, c.Logger(p.stderr)
	s.telemetry, err = telemetry.New(ctx, telemetry.Config{
		Version: version(), Log: s.log, Metrics: scrapes, Hosts: c.MetricsHosts(),
		Collector: string(c.OTLPEndpoint), Headers: c.OTLPHeaders, Protocol: c.OTLPProtocol,
	})
	if err != nil {
		return s, misuse{err}
	}
	if s.account, err = c.Account(version(), s.log, s.telemetry.RoundTripper); err != nil {
		return s, err
	}
	if s.cache, err = c.Cache(s.log); err != nil {
		return s, err
	}
	with := toolsOf(c)
	with.Cache = s.cache
	with.Client, with.Now, with.Log = s.account.Client, s.account.Now, s.log
	with.Observers = []tools.Observer{s.telemetry.Operation}
	var key []byte
	if !c.TokenPerRequest() {
		key = s.account.Key("audit")
	}
	s.alias = telemetry.NewPseudonyms(key).Of
	with.Alias = s.alias
	limits := s.account.Limits
	if c.TokenPerRequest() { // then each account has a limit of its own
		with.TokenOf, limits = transport.TalkoverToken, nil
	}
	if c.Transport != "stdio" && c.Auth != "none" {
		with.MayAs = transport.MayAs
	}
	if s.server, err = tools.New(with); err != nil {
		return s, err
	}
	s.telemetry.Serve(ctx, s.account.Usage, limits)
	return s, nil
}

// toolsOf returns what the settings say of the tools, without an account.
func toolsOf(c settings.Config) tools.Config {
	return tools.Config{
		Version: version(), Zone: c.Zone.Location, Demo: c.Demo, MaskNumbers: c.MaskNumbers == "last4",
		AllowCalls: c.MayCall(), MaxCallsPerHour: int(c.MaxCallsPerHour),
		CallerOf:     transport.CallerName,
		CallingCodes: talkover.CallingCodes(c.CallCountries), ConfirmCalls: string(c.ConfirmCalls),
	}
}

// serve answers clients until ctx is done, or until input ends.
func (p *program) serve(cmd *cobra.Command, _ []string) error {
	if asked, _ := cmd.Flags().GetBool("version"); asked {
		return p.printVersion(cmd, nil)
	}
	if p.json {
		return misuse{errors.New("-json: a server prints nothing to read; give it to a command (see -help)")}
	}
	ctx := cmd.Context()
	c, err := settings.Load(ctx, p.env)
	if err != nil {
		return err
	}
	var scrapes net.Listener
	if c.MetricsAddr != "" {
		if scrapes, err = transport.Listen(ctx, string(c.MetricsAddr)); err != nil {
			return settings.Faults{{Setting: "MCP_METRICS_ADDR", Problem: err.Error()}}
		}
	}
	s, err := p.open(ctx, c, scrapes)
	if err != nil {
		return err
	}
	defer s.telemetry.Close()
	defer s.cache.Close()
	if c.Transport == "stdio" {
		return p.serveStdio(ctx, s)
	}
	return p.serveHTTP(ctx, s)
}

// serveStdio answers one client.
func (p *program) serveStdio(ctx context.Context, s service) error {
	if settings.IsTerminal(p.stdin) {
		fmt.Fprintln(p.stderr, "talkover-mcp waits here for an MCP client to speak JSON-RPC on stdin; end it with Ctrl-C.\n"+
			"To try it by hand: talkover-mcp call -demo list_calls status=failed")
	}
	s.greet()
	return transport.Stdio(ctx, s.server, p.stdin, p.stdout, s.log)
}

// busyGC lets garbage grow to twice the memory in use before it is collected. A server
// uses 4 MiB, so that with Go's own 100 % a busy one would collect 40 times a second:
// BenchmarkServer in bench/ answers a quarter more calls a second with 200. GOGC
// overrides it.
const busyGC = 200

// serveHTTP answers clients that come in by the settings' rules.
func (p *program) serveHTTP(ctx context.Context, s service) error {
	with, err := s.Door(ctx, s.log)
	if err != nil {
		return err
	}
	with.Alias = s.alias
	with.SessionKey, with.Ready, with.Answered = s.account.Key("session ids"), s.account.Health, s.telemetry.Answered
	ln, err := transport.Listen(ctx, s.Addr)
	if err != nil {
		return settings.Faults{{Setting: "MCP_ADDR", Problem: err.Error()}}
	}
	door := transport.NewHTTP(s.server, with)
	s.telemetry.WatchSessions(door.Sessions)
	if _, set := p.env.Lookup("GOGC"); !set {
		debug.SetGCPercent(busyGC)
	}
	s.greet("addr", ln.Addr().String(), "auth", s.Auth)
	return door.Serve(ctx, ln)
}

// greet logs that clients can connect, and what may surprise them.
func (s service) greet(where ...any) {
	if s.Demo {
		s.log.Warn("demo account: every call in it is invented")
	}
	if s.AllowCalls && !s.MayCall() {
		s.log.Warn("make_call is off: over " + string(s.Transport) + " it needs MCP_AUTH")
	}
	for _, setting := range s.OpenFiles() {
		s.log.Warn("any user of this machine may read the file of "+setting+"; make it readable to this server alone (chmod 600)", "setting", setting)
	}
	s.log.Info("serving", append([]any{"transport", s.Transport, "version", version()}, where...)...)
	go debug.FreeOSMemory() // the start needed more than serving does
}

// call calls one tool through the server, as a client does, and prints what a model
// would read. It sends each value as text, which the tool reads by its schema.
func (p *program) call(cmd *cobra.Command, args []string) error {
	ctx := cmd.Context()
	c, err := settings.Load(ctx, p.env)
	if err != nil {
		return err
	}
	s, err := p.open(ctx, c.Quiet(), nil)
	if err != nil {
		return err
	}
	defer s.telemetry.Close()
	defer s.cache.Close()
	client, err := transport.Connect(ctx, s.server)
	if err != nil {
		return err
	}
	defer client.Close()
	values := map[string]any{}
	for _, pair := range args[1:] {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	var progress func(done, total int, what string)
	line := &bar{to: p.stderr}
	if settings.IsTerminal(p.stderr) {
		progress = line.draw
	}
	result, err := client.Call(ctx, args[0], values, progress)
	line.erase()
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, content := range result.Content {
		if c, ok := content.(mcp.TextContent); ok {
			text.WriteString(c.Text)
		}
	}
	shown := strings.TrimRight(text.String(), "\n")
	if result.IsError {
		return cmp.Or(p.print(shown, map[string]string{"error": shown}), errTold)
	}
	return p.print(shown, result.StructuredContent)
}

// listTools prints the tools that a client gets with these settings. It needs no token.
func (p *program) listTools(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	c, err := settings.Load(ctx, p.env)
	var faults settings.Faults
	if errors.As(err, &faults) {
		err = faults.Except("TALKOVER_TOKEN", "TALKOVER_TOKEN_FILE")
	}
	if err != nil {
		return err
	}
	s, err := tools.New(toolsOf(c))
	if err != nil {
		return err
	}
	client, err := transport.Connect(ctx, s)
	if err != nil {
		return err
	}
	defer client.Close()
	list, err := client.Tools(ctx)
	if err != nil {
		return err
	}
	return p.printJSON(map[string]any{"tools": list}) // a schema has no other form
}

// doctor prints what it finds wrong, in words.
func (p *program) doctor(cmd *cobra.Command, _ []string) error {
	found := settings.Diagnose(cmd.Context(), p.env, version(), p.stderr)
	failures := found.Checks(settings.Failure)
	err := p.print(found.String(), struct {
		OK       bool              `json:"ok"`
		Summary  string            `json:"summary"`
		Findings settings.Findings `json:"findings"`
	}{failures == nil, found.Summary(), found})
	if err == nil && failures != nil {
		return errTold
	}
	return err
}

// healthcheck asks the server with these settings whether it is alive. A container has no
// other program to ask with. It prints nothing where the server is well, since the exit
// code says so.
func (p *program) healthcheck(cmd *cobra.Command, _ []string) error {
	err := p.probe(cmd.Context())
	if err != nil {
		err = fmt.Errorf("healthcheck: %w", err)
	}
	if !p.json {
		return err
	}
	answer := map[string]any{"alive": err == nil}
	if err != nil {
		answer["why"], err = err.Error(), errTold
	}
	return cmp.Or(p.printJSON(answer), err)
}

// probe asks the server at MCP_ADDR. It needs no account, so that it ignores faults of
// settings which do not matter to the address.
func (p *program) probe(ctx context.Context) error {
	c, err := settings.Load(ctx, p.env)
	var faults settings.Faults
	if errors.As(err, &faults) {
		for _, fault := range faults {
			if fault.Setting == "MCP_TRANSPORT" {
				return errors.New(fault.String())
			}
		}
	}
	if c.Transport == "stdio" {
		return errors.New("over stdio there is nothing to ask; give it the MCP_TRANSPORT and MCP_ADDR of the server, or its flags")
	}
	return transport.Probe(ctx, c.Addr)
}

// printVersion prints the version, and with -json also what it was built with and for.
func (p *program) printVersion(*cobra.Command, []string) error {
	return p.print("talkover-mcp "+version(), map[string]string{
		"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
	})
}

// print prints the text, or with -json the value.
func (p *program) print(text string, value any) error {
	if p.json {
		return p.printJSON(value)
	}
	_, err := fmt.Fprintln(p.stdout, text)
	return err
}

func (p *program) printJSON(value any) error {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// bar draws on a terminal how far a call is.
type bar struct {
	to    io.Writer
	drawn int // the length of the longest line so far, in characters
}

// draw replaces the line. The tools report before each request, so that the last of the
// done requests is only on its way.
func (b *bar) draw(done, total int, what string) {
	const full = 20
	part := min(max(done-1, 0), total) * full / max(total, 1)
	line := fmt.Sprintf("[%s%s] %s", strings.Repeat("#", part), strings.Repeat("-", full-part), what)
	fmt.Fprintf(b.to, "\r%-*s", b.drawn, line)
	b.drawn = max(b.drawn, len(line))
}

// erase makes the line blank again.
func (b *bar) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.to, "\r%*s\r", b.drawn, "")
	}
}

// release is the version of a release, which the linker sets (-X main.release).
var release string

// version returns the version of the release, or else of the module that was built.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "dev"
}
