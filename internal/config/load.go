package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/talkover"
)

// lookup hides variables that are known to be wrong, and remembers the last one that was
// asked for: an error of envconfig is about that one. An empty variable counts as not
// set, since hosts pass settings that a user left blank, some of them as the placeholder
// of their form. So does the placeholder of the documents.
type lookup struct {
	envconfig.Lookuper
	last   string
	hidden map[string]bool
}

// Lookup implements [envconfig.Lookuper].
func (l *lookup) Lookup(name string) (string, bool) {
	l.last = name
	value, ok := l.Lookuper.Lookup(name)
	value = strings.TrimSpace(value)
	if blank := value == "" || strings.HasPrefix(value, "${user_config.") || value == placeholder; !ok || blank || l.hidden[name] {
		return "", false
	}
	return value, true
}

// Load reads the settings, and checks each by itself and all together. The error is
// [Faults]. The Config has the settings without a fault even then.
func Load(ctx context.Context, env envconfig.Lookuper) (Config, error) {
	var c Config
	var wrong Faults
	l := &lookup{Lookuper: env, hidden: map[string]bool{}}
	takes := map[string]string{}
	for _, s := range All() {
		takes[s.Env] = s.Takes
	}
	// envconfig v1.4.3 stops at the first error, so it is asked again without that variable.
	for {
		c = Config{}
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
		c.ConfirmCalls = cmp.Or(c.ConfirmCalls, "always") // /mcp has no way to ask clients of 2025
		c.checkAddr(&wrong)
		c.checkAuth(&wrong)
	}
	if c.MayCall() && c.Transport != "stdio" && c.CallCountries == nil {
		wrong.add("TALKOVER_CALL_COUNTRIES", "takes calling codes such as 1,44, which are missing; TALKOVER_ALLOW_CALLS needs them over sse and http")
	}
	if c.TokenPerRequest() && (c.Transport == "stdio" || c.Demo) {
		wrong.add("TALKOVER_TOKEN_SOURCE", "takes client only with MCP_TRANSPORT=http or sse, and not in the demo")
	}
	c.token = c.readToken(&wrong)
	c.valkey = c.readValkey(&wrong)
	if wrong != nil {
		return c, wrong
	}
	return c, nil
}

// LoadServer reads the settings of a server as [Load] does, but does not fail where one
// lacks a token and nothing else is wrong.
func LoadServer(ctx context.Context, env envconfig.Lookuper) (Config, error) {
	c, err := Load(ctx, env)
	var wrong Faults
	if errors.As(err, &wrong) && c.LacksToken() && wrong.Except("TALKOVER_TOKEN") == nil {
		return c, nil
	}
	return c, err
}

// checkAddr checks that the address is whole, and not open to all where there is no gate.
func (c Config) checkAddr(wrong *Faults) {
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		wrong.add("MCP_ADDR", "takes host:port, such as 127.0.0.1:8080")
	case c.Auth == "none" && !talkover.IsLoopback(host):
		wrong.add("MCP_ADDR", "takes a loopback address while MCP_AUTH=none, such as 127.0.0.1:8080: "+
			"elsewhere anybody who reaches the port could read the account's calls")
	}
}

// checkAuth checks that the gate has what it needs, and that no setting of a gate stands
// where there is none.
func (c Config) checkAuth(wrong *Faults) {
	missing := func(name string, value webURL) {
		if value == "" {
			wrong.add(name, "takes an https URL, which is missing; MCP_AUTH=oidc needs it")
		}
	}
	switch c.Auth {
	case "token":
		c.gateTokens(wrong)
	case "oidc":
		missing("MCP_OIDC_ISSUER", c.Issuer)
		missing("MCP_RESOURCE_URL", c.ResourceURL)
	case "none":
		// A user who sets tokens or an issuer believes that a gate checks them.
		if c.AuthTokens != "" || c.AuthTokensFile != "" {
			wrong.add("MCP_AUTH", "takes token where MCP_AUTH_TOKENS or MCP_AUTH_TOKENS_FILE is set")
		}
		if c.Issuer != "" {
			wrong.add("MCP_AUTH", "takes oidc where MCP_OIDC_ISSUER is set")
		}
	}
}
