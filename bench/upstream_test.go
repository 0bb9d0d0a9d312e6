package bench

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// today is the day on which the account is invented.
var today = time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)

// upstream serves the invented account as an API on loopback. It makes each answer once and keeps the bytes that go
// over the wire, so that the API takes little of the machine, and the same for both servers.
type upstream struct {
	account  *sandbox.Account
	url      string
	answers  sync.Map // request URI -> response
	requests atomic.Int64
}

// newUpstream serves the account until the test ends.
func newUpstream(tb testing.TB) *upstream {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { ln.Close() })
	u := &upstream{account: sandbox.New(today), url: "http://" + ln.Addr().String() + sandbox.Prefix}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go u.serve(conn)
		}
	}()
	return u
}

// serve answers the requests of a connection until it ends.
func (u *upstream) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		u.requests.Add(1)
		answer, ok := u.answers.Load(r.RequestURI)
		if !ok {
			answer, _ = u.answers.LoadOrStore(r.RequestURI, u.answer(r))
		}
		if _, err := conn.Write(answer.([]byte)); err != nil {
			return
		}
	}
}

// answer returns the account's whole response to a request.
func (u *upstream) answer(r *http.Request) []byte {
	made := httptest.NewRecorder()
	u.account.ServeHTTP(made, r)
	res := made.Result()
	res.ContentLength = int64(made.Body.Len())
	var b bytes.Buffer
	_ = res.Write(&b) // a buffer never fails
	return b.Bytes()
}
