package config

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Load reads the settings, and checks each by itself and all together. The error is
// [Faults]. The Config has the settings without a fault even then.
func Load(_ context.Context, env envconfig.Lookuper) (Config, error) {
	var c Config
	var wrong Faults
	for _, s := range All() {
		into := reflect.ValueOf(&c).Elem().FieldByIndex(s.field.Index)
		if text := valueOf(env, s.Env); text != "" && !s.decode(text, into) {
			wrong.add(s.Env, "takes %s", s.Takes)
		} else if text != "" {
			continue
		}
		into.SetZero()
		if s.Default != "" {
			s.decode(s.Default, into)
		}
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
		wrong.add("TALKOVER_CALL_COUNTRIES", "takes calling codes such as 1,44, which are missing; "+
			"TALKOVER_ALLOW_CALLS needs them over sse and http")
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

// valueOf returns the value of a variable. An empty one counts as not set, since hosts pass
// settings that a user left blank, some of them as the placeholder of their form. So does
// the placeholder of the documents.
func valueOf(env envconfig.Lookuper, name string) string {
	value, _ := env.Lookup(name)
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "${user_config.") || value == Placeholder {
		return ""
	}
	return value
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

// decode stores a text in the field of a setting, or reports that the setting does not take
// it. No error quotes the text, which might be a misplaced token.
func (s Setting) decode(text string, into reflect.Value) bool {
	tag := s.field.Tag.Get
	if options := tag("options"); options != "" && !slices.Contains(strings.Split(options, ","), text) {
		return false
	}
	var err error
	switch field := into.Addr().Interface().(type) {
	case *bool:
		*field, err = strconv.ParseBool(text)
	case *int:
		*field, err = strconv.Atoi(text)
		least, _ := strconv.Atoi(tag("min"))
		most, _ := strconv.Atoi(tag("max"))
		return err == nil && least <= *field && *field <= most
	case *time.Duration:
		*field, err = time.ParseDuration(text)
		least, _ := time.ParseDuration(tag("min"))
		most, _ := time.ParseDuration(tag("max"))
		return err == nil && least <= *field && *field <= most
	case *string:
		*field = text
		switch tag("form") {
		case "url":
			return isWebURL(text)
		case "address":
			_, _, err = net.SplitHostPort(text)
		case "folder":
			*field, err = folder(text)
		}
	case *[]string:
		*field = listed(text)
		isForm := map[string]func(*string) bool{
			"hosts": isHost, "origins": isOrigin, "networks": isNetwork,
		}[tag("form")]
		for i := range *field {
			if !isForm(&(*field)[i]) {
				return false
			}
		}
	case **time.Location: // never Local, which differs from machine to machine
		named := schema.Zone(schema.Zone("").Spell(text))
		err = named.Check("")
		*field = named.Location()
	case *talkover.CallingCodes:
		*field, err = talkover.ParseCallingCodes(text)
	case *stats.Hours:
		*field, err = stats.ParseHours(text)
	case *slog.Level:
		// of other programs
		other := map[string]string{"trace": "debug", "warning": "warn", "fatal": "error", "critical": "error"}
		err = field.UnmarshalText([]byte(cmp.Or(other[strings.ToLower(text)], text)))
	}
	return err == nil
}

// isWebURL reports whether a text is a URL whose answers nobody on the way can change.
func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.User == nil && u.Fragment == "" && talkover.IsPrivate(u)
}

// listed returns the parts of a list with commas, without the empty ones.
func listed(text string) (parts []string) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// isHost reports whether a text is a host name or an IP address, without a port, and takes
// brackets and the dot at the end away.
func isHost(name *string) bool {
	*name = strings.TrimSuffix(strings.Trim(*name, "[]"), ".")
	return net.ParseIP(*name) != nil || hostForm.MatchString(*name)
}

// isNetwork reports whether a text is a network or an address, and writes it as a network.
func isNetwork(network *string) bool {
	if ip, err := netip.ParseAddr(*network); err == nil {
		*network = netip.PrefixFrom(ip, ip.BitLen()).String()
	}
	_, err := netip.ParsePrefix(*network)
	return err == nil
}

// isOrigin reports whether a text is the origin of a web page, and writes it as browsers do.
func isOrigin(origin *string) bool {
	*origin = strings.ToLower(*origin)
	u, err := url.Parse(*origin)
	return err == nil && u.Host != "" && u.Scheme+"://"+u.Host == *origin && !strings.Contains(*origin, "*")
}

// unfilled matches what a shell would have filled in: a variable, or the home of somebody.
var unfilled = regexp.MustCompile(`\$[\w{(]|%\w+%|^~`)

// folder reads a path. true is that of this program among the caches of the user, as the
// switch of a desktop host has it, and false none. ~ is the user's home.
func folder(text string) (path string, err error) {
	path = text
	if isOn, notSwitch := strconv.ParseBool(text); notSwitch == nil {
		if path = ""; isOn {
			path, err = os.UserCacheDir()
			path = filepath.Join(path, "talkover-mcp")
		}
	} else if rest := strings.TrimPrefix(text, "~"); rest != text && (rest == "" || os.IsPathSeparator(rest[0])) {
		path, err = os.UserHomeDir()
		path = filepath.Join(path, rest)
	}
	if err == nil && unfilled.MatchString(path) {
		err = errors.New("a variable is not filled in")
	}
	return path, err
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
	switch c.Auth {
	case "token":
		c.gateTokens(wrong)
	case "oidc":
		const missing = "takes an https URL, which is missing; MCP_AUTH=oidc needs it"
		if c.Issuer == "" {
			wrong.add("MCP_OIDC_ISSUER", missing)
		}
		if c.ResourceURL == "" {
			wrong.add("MCP_RESOURCE_URL", missing)
		}
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
