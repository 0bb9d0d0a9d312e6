package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"image/png"
	"os"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root holds the files of the repository.
var root = os.DirFS("../..")

// defaults returns the settings of the product with their defaults, from the tags of its Config.
func defaults(t *testing.T) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../../internal/config/settings.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		if env := reflect.StructTag(tag).Get("env"); env != "" {
			name, value, _ := strings.Cut(env, ", default=")
			all[name] = value
		}
		return true
	})
	if len(all) == 0 {
		t.Fatal("no settings found")
	}
	return all
}

func template(t *testing.T) (manifest, map[string]option) {
	t.Helper()
	m, err := readTemplate(root)
	if err != nil {
		t.Fatal(err)
	}
	options, err := m.options()
	if err != nil {
		t.Fatal(err)
	}
	return m, options
}

func TestEnvironmentIsTheProducts(t *testing.T) {
	m, options := template(t)
	product := defaults(t)
	used := map[string]bool{}
	for name, value := range m.Server.Config.Env {
		preset, ok := product[name]
		if !ok {
			t.Errorf("%s is no setting of the product", name)
		}
		key, asked := optionOf(value)
		if asked {
			o, ok := options[key]
			if !ok {
				t.Errorf("%s is of %q, which user_config does not have", name, key)
			}
			used[key] = true
			value = fmt.Sprint(o.Default)
		}
		if value != preset {
			t.Errorf("%s is %q where nothing is set; the product's default is %q", name, value, preset)
		}
	}
	for key := range options {
		if !used[key] {
			t.Errorf("user_config %q reaches no environment variable", key)
		}
	}
}

// The environment of a host could turn these on. The bundle turns them off, as PRIVACY.md says.
func TestBundleSendsNothingElse(t *testing.T) {
	m, _ := template(t)
	for name, want := range map[string]string{
		"MCP_METRICS_ADDR": "", "MCP_TRANSPORT": "stdio", "TALKOVER_ALLOW_CALLS": "false",
	} {
		if value, ok := m.Server.Config.Env[name]; !ok || value != want {
			t.Errorf("%s is %q (there: %v), want %q", name, value, ok, want)
		}
	}
}

func TestOptions(t *testing.T) {
	m, options := template(t)
	var raw map[string]map[string]any
	if err := json.Unmarshal(m.UserConfig, &raw); err != nil {
		t.Fatal(err)
	}
	for key, o := range options {
		if _, ok := raw[key]["default"]; !ok {
			t.Errorf("%s has no default: hosts would hand over ${user_config.%s}", key, key)
		}
		if o.Required {
			t.Errorf("%s is required: a host would not start the demo without it", key)
		}
		if o.Sensitive != (key == "token") {
			t.Errorf("%s: sensitive is %v", key, o.Sensitive)
		}
		if o.Title == "" || o.Description == "" {
			t.Errorf("%s has no words", key)
		}
	}
	readme, err := os.ReadFile("../bundle/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		if !strings.Contains(string(readme), "| "+o.Title+" |") {
			t.Errorf("README.md of the bundle does not tell of %q", o.Title)
		}
	}
}

func TestTemplateHasNoVersion(t *testing.T) {
	m, _ := template(t)
	if m.Version != "" || m.Server.EntryPoint != "" || m.Tools != nil || m.Prompts != nil {
		t.Errorf("the template says what a release says: %+v", m)
	}
	err := decode([]byte(`{"name": "x", "nmae": "y"}`), &m)
	if err == nil || !strings.Contains(err.Error(), "nmae") {
		t.Errorf("a misspelt name in the template: %v", err)
	}
}

func TestManifest(t *testing.T) {
	for _, to := range []struct {
		target
		platform, program string
	}{
		{target{"linux", "amd64", "1.2.3"}, "linux", "server/talkover-mcp"},
		{target{"darwin", "arm64", "1.2.3-rc.1"}, "darwin", "server/talkover-mcp"},
		{target{"windows", "arm64", "1.2.3"}, "win32", "server/talkover-mcp.exe"},
	} {
		t.Run(to.name(), func(t *testing.T) {
			b, err := to.manifest(t.Context(), root)
			if err != nil {
				t.Fatal(err)
			}
			var m manifest
			if err := decode(b, &m); err != nil {
				t.Fatal(err)
			}
			if m.Version != to.version {
				t.Errorf("version %q", m.Version)
			}
			if m.Server.EntryPoint != to.program || m.Server.Config.Command != "${__dirname}/"+to.program {
				t.Errorf("entry point %q, command %q", m.Server.EntryPoint, m.Server.Config.Command)
			}
			if !slices.Equal(m.Compatibility.Platforms, []string{to.platform}) {
				t.Errorf("platforms %q", m.Compatibility.Platforms)
			}
		})
	}
}

func TestManifestDeclaresTheServer(t *testing.T) {
	m := manifest{Version: "1.2.3"}
	if err := m.declare(t.Context()); err != nil {
		t.Fatal(err)
	}
	listed := func(name string) bool {
		return slices.ContainsFunc(m.Tools, func(d declaredTool) bool { return d.Name == name && d.Description != "" })
	}
	if !listed("list_calls") || !listed("get_call_stats") {
		t.Errorf("tools that are missing or have no words: %+v", m.Tools)
	}
	if listed("make_call") {
		t.Error("make_call is listed, which the manifest's environment turns off")
	}
	i := slices.IndexFunc(m.Prompts, func(d declaredPrompt) bool { return d.Name == "daily_report" })
	if i < 0 {
		t.Fatalf("no daily_report: %+v", m.Prompts)
	}
	if got := m.Prompts[i].Arguments; !slices.Equal(got, []string{"date", "agent"}) {
		t.Errorf("arguments of daily_report: %q", got)
	}
	for _, p := range m.Prompts {
		if p.Description == "" || !strings.Contains(p.Text, p.Description) {
			t.Errorf("%s: text %q", p.Name, p.Text)
		}
		for _, a := range p.Arguments {
			if !strings.Contains(p.Text, "${arguments."+a+"}") {
				t.Errorf("%s: the text leaves out %s: %q", p.Name, a, p.Text)
			}
		}
	}
}

func TestIcon(t *testing.T) {
	b, err := os.ReadFile("../bundle/icon.png")
	if err != nil {
		t.Fatal(err)
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if c.Width != 512 || c.Height != 512 || len(b) > 30<<10 {
		t.Errorf("%dx%d, %d bytes; hosts want 512x512, and nobody a big one", c.Width, c.Height, len(b))
	}
}

// Directories show the screenshots that the manifest names. The bundle and the front page have the same ones.
func TestScreenshots(t *testing.T) {
	m, err := readTemplate(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Screenshots) != 2 {
		t.Errorf("screenshots %q, want two", m.Screenshots)
	}
	for _, name := range m.Screenshots {
		b, err := os.ReadFile("../../docs/images/" + path.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := png.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			t.Fatal(name, err)
		}
		if c.Width < 1000 || len(b) > 150<<10 {
			t.Errorf("%s: %dx%d, %d bytes; directories want 1000 or more across, and a front page less than 150 KiB", name, c.Width, c.Height, len(b))
		}
	}
}
