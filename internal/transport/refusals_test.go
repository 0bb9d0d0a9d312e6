package transport_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/transport"
)

// What headers and body say must not differ, whichever version the client speaks and
// whichever way it comes: a proxy that allows a tool by the header would allow another.
func TestHeadersMustNotContradictTheBody(t *testing.T) {
	asked, release := make(chan struct{}, 100), make(chan struct{})
	close(release)
	base := serve(t, httpserver.New(slow(asked, release), streamable))
	e := open(t, base)
	defer e.body.Close()
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`
	const read = `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"x://y"}}`
	for _, test := range []struct {
		name, body string
		headers    []string
		in         bool
	}{
		{"no headers", call, nil, true},
		{"both fit", call, []string{"Mcp-Method", "tools/call", "Mcp-Name", "wait"}, true},
		{"in Base64", call, []string{"Mcp-Name", "=?base64?d2FpdA==?="}, true},
		{"a name where none belongs", list, []string{"Mcp-Name", "wait"}, true},
		{"another name", call, []string{"Mcp-Name", "list_calls"}, false},
		{"another name in Base64", call, []string{"Mcp-Name", "=?base64?bGlzdA==?="}, false},
		{"bad Base64", call, []string{"Mcp-Name", "=?base64?*?="}, false},
		{"another method", call, []string{"Mcp-Method", "tools/list"}, false},
		{"a method in another case", call, []string{"Mcp-Method", "Tools/Call"}, false},
		{"the body names two", strings.Replace(call, `"name"`, `"name":"wait","Name":"other","x"`, 1), []string{"Mcp-Name", "wait"}, false},
		{"another address", read, []string{"Mcp-Name", "x://z"}, false},
		{"an address that fits", read, []string{"Mcp-Name", "x://y"}, true},
	} {
		for way, to := range map[string]string{"/mcp": base + "/mcp", "/message": e.message} {
			res := do(t, "POST", to, test.body, test.headers...)
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if mismatch := res.StatusCode == 400 && strings.Contains(string(body), "-32020"); mismatch == test.in {
				t.Errorf("%s, %s: %d %s", test.name, way, res.StatusCode, body)
			}
		}
	}
	twice, _ := http.NewRequestWithContext(t.Context(), "POST", base+"/mcp", strings.NewReader(call))
	twice.Header = http.Header{"Content-Type": {jsonType}, "Mcp-Name": {"wait", "other"}}
	res, err := http.DefaultTransport.RoundTrip(twice)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 400 {
		t.Errorf("two names: %d", res.StatusCode)
	}
}

// Errors and logs quote little of what a stranger writes, and nothing that cannot be seen.
func TestErrorsAndLogsQuoteLittle(t *testing.T) {
	long, hidden := strings.Repeat("secret", 1000), "secret\u202e\u200b\n"
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, Log: logger})
	base := serve(t, h)
	for _, word := range []string{long, hidden} {
		for what, m := range map[string]string{
			"a method":  fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{META}}`, word),
			"a tool":    fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,META}}`, word),
			"a prompt":  fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":%q,META}}`, word),
			"a version": fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":%q}}}`, word),
		} {
			bare := strings.ReplaceAll(strings.ReplaceAll(m, ",META", ""), "META", "")
			check := func(way, answer string) {
				t.Helper()
				if len(answer) > 600 || !strings.Contains(answer, `"error"`) || strings.ContainsAny(answer, "\u202e\u200b") || strings.Contains(answer, `\u202e`) {
					t.Errorf("%s over %s: %d bytes: %.300s", what, way, len(answer), answer)
				}
			}
			var out strings.Builder
			if err := transport.Stdio(t.Context(), plain(), strings.NewReader(bare+"\n"), &out, logger); err != nil {
				t.Fatal(err)
			}
			check("stdio", out.String())
			check("http", strings.Join(post(t, base, bare), ""))
			check("http of 2026-07-28", strings.Join(post(t, base, strings.Replace(m, "META", `"_meta":{`+modern+`}`, 1), "Accept", jsonType+", text/event-stream",
				"Mcp-Protocol-Version", "2026-07-28"), ""))
			e := open(t, base)
			if got := status(t, "POST", e.message, bare); got != 202 {
				t.Fatal(got)
			}
			check("sse", e.next())
			e.body.Close()
		}
	}
	if res := ask(h, strings.Repeat("SECRET", 1000), "/mcp", ""); res.StatusCode != 405 {
		t.Errorf("a long method of HTTP: %d", res.StatusCode)
	}
	if text := log.String(); strings.Contains(strings.ToLower(text), "secret") || !strings.Contains(text, `"method":"other"`) {
		t.Errorf("the log quotes it: %.300s", text)
	}
}

// A page of another site opens no stream, and sends no message, by an element that sends
// no Origin.
func TestPagesOfOtherSitesOpenNoStream(t *testing.T) {
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, Origins: []string{"https://app.example.com"}})
	base := serve(t, h)
	for _, test := range []struct {
		site, origin string
		want         int
	}{
		{"", "", 200}, {"none", "", 200}, {"same-origin", "", 200}, {"cross-site", "https://app.example.com", 200},
		{"cross-site", "", 403}, {"same-site", "", 403}, {"anything", "", 403}, {"cross-site", "https://evil.example", 403},
	} {
		headers := []string{"Sec-Fetch-Site", test.site}
		if test.origin != "" {
			headers = append(headers, "Origin", test.origin)
		}
		res := do(t, "GET", base+"/sse", "", headers...)
		res.Body.Close()
		if res.StatusCode != test.want {
			t.Errorf("%q from %q: %d, want %d", test.site, test.origin, res.StatusCode, test.want)
		}
		if res := do(t, "POST", base+"/mcp", list, headers...); res.StatusCode != test.want {
			t.Errorf("a message, %q from %q: %d, want %d", test.site, test.origin, res.StatusCode, test.want)
		}
	}
	if got := status(t, "GET", base+"/healthz", "", "Sec-Fetch-Site", "cross-site"); got != 200 {
		t.Errorf("a link to /healthz: %d", got)
	}
}

// OPTIONS * has no path, and passes the guard all the same.
func TestOptionsOfTheServerPassTheGuard(t *testing.T) {
	for host, want := range map[string]string{"evil.example": "403", "localhost": "404"} {
		inVirtualTime(t, plain(), func(t *testing.T, dial func() net.Conn, _ func()) {
			c := dial()
			defer c.Close()
			go func() { _, _ = io.WriteString(c, "OPTIONS * HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n") }()
			answer, _ := io.ReadAll(c)
			if !strings.HasPrefix(string(answer), "HTTP/1.1 "+want) || !strings.Contains(string(answer), "nosniff") {
				t.Errorf("%s: %.200s", host, answer)
			}
		})
	}
}
