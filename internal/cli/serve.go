package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/mark3labs/mcp-go/server"
	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
	"github.com/talkover/talkover-mcp/internal/telemetry"
	"github.com/talkover/talkover-mcp/internal/transport"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/valkey"
	"github.com/talkover/talkover-mcp/tools"
)

// service is an MCP server with what it works with.
type service struct {
	config.Config
	version string
	account config.Account
	shared  *valkey.Server // with other replicas; nil for nothing
	logs    *calls.Logs
	server  *server.MCPServer
	metrics *telemetry.Metrics
	unwatch func() // ends the answers to scrapes
	alias   func(secret string) string
	log     *slog.Logger
}

// close ends what open began.
func (s service) close() {
	if s.logs != nil {
		s.logs.Close()
	}
	if s.shared != nil {
		s.shared.Close()
	}
	if s.unwatch != nil {
		s.unwatch()
	}
}

// open makes the service that the settings describe; the caller closes it. It answers
// Prometheus at scrapes, if that is not nil.
func (p *Program) open(ctx context.Context, c config.Config, scrapes net.Listener) (s service, err error) {
	s.Config, s.version, s.log = c, p.Version, c.Logger(p.Stderr)
	s.metrics = telemetry.NewMetrics(p.Version, c.MetricsHosts()...)
	if s.shared, err = c.Shared(s.log); err != nil {
		return s, err
	}
	if s.account, err = c.Account(p.Version, s.log, s.metrics.RoundTripper, s.shared); err != nil {
		return s, err
	}
	if s.logs, err = c.Logs(s.log, s.shared, s.account.Now); err != nil {
		return s, err
	}
	with := ToolsOf(c, p.Version)
	with.Logs = s.logs
	with.QuietAudit = c.Transport == "stdio"
	with.Client, with.Now, with.Log = s.account.Client, s.account.Now, s.log
	with.Observe = s.metrics.Operation
	with.WatchOrders = func(left func() int) { s.metrics.WatchOrders(with.MaxCallsPerHour, left) }
	var key []byte
	if !c.TokenPerRequest() && !c.LacksToken() {
		key = s.account.Key("audit")
	}
	if s.shared != nil {
		placed := s.shared.Key
		if !c.TokenPerRequest() {
			placed = s.account.Key
		}
		calls := s.shared.Calls(placed("placed calls"))
		with.PlacedCalls, with.Memory = calls, calls
	}
	s.alias = telemetry.NewPseudonyms(key).Of
	with.Alias = s.alias
	if c.TokenPerRequest() {
		with.TokenOf = auth.TalkoverToken
	}
	if c.LacksToken() {
		with.TokenOf = func(context.Context) talkover.Secret { return talkover.Secret{} }
		with.NoToken = func(ctx context.Context) string {
			return config.HostOf(transport.ClientName(ctx)).HowToSetToken()
		}
	}
	if c.Transport != "stdio" && c.Auth != "none" {
		with.MayAs = auth.MayAs
	}
	s.server = tools.New(with)
	s.metrics.Watch(s.server, telemetry.Server{
		Tools: tools.MeasuredNames(with), Counting: tools.CountingTools(), Resources: tools.ResourceNames(),
		Outcomes: tools.Outcomes,
		Client:   func(name string) string { return config.HostOf(name).Word },
	})
	if s.shared != nil {
		s.metrics.WatchShared(s.shared.State)
	}
	s.metrics.WatchUsage(s.account.Usage)
	if !c.TokenPerRequest() { // else each account has a limit of its own
		s.metrics.WatchLimits(s.account.Limits)
	}
	if scrapes != nil {
		s.unwatch = s.metrics.Start(ctx, scrapes, s.log)
	}
	return s, nil
}

// ToolsOf returns what the settings say of the tools, without an account.
func ToolsOf(c config.Config, version string) tools.Config {
	return tools.Config{
		Version: version, Zone: c.Zone, BusinessHours: c.BusinessHours, Demo: c.Demo,
		MaskNumbers: c.MaskNumbers == "last4", Charts: c.Charts == "on",
		AllowCalls: c.MayCall(), MaxCallsPerHour: c.MaxCallsPerHour, Replicas: c.Replicas,
		CallerOf:     auth.CallerName,
		CallingCodes: c.CallCountries, ConfirmCalls: c.ConfirmCalls,
	}
}

