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
	"github.com/talkover/talkover-mcp/telemetry"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/transport"
)

// program holds what a run of the command has of the world.
type program struct {
	env    envconfig.Lookuper
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	json   bool // -json was given
}

// misuse is an error that only other arguments or settings can mend.
type misuse struct{ error }

// errTold is the failure of a command that has told it on stdout.
var errTold = errors.New("told on stdout")

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
func (p *program) open(ctx context.Context, c settings.Config, scrapes net.Listener) (h house, err error) {
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
func (p *program) serve(cmd *cobra.Command, _ []string) error {
	if asked, _ := cmd.Flags().GetBool("version"); asked {
		return p.version(cmd, nil)
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
func (p *program) serveStdio(ctx context.Context, h house) error {
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
func (p *program) serveHTTP(ctx context.Context, h house) error {
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
// model would read. Its values are text, which the tool reads by its schema.
func (p *program) call(cmd *cobra.Command, args []string) error {
	ctx := cmd.Context()
	c, err := settings.Load(ctx, p.env)
	if err != nil {
		return err
	}
	h, err := p.open(ctx, c.Quiet(), nil)
	if err != nil {
		return err
	}
	defer h.watch.Close()
	client, err := transport.Connect(ctx, h.server)
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

// listTools prints the tools as a client gets them under these settings. It needs no
// account.
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
	p.json = true // there is no other form of a schema
	return p.print("", map[string]any{"tools": list})
}

// doctor prints what is wrong, in words.
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

// healthcheck asks the server of these settings whether it is alive, for a container
// that has no other program to ask with. It needs no account, so other settings than
// those of the address may be wrong. It prints nothing where all is well: whoever asks
// reads the exit code.
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
	return cmp.Or(p.print("", answer), err)
}

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

// version prints the version, and with -json also what it was built with and for.
func (p *program) version(*cobra.Command, []string) error {
	return p.print("talkover-mcp "+version(), map[string]string{
		"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
	})
}

// print prints a text, or with -json the value.
func (p *program) print(text string, value any) error {
	if !p.json {
		_, err := fmt.Fprintln(p.stdout, text)
		return err
	}
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// bar draws on a terminal how far a call is.
type bar struct {
	to    io.Writer
	drawn int // how many characters there are to erase
}

// draw puts a line in the place of the one before. It is told before each request,
// so that one of the requests done is only on its way.
func (b *bar) draw(done, total int, what string) {
	const full = 20
	part := min(max(done-1, 0), total) * full / max(total, 1)
	line := fmt.Sprintf("[%s%s] %s", strings.Repeat("#", part), strings.Repeat("-", full-part), what)
	fmt.Fprintf(b.to, "\r%-*s", b.drawn, line)
	b.drawn = max(b.drawn, len(line))
}

// erase leaves the line as it was before the first.
func (b *bar) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.to, "\r%*s\r", b.drawn, "")
	}
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
