package transport_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"

	"github.com/talkover/talkover-mcp/internal/httpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// slow is a server with one tool, which waits until it is released or cancelled.
func slow(asked chan<- struct{}, release <-chan struct{}) *server.MCPServer {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewToolWithRawSchema("wait", "waits", []byte(`{"type":"object"}`)),
		func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			asked <- struct{}{}
			select {
			case <-release:
				return mcp.NewToolResultText("released"), nil
			case <-ctx.Done():
				return mcp.NewToolResultError("cancelled"), nil
			}
		})
	return s
}

var streamable = httpserver.Options{Streamable: true}

func plain() *server.MCPServer { return slow(nil, nil) }

const (
	jsonType = "application/json"
	list     = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
)

func TestGuardOnEveryRoute(t *testing.T) {
	s := httptest.NewServer(httpserver.New(plain(), streamable))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := net.SplitHostPort(host)
	for _, test := range []struct {
		name, method, path, host, origin, kind, body string
		want                                         int
	}{
		{"a call", "POST", "/mcp", "", "", jsonType, list, 200},
		{"a call of a page of ours", "POST", "/mcp", "", "http://" + host, jsonType, list, 200},
		{"by another name of ours", "POST", "/mcp", "localhost:" + port, "http://localhost:" + port, jsonType, list, 200},
		{"the first look", "GET", "/", "", "", "", "", 200},
		{"by IPv6", "POST", "/mcp", "[::1]:" + port, "", jsonType, list, 200},
		{"with a charset", "POST", "/mcp", "", "", "application/json; charset=utf-8", list, 200},
		{"health", "GET", "/healthz", "", "", "", "", 200},
		{"health by HEAD", "HEAD", "/healthz", "", "", "", "", 200},

		{"foreign host", "POST", "/mcp", "evil.example", "", jsonType, list, 403},
		{"foreign host with our port", "POST", "/mcp", "evil.example:" + port, "", jsonType, list, 403},
		{"a host that starts like ours", "POST", "/mcp", "127.0.0.1.evil.example", "", jsonType, list, 403},
		{"foreign host on a stream", "GET", "/sse", "evil.example", "", "", "", 403},
		{"foreign host on a message", "POST", "/message?sessionId=1", "evil.example", "", jsonType, list, 403},
		{"foreign host on health", "GET", "/healthz", "evil.example", "", "", "", 403},
		{"foreign host on nothing", "GET", "/nothing", "evil.example", "", "", "", 403},

		{"foreign origin", "POST", "/mcp", "", "https://evil.example", jsonType, list, 403},
		{"foreign origin on a stream", "GET", "/sse", "", "https://evil.example", "", "", 403},
		{"foreign origin on a message", "POST", "/message?sessionId=1", "", "https://evil.example", jsonType, list, 403},
		{"foreign origin on health", "GET", "/healthz", "", "https://evil.example", "", "", 403},
		{"foreign origin asks first", "OPTIONS", "/mcp", "", "https://evil.example", "", "", 403},
		{"origin of another port", "POST", "/mcp", "", "http://127.0.0.1:1", jsonType, list, 403},
		{"origin null", "POST", "/mcp", "", "null", jsonType, list, 403},

		{"another method", "PUT", "/mcp", "", "", jsonType, list, 405},
		{"a stream where there is none", "GET", "/mcp", "", "", "", "", 405},
		{"the end of no session", "DELETE", "/mcp", "", "", "", "", 405},
		{"a post to a stream", "POST", "/sse", "", "", jsonType, list, 405},
		{"a get of a message", "GET", "/message?sessionId=1", "", "", "", "", 405},
		{"a post to health", "POST", "/healthz", "", "", jsonType, list, 405},
		{"options", "OPTIONS", "/mcp", "", "", "", "", 405},
		{"no such path", "GET", "/nothing", "", "", "", "", 404},
		{"a slash at the end", "POST", "/mcp/", "", "", jsonType, list, 200},
		{"two slashes at the end", "POST", "/mcp//", "", "", jsonType, list, 404},
		{"a longer path", "POST", "/mcp/x", "", "", jsonType, list, 404},
		{"a path with dots", "POST", "/x/../mcp", "", "", jsonType, list, 404},

		{"text", "POST", "/mcp", "", "", "text/plain", list, 415},
		{"a form", "POST", "/mcp", "", "", "application/x-www-form-urlencoded", list, 415},
		{"no type", "POST", "/mcp", "", "", "", list, 415},
		{"text in a message", "POST", "/message?sessionId=1", "", "", "text/plain", list, 415},
		{"too much", "POST", "/mcp", "", "", jsonType, list + strings.Repeat(" ", 64<<10), 413},
		{"too much in a message", "POST", "/message?sessionId=1", "", "", jsonType, list + strings.Repeat(" ", 64<<10), 413},
		{"no such session", "POST", "/message?sessionId=1", "", "", jsonType, list, 404},
		{"another's cancellation", "POST", "/mcp", "", "", jsonType, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, 202},
	} {
		r, err := http.NewRequest(test.method, s.URL+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = test.host
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if test.kind != "" {
			r.Header.Set("Content-Type", test.kind)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != test.want {
			t.Errorf("%s: %s %s is %d, want %d: %s", test.name, test.method, test.path, res.StatusCode, test.want, body)
		}
		if res.StatusCode == 405 && res.Header.Get("Allow") == "" {
			t.Errorf("%s: 405 without Allow", test.name)
		}
		if h := res.Header; h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", test.name, h)
		}
	}
}

// With lists, what is on them gets in, on every route, and nothing else does.
func TestAllowedHostsAndOrigins(t *testing.T) {
	const host, origin = "calls.example.com", "https://app.example.com"
	h := httpserver.New(plain(), httpserver.Options{
		Streamable: true, Hosts: []string{host}, Origins: []string{origin, "http://localhost:6274"},
	})
	for _, route := range []struct {
		method, path string
		want         int // where nothing is wrong
	}{
		{"POST", "/mcp", 200}, {"POST", "/message?sessionId=1", 404}, {"GET", "/healthz", 200}, {"HEAD", "/readyz", 200},
		{"GET", "/mcp", 405}, {"POST", "/sse", 405}, {"DELETE", "/message", 405}, {"PUT", "/healthz", 405}, {"GET", "/", 200}, {"GET", "/nothing", 404},
	} {
		for _, test := range []struct {
			host, origin string
			in           bool
		}{
			{host, "", true}, {host + ":8443", "", true}, {"CALLS.example.com.", "", true}, {"127.0.0.1:8080", "", true}, {"[::1]", "", true},
			{host, origin, true}, {host, "http://localhost:6274", true}, {"localhost", origin, true},
			{host, "https://" + host, true}, {host + ":8443", "https://" + host + ":8443", true},

			{"evil.example", "", false}, {"", "", false}, {"0.0.0.0:8080", "", false}, {"x." + host, "", false}, {host + ".evil.example", "", false},
			{"169.254.169.254", "", false}, {"127.0.0.1@evil.example", "", false},
			{host, "https://evil.example", false}, {host, "http://app.example.com", false}, {host, origin + ":444", false},
			{host, origin + ".evil.example", false}, {host, "https://x.app.example.com", false}, {host, "null", false}, {host, "*", false},
			{host, "http://localhost", false}, {host + ":8443", "https://" + host, false}, {"evil.example", origin, false},
		} {
			body, headers := "", []string{}
			if route.method == "POST" {
				body = list
			}
			if test.origin != "" {
				headers = []string{"Origin", test.origin}
			}
			r := httptest.NewRequest(route.method, route.path, strings.NewReader(body))
			r.Host = test.host
			r.Header.Set("Content-Type", jsonType)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			want := route.want
			if !test.in {
				want = 403
			}
			if w.Code != want {
				t.Errorf("%s %s of %q from %q: %d, want %d", route.method, route.path, test.host, test.origin, w.Code, want)
			}
			listed := test.in && (test.origin == origin || test.origin == "http://localhost:6274")
			if got := w.Header().Get("Access-Control-Allow-Origin"); listed && got != test.origin || !listed && got != "" {
				t.Errorf("%s %s from %q is open to %q", route.method, route.path, test.origin, got)
			}
		}
	}
	// A page on the list may ask first; another learns nothing.
	res := ask(h, "OPTIONS", "/mcp", "", "Origin", origin, "Access-Control-Request-Method", "POST")
	if a := res.Header.Get("Access-Control-Allow-Headers"); res.StatusCode != 204 || !strings.Contains(a, "X-Talkover-Token") ||
		res.Header.Get("Access-Control-Allow-Methods") != "POST" || res.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
	}
	for _, headers := range [][]string{{"Origin", "https://evil.example"}, {"Origin", origin, "Origin", "https://evil.example"}} {
		if res := ask(h, "OPTIONS", "/mcp", "", headers...); res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight from %q: %d %v", headers, res.StatusCode, res.Header)
		}
	}
}

