package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/internal/config"
)

// bundleManifest is what the bundles share. Hosts show the settings of user_config to the user.
type bundleManifest struct {
	Screenshots []string
	Server      struct {
		Config struct{ Env map[string]string } `json:"mcp_config"`
	}
	Options map[string]struct {
		Title, Description  string
		Required, Sensitive bool
		Default             any
	} `json:"user_config"`
}

func manifestOfBundles(t *testing.T) (m bundleManifest) {
	t.Helper()
	b, err := os.ReadFile("deploy/bundle/manifest.template.json")
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A bundle that is installed and left alone does what the program does without settings, and every setting does
// something.
func TestBundleSettings(t *testing.T) {
	t.Parallel()
	m := manifestOfBundles(t)
	used := map[string]bool{}
	for name, value := range m.Server.Config.Env {
		all := config.All()
		i := slices.IndexFunc(all, func(s config.Setting) bool { return s.Env == name })
		if i < 0 {
			t.Errorf("%s is not a setting of the program", name)
			continue
		}
		if rest, asked := strings.CutPrefix(value, "${user_config."); asked {
			key := strings.TrimSuffix(rest, "}")
			used[key], value = true, fmt.Sprint(m.Options[key].Default)
		}
		if value != all[i].Default {
			t.Errorf("%s is %q where nothing is set; the program's default is %q", name, value, all[i].Default)
		}
	}
	readme, err := os.ReadFile("deploy/bundle/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for key, o := range m.Options {
		if !used[key] {
			t.Errorf("user_config %q reaches no environment variable", key)
		}
		if o.Default == nil { // Claude Desktop: modelcontextprotocol/mcpb issue 250
			t.Errorf("%s has no default: hosts would hand over ${user_config.%s}", key, key)
		}
		if o.Required {
			t.Errorf("%s is required: a host would not start the demo without it", key)
		}
		if o.Sensitive != (key == "token") {
			t.Errorf("%s: sensitive is %v", key, o.Sensitive)
		}
		if o.Description == "" || !bytes.Contains(readme, []byte("| "+o.Title+" |")) {
			t.Errorf("%s: no description, or the README of the bundle does not tell of %q", key, o.Title)
		}
	}
}

// The environment of a host could turn these on. The bundle turns them off, as its page on privacy says.
func TestBundleSendsNothingElse(t *testing.T) {
	t.Parallel()
	env := manifestOfBundles(t).Server.Config.Env
	for name, want := range map[string]string{"MCP_METRICS_ADDR": "", "MCP_TRANSPORT": "stdio",
		"TALKOVER_ALLOW_CALLS": "false"} {
		if value, ok := env[name]; !ok || value != want {
			t.Errorf("%s is %q (there: %v), want %q", name, value, ok, want)
		}
	}
}

// Hosts want an icon of 512x512, and directories screenshots of 1000 or more across. Nobody wants big ones.
func TestBundlePictures(t *testing.T) {
	t.Parallel()
	files := []string{"deploy/bundle/icon.png"}
	for _, name := range manifestOfBundles(t).Screenshots {
		files = append(files, "docs/images/"+path.Base(name))
	}
	if len(files) != 3 {
		t.Errorf("%q, want an icon and two screenshots", files)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := png.DecodeConfig(bytes.NewReader(b))
		isIcon := strings.HasSuffix(name, "icon.png")
		fits := c.Width >= 1000 && len(b) <= 150<<10
		if isIcon {
			fits = c.Width == 512 && c.Height == 512 && len(b) <= 30<<10
		}
		if err != nil || !fits {
			t.Errorf("%s: %dx%d, %d bytes, %v", name, c.Width, c.Height, len(b), err)
		}
	}
}
