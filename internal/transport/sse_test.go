package transport_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

// events is a stream that a client reads.
type events struct {
	t       testing.TB
	lines   *bufio.Scanner
	body    io.Closer
	message string // the URL for messages
}

// open opens a stream; headers come in pairs.
func open(t testing.TB, base string, headers ...string) *events {
	t.Helper()
	res := do(t, http.MethodGet, base+"/sse", "", headers...)
	if res.StatusCode != 200 {
		t.Fatalf("/sse is %d", res.StatusCode)
	}
	e := &events{t: t, lines: bufio.NewScanner(res.Body), body: res.Body}
	e.message = base + "/" + e.next()
	return e
}

// next is the data of the next event; empty at the end.
func (e *events) next() string {
	for e.lines.Scan() {
		if data, ok := strings.CutPrefix(e.lines.Text(), "data: "); ok {
			return data
		}
	}
	return ""
}

func do(t testing.TB, method, url, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", jsonType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func status(t testing.TB, method, url, body string, headers ...string) int {
	t.Helper()
	res := do(t, method, url, body, headers...)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// serve runs a server until the test ends, and waits for its end.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		s.Close()
	})
	return s.URL
}

const ping = `{"jsonrpc":"2.0","id":5,"method":"ping"}`

// The session of one caller is no use to another, be it known by the gate, by
// its Talkover token, or not at all.
func TestSessionIsItsCallersAlone(t *testing.T) {
	base := serve(t, httpserver.New(plain(), httpserver.Options{ClientTokens: true, Gate: gateOf(t, goodToken, otherToken)}))
	const auth, account = "Authorization", "X-Talkover-Token"
	mine := []string{auth, "Bearer " + goodToken, account, "talq_mine"}
	e := open(t, base, mine...)
	defer e.body.Close()
	for name, test := range map[string]struct {
		headers []string
		want    int
	}{
		"nobody":                    {nil, 401},
		"another caller":            {[]string{auth, "Bearer " + otherToken, account, "talq_mine"}, 404},
		"another account":           {[]string{auth, "Bearer " + goodToken, account, "talq_other"}, 404},
		"no account":                {[]string{auth, "Bearer " + goodToken}, 404},
		"an account that is no one": {[]string{auth, "Bearer " + goodToken, account, "Bearer talq_mine"}, 400},
	} {
		if got := status(t, "POST", e.message, ping, test.headers...); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if got := status(t, "POST", e.message, ping, mine...); got != 202 {
		t.Errorf("its own caller: %d", got)
	}
	if data := e.next(); !strings.Contains(data, `"id":5`) {
		t.Errorf("first event %s", data)
	}
}

// The tools behind see the token of each message, and no other secret of it.
func TestTokenTravelsWithTheRequest(t *testing.T) {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewToolWithRawSchema("who", "says who asks", []byte(`{"type":"object"}`)),
		func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(fmt.Sprintf("(%s) %q %q", auth.TalkoverToken(ctx).Reveal(),
				r.Header.Get("X-Talkover-Token"), r.Header.Get("Authorization"))), nil
		})
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"who"}}`
	for _, test := range []struct {
		bring bool
		want  string
	}{{true, `(talq_mine) \"\" \"\"`}, {false, `() \"\" \"\"`}} {
		base := serve(t, httpserver.New(s, httpserver.Options{Streamable: true, ClientTokens: test.bring, Gate: gateOf(t, goodToken)}))
		mine := []string{"Authorization", "Bearer " + goodToken, "X-Talkover-Token", "talq_mine"}
		res := do(t, "POST", base+"/mcp", call, mine...)
		if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), test.want) {
			t.Errorf("/mcp: no %s in %s", test.want, body)
		}
		res.Body.Close()
		e := open(t, base, mine...)
		if got := status(t, "POST", e.message, call, mine...); got != 202 {
			t.Fatal(got)
		}
		if data := e.next(); !strings.Contains(data, test.want) {
			t.Errorf("/sse: no %s in %s", test.want, data)
		}
		e.body.Close()
	}
}

// wires opens streams over bare connections, which cost a client next to nothing.
func wires(t testing.TB, base string, n int) []net.Conn {
	t.Helper()
	var all []net.Conn
	line := make([]byte, 512)
	for range n {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_, _ = io.WriteString(c, "GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
		got := ""
		for !strings.Contains(got, "sessionId=") && !strings.Contains(got, " 503 ") {
			n, err := c.Read(line)
			if err != nil {
				t.Fatal(err)
			}
			got += string(line[:n])
		}
		all = append(all, c)
	}
	return all
}

// memory is what the heap and the stacks take, in bytes.
func memory() int {
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

func TestAThousandStreamsAndNoMore(t *testing.T) {
	base := serve(t, httpserver.New(plain(), streamable))
	before := memory()
	conns := wires(t, base, 500)
	taken := memory() - before
	t.Logf("500 idle streams take %.1f MiB", float64(taken)/(1<<20))
	if taken > 40<<20 {
		t.Errorf("500 idle streams take %d bytes", taken)
	}
	conns = append(conns, wires(t, base, 500)...)
	if got := status(t, "GET", base+"/sse", ""); got != 503 {
		t.Errorf("stream 1001 is %d", got)
	}
	if got := status(t, "POST", base+"/mcp", list); got != 200 {
		t.Errorf("another client gets %d", got)
	}
	// One that leaves makes room.
	conns[0].Close()
	for status(t, "GET", base+"/healthz", "") == 200 {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", base+"/sse", nil)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == 200 {
			break
		}
	}
}

func TestGreetingsLeaveNothingBehind(t *testing.T) {
	base := serve(t, httpserver.New(plain(), streamable))
	greet := func(n int) {
		for range n {
			if got := status(t, "POST", base+"/mcp", initialize); got != 200 {
				t.Fatal(got)
			}
		}
	}
	greet(100)
	before := memory()
	greet(3000)
	if kept := memory() - before; kept > 1<<20 {
		t.Errorf("3,000 greetings leave %d bytes", kept)
	} else {
		t.Logf("3,000 greetings leave %d KiB", kept>>10)
	}
}

// Asked to end, the server answers on streams too what was asked, and closes them.
func TestServeAnswersStreamsBeforeItEnds(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- httpserver.New(slow(asked, release), streamable).Serve(ctx, ln) }()
	base := "http://" + ln.Addr().String()
	e, idle := open(t, base), open(t, base)
	defer e.body.Close()
	defer idle.body.Close()
	for id := range 8 {
		if got := status(t, "POST", e.message, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"wait"}}`, id)); got != 202 {
			t.Fatal(got)
		}
		<-asked
	}
	cancel()
	for { // until no connection is taken
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			break
		}
		c.Close()
	}
	close(release)
	for range 8 {
		if data := e.next(); !strings.Contains(data, "released") {
			t.Errorf("answer %q", data)
		}
	}
	if data := e.next() + idle.next(); data != "" {
		t.Errorf("after the end: %s", data)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// One that does not end in time does not hold the end up.
func TestServeEndsWithinTenSeconds(t *testing.T) {
	asked, release := make(chan struct{}, 2), make(chan struct{})
	inVirtualTime(t, slow(asked, release), func(_ *testing.T, dial func() net.Conn, end func()) {
		call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`
		c := dial()
		defer c.Close()
		go io.Copy(io.Discard, c) //nolint:errcheck // until it is closed
		fmt.Fprintf(c, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(call), call)
		<-asked
		end()
	})
}
