package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// No request by plain http goes to a proxy, which could read the token in it, however this
// machine is called: to the API, or to the issuer of logins.
func TestNothingInTheClearGoesToAProxy(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		seen.Add(1)
		http.Error(w, "seen", http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	var asked atomic.Int64
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/"):
			r.Header.Set("Authorization", "Bearer "+sandbox.Token)
			account.ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
			_, _ = io.WriteString(w, `{"issuer":"http://`+r.Host+`","jwks_uri":"http://`+r.Host+`/keys"}`)
		case r.URL.Path == "/keys":
			_, _ = io.WriteString(w, `{"keys":[]}`)
		}
	}))
	t.Cleanup(there.Close)
	at, _ := url.Parse(there.URL)
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST", "LocalHost", "localhost.", "LOCALHOST."} {
		base := "http://" + host + ":" + at.Port()
		env := []string{"HTTP_PROXY=" + proxy.URL, "http_proxy=" + proxy.URL, "HTTPS_PROXY=" + proxy.URL,
			"LOG_FORMAT=json",
			"TALKOVER_TOKEN=" + canary, "TALKOVER_BASE_URL=" + base + "/api/v1"}
		before := asked.Load()
		out, err := command(t, env, "call", "list_agents").CombinedOutput()
		if strings.HasSuffix(host, ".") && asked.Load() == before {
			continue // not every machine finds the name with a dot
		}
		if err != nil || asked.Load() == before {
			t.Errorf("%s: %v %s", base, err, out)
		}
		before = asked.Load()
		oidc := append(env, "MCP_AUTH=oidc", "MCP_OIDC_ISSUER="+base,
			"MCP_RESOURCE_URL=https://calls.example.com/mcp", "MCP_TRANSPORT=http", "MCP_ADDR=127.0.0.1:0")
		if out, err := command(t, oidc, "doctor").CombinedOutput(); err != nil ||
			asked.Load() < before+3 { // issuer, keys, API
			t.Errorf("%s: %d requests of the doctor, %v %s", base, asked.Load()-before, err, out)
		}
	}
	if n := seen.Load(); n > 0 {
		t.Errorf("the proxy has seen %d requests", n)
	}
}
