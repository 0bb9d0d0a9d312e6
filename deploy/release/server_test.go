package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// bundlesOf returns a folder with the bundles of a version. Each holds its own name.
func bundlesOf(t *testing.T, version string) string {
	t.Helper()
	folder := t.TempDir()
	for _, to := range targets(version) {
		if err := os.WriteFile(filepath.Join(folder, to.name()+".mcpb"), []byte(to.name()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// made returns the entry that the command server prints.
func made(t *testing.T, args ...string) entry {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), root, append([]string{"server"}, args...), &out); err != nil {
		t.Fatal(err)
	}
	var e entry
	if err := json.Unmarshal(out.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEntry(t *testing.T) {
	e := made(t, "-version", "1.2.3", "-bundles", bundlesOf(t, "1.2.3"))
	if e.Version != "1.2.3" || e.Name != registryName || e.Schema != registrySchema {
		t.Errorf("version %q, name %q, schema %q", e.Version, e.Name, e.Schema)
	}
	for what, words := range map[string]string{"description": e.Description, "title": e.Title} {
		if n := utf8.RuneCountInString(words); n == 0 || n > 100 {
			t.Errorf("the registry takes 1 to 100 characters of %s, not %d: %q", what, n, words)
		}
	}
	if len(e.Packages) != 7 {
		t.Fatalf("%d packages, want six bundles and an image", len(e.Packages))
	}
	// The registry demands this form of a GitHub release.
	form := regexp.MustCompile(`^https://github\.com/talkover/talkover-mcp/releases/download/v1\.2\.3/([^/]+)\.mcpb$`)
	seen := map[string]bool{}
	for _, p := range e.Packages[:6] {
		name := form.FindStringSubmatch(p.Identifier)
		if p.RegistryType != "mcpb" || name == nil || seen[p.Identifier] {
			t.Errorf("%s %q: no release file, or one named twice", p.RegistryType, p.Identifier)
			continue
		}
		seen[p.Identifier] = true
		if want := fmt.Sprintf("%x", sha256.Sum256([]byte(name[1]))); p.FileSHA256 != want {
			t.Errorf("%s: fileSha256 %q, want %q", name[1], p.FileSHA256, want)
		}
	}
	if p := e.Packages[6]; p.RegistryType != "oci" || p.Identifier != image+":1.2.3" || p.Version != "" || p.FileSHA256 != "" {
		t.Errorf("image: %+v", p)
	}
	for _, p := range e.Packages {
		if p.Transport.Type != "stdio" {
			t.Errorf("%s: transport %q", p.Identifier, p.Transport.Type)
		}
	}
	if !strings.HasPrefix(e.Icons[0].Src, sources+"/v1.2.3/") {
		t.Errorf("the icon is not that of the release: %q", e.Icons[0].Src)
	}
}

func TestEntryEnvironment(t *testing.T) {
	e := made(t, "-version", "1.2.3", "-bundles", bundlesOf(t, "1.2.3"))
	product := defaults(t)
	for _, p := range e.Packages {
		variables := map[string]variable{}
		for _, v := range p.Environment {
			variables[v.Name] = v
			if _, ok := product[v.Name]; !ok {
				t.Errorf("%s: %s is no setting of the product", p.Identifier, v.Name)
			}
			if v.IsSecret != (v.Name == "TALKOVER_TOKEN") {
				t.Errorf("%s: isSecret is %v", v.Name, v.IsSecret)
			}
			if strings.Contains(v.Value+v.Default, "${") {
				t.Errorf("%s: a placeholder of manifests: %+v", v.Name, v)
			}
			if v.Value == "" && v.Description == "" {
				t.Errorf("%s would be asked for without a word", v.Name)
			}
		}
		// This must override what the image or the machine sets.
		if v := variables["MCP_TRANSPORT"]; v.Value != "stdio" {
			t.Errorf("%s: MCP_TRANSPORT %+v", p.Identifier, v)
		}
		if v := variables["TALKOVER_CACHE_DIR"]; v.Format != "boolean" || v.Default != "false" {
			t.Errorf("%s: TALKOVER_CACHE_DIR %+v", p.Identifier, v)
		}
		if v := variables["TALKOVER_DEMO"]; v.Format != "boolean" || v.Default != "false" {
			t.Errorf("%s: TALKOVER_DEMO %+v", p.Identifier, v)
		}
		if v := variables["TALKOVER_TOKEN"]; v.Value != "" || v.Default != "" || v.Description == "" {
			t.Errorf("%s: TALKOVER_TOKEN %+v", p.Identifier, v)
		}
	}
}

func TestEntryImage(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0a", 32)
	folder := bundlesOf(t, "1.2.3")
	for _, ref := range []string{image + ":1.2.3", image + digest, image + ":1.2.3" + digest} {
		e := made(t, "-version", "1.2.3", "-bundles", folder, "-image", ref)
		if got := e.Packages[6].Identifier; got != ref {
			t.Errorf("image %q, want %q", got, ref)
		}
	}
	for _, ref := range []string{
		image, image + ":latest", image + ":1.2.4", image + "@sha256:0a", "ghcr.io/other/talkover-mcp:1.2.3",
		"docker.io/" + image + ":1.2.3", image + ":1.2.3 ",
	} {
		err := run(t.Context(), root, []string{"server", "-version", "1.2.3", "-bundles", folder, "-image", ref}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "-image: takes "+image+":1.2.3") {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func TestEntryWithoutABundle(t *testing.T) {
	folder := bundlesOf(t, "1.2.3")
	for _, name := range []string{"talkover-mcp_1.2.3_darwin_arm64.mcpb", "talkover-mcp_1.2.3_windows_amd64.mcpb"} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		err := run(t.Context(), root, []string{"server", "-version", "1.2.3", "-bundles", folder}, &out)
		if err == nil || !strings.Contains(err.Error(), name) || out.Len() > 0 {
			t.Errorf("without %s: %v, and %q was printed", name, err, &out)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, v := range []string{"0.1.0", "1.2.3", "10.20.30", "1.2.3-rc.1", "1.0.0-alpha", "0.0.1-SNAPSHOT-3e1093f", "1.0.0-0A.is.legal"} {
		if err := checkVersion(v); err != nil {
			t.Errorf("%q: %v", v, err)
		}
	}
	for _, v := range []string{
		"", "v1.2.3", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+build", "1.2.x", "^1.2.3", "latest", "1.2.3\n", "1.2.3/../x",
	} {
		if err := checkVersion(v); err == nil || !strings.Contains(err.Error(), "such as 1.2.3") {
			t.Errorf("%q: %v", v, err)
		}
	}
}

func TestSchema(t *testing.T) {
	folder, schemas := bundlesOf(t, "1.2.3"), t.TempDir()
	for _, try := range []struct{ name, schema, want string }{
		{"takes it", `{"required": ["name"], "properties": {"websiteUrl": {"format": "uri"}}}`, ""},
		{"does not", `{"properties": {"description": {"maxLength": 10}}}`, "/description"},
		{"of a format", `{"properties": {"title": {"format": "uri"}}}`, "/title"},
		{"none", `{`, "takes the path of a JSON schema"},
	} {
		t.Run(try.name, func(t *testing.T) {
			path := filepath.Join(schemas, try.name+".json")
			if err := os.WriteFile(path, []byte(try.schema), 0o644); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err := run(t.Context(), root, []string{"server", "-version", "1.2.3", "-bundles", folder, "-schema", path}, &out)
			switch {
			case try.want == "" && (err != nil || out.Len() == 0):
				t.Errorf("%v, %d bytes", err, out.Len())
			case try.want != "" && (err == nil || !strings.Contains(err.Error(), try.want) || out.Len() > 0):
				t.Errorf("%v, want %q; %d bytes were printed", err, try.want, out.Len())
			}
		})
	}
}

func TestCommands(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), root, []string{"help"}, &out); err != nil || out.String() != usage {
		t.Errorf("help: %v, %q", err, &out)
	}
	for _, args := range [][]string{nil, {"bundles"}} {
		if err := run(t.Context(), root, args, io.Discard); err == nil || !strings.Contains(err.Error(), "is no command") {
			t.Errorf("%q: %v", args, err)
		}
	}
	err := run(t.Context(), root, []string{"server"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-version is missing") || !strings.Contains(err.Error(), "-bundles is missing") {
		t.Errorf("server without flags: %v", err)
	}
}
