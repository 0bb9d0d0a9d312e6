package transport_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/transport"
)

// patient is a server with one tool, which tells when it begins and then waits for
// its cancellation, which it tells too.
type patient struct{ begun, ended chan int }

func newPatient() patient { return patient{make(chan int, 1000), make(chan int, 1000)} }

func (p patient) server() *server.MCPServer {
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewToolWithRawSchema("wait", "waits", []byte(`{"type":"object"}`)),
		func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			id := int(r.Params.Meta.ProgressToken.(float64))
			p.begun <- id
			<-ctx.Done()
			p.ended <- id
			return mcp.NewToolResultText("too late"), nil
		})
	return s
}

// wait waits for n calls, or fails where one does not come.
func wait(t *testing.T, what string, calls <-chan int, n int) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for i := range n {
		select {
		case <-calls:
		case <-late:
			t.Fatalf("%d of %d calls %s", i, n, what)
		}
	}
}

// cancelled is the notification that cancels a request.
func cancelled(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d,"reason":"the user pressed Escape"}}`, id)
}

// A client cancels 200 calls, some as soon as they are sent and some that run. Their
// work ends, and no answer comes.
func TestCancelledCallsEndAndAreNotAnswered(t *testing.T) {
	const calls = 200
	// Of each two calls, the first is cancelled at once and the second when it runs.
	// One that is cancelled before it has begun need not begin.
	run := func(t *testing.T, p patient, send func(string)) {
		t.Helper()
		for id := 1; id <= calls; id += 2 {
			send(call(id, "wait", ""))
			send(cancelled(id))
			send(call(id+1, "wait", ""))
			for begun := 0; begun != id+1; {
				select {
				case begun = <-p.begun:
				case <-time.After(2 * time.Minute):
					t.Fatalf("call %d did not begin", id+1)
				}
			}
			send(cancelled(id + 1))
		}
	}
	t.Run("stdio", func(t *testing.T) {
		p := newPatient()
		in, client := io.Pipe()
		reader, out := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- transport.Stdio(t.Context(), p.server(), in, out, quiet)
			out.Close()
		}()
		go func() {
			run(t, p, func(m string) { fmt.Fprintln(client, m) })
			wait(t, "ended", p.ended, calls)
			fmt.Fprintln(client, ping)
			client.Close()
		}()
		lines := bufio.NewScanner(reader)
		for lines.Scan() {
			if !strings.Contains(lines.Text(), `"result":{}`) {
				t.Errorf("a cancelled call is answered: %s", lines.Text())
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Run("sse", func(t *testing.T) {
		p := newPatient()
		base := serve(t, httpserver.New(p.server(), httpserver.Options{}))
		e := open(t, base)
		defer e.body.Close()
		send := func(m string) {
			if got := status(t, http.MethodPost, e.message, m); got != http.StatusAccepted {
				t.Errorf("%s: %d", m, got)
			}
		}
		run(t, p, send)
		wait(t, "ended", p.ended, calls)
		send(ping)
		if data := e.next(); !strings.Contains(data, `"result":{}`) {
			t.Errorf("a cancelled call is answered: %s", data)
		}
	})
	t.Run("http", func(t *testing.T) {
		p := newPatient()
		base := serve(t, httpserver.New(p.server(), streamable))
		session := sessionOf(t, base)
		answers := make(chan []string, calls)
		for id := range calls {
			go func() { answers <- post(t, base, call(id, "wait", ""), "Mcp-Session-Id", session) }()
			wait(t, "began", p.begun, 1)
			if got := status(t, http.MethodPost, base+"/mcp", cancelled(id), "Mcp-Session-Id", session); got != http.StatusAccepted {
				t.Errorf("cancellation of %d: %d", id, got)
			}
			wait(t, "ended", p.ended, 1)
			if answer := <-answers; len(answer) != 0 {
				t.Errorf("a cancelled call is answered: %q", answer)
			}
		}
	})
}

// sessionOf greets a server over HTTP as a client of 2025 does, and returns the id
// of its session.
func sessionOf(t testing.TB, base string, headers ...string) string {
	t.Helper()
	res := do(t, http.MethodPost, base+"/mcp", initialize, headers...)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	id := res.Header.Get("Mcp-Session-Id")
	if res.StatusCode != http.StatusOK || len(id) < 32 {
		t.Fatalf("greeting: %d, session %q", res.StatusCode, id)
	}
	return id
}

// Whoever leaves is no longer worked for, in each revision of MCP.
func TestCallsEndWithTheirRequest(t *testing.T) {
	const calls = 200
	for name, client := range map[string]struct {
		meta    string
		headers []string
	}{"2025-11-25": {}, "2026-07-28": {modern, modernHeaders("wait")}} {
		t.Run(name, func(t *testing.T) {
			p := newPatient()
			base := serve(t, httpserver.New(p.server(), streamable))
			for id := range calls {
				ctx, leave := context.WithCancel(t.Context())
				left := make(chan struct{})
				go func() {
					defer close(left)
					r, _ := http.NewRequestWithContext(ctx, http.MethodPost, base+"/mcp", strings.NewReader(call(id, "wait", client.meta)))
					r.Header.Set("Content-Type", jsonType)
					for i := 0; i < len(client.headers); i += 2 {
						r.Header.Set(client.headers[i], client.headers[i+1])
					}
					if res, err := http.DefaultTransport.RoundTrip(r); err == nil {
						res.Body.Close()
						t.Errorf("call %d: answered with %d", id, res.StatusCode)
					}
				}()
				wait(t, "began", p.begun, 1)
				leave()
				wait(t, "ended", p.ended, 1)
				<-left
			}
		})
	}
}

// A stream that ends takes its calls with it.
func TestCallsEndWithTheirStream(t *testing.T) {
	p := newPatient()
	base := serve(t, httpserver.New(p.server(), httpserver.Options{}))
	e := open(t, base)
	for id := range 20 {
		if got := status(t, http.MethodPost, e.message, call(id, "wait", "")); got != http.StatusAccepted {
			t.Fatal(got)
		}
	}
	wait(t, "began", p.begun, 20)
	e.body.Close()
	wait(t, "ended", p.ended, 20)
}

// A caller cancels none but its own calls, whatever it knows of another's.
func TestOneCallersCancellationEndsNoOthersCall(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	base := serve(t, httpserver.New(slow(asked, release), httpserver.Options{
		Streamable: true, Gate: gateOf(t, goodToken, otherToken), SessionKey: []byte("a key that replicas share"),
	}))
	mine, theirs := []string{"Authorization", "Bearer " + goodToken}, []string{"Authorization", "Bearer " + otherToken}
	session, another := sessionOf(t, base, mine...), sessionOf(t, base, mine...)
	foreign := sessionOf(t, base, theirs...)
	answer := make(chan []string, 1)
	go func() { answer <- post(t, base, call(7, "wait", ""), append(mine, "Mcp-Session-Id", session)...) }()
	<-asked
	forged := session[:len(session)-1] + "A"
	if forged == session {
		forged = session[:len(session)-1] + "B"
	}
	for name, headers := range map[string][]string{
		"nobody":                             {"Mcp-Session-Id", session},
		"another caller, without a session":  theirs,
		"another caller, in its own session": append(theirs, "Mcp-Session-Id", foreign),
		"another caller, in mine":            append(theirs, "Mcp-Session-Id", session),
		"another client of mine":             append(mine, "Mcp-Session-Id", another),
		"a forged session":                   append(mine, "Mcp-Session-Id", forged),
		"another caller, of 2026-07-28":      append(theirs, "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "notifications/cancelled"),
	} {
		want := http.StatusAccepted
		if name == "nobody" {
			want = http.StatusUnauthorized
		}
		if got := status(t, http.MethodPost, base+"/mcp", cancelled(7), headers...); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	// The same request of another caller, in a session that it has stolen, is its own.
	theirAnswer := make(chan []string, 1)
	go func() {
		theirAnswer <- post(t, base, call(7, "wait", ""), append(theirs, "Mcp-Session-Id", session)...)
	}()
	<-asked
	close(release)
	for _, a := range [][]string{<-answer, <-theirAnswer} {
		if len(a) != 1 || !strings.Contains(a[0], "released") {
			t.Errorf("the call ended with %q", a)
		}
	}
}

// A cancellation that reaches another replica has no effect, and no error. A replica
// with the same key knows the session.
func TestReplicasKnowEachOthersSessions(t *testing.T) {
	key := []byte("a key that replicas share")
	replica := func(key []byte, p patient) string {
		return serve(t, httpserver.New(p.server(), httpserver.Options{Streamable: true, SessionKey: key}))
	}
	p, stranger := newPatient(), newPatient()
	first, second, other := replica(key, p), replica(key, p), replica([]byte("another key"), stranger)
	session := sessionOf(t, first)
	answer := make(chan []string, 1)
	go func() { answer <- post(t, second, call(1, "wait", ""), "Mcp-Session-Id", session) }()
	wait(t, "began", p.begun, 1)
	for _, base := range []string{first, other, second} {
		if got := status(t, http.MethodPost, base+"/mcp", cancelled(1), "Mcp-Session-Id", session); got != http.StatusAccepted {
			t.Errorf("cancellation: %d", got)
		}
	}
	wait(t, "ended", p.ended, 1)
	if a := <-answer; len(a) != 0 {
		t.Errorf("a cancelled call is answered: %q", a)
	}
	// With another key the session is none: its calls run, but cannot be cancelled.
	if got := status(t, http.MethodPost, other+"/mcp", list, "Mcp-Session-Id", session); got != http.StatusOK {
		t.Errorf("a session of another key: %d", got)
	}
}

// Over HTTP a cancellation may come before its request, since each has a connection
// of its own.
func TestCancellationOvertakesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient()
		h := httpserver.New(p.server(), streamable)
		session := ask(h, "POST", "/mcp", initialize).Header.Get("Mcp-Session-Id")
		ask(h, "POST", "/mcp", cancelled(1), "Mcp-Session-Id", session)
		if res := ask(h, "POST", "/mcp", call(1, "wait", ""), "Mcp-Session-Id", session); res.ContentLength > 0 {
			t.Errorf("the call is answered with %d bytes", res.ContentLength)
		}
		wait(t, "ended", p.ended, 1)
	})
}
