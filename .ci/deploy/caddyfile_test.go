package deploy_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// caddyBlocks returns the directives of the global options, of the snippet and of the one site of the Caddyfile.
func caddyBlocks(t *testing.T) (options, snippet, site map[string]string) {
	t.Helper()
	t.Setenv("PUBLIC_HOST", "calls.example.com")
	content := read(t, deploy, "Caddyfile")
	if warning, ok := caddyfile.FormattingDifference("Caddyfile", content); ok {
		t.Errorf("line %d: %s", warning.Line, warning.Message)
	}
	// The parser puts a snippet where it is imported, so what the snippet says is read by itself.
	text := string(content)
	start, end := strings.Index(text, "(servers) {"), strings.Index(text, "\n}\n\n# Caddy passes")
	if start < 0 || end < start {
		t.Fatal("there is no snippet of servers")
	}
	alone, err := caddyfile.Parse("Caddyfile", []byte("servers {"+text[start+len("(servers) {"):end+2]+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := caddyfile.Parse(filepath.Join(deploy, "Caddyfile"), content)
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 2 || len(blocks[0].Keys) != 0 || !slices.Equal(blocks[1].GetKeysText(), []string{"calls.example.com"}) {
		t.Fatalf("%d blocks, want the options and the site of PUBLIC_HOST, which has TLS by itself", len(blocks))
	}
	return directives(blocks[0]), directives(alone[0]), directives(blocks[1])
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
	options, servers, site := caddyBlocks(t)
	if options["admin"] != "off\n" {
		t.Errorf("admin is %q", options["admin"])
	}
	if !strings.Contains(options["log"], "request>headers>X-Talkover-Token delete") {
		t.Errorf("the log may have tokens of callers: %s", options["log"])
	}
	if !strings.Contains(site["header"], "Strict-Transport-Security max-age=31536000") {
		t.Errorf("no HSTS: %q", site["header"])
	}
	for name, open := range map[string]string{
		"@calls":    "path /mcp /mcp/ /register /.well-known/oauth-protected-resource /.well-known/oauth-protected-resource/*\n",
		"@sessions": "path /sse /sse/ /message\n",
	} {
		if site[name] != open {
			t.Errorf("open to the world: %q, want %q", site[name], open)
		}
	}
	const rest = "{ respond 404 }\n"
	if handle := site["handle"]; strings.Count(handle, "reverse_proxy") != 2 || !strings.HasSuffix(handle, rest) {
		t.Errorf("handled: %q", handle)
	}
	if !strings.Contains(site["handle"], "lb_policy ip_hash") {
		t.Error("a message may miss the server of its session")
	}
	if !strings.HasPrefix(servers["dynamic"], "a talkover-mcp 8080 ") {
		t.Errorf("the servers are %q", servers["dynamic"])
	}
	if !strings.Contains(servers["transport"], "keepalive 60s") {
		t.Error("Caddy keeps idle connections as long as the server or longer, and would send into closed ones")
	}
	if wait, err := time.ParseDuration(strings.TrimSpace(servers["lb_try_duration"])); err != nil || wait <= drain*time.Second {
		t.Errorf("Caddy tries for %q, and a server that ends may take no connection for %d s", servers["lb_try_duration"], drain)
	}
	for where, words := range map[string]string{"site": site["handle"], "servers": strings.Join(slices.Collect(maps.Keys(servers)), " ")} {
		for word, why := range map[string]string{
			"flush_interval": "with -1 a call goes on after its client has left",
			"lb_retry_match": "it would have calls placed twice",
		} {
			if strings.Contains(words, word) {
				t.Errorf("%s has %s: %s", where, word, why)
			}
		}
	}
}
