package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// A proxy puts /phone before the paths of the server, and clients of SSE still find where
// to send messages.
func TestSSEUnderAPathPrefix(t *testing.T) {
	t.Parallel()
	base, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	to, _ := url.Parse(base)
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	front := httptest.NewServer(http.StripPrefix("/phone", proxy))
	t.Cleanup(front.Close)
	for _, at := range []string{front.URL + "/phone/sse", front.URL + "/phone/sse/", front.URL + "/phone/sse?x=/",
		base + "/sse", base + "/sse/"} {
		c, err := client.NewSSEMCPClient(at)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(at, err)
		}
		if _, err := c.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
			t.Errorf("%s: %v", at, err)
		}
		c.Close()
	}
}
