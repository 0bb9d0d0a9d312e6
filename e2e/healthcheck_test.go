package e2e

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/cli"
	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

// A health check passes the guard and the gate of the server without a token, and finds
// the server even where that listens on every address.
func TestHealthcheckOfAServer(t *testing.T) {
	t.Parallel()
	gate, err := auth.NewTokens(gateToken)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(httpserver.New(server.NewMCPServer("test", "1"), httpserver.Options{Gate: gate}))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
	}{
		"by its address": {map[string]string{"MCP_TRANSPORT": "http", "MCP_ADDR": "127.0.0.1:" + port}, nil},
		"everywhere":     {map[string]string{"MCP_TRANSPORT": "sse", "MCP_ADDR": "0.0.0.0:" + port}, nil},
		"IPv6":           {map[string]string{"MCP_TRANSPORT": "http", "MCP_ADDR": "[::]:" + port}, nil},
		"no host":        {map[string]string{"MCP_TRANSPORT": "http", "MCP_ADDR": ":" + port}, nil},
		"by flags":       {nil, []string{"-transport", "http", "-addr", "localhost:" + port}},
		"by -addr alone": {nil, []string{"-addr", "localhost:" + port}},
		"bad settings": {overHTTP("MCP_ADDR", "127.0.0.1:"+port, "MCP_AUTH", "token", "TALKOVER_TOKEN",
			"Bearer "+canary, "TALKOVER_TIMEOUT", "soon"), nil},
	} {
		if code, stdout, stderr := try(t, test.env, append(test.args, "healthcheck")...); code != cli.Success ||
			stdout+stderr != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", name, code, stdout, stderr)
		}
	}
}

func TestHealthcheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := closed.Addr().String()
	closed.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			http.Redirect(w, r, "/login", http.StatusFound)
		}
	}))
	defer other.Close()
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"stdio": {nil, "over stdio there is nothing to ask; give it the address of the server"},
		"nobody": {map[string]string{"MCP_TRANSPORT": "http", "MCP_ADDR": dead},
			dead + " does not answer: "},
		"a redirect": {map[string]string{"MCP_TRANSPORT": "http",
			"MCP_ADDR": other.Listener.Addr().String()}, "answers 302 at /healthz, where the server answers 200"},
		"unknown transport": {map[string]string{"MCP_TRANSPORT": "pigeon"}, "MCP_TRANSPORT: takes stdio, sse or http"},
		"no port": {map[string]string{"MCP_TRANSPORT": "http", "MCP_ADDR": "127.0.0.1"},
			"MCP_ADDR: takes host:port"},
	} {
		code, stdout, stderr := try(t, test.env, "healthcheck")
		if code != cli.Failed || stdout != "" || strings.Count(stderr, "\n") != 1 ||
			!strings.HasPrefix(stderr, "talkover-mcp: healthcheck: ") || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", name, code, stdout, stderr)
		}
	}
}

func TestHealthcheckDoesNotWaitForSilence(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // its queue takes connections that nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out, errs bytes.Buffer
	p := &cli.Program{Version: version, Env: envconfig.MapLookuper(overHTTP("MCP_ADDR", silent.Addr().String())),
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	if code := p.Run(ctx, []string{"healthcheck"}); code != cli.Failed ||
		!strings.Contains(errs.String(), "does not answer within") {
		t.Errorf("exit %d, %s", code, errs.String())
	}
}
