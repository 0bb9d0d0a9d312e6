package config_test

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/config"
)

// canary stands for a token that no output may show.
const canary = "talq_canary_3f9a1c7e5b2d"

// gateToken passes the gate of MCP_AUTH=token.
const gateToken = "gate0123456789abcdef0123456789ab"

// overHTTP returns an environment that is right for HTTP, with variables added in pairs.
func overHTTP(pairs ...string) map[string]string {
	env := map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http"}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return env
}

func TestBadSettingsSayWhatEachTakes(t *testing.T) {
	spaced := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(spaced, []byte("Bearer "+canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env  map[string]string
		want []string // what each fault must say, in order
	}{
		"no token":           {nil, []string{"TALKOVER_TOKEN: takes"}},
		"blank token":        {map[string]string{"TALKOVER_TOKEN": " "}, []string{"TALKOVER_TOKEN: takes"}},
		"blank in a form":    {map[string]string{"TALKOVER_TOKEN": "${user_config.token}", "TALKOVER_TIMEZONE": "${user_config.time_zone}"}, []string{"TALKOVER_TOKEN: takes a Talkover API token, which is missing"}},
		"token with a word":  {map[string]string{"TALKOVER_TOKEN": "Bearer " + canary}, []string{"TALKOVER_TOKEN: takes the token alone"}},
		"two tokens":         {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_TOKEN_FILE": spaced}, []string{"TALKOVER_TOKEN_FILE: takes"}},
		"no token file":      {map[string]string{"TALKOVER_TOKEN_FILE": "/nowhere/" + canary}, []string{"TALKOVER_TOKEN_FILE: takes"}},
		"spaced token file":  {map[string]string{"TALKOVER_TOKEN_FILE": spaced}, []string{"TALKOVER_TOKEN_FILE: takes the token alone"}},
		"unknown transport":  {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "pigeon"}, []string{"MCP_TRANSPORT: takes stdio, sse or http"}},
		"unknown log level":  {map[string]string{"TALKOVER_TOKEN": canary, "LOG_LEVEL": "loud"}, []string{"LOG_LEVEL: takes debug, info, warn or error"}},
		"unknown log format": {map[string]string{"TALKOVER_TOKEN": canary, "LOG_FORMAT": "xml"}, []string{"LOG_FORMAT: takes"}},
		"duration":           {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_TIMEOUT": "15"}, []string{"TALKOVER_TIMEOUT: takes a duration such as 15s"}},
		"negative delay":     {overHTTP("MCP_DRAIN_DELAY", "-1s"), []string{"MCP_DRAIN_DELAY: takes a duration such as 5s, up to 5m"}},
		"long delay":         {overHTTP("MCP_DRAIN_DELAY", "6m"), []string{"MCP_DRAIN_DELAY: takes"}},
		"negative duration":  {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_TIMEOUT": "-1s"}, []string{"TALKOVER_TIMEOUT: takes"}},
		"rate":               {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_RATE_LIMIT": "1.5"}, []string{"TALKOVER_RATE_LIMIT: takes"}},
		"zone":               {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_TIMEZONE": "CEST/Berlin"}, []string{"TALKOVER_TIMEZONE: takes an IANA time zone"}},
		"half a year":        {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_TIMEZONE": "EST"}, []string{"TALKOVER_TIMEZONE: takes an IANA time zone"}},
		"an offset":          {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_TIMEZONE": "GMT+5"}, []string{"TALKOVER_TIMEZONE: takes an IANA time zone"}},
		"demo":               {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_DEMO": "maybe"}, []string{"TALKOVER_DEMO: takes true or false"}},
		"http far away":      {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": "http://api.example.com/v1"}, []string{"TALKOVER_BASE_URL: takes an https URL"}},
		"token in the URL":   {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": "https://" + canary + "@api.example.com/v1"}, []string{"TALKOVER_BASE_URL: takes"}},
		"no URL":             {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": "app.talkover.ai"}, []string{"TALKOVER_BASE_URL: takes"}},
		"every interface":    {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http", "MCP_ADDR": ":8080"}, []string{"MCP_ADDR: takes a loopback address"}},
		"no port":            {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http", "MCP_ADDR": "127.0.0.1"}, []string{"MCP_ADDR: takes host:port"}},
		"no metrics port":    {map[string]string{"TALKOVER_TOKEN": canary, "MCP_METRICS_ADDR": "9090"}, []string{"MCP_METRICS_ADDR: takes host:port"}},
		"auth":               {map[string]string{"TALKOVER_TOKEN": canary, "MCP_AUTH": "basic"}, []string{"MCP_AUTH: takes none, token or oidc"}},
		"no gate tokens":     {overHTTP("MCP_AUTH", "token"), []string{"MCP_AUTH_TOKENS: takes tokens of 32 characters"}},
		"short gate token":   {overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS", gateToken+",short"), []string{"MCP_AUTH_TOKENS: takes"}},
		"gate of Talkover":   {overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS", canary+canary), []string{"MCP_AUTH_TOKENS: takes"}},
		"no gate file":       {overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS_FILE", "/nowhere/"+canary), []string{"MCP_AUTH_TOKENS_FILE: takes the path"}},
		"two lists":          {overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS", gateToken, "MCP_AUTH_TOKENS_FILE", spaced), []string{"MCP_AUTH_TOKENS_FILE: takes a path only"}},
		"tokens, no gate":    {overHTTP("MCP_AUTH_TOKENS", gateToken), []string{"MCP_AUTH: takes token where"}},
		"issuer, no gate":    {overHTTP("MCP_OIDC_ISSUER", "https://issuer.example"), []string{"MCP_AUTH: takes oidc where"}},
		"no issuer":          {overHTTP("MCP_AUTH", "oidc"), []string{"MCP_OIDC_ISSUER: takes an https URL", "MCP_RESOURCE_URL: takes an https URL"}},
		"issuer in the clear": {overHTTP("MCP_AUTH", "oidc", "MCP_OIDC_ISSUER", "http://"+canary+".example", "MCP_RESOURCE_URL", "https://a.example"),
			[]string{"MCP_OIDC_ISSUER: takes an https URL"}},
		"host with a port":    {overHTTP("MCP_ALLOWED_HOSTS", "calls.example.com:443"), []string{"MCP_ALLOWED_HOSTS: takes host names without ports"}},
		"any host":            {overHTTP("MCP_ALLOWED_HOSTS", "*"), []string{"MCP_ALLOWED_HOSTS: takes"}},
		"any origin":          {overHTTP("MCP_ALLOWED_ORIGINS", "*"), []string{"MCP_ALLOWED_ORIGINS: takes origins such as"}},
		"origin with a path":  {overHTTP("MCP_ALLOWED_ORIGINS", "https://a.example,https://b.example/"), []string{"MCP_ALLOWED_ORIGINS: takes"}},
		"unknown source":      {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_TOKEN_SOURCE": canary}, []string{"TALKOVER_TOKEN_SOURCE: takes server or client"}},
		"client over stdio":   {map[string]string{"TALKOVER_TOKEN_SOURCE": "client"}, []string{"TALKOVER_TOKEN_SOURCE: takes client only with MCP_TRANSPORT"}},
		"client and a token":  {overHTTP("TALKOVER_TOKEN_SOURCE", "client"), []string{"TALKOVER_TOKEN: takes nothing"}},
		"client and a file":   {map[string]string{"MCP_TRANSPORT": "http", "TALKOVER_TOKEN_SOURCE": "client", "TALKOVER_TOKEN_FILE": spaced}, []string{"TALKOVER_TOKEN: takes nothing"}},
		"client without gate": {map[string]string{"MCP_TRANSPORT": "http", "TALKOVER_TOKEN_SOURCE": "client", "MCP_ADDR": "0.0.0.0:0"}, []string{"MCP_ADDR: takes a loopback address"}},
		"no Valkey":           {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_VALKEY_URL": "https://:" + canary + "@valkey"}, []string{"TALKOVER_VALKEY_URL: takes a URL such as valkeys://"}},
		"no Valkey file":      {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_VALKEY_URL_FILE": "/nowhere/" + canary}, []string{"TALKOVER_VALKEY_URL_FILE: takes the path"}},
		"a token for Valkey":  {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_VALKEY_URL_FILE": spaced}, []string{"TALKOVER_VALKEY_URL_FILE: takes a URL"}},
		"two Valkeys":         {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_VALKEY_URL": "valkey://v", "TALKOVER_VALKEY_URL_FILE": spaced}, []string{"TALKOVER_VALKEY_URL_FILE: takes a path only"}},
		"Valkey and a folder": {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_VALKEY_URL": "valkey://v", "TALKOVER_CACHE_DIR": "/x"}, []string{"TALKOVER_CACHE_DIR: takes a path only"}},
		"no replicas":         {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_REPLICAS": "0"}, []string{"TALKOVER_REPLICAS: takes a whole number from 1 to 1000"}},
		"all at once": {map[string]string{"TALKOVER_TIMEOUT": "soon", "TALKOVER_TIMEZONE": "Mars", "MCP_TRANSPORT": "x", "LOG_LEVEL": "y"},
			[]string{"TALKOVER_TIMEOUT", "TALKOVER_TIMEZONE", "MCP_TRANSPORT", "LOG_LEVEL", "TALKOVER_TOKEN"}},
	} {
		_, err := config.Load(t.Context(), envconfig.MapLookuper(test.env))
		var faults config.Faults
		if !errors.As(err, &faults) || len(faults) != len(test.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, want := range test.want {
			if line := faults[i].String(); !strings.Contains(line, want) || strings.Contains(line, "\n") {
				t.Errorf("%s: line %q does not say %q", name, line, want)
			}
		}
		if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), gateToken) {
			t.Errorf("%s: the token is in %s", name, err)
		}
	}
}

// Other programs have other names for levels of the log.
func TestLogLevelsOfOtherPrograms(t *testing.T) {
	for level, want := range map[string]slog.Level{
		"debug": slog.LevelDebug, "trace": slog.LevelDebug, "TRACE": slog.LevelDebug, "Info": slog.LevelInfo, "WARN": slog.LevelWarn,
		"WARNING": slog.LevelWarn, "warning": slog.LevelWarn, "error": slog.LevelError, "Critical": slog.LevelError, "FATAL": slog.LevelError,
	} {
		c, err := config.Load(t.Context(), envconfig.MapLookuper(map[string]string{"TALKOVER_DEMO": "true", "LOG_LEVEL": level}))
		if log := c.Logger(io.Discard); err != nil || !log.Enabled(t.Context(), want) || log.Enabled(t.Context(), want-1) {
			t.Errorf("%s is not %v: %v", level, want, err)
		}
	}
}
