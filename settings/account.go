package settings

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/transport"
)

// Account is a client of the configured account, or of the demo's.
type Account struct {
	*talkover.Client
	Now func() time.Time // the clock of the demo; nil for that of the system
}

// Account makes the client. version is that of the program; wrap, if it is not nil,
// puts its own round tripper around the one that reaches the API.
func (c Config) Account(version string, log *slog.Logger, wrap func(http.RoundTripper) http.RoundTripper) (Account, error) {
	api := talkover.Config{
		Transport: talkover.NewTransport(),
		Token:     c.token,
		BaseURL:   c.BaseURL,
		UserAgent: "talkover-mcp/" + version,
		Timeout:   time.Duration(c.Timeout),
		RateLimit: int(c.RateLimit),
		Log:       log,
	}
	var a Account
	if c.Demo {
		demo := sandbox.New(time.Now())
		api.Token, api.BaseURL, api.Transport = talkover.NewSecret(sandbox.Token), "", demo.Transport()
		api.RateLimit = 0 // it has none
		a.Now = demo.Now
	}
	if wrap != nil {
		api.Transport = wrap(api.Transport)
	}
	var err error
	a.Client, err = talkover.New(api)
	return a, err
}

// Door returns how clients get in over HTTP: by which names, from which pages and
// past which gate. It fails where the keys of an OIDC issuer cannot be fetched; they
// are renewed until ctx is done.
func (c Config) Door(ctx context.Context, log *slog.Logger) (transport.Options, error) {
	door := transport.Options{
		Streamable:   c.Transport == "http",
		Hosts:        c.AllowedHosts,
		Origins:      c.AllowedOrigins,
		ClientTokens: c.TokenPerRequest(),
		Log:          log,
	}
	// 0.0.0.0 and the like are no names by which a client may know us.
	if host, _, _ := net.SplitHostPort(c.Addr); host != "" && !net.ParseIP(host).IsUnspecified() {
		door.Hosts = append(door.Hosts, host)
	}
	switch c.Auth {
	case "token":
		var wrong Faults
		if door.Gate = c.gateTokens(&wrong); wrong != nil {
			return door, wrong
		}
	case "oidc":
		gate, err := c.issuer(ctx, log)
		if err != nil {
			return door, err
		}
		door.Gate = gate
	}
	return door, nil
}

// issuer makes the gate of MCP_AUTH=oidc.
func (c Config) issuer(ctx context.Context, log *slog.Logger) (*transport.OIDC, error) {
	gate, err := transport.NewOIDC(ctx, transport.OIDCConfig{
		Issuer: string(c.Issuer), Resource: string(c.ResourceURL), Audience: c.Audience,
		Scope: c.Scope, KeysURL: string(c.JWKSURL), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("MCP_OIDC_ISSUER: takes an issuer whose keys can be fetched: %w", err)
	}
	return gate, nil
}

// Logger makes a logger that writes to w, in color on a terminal. Over stdio, w must
// not be stdout, which belongs to the protocol.
func (c Config) Logger(w io.Writer) *slog.Logger {
	terminal := IsTerminal(w)
	var h slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: c.LogLevel})
	if c.LogFormat == "text" || c.LogFormat == "auto" && terminal {
		h = tint.NewTextHandler(w, &tint.Options{Level: c.LogLevel, NoColor: !terminal, TimeFormat: time.TimeOnly})
	}
	return slog.New(transport.LogRequests(h))
}

// IsTerminal reports whether a reader or writer is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Quiet returns the settings for a command that prints its answer on the screen to
// which the log goes: unless LOG_LEVEL says otherwise, errors alone are logged.
func (c Config) Quiet() Config {
	if c.LogLevel == slog.LevelInfo {
		c.LogLevel = slog.LevelError
	}
	return c
}
