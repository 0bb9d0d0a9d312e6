package config

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/talkover/valkey"
)

// Account is a client of the API for the configured account, or for that of the demo.
type Account struct {
	*talkover.Client
	Now func() time.Time // the clock of the demo; nil for that of the system
}

// Account makes the client. version is that of this program. wrap, if it is not nil,
// returns the transport to use in place of the one that it is given. shared counts the
// requests of all replicas; nil where each counts its own.
func (c Config) Account(version string, log *slog.Logger, wrap func(http.RoundTripper) http.RoundTripper,
	shared *valkey.Server) (Account, error) {
	api := talkover.Config{
		Transport: talkover.NewTransport(),
		Token:     c.token,
		BaseURL:   c.BaseURL,
		UserAgent: "talkover-mcp/" + version,
		Timeout:   c.Timeout,
		RateLimit: c.RateLimit,
		Replicas:  c.Replicas,
		Log:       log,
	}
	if shared != nil {
		api.Ledger = shared.Ledger
	}
	if c.TokenFile != "" && !c.token.IsZero() {
		api.Renewed = newChanging("TALKOVER_TOKEN_FILE", c.TokenFile, c.token, parseToken, log).now
	}
	var a Account
	if c.Demo {
		demo := sandbox.New(time.Now())
		api.Token, api.BaseURL, api.Transport = talkover.NewSecret(sandbox.Token), "", demo.Transport()
		api.RateLimit = 0 // the demo has none
		a.Now = demo.Now
	}
	if wrap != nil {
		api.Transport = wrap(api.Transport)
	}
	var err error
	a.Client, err = talkover.New(api)
	return a, err
}

// Door returns who may connect over HTTP: under which host names, from which web pages
// and through which gate. It fails where the keys of the OIDC issuer cannot be fetched.
// The gate renews them until ctx is done, and fetched, which may be nil, hears of each fetch.
func (c Config) Door(ctx context.Context, log *slog.Logger, fetched func(ok bool)) (httpserver.Options, error) {
	door := httpserver.Options{
		Streamable:   c.Transport == "http",
		Origins:      c.AllowedOrigins,
		ClientTokens: c.TokenPerRequest(),
		RateLimit:    c.MCPRateLimit,
		DrainDelay:   c.DrainDelay,
		Log:          log,
	}
	door.Hosts = c.hostsAt(c.Addr)
	for _, network := range c.TrustedProxies {
		door.Proxies = append(door.Proxies, netip.MustParsePrefix(network))
	}
	switch c.Auth {
	case "token":
		var wrong Faults
		tokens := c.gateTokens(&wrong)
		if wrong != nil {
			return door, wrong
		}
		door.Gate = tokens
		if c.AuthTokensFile != "" {
			file := newChanging("MCP_AUTH_TOKENS_FILE", c.AuthTokensFile, tokens, parseGate, log)
			file.isGate = true
			door.Gate, door.Note = auth.ChangingTokens(file.now), file.problem
		}
	case "oidc":
		gate, err := c.OIDC(ctx, log, fetched)
		if err != nil {
			return door, err
		}
		door.Gate = gate
	}
	return door, nil
}

// hostsAt returns the host names under which clients may reach what listens at an address.
func (c Config) hostsAt(addr string) []string {
	// No client knows this server by 0.0.0.0 or the like.
	if host, _, _ := net.SplitHostPort(addr); host != "" && !net.ParseIP(host).IsUnspecified() {
		return append(slices.Clone(c.AllowedHosts), host)
	}
	return c.AllowedHosts
}

// MetricsHosts returns the host names under which Prometheus may reach /metrics.
func (c Config) MetricsHosts() []string { return c.hostsAt(c.MetricsAddr) }

// OIDC makes the gate of MCP_AUTH=oidc. It renews the keys of the issuer until ctx is done.
func (c Config) OIDC(ctx context.Context, log *slog.Logger, fetched func(ok bool)) (*auth.OIDC, error) {
	gate, err := auth.NewOIDC(ctx, auth.OIDCConfig{
		Issuer: c.Issuer, Resource: c.ResourceURL, Audience: c.Audience,
		Scope: c.Scope, KeysURL: c.JWKSURL, Roles: c.OIDCRoles, Log: log, Fetched: fetched,
	})
	if err != nil {
		return nil, fmt.Errorf("MCP_OIDC_ISSUER: takes an issuer whose keys can be fetched: %w", err)
	}
	return gate, nil
}

// HideTokenIn returns a text without the Talkover token.
func (c Config) HideTokenIn(text string) string { return c.token.HideIn(text) }

// Logger makes a logger that writes to w, in color on a terminal. w must not be stdout:
// over stdio that belongs to the protocol.
func (c Config) Logger(w io.Writer) *slog.Logger {
	terminal := IsTerminal(w)
	level := c.LogLevel
	var h slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	if c.LogFormat == "text" || c.LogFormat == "auto" && terminal {
		h = tint.NewTextHandler(w, &tint.Options{Level: level, NoColor: !terminal, TimeFormat: time.TimeOnly})
	}
	return slog.New(httpserver.LogRequests(h))
}

// IsTerminal reports whether a reader or writer is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// Quiet returns settings that log errors alone, unless LOG_LEVEL says otherwise. They are
// for a command that prints its answer to the screen where the log appears.
func (c Config) Quiet() Config {
	if c.LogLevel == slog.LevelInfo {
		c.LogLevel = slog.LevelError
	}
	return c
}