func TestEachAnswerHasAnID(t *testing.T) {
	var log strings.Builder
	h := httpserver.New(plain(), httpserver.Options{
		Streamable: true, Log: slog.New(httpserver.LogRequests(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
	})
	if id := ask(h, "POST", "/mcp", list, "X-Request-Id", "proxy-7.A_b").Header.Get("X-Request-Id"); id != "proxy-7.A_b" {
		t.Errorf("the proxy's id became %q", id)
	}
	if !strings.Contains(log.String(), `"request":"proxy-7.A_b"`) || !strings.Contains(log.String(), `"path":"/mcp"`) {
		t.Errorf("log %s", log.String())
	}
	seen := map[string]bool{}
	for _, given := range []string{"", "a b", "x\"}", strings.Repeat("x", 65), "\u202e"} {
		res := ask(h, "GET", "/secret-gone-astray?token="+goodToken, "", "X-Request-Id", given)
		id := res.Header.Get("X-Request-Id")
		body, _ := io.ReadAll(res.Body)
		if id == given || len(id) < 8 || seen[id] || !strings.Contains(string(body), id) {
			t.Errorf("%q became %q in %d %s", given, id, res.StatusCode, body)
		}
		seen[id] = true
	}
	if strings.Contains(log.String(), "astray") || strings.Contains(log.String(), goodToken) {
		t.Errorf("log %s", log.String())
	}
}

func TestReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked int
		var state error
		h := httpserver.New(plain(), httpserver.Options{Ready: func(context.Context) error { asked++; return state }})
		probe := func(want int) {
			t.Helper()
			for range 3 {
				if res := ask(h, "GET", "/readyz", ""); res.StatusCode != want {
					t.Errorf("%d, want %d", res.StatusCode, want)
				}
			}
		}
		probe(200)
		state = errors.New("down")
		time.Sleep(9 * time.Second) // of virtual time, as all here
		probe(200)
		time.Sleep(2 * time.Second)
		probe(503)
		state = nil
		time.Sleep(11 * time.Second)
		probe(200)
		if asked != 3 {
			t.Errorf("asked %d times in 22 s", asked)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.Serve(ctx, pipes{make(chan net.Conn), make(chan struct{})}); err != nil {
			t.Error(err)
		}
		probe(503)
		if res := ask(h, "GET", "/healthz", ""); res.StatusCode != 200 {
			t.Errorf("healthz while ending: %d", res.StatusCode)
		}
		if res := ask(h, "GET", "/sse", ""); res.StatusCode != 503 {
			t.Errorf("a stream while ending: %d", res.StatusCode)
		}
	})
}

