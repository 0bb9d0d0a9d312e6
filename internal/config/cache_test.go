package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/config"
)

// The folder of kept days is a path, or the switch of a desktop host: its own folder among
// the caches of the user, or none.
func TestTheFolderOfKeptDaysMayBeASwitch(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} { // of all systems
		t.Setenv(name, home)
	}
	caches, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"true": filepath.Join(caches, "talkover-mcp"), "false": "", "": "", "/kept/days": "/kept/days"} {
		c, err := config.Load(t.Context(), envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN": "talq_one", "TALKOVER_CACHE_DIR": value}))
		if err != nil || string(c.CacheDir) != want {
			t.Errorf("%q is the folder %q, want %q: %v", value, c.CacheDir, want, err)
		}
	}
	if c, err := config.Load(t.Context(), envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN": "talq_one"})); err != nil || c.CacheDir != "" {
		t.Errorf("where nothing is set, days are kept in %q: %v", c.CacheDir, err)
	}
}
