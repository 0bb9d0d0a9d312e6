package deploy_test

import (
	"strings"
	"testing"
)

// .ci/proxies runs nginx with this file. This test holds what a run does not show, also where there is no nginx.
func TestNginx(t *testing.T) {
	text := string(read(t, deploy, "nginx.conf"))
	for _, want := range []string{
		"listen 443 ssl;", `add_header Strict-Transport-Security "max-age=31536000" always;`, "proxy_set_header Host $http_host;",
		"proxy_buffering off;", "proxy_set_header Connection close;", "ip_hash;", "location / {\n\t\treturn 404;\n\t}",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it has no %q", want)
		}
	}
	for line := range strings.Lines(text) {
		directive, _, _ := strings.Cut(line, "#")
		if strings.Contains(directive, "non_idempotent") {
			t.Errorf("a call could be placed twice: %s", line)
		}
		if strings.Contains(directive, "server talkover") && !strings.Contains(directive, "max_fails=0") {
			t.Errorf("nginx would avoid a server that is back: %s", line)
		}
	}
}
