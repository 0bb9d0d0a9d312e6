package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/internal/transport"
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
	h := transport.NewHTTP(plain(), transport.Options{Streamable: true, ClientTokens: true, Gate: gateOf(t, goodToken)})
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
			{"too large", "Bearer " + goodToken, "", 1<<20 + 1, 413},
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
		h := transport.NewHTTP(plain(), transport.Options{Streamable: true, Gate: gateOf(t, goodToken)})
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

// posted sends a request of a size whose body comes from r, and returns its status when
// it has one.
func posted(h http.Handler, r io.Reader, size int64) <-chan int {
	status := make(chan int, 1)
	go func() {
		q := httptest.NewRequest("POST", "/mcp", r)
		q.Host, q.ContentLength = "localhost", size
		q.Header.Set("Content-Type", jsonType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code == 503 && w.Header().Get("Retry-After") == "" {
			w.Code = 0
		}
		status <- w.Code
	}()
	return status
}

// All bodies together are at most 32 MiB, whether they tell their size or not.
func TestBodiesInFlightAreBounded(t *testing.T) {
	for _, size := range []int64{1 << 20, -1} {
		synctest.Test(t, func(t *testing.T) {
			h := transport.NewHTTP(plain(), streamable)
			var ends []*io.PipeWriter
			var answers []<-chan int
			for range 32 {
				r, w := io.Pipe()
				ends, answers = append(ends, w), append(answers, posted(h, r, size))
			}
			synctest.Wait()
			if got := <-posted(h, strings.NewReader(list), int64(len(list))); got != 503 {
				t.Errorf("one more is %d", got)
			}
			for i, end := range ends {
				_, _ = io.WriteString(end, list)
				end.Close()
				if got := <-answers[i]; got != 200 {
					t.Errorf("number %d is %d", i, got)
				}
			}
			if got := <-posted(h, strings.NewReader(list), int64(len(list))); got != 200 {
				t.Errorf("afterwards: %d", got)
			}
		})
	}
}

// A message of a stream counts until its call is answered.
func TestBodiesOfRunningCallsCount(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	base := serve(t, transport.NewHTTP(slow(asked, release), streamable))
	e := open(t, base)
	defer e.body.Close()
	call := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wait"}}`
	call += strings.Repeat(" ", 1<<20-len(call))
	for range 32 {
		if got := status(t, "POST", e.message, call); got != 202 {
			t.Fatal(got)
		}
		<-asked
	}
	if got := status(t, "POST", base+"/mcp", list); got != 503 {
		t.Errorf("one more is %d", got)
	}
	close(release)
	for range 32 {
		e.next()
	}
	for ok := false; !ok; { // until the goroutines of the calls have ended
		ok = status(t, "POST", base+"/mcp", list) == 200
	}
}
