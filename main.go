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
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // zones, where the system has none

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/settings"
	"github.com/talkover/talkover-mcp/telemetry"
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

// program holds what a run of the command has of the world.
type program struct {
	env    envconfig.Lookuper
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// misuse is an error that only other arguments or settings can mend.
type misuse struct{ error }

// errTold is the failure of a command that has told it on stdout.
var errTold = errors.New("told on stdout")

// run does what the arguments say and returns the exit code. It prints an error to
// stderr, a line for each fault.
func (p program) run(ctx context.Context, args []string) int {
	err := p.command(ctx, args)
	var faults settings.Faults
	switch {
	case err == nil:
		return success
	case errors.Is(err, errTold):
		return failed
	}
	for line := range strings.Lines(err.Error() + "\n") {
		fmt.Fprint(p.stderr, "talkover-mcp: "+line)
	}
	if errors.As(err, new(misuse)) || errors.As(err, &faults) {
		return misconfigured
	}
	return failed
}

// command finds the command in the arguments and runs it.
func (p program) command(ctx context.Context, args []string) error {
	o, err := settings.Parse(args)
	if err != nil {
		return misuse{err}
	}
	switch {
	case o.Help:
		settings.Help(p.stdout)
		return nil
	case o.Version:
		_, err := fmt.Fprintln(p.stdout, "talkover-mcp", version())
		return err
	}
	env := envconfig.MultiLookuper(envconfig.MapLookuper(o.Env), p.env)
	command, rest := "", []string(nil)
	if len(o.Commands) > 0 {
		command, rest = o.Commands[0], o.Commands[1:]
	}
	switch {
	case command == "":
		return p.serve(ctx, env)
	case command == "tools" && len(rest) == 0:
		return p.listTools(ctx)
	case command == "doctor" && len(rest) == 0:
		return p.doctor(ctx, env)
	case command == "healthcheck" && len(rest) == 0:
		return p.healthcheck(ctx, env)
	case command == "call":
		return p.call(ctx, env, rest, o.JSON)
	}
	return misuse{fmt.Errorf("%q is no command (see -help)", strings.Join(o.Commands, " "))}
}

// house is a server with all that stands behind it.
type house struct {
	settings.Config
	account settings.Account
	server  *server.MCPServer
	watch   *telemetry.Telemetry
	log     *slog.Logger
}

// open makes the server of the settings. Metrics are served at scrapes, if it is not
// nil. The house must be closed.
func (p program) open(ctx context.Context, c settings.Config, scrapes net.Listener) (h house, err error) {
	h.Config, h.log = c, c.Logger(p.stderr)
	h.watch, err = telemetry.New(ctx, telemetry.Config{
		Version: version(), Log: h.log, Metrics: scrapes,
		Collector: string(c.OTLPEndpoint), Headers: c.OTLPHeaders, Protocol: c.OTLPProtocol,
	})
	if err != nil {
		return h, misuse{err}
	}
	if h.account, err = c.Account(version(), h.log, h.watch.RoundTripper); err != nil {
		return h, err
	}
	with := toolsOf(c)
	with.Client, with.Now, with.Log, with.Observers = h.account.Client, h.account.Now, h.log, []tools.Observer{h.watch.Operation}
	limits := h.account.Limits
	if c.TokenPerRequest() { // then each account has a limit of its own
		with.TokenOf, limits = transport.TalkoverToken, nil
	}
	if h.server, err = tools.New(with); err != nil {
		return h, err
	}
	h.watch.Serve(ctx, h.account.Usage, limits)
	return h, nil
}

// toolsOf returns what the settings say of the tools; the account is still missing.
func toolsOf(c settings.Config) tools.Config {
	return tools.Config{
		Version: version(), Zone: c.Zone.Location, Demo: c.Demo, MaskNumbers: c.MaskNumbers == "last4",
		AllowCalls: c.MayCall(), MaxCallsPerHour: int(c.MaxCallsPerHour),
	}
}

// serve lets clients in until ctx is done, or input ends.
func (p program) serve(ctx context.Context, env envconfig.Lookuper) error {
	c, err := settings.Load(ctx, env)
	if err != nil {
		return err
	}
	var scrapes net.Listener
	if c.MetricsAddr != "" {
		if scrapes, err = transport.Listen(ctx, string(c.MetricsAddr)); err != nil {
			return settings.Faults{{Setting: "MCP_METRICS_ADDR", Problem: err.Error()}}
		}
	}
	h, err := p.open(ctx, c, scrapes)
	if err != nil {
		return err
	}
	defer h.watch.Close()
	if c.Transport == "stdio" {
		return p.serveStdio(ctx, h)
	}
	return p.serveHTTP(ctx, h)
}

// serveStdio lets one client in.
func (p program) serveStdio(ctx context.Context, h house) error {
	if settings.IsTerminal(p.stdin) {
		fmt.Fprintln(p.stderr, "talkover-mcp waits here for an MCP client to speak JSON-RPC on stdin; end it with Ctrl-C.\n"+
			"To try it by hand: talkover-mcp call -demo list_calls status=failed")
	}
	h.greet()
	return transport.Stdio(ctx, h.server, p.stdin, p.stdout, h.log)
}

// busyGC lets garbage grow to twice what is in use before it is collected. That is
// 4 MiB here, and by Go's own 100 % a busy server would collect 40 times a second:
// BenchmarkServer in bench/ has a quarter more calls a second with it. GOGC goes
// before it.
const busyGC = 200

// serveHTTP lets clients in through the door that the settings say.
func (p program) serveHTTP(ctx context.Context, h house) error {
	with, err := h.Door(ctx, h.log)
	if err != nil {
		return err
	}
	with.SessionKey, with.Ready, with.Answered = h.account.Key("session ids"), h.account.Health, h.watch.Answered
	ln, err := transport.Listen(ctx, h.Addr)
	if err != nil {
		return settings.Faults{{Setting: "MCP_ADDR", Problem: err.Error()}}
	}
	door := transport.NewHTTP(h.server, with)
	h.watch.WatchSessions(door.Sessions)
	if _, set := p.env.Lookup("GOGC"); !set {
		debug.SetGCPercent(busyGC)
	}
	h.greet("addr", ln.Addr().String(), "auth", h.Auth)
	return door.Serve(ctx, ln)
}

// greet logs that clients may come.
func (h house) greet(where ...any) {
	if h.Demo {
		h.log.Warn("demo account: every call in it is invented")
	}
	if h.AllowCalls && !h.MayCall() {
		h.log.Warn("make_call is off: over " + string(h.Transport) + " it needs MCP_AUTH")
	}
	h.log.Info("serving", append([]any{"transport", h.Transport, "version", version()}, where...)...)
	go debug.FreeOSMemory() // what the start left behind
}

// call runs one tool through the server, as a client would, and prints what a
// model would read.
func (p program) call(ctx context.Context, env envconfig.Lookuper, words []string, structure bool) error {
	c, err := settings.Load(ctx, env)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return misuse{errors.New("call: which tool? (see -help)")}
	}
	var r mcp.CallToolRequest
	args := map[string]any{}
	for _, pair := range words[1:] {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return misuse{fmt.Errorf("call: %q is no name=value", pair)}
		}
		args[name] = value
	}
	r.Params.Name, r.Params.Arguments = words[0], args
	h, err := p.open(ctx, c.Quiet(), nil)
	if err != nil {
		return err
	}
	defer h.watch.Close()
	client, err := connect(ctx, h.server)
	if err != nil {
		return err
	}
	defer client.Close()
	result, err := client.CallTool(ctx, r)
	if err != nil {
		return err
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
	if err == nil && result.IsError {
		return errTold
	}
	return err
}

