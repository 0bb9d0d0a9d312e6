package config

import (
	"errors"
	"log/slog"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/valkey"
)

// readValkey returns the URL of the server that replicas share; zero for none.
func (c Config) readValkey(wrong *Faults) talkover.Secret {
	raw, from, ok := wrong.valueOrFile("TALKOVER_VALKEY_URL", c.ValkeyURL, c.ValkeyURLFile)
	switch {
	case !ok || c.Demo: // the demo has nothing to share
		return talkover.Secret{}
	case raw == "" && from == "TALKOVER_VALKEY_URL":
		return talkover.Secret{}
	}
	if c.CacheDir != "" {
		wrong.add("TALKOVER_CACHE_DIR", "takes a path only where %s is not set: replicas keep their days there", from)
	}
	url, err := parseValkey(raw)
	if err != nil {
		wrong.add(from, "%s", err)
	}
	return url
}

// parseValkey reads the URL of a server.
func parseValkey(raw string) (talkover.Secret, error) {
	if err := valkey.CheckURL(raw); err != nil {
		return talkover.Secret{}, errors.New("takes a URL such as valkeys://user:password@host:6379/0: " + err.Error())
	}
	return talkover.NewSecret(raw), nil
}

// Shared connects to what replicas share, for at most a second; nil where that is not
// set. The caller closes it. A server that is away is no error: this program begins alone.
func (c Config) Shared(log *slog.Logger) (*valkey.Server, error) {
	if c.valkey.IsZero() {
		return nil, nil
	}
	o := valkey.Options{URL: c.valkey, Replicas: c.Replicas, Log: log}
	if c.ValkeyURLFile != "" {
		o.Renewed = newChanging("TALKOVER_VALKEY_URL_FILE", c.ValkeyURLFile, c.valkey, parseValkey, log).now
	}
	return valkey.Open(o)
}