// For DrainDelay after the order to end, balancers hear that they should go elsewhere, and
// what they still send is answered, on connections that they do not use again.
func TestDrainDelayServesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := pipes{make(chan net.Conn), make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		h := httpserver.New(plain(), httpserver.Options{Streamable: true, DrainDelay: 5 * time.Second})
		go func() { ended <- h.Serve(ctx, ln) }()
		ask := func(request string) *http.Response {
			t.Helper()
			c := ln.dial()
			defer c.Close()
			go func() { _, _ = io.WriteString(c, request) }()
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		call := fmt.Sprintf("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(list), list)
		const ready, stream = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n"
		if res := ask(call); res.StatusCode != 200 || res.Close {
			t.Errorf("before: %s, closed %t", res.Status, res.Close)
		}
		cancel()
		start := time.Now()
		for range 2 {
			time.Sleep(2 * time.Second) // of virtual time
			for request, want := range map[string]int{call: 200, stream: 200, ready: 503} {
				if res := ask(request); res.StatusCode != want || !res.Close {
					t.Errorf("%v after the order, %.9s: %s, closed %t", time.Since(start), request, res.Status, res.Close)
				}
			}
		}
		if err := <-ended; err != nil || time.Since(start) < 5*time.Second || time.Since(start) > 15*time.Second {
			t.Errorf("ended after %v: %v", time.Since(start), err)
		}
	})
}