// listTools prints the tools as a client gets them. It needs no account.
func (p program) listTools(ctx context.Context) error {
	s, err := tools.New(tools.Config{Version: version()})
	if err != nil {
		return err
	}
	c, err := connect(ctx, s)
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return err
	}
	return printJSON(p.stdout, map[string]any{"tools": list.Tools})
}

// doctor prints what is wrong, in words.
func (p program) doctor(ctx context.Context, env envconfig.Lookuper) error {
	found := settings.Diagnose(ctx, env, version(), p.stderr)
	for _, finding := range found {
		fmt.Fprintln(p.stdout, finding)
	}
	fmt.Fprintln(p.stdout, found.Summary())
	if found.Checks(settings.Failure) != nil {
		return errTold
	}
	return nil
}

// healthcheck asks the server of these settings whether it is alive, for a container
// that has no other program to ask with. It needs no account, so other settings than
// those of the address may be wrong.
func (p program) healthcheck(ctx context.Context, env envconfig.Lookuper) error {
	c, err := settings.Load(ctx, env)
	var faults settings.Faults
	if errors.As(err, &faults) {
		for _, fault := range faults {
			if fault.Setting == "MCP_TRANSPORT" {
				return fmt.Errorf("healthcheck: %s", fault)
			}
		}
	}
	if c.Transport == "stdio" {
		return errors.New("healthcheck: over stdio there is nothing to ask; give it the MCP_TRANSPORT and MCP_ADDR of the server, or its flags")
	}
	if err := transport.Probe(ctx, c.Addr); err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	return nil
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
