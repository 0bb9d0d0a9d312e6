package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
)

// replica is a server that runs until it is stopped.
type replica struct {
	addr string
	stop func() error
}

func newReplica(t *testing.T, s *server.MCPServer) replica {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- httpserver.New(s, streamable).Serve(ctx, ln) }()
	return replica{ln.Addr().String(), sync.OnceValue(func() error { cancel(); return <-ended })}
}

// balancer sends requests to replicas in turn. The calls of this test may be
// repeated, so one that a replica did not answer goes to the next.
type balancer struct {
	mu    sync.Mutex
	addrs []string
	next  int
	took  map[string]int // answers by replica
}

func (b *balancer) replace(from, to string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addrs[slices.Index(b.addrs, from)] = to
}

func (b *balancer) turn() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	return b.addrs[b.next%len(b.addrs)]
}

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for range 3 {
		addr := b.turn()
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.Host = "http", addr, addr
		out.Body = io.NopCloser(bytes.NewReader(body))
		res, err := http.DefaultTransport.RoundTrip(out)
		if err == nil {
			b.mu.Lock()
			b.took[addr]++
			b.mu.Unlock()
			return res, nil
		}
	}
	return nil, errors.New("no replica answers")
}

// A session goes on while one of two replicas behind a proxy is replaced.
func TestSessionOutlivesAReplica(t *testing.T) {
	asked, release := make(chan struct{}, 1), make(chan struct{})
	echo := func(s *server.MCPServer) *server.MCPServer {
		s.AddTool(mcp.NewToolWithRawSchema("echo", "echoes", []byte(`{"type":"object"}`)),
			func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultText(fmt.Sprint(r.GetArguments()["n"])), nil
			})
		return s
	}
	first, second := newReplica(t, echo(slow(asked, release))), newReplica(t, echo(slow(asked, release)))
	b := &balancer{addrs: []string{first.addr, second.addr}, took: map[string]int{}}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, Transport: b})
	defer proxy.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	c, err := client.NewStreamableHttpClient(proxy.URL + "/mcp")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	call := func(name string, n int) string {
		var r mcp.CallToolRequest
		r.Params.Name, r.Params.Arguments = name, map[string]any{"n": n}
		result, err := c.CallTool(t.Context(), r)
		if err != nil {
			return err.Error()
		}
		return result.Content[0].(mcp.TextContent).Text
	}
	var third replica
	for n := range 100 {
		switch n {
		case 40: // goes, with a call in flight on one of the two
			waited := make(chan string)
			go func() { waited <- call("wait", n) }()
			<-asked
			stopped := make(chan error)
			go func() { stopped <- first.stop() }()
			for i := range 10 {
				if got := call("echo", i); got != fmt.Sprint(i) {
					t.Errorf("while a replica ends: %s", got)
				}
			}
			close(release)
			if got := <-waited; got != "released" {
				t.Errorf("the call in flight: %s", got)
			}
			if err := <-stopped; err != nil {
				t.Error(err)
			}
		case 60: // another comes
			third = newReplica(t, echo(plain()))
			b.replace(first.addr, third.addr)
		}
		if got := call("echo", n); got != fmt.Sprint(n) {
			t.Errorf("call %d: %s", n, got)
		}
	}
	for _, r := range []replica{first, second, third} {
		if b.took[r.addr] < 15 {
			t.Errorf("a replica took %d calls", b.took[r.addr])
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for _, r := range []replica{second, third} {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	}
}
