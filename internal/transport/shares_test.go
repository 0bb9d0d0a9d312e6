package transport_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
)

// asCaller sends a request as a caller of the gate does, and returns its answer.
func asCaller(h http.Handler, token, method, target, body string) *http.Response {
	return ask(h, method, target, body, "Authorization", "Bearer "+token)
}

// What one caller sends beyond its share is refused on every route, with the time after
// which it is taken; another caller feels nothing of it.
func TestRequestsAMinuteOfACallerAreBounded(t *testing.T) {
	gate := gateOf(t, goodToken+" ann", otherToken+" bob")
	for _, target := range []string{"POST /mcp", "POST /message?sessionId=1", "GET /sse"} {
		synctest.Test(t, func(t *testing.T) {
			h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gate, RateLimit: 6})
			method, path, _ := strings.Cut(target, " ")
			for n := range 6 {
				if res := asCaller(h, goodToken, "POST", "/mcp", list); res.StatusCode != 200 {
					t.Fatalf("%s: number %d is %d", target, n, res.StatusCode)
				}
			}
			body := ""
			if method == "POST" {
				body = list
			}
			res := asCaller(h, goodToken, method, path, body)
			if res.StatusCode != 429 || res.Header.Get("Retry-After") != "10" {
				t.Errorf("%s: one more is %d, Retry-After %q", target, res.StatusCode, res.Header.Get("Retry-After"))
			}
			if res := asCaller(h, otherToken, "POST", "/mcp", list); res.StatusCode != 200 {
				t.Errorf("another caller: %d", res.StatusCode)
			}
			time.Sleep(10 * time.Second)
			if res := asCaller(h, goodToken, "POST", "/mcp", list); res.StatusCode != 200 {
				t.Errorf("%s: after that time: %d", target, res.StatusCode)
			}
		})
	}
	for name, o := range map[string]httpserver.Options{"no limit": {Streamable: true, Gate: gate}, "no gate": {Streamable: true, RateLimit: 6}} {
		h := httpserver.New(plain(), o)
		for range 20 {
			if res := asCaller(h, goodToken, "POST", "/mcp", list); res.StatusCode != 200 {
				t.Fatalf("%s: %d", name, res.StatusCode)
			}
		}
	}
}

// Callers without a gate are told apart by their Talkover token.
func TestCallersAreToldApartByTheirTalkoverToken(t *testing.T) {
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, ClientTokens: true, RateLimit: 1})
	for _, test := range []struct {
		token string
		want  int
	}{{"talq_a", 200}, {"talq_a", 429}, {"talq_b", 200}} {
		if res := ask(h, "POST", "/mcp", list, "X-Talkover-Token", test.token); res.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", test.token, res.StatusCode, test.want)
		}
	}
}

// A hundred requests of a caller may be under way, over streams as well.
func TestRequestsInFlightOfACallerAreBounded(t *testing.T) {
	for _, way := range []string{"/mcp", "/sse"} {
		asked, release := make(chan struct{}, 200), make(chan struct{})
		base := serve(t, httpserver.New(slow(asked, release), httpserver.Options{Streamable: true, Gate: gateOf(t, goodToken, otherToken)}))
		mine, theirs := []string{"Authorization", "Bearer " + goodToken}, []string{"Authorization", "Bearer " + otherToken}
		done := make(chan int, 100)
		to := base + "/mcp"
		if way == "/sse" {
			e := open(t, base, mine...)
			defer e.body.Close()
			to = e.message
		}
		const call = `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"wait"}}`
		for id := range 100 {
			if way == "/sse" {
				if got := status(t, "POST", to, fmt.Sprintf(call, id), mine...); got != 202 {
					t.Fatalf("%s: number %d is %d", way, id, got)
				}
				continue
			}
			go func() { done <- status(t, "POST", to, fmt.Sprintf(call, id), mine...) }()
		}
		for range map[string]int{"/mcp": 100, "/sse": 32}[way] { // a stream runs 32 at once, and the others wait
			<-asked
		}
		res := do(t, "POST", to, ping, mine...)
		res.Body.Close()
		if res.StatusCode != 429 || res.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: one more is %d", way, res.StatusCode)
		}
		if got := status(t, "POST", base+"/mcp", ping, theirs...); got != 200 {
			t.Errorf("%s: another caller: %d", way, got)
		}
		close(release)
		if way == "/mcp" {
			for range 100 {
				if got := <-done; got != 200 {
					t.Errorf("a call that was let in: %d", got)
				}
			}
		}
		for got := 0; got != 200; got = status(t, "POST", base+"/mcp", ping, mine...) { // as soon as they have ended
			if got != 0 && got != 429 {
				t.Fatalf("%s: afterwards: %d", way, got)
			}
		}
	}
}

