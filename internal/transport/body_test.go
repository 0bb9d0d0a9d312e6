package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/internal/httpserver"
)

// untouched is a body that nobody may read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, errors.New("read")
}

// Nothing of a request is read before it is known who asks, and what it says of its size
// is enough to refuse it.
func TestNothingIsReadBeforeTheGate(t *testing.T) {
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, ClientTokens: true, Gate: gateOf(t, goodToken)})
	for _, path := range []string{"/mcp", "/message?sessionId=1"} {
		for _, test := range []struct {
			name, authorization, account string
			length                       int64
			want                         int
		}{
			{"nobody", "", "", 100, 401},
			{"nobody, of unknown size", "", "", -1, 401},
			{"a stranger", "Bearer " + otherToken, "", 100, 401},
			{"a Talkover token", "Bearer talq_" + goodToken, "", 100, 401},
			{"no account", "Bearer " + goodToken, "two words", 100, 400},
		} {
			t.Run(test.name+path, func(t *testing.T) {
				r := httptest.NewRequest("POST", path, untouched{t})
				r.Host, r.ContentLength = "localhost", test.length
				r.Header.Set("Content-Type", jsonType)
				r.Header.Set("Authorization", test.authorization)
				r.Header.Set("X-Talkover-Token", test.account)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != test.want || w.Header().Get("Connection") != "close" {
					t.Errorf("%d, want %d; headers %v", w.Code, test.want, w.Header())
				}
			})
		}
	}
}

// A stranger who sends a part of a request has the answer at once, and is gone after 10 s.
func TestHalfARequestOfAStrangerIsAnsweredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := pipes{make(chan net.Conn), make(chan struct{})}
		h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gateOf(t, goodToken)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Serve(ctx, ln) }()
		defer func() { cancel(); <-ended }()
		c := ln.dial()
		defer c.Close()
		start := time.Now()
		go func() {
			_, _ = io.WriteString(c, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
		}()
		line := make([]byte, len("HTTP/1.1 401"))
		if _, err := io.ReadFull(c, line); err != nil || string(line) != "HTTP/1.1 401" || time.Since(start) > 0 {
			t.Errorf("%q after %v: %v", line, time.Since(start), err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil || time.Since(start) > 11*time.Second {
			t.Errorf("gone after %v: %v", time.Since(start), err)
		}
	})
}

// A message that is too long is refused in words that its sender gets, though it reads
// nothing before it has sent all.
func TestLongMessagesAreRefusedInWords(t *testing.T) {
	base := serve(t, httpserver.New(plain(), streamable))
	for _, size := range []int{64<<10 + 1, 1 << 20} {
		for range 20 {
			c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			body := list + strings.Repeat(" ", size-len(list))
			if _, err := fmt.Fprintf(c, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", size, body); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			answer, err := io.ReadAll(c)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 413") || !strings.Contains(string(answer), "at most 65536 bytes") {
				t.Fatalf("%d bytes: %.200q, %v", size, answer, err)
			}
			c.Close()
		}
	}
}
