package config_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/pflag"

	"github.com/talkover/talkover-mcp/internal/config"
)

// Flags override the environment, one that stands alone is true, and a value is
// checked like that of a variable.
func TestFlagsOverrideTheEnvironment(t *testing.T) {
	env := envconfig.MapLookuper(map[string]string{"MCP_TRANSPORT": "sse", "MCP_ADDR": "127.0.0.1:1", "TALKOVER_DEMO": "true"})
	for args, want := range map[string]string{
		"":                               "sse 127.0.0.1:1",
		"-transport http -addr [::1]:80": "http [::1]:80",
		"--transport=http --demo":        "http 127.0.0.1:1",
		"-demo=false":                    "TALKOVER_TOKEN: takes a Talkover API token, which is missing (to try without one: -demo)",
		"-transport pigeon":              "MCP_TRANSPORT: takes stdio, sse or http",
	} {
		var flags pflag.FlagSet
		over := config.AddFlags(&flags)
		if err := flags.Parse(config.TwoDashes(strings.Fields(args))); err != nil {
			t.Errorf("%s: %v", args, err)
		}
		c, err := config.Load(t.Context(), envconfig.MultiLookuper(over, env))
		got := string(c.Transport) + " " + c.Addr
		if err != nil {
			got = err.Error()
		}
		if got != want || err == nil && !c.Demo {
			t.Errorf("%q makes %s, want %s", args, got, want)
		}
	}
}

func TestOneDashIsAsGoodAsTwo(t *testing.T) {
	for args, want := range map[string]string{
		"-demo call --json x=-y -h": "--demo call --json x=-y -h",
		"-addr=:80 -v -v=true -":    "--addr=:80 -v -v=true -",
		"call -demo -- -json":       "call --demo -- -json",
	} {
		given := strings.Fields(args)
		if diff := gocmp.Diff(strings.Fields(want), config.TwoDashes(given)); diff != "" {
			t.Error(diff)
		}
		if diff := gocmp.Diff(strings.Fields(args), given); diff != "" {
			t.Errorf("the arguments themselves changed: %s", diff)
		}
	}
}