// inStreams opens streams in virtual time and calls test.
func inStreams(t *testing.T, s func() *server.MCPServer, o httpserver.Options, test func(h *httpserver.Server, open func(token string) net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ln := pipes{make(chan net.Conn), make(chan struct{})}
		h := httpserver.New(s(), o)
		ended := make(chan error)
		go func() { ended <- h.Serve(ctx, ln) }()
		var all []net.Conn
		test(h, func(token string) net.Conn {
			c := ln.dial()
			all = append(all, c)
			_, _ = io.WriteString(c, "GET /sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token+"\r\n\r\n")
			return c
		})
		for _, c := range all {
			c.Close()
		}
		cancel()
		<-ended
	})
}

// statusLine reads the status of an answer, and lets the rest come.
func statusLine(t *testing.T, c net.Conn) string {
	t.Helper()
	line := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(c, line); err != nil {
		t.Error(err)
	}
	go func() { _, _ = io.Copy(io.Discard, c) }()
	return string(line)
}

// One caller may hold a tenth of all streams.
func TestStreamsOfACallerAreBounded(t *testing.T) {
	inStreams(t, plain, httpserver.Options{Gate: gateOf(t, goodToken, otherToken)}, func(_ *httpserver.Server, open func(string) net.Conn) {
		var first net.Conn
		for range 100 {
			c := open(goodToken)
			if got := statusLine(t, c); got != "HTTP/1.1 200" {
				t.Fatal(got)
			}
			if first == nil {
				first = c
			}
		}
		if got := statusLine(t, open(goodToken)); got != "HTTP/1.1 429" {
			t.Errorf("one more is %s", got)
		}
		if got := statusLine(t, open(otherToken)); got != "HTTP/1.1 200" {
			t.Errorf("another caller: %s", got)
		}
		first.Close()
		synctest.Wait()
		if got := statusLine(t, open(goodToken)); got != "HTTP/1.1 200" {
			t.Errorf("when one has ended: %s", got)
		}
	})
}

// A stream on which nothing happens for an hour ends. A message, and a call that goes on,
// keep it.
func TestUnusedStreamsEndAfterAnHour(t *testing.T) {
	var release chan struct{}
	calls := func() *server.MCPServer {
		release = make(chan struct{})
		return slow(make(chan struct{}, 1), release)
	}
	inStreams(t, calls, httpserver.Options{}, func(h *httpserver.Server, open func(string) net.Conn) {
		head := make([]byte, 1024)
		c := open("")
		var to string
		for to == "" {
			n, err := c.Read(head)
			if err != nil {
				t.Fatal(err)
			}
			if _, rest, ok := strings.Cut(string(head[:n]), "data: "); ok {
				to, _, _ = strings.Cut("/"+rest, "\r\n")
			}
		}
		go func() { _, _ = io.Copy(io.Discard, c) }()
		for range 3 {
			time.Sleep(50 * time.Minute)
			if res := ask(h, "POST", to, ping); res.StatusCode != 202 {
				t.Fatalf("a message after 50 minutes: %d", res.StatusCode)
			}
		}
		if res := ask(h, "POST", to, waitCall); res.StatusCode != 202 {
			t.Fatalf("a call: %d", res.StatusCode)
		}
		time.Sleep(2 * time.Hour)
		if h.Sessions() != 1 {
			t.Error("a stream with a call under way has ended")
		}
		close(release)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if h.Sessions() != 0 {
			t.Error("an unused stream is still open")
		}
	})
}

const waitCall = `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"wait"}}`
