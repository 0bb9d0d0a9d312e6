package talkover_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secretToken  = "talq_h0st1le7c1e9b"
	secretNumber = "+12025550123"
	mark         = "WORDS-OF-THE-BODY" // what no error may repeat
	onePage      = `{"success":true,"data":[{"id":"good","created_at":"2026-11-05T14:02:09Z"}],"pagination":{"current_page":1,"last_page":1,"per_page":20,"total":1,"from":1,"to":1}}`
)

// behaviour answers a request in bytes: [net/http] is too polite. It reports whether
// the connection stays open.
type behaviour func(c net.Conn, r *http.Request) (open bool)

// always has an upstream stay bad.
const always = -1

// hostile serves an API that is bad a number of times, and good from then on.
type hostile struct {
	bad behaviour

	all   sync.WaitGroup // of its connections
	mu    sync.Mutex
	times int
	at    []time.Time // of each request
	conns []net.Conn
}

func (h *hostile) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		h.mu.Lock()
		h.at = append(h.at, time.Now())
		do := h.bad
		if h.times == 0 {
			do = replies(200, "", onePage)
		} else if h.times > 0 {
			h.times--
		}
		h.mu.Unlock()
		if !do(c, r) {
			return
		}
	}
}

// heal makes it good, and returns when it was asked so far.
func (h *hostile) heal() []time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.at
	h.at, h.times = nil, 0
	return at
}

// pipes leads to it without a socket, so that time can be virtual.
func (h *hostile) pipes(t *testing.T) *http.Transport {
	return &http.Transport{
		MaxResponseHeaderBytes: 64 << 10,
		DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
			if addr != "localhost:80" {
				t.Errorf("a connection to %s", addr)
			}
			near, far := net.Pipe()
			h.all.Go(func() { h.serve(far) })
			return near, nil
		},
	}
}

// listen serves it on a port.
func (h *hostile) listen(t *testing.T) (base string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.conns = append(h.conns, c)
			h.mu.Unlock()
			h.all.Go(func() { h.serve(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		h.mu.Lock()
		for _, c := range h.conns {
			c.Close()
		}
		h.mu.Unlock()
		h.all.Wait()
	})
	return "http://" + ln.Addr().String()
}

// replies sends a whole answer, well formed.
func replies(status int, header, body string) behaviour {
	answer := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), header, len(body), body)
	return func(c net.Conn, _ *http.Request) bool {
		_, err := c.Write(answer)
		return err == nil
	}
}

// breaks sends these bytes and hangs up.
func breaks(raw string) behaviour {
	return func(c net.Conn, _ *http.Request) bool { io.WriteString(c, raw); return false }
}

// hangs sends these bytes and then nothing, until the client hangs up.
func hangs(raw string) behaviour {
	return func(c net.Conn, _ *http.Request) bool {
		io.WriteString(c, raw)
		io.Copy(io.Discard, c)
		return false
	}
}

// repeats sends the head once and the rest until the client hangs up.
func repeats(head, rest string, every time.Duration) behaviour {
	more := []byte(rest)
	return func(c net.Conn, _ *http.Request) bool {
		_, err := io.WriteString(c, head)
		for err == nil {
			if every > 0 {
				time.Sleep(every)
			}
			_, err = c.Write(more)
		}
		return false
	}
}

// resets hangs up with a TCP reset, after these bytes.
func resets(raw string) behaviour {
	return func(c net.Conn, _ *http.Request) bool {
		io.WriteString(c, raw)
		_ = c.(*net.TCPConn).SetLinger(0)
		return false
	}
}

// limits answers 429 (or 503) with a header that tells a moment some time ahead.
func limits(status int, ahead time.Duration, header func(at time.Time) string) behaviour {
	return func(c net.Conn, r *http.Request) bool {
		return replies(status, header(time.Now().Add(ahead)), `{"success":false,"message":"Too Many Attempts."}`)(c, r)
	}
}

func dated(form string) func(time.Time) string {
	return func(at time.Time) string { return "Retry-After: " + at.UTC().Format(form) + "\r\n" }
}

// bomb holds 256 MiB of blanks in 300 kB of gzip.
var bomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(bytes.Repeat([]byte(" "), 1<<20))
	z.Close()
	return strings.Repeat(b.String(), 256)
})

// endless sends a body without an end, as one long string of JSON.
func endless() behaviour {
	return repeats("HTTP/1.1 200 OK\r\n\r\n"+`{"data":"`, strings.Repeat(mark, 4<<10), 0)
}

// discreet checks that an error says nothing of what it must not, nor does what
// it wraps.
func discreet(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		s := strings.ToLower(e.Error())
		for _, secret := range []string{secretToken, "bearer", "2025550123", "search", "html", strings.ToLower(mark)} {
			if strings.Contains(s, secret) {
				t.Errorf("the error holds %q: %.200s", secret, s)
				return
			}
		}
		if len(s) > 300 {
			t.Errorf("the error has %d bytes: %.200s", len(s), s)
			return
		}
	}
}

// serves checks that the client gets a page.
func serves(t *testing.T, client *talkover.Client, query talkover.CallQuery) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	page, err := client.ListCalls(ctx, query)
	if err != nil || len(page.Rows) != 1 || page.Rows[0].ID != "good" {
		t.Errorf("no good page: %+v, %v", page, err)
	}
}

const (
	attemptTime = 5 * time.Second
	switching   = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	html        = "<!DOCTYPE html><html><title>" + mark + "</title></html>"
)