// serve answers clients until ctx is done, or until input ends.
func (p *Program) serve(cmd *cobra.Command, _ []string) error {
	if asked, _ := cmd.Flags().GetBool("version"); asked {
		return p.printVersion(cmd, nil)
	}
	if p.json {
		return misuse{errors.New("-json: a server prints nothing to read; give it to a command (see -help)")}
	}
	ctx := cmd.Context()
	c, err := config.LoadServer(ctx, p.Env)
	if err != nil {
		return err
	}
	var scrapes net.Listener
	if c.MetricsAddr != "" {
		if scrapes, err = httpserver.Listen(ctx, c.MetricsAddr); err != nil {
			return config.Faults{{Setting: "MCP_METRICS_ADDR", Problem: err.Error()}}
		}
	}
	signal.Ignore(syscall.SIGPIPE) // else a reader of stderr that leaves ends the process
	p.Stderr = newBacklog(p.Stderr, c.Logger(p.Stderr))
	s, err := p.open(ctx, c, scrapes)
	if err != nil {
		return err
	}
	defer s.close()
	if c.Transport == "stdio" {
		return p.serveStdio(ctx, s)
	}
	return p.serveHTTP(ctx, s)
}

// serveStdio answers one client.
func (p *Program) serveStdio(ctx context.Context, s service) error {
	if config.IsTerminal(p.Stdin) {
		fmt.Fprintln(p.Stderr, "talkover-mcp waits here for an MCP client to speak JSON-RPC on stdin; end it with "+
			"Ctrl-C.\n"+
			"To try it by hand: talkover-mcp call -demo list_calls status=failed")
	}
	s.greet()
	return transport.Stdio(ctx, s.server, p.Stdin, p.Stdout, s.log)
}

// serveHTTP answers clients that come in by the settings' rules.
func (p *Program) serveHTTP(ctx context.Context, s service) error {
	var fetched func(ok bool)
	if s.Auth == "oidc" {
		fetched = s.metrics.WatchKeys()
	}
	with, err := s.Door(ctx, s.log, fetched)
	if err != nil {
		return err
	}
	with.Alias = s.alias
	with.SessionKey, with.Ready, with.Answered = s.account.Key("session ids"), s.account.Health, s.metrics.Answered
	if file := with.Note; file != nil {
		s.metrics.WatchTokens(file)
	}
	if s.shared != nil {
		file := with.Note
		with.Note = func() string {
			if file == nil {
				return s.shared.Words()
			}
			return strings.Trim(file()+"\n"+s.shared.Words(), "\n")
		}
	}
	ln, err := httpserver.Listen(ctx, s.Addr)
	if err != nil {
		return config.Faults{{Setting: "MCP_ADDR", Problem: err.Error()}}
	}
	door := httpserver.New(s.server, with)
	s.metrics.WatchSessions(door.Sessions)
	s.greet("addr", ln.Addr().String(), "auth", s.Auth)
	return door.Serve(ctx, ln)
}

// greet logs that clients can connect, and what may surprise them.
func (s service) greet(where ...any) {
	if s.Demo {
		s.log.Warn("demo account: every call in it is invented")
	}
	if s.LacksToken() {
		s.log.Warn("TALKOVER_TOKEN is not set: the tools are listed, and each answers how to set it (to try without " +
			"one: -demo)")
	}
	if s.AllowCalls && !s.MayCall() {
		s.log.Warn("make_call is off: over " + s.Transport + " it needs MCP_AUTH")
	}
	for _, setting := range s.OpenFiles() {
		s.log.Warn("any user of this machine may read the file of "+setting+"; make it readable to this server "+
			"alone (chmod 600)", "setting", setting)
	}
	s.log.Info("serving", append([]any{"transport", s.Transport, "version", s.version}, where...)...)
	go debug.FreeOSMemory() // the start needed more than serving does
}
