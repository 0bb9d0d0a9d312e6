package deploy_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// caddyBlocks returns the directives of the global options and of the one site of the Caddyfile.
func caddyBlocks(t *testing.T) (options, site map[string]string) {
	t.Helper()
	t.Setenv("PUBLIC_HOST", "calls.example.com")
	content := read(t, deploy, "Caddyfile")
	if warning, ok := caddyfile.FormattingDifference("Caddyfile", content); ok {
		t.Errorf("line %d: %s", warning.Line, warning.Message)
	}
	blocks, err := caddyfile.Parse(filepath.Join(deploy, "Caddyfile"), content)
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 2 || len(blocks[0].Keys) != 0 || !slices.Equal(blocks[1].GetKeysText(), []string{"calls.example.com"}) {
		t.Fatalf("%d blocks, want the options and the site of PUBLIC_HOST, which has TLS by itself", len(blocks))
	}
	return directives(blocks[0]), directives(blocks[1])
}

// directives returns the words of each directive of a block. It joins those of a directive that occurs more than once.
func directives(block caddyfile.ServerBlock) map[string]string {
	all := map[string]string{}
	for _, segment := range block.Segments {
		var words []string
		for _, token := range segment[1:] {
			words = append(words, token.Text)
		}
		all[segment.Directive()] += strings.Join(words, " ") + "\n"
	}
	return all
}

func TestCaddyfile(t *testing.T) {
	options, site := caddyBlocks(t)
	if options["admin"] != "off\n" {
		t.Errorf("admin is %q", options["admin"])
	}
	if !strings.Contains(options["log"], "request>headers>X-Talkover-Token delete") {
		t.Errorf("the log may have tokens of callers: %s", options["log"])
	}
	if !strings.Contains(site["header"], "Strict-Transport-Security max-age=31536000") {
		t.Errorf("no HSTS: %q", site["header"])
	}
	const (
		open = "path /mcp /sse /message /.well-known/oauth-protected-resource /.well-known/oauth-protected-resource/*\n"
		rest = "{ respond 404 }\n"
	)
	if site["@clients"] != open {
		t.Errorf("open to the world: %q, want %q", site["@clients"], open)
	}
	if handle := site["handle"]; !strings.HasPrefix(handle, "@clients { reverse_proxy talkover-mcp:8080 ") || !strings.HasSuffix(handle, rest) {
		t.Errorf("handled: %q", handle)
	}
	if strings.Contains(site["handle"], "flush_interval") {
		t.Error("with flush_interval -1 a call goes on after its client has left")
	}
	if !strings.Contains(site["handle"], "keepalive 60s") {
		t.Error("Caddy keeps idle connections as long as the server or longer, and would send into closed ones")
	}
}