func TestStreamIsOpenToNoOtherOrigin(t *testing.T) {
	h := httpserver.New(plain(), httpserver.Options{})
	s := httptest.NewServer(h)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/sse", nil)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Access-Control-Allow-Origin") != "" || res.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	// Without streamable there is no /mcp.
	post, err := http.Post(s.URL+"/mcp", jsonType, strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	post.Body.Close()
	if post.StatusCode != http.StatusNotFound {
		t.Errorf("/mcp of sse alone is %d", post.StatusCode)
	}
}

// pipes is a listener whose connections are in memory, so that time can be
// synctest's.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.done); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
func (p pipes) dial() net.Conn {
	mine, theirs := net.Pipe()
	p.conns <- theirs
	return mine
}

// inVirtualTime serves over pipes in a bubble of virtual time. The server is asked
// to end by end, or when the test is over; it must be gone 10 s later.
func inVirtualTime(t *testing.T, s *server.MCPServer, test func(t *testing.T, dial func() net.Conn, end func())) {
	synctest.Test(t, func(t *testing.T) {
		ln := pipes{make(chan net.Conn), make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- httpserver.New(s, streamable).Serve(ctx, ln) }()
		test(t, ln.dial, cancel)
		cancel()
		start := time.Now()
		if err := <-ended; err != nil || time.Since(start) > 10*time.Second {
			t.Errorf("ended after %v: %v", time.Since(start), err)
		}
	})
}

func TestHalfARequestIsDroppedAfterTenSeconds(t *testing.T) {
	for name, half := range map[string]string{
		"half a header": "POST /mcp HTTP/1.1\r\nHost: localhost\r\n",
		"half a body":   "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	} {
		inVirtualTime(t, plain(), func(t *testing.T, dial func() net.Conn, _ func()) {
			c := dial()
			defer c.Close()
			start := time.Now()
			go func() { _, _ = io.WriteString(c, half) }()
			answer, err := io.ReadAll(c)
			// After an answer, Go 1.27 leaves a client half a second to read it.
			if took := time.Since(start); took < 10*time.Second || took > 10500*time.Millisecond || err != nil {
				t.Errorf("%s: dropped after %v: %v", name, took, err)
			}
			if strings.Contains(half, "{") && !strings.Contains(string(answer), "408") {
				t.Errorf("%s: answer %q", name, answer)
			}
		})
	}
}

func TestClientThatDoesNotReadIsDroppedAfterFifteenSeconds(t *testing.T) {
	inVirtualTime(t, plain(), func(t *testing.T, dial func() net.Conn, _ func()) {
		c := dial()
		defer c.Close()
		start := time.Now()
		_, _ = io.WriteString(c, "GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
		time.Sleep(16 * time.Second) // of virtual time
		synctest.Wait()
		if _, err := c.Write([]byte("x")); err == nil {
			t.Errorf("the connection is still open after %v", time.Since(start))
		}
	})
}

// One client's cancellation must not end another's call with the same id.
func TestCancellationOfAnotherClient(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(httpserver.New(slow(asked, release), streamable))
	defer s.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	answer := make(chan string)
	go func() {
		res, err := http.Post(s.URL+"/mcp", jsonType, strings.NewReader(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wait"}}`))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	<-asked
	res, err := http.Post(s.URL+"/mcp", jsonType, strings.NewReader(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	close(release)
	if a := <-answer; !strings.Contains(a, "released") {
		t.Errorf("the call ended with %s", a)
	}
}

func TestServeAnswersCallsInFlightBeforeItEnds(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() { ended <- httpserver.New(slow(asked, release), streamable).Serve(ctx, ln) }()
	c, err := client.NewStreamableHttpClient("http://" + ln.Addr().String() + "/mcp")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := make(chan *mcp.CallToolResult, 1)
	go func() {
		defer close(answer)
		var r mcp.CallToolRequest
		r.Params.Name = "wait"
		if err := c.Start(t.Context()); err != nil {
			t.Error(err)
			return
		}
		if _, err := c.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
			t.Error(err)
			return
		}
		result, err := c.CallTool(t.Context(), r)
		if err != nil {
			t.Error(err)
			return
		}
		answer <- result
	}()
	<-asked
	cancel()
	close(release)
	result := <-answer
	if result == nil || result.Content[0].(mcp.TextContent).Text != "released" {
		t.Errorf("answer %v", result)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
