package proxies_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// next returns the data of the next event of a stream.
func next(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return data
		}
	}
	t.Fatal("the stream has ended:", lines.Err())
	return ""
}

// open sends a request, and returns its answer, a stream.
func (p *proxy) open(t *testing.T, r *http.Request) *bufio.Scanner {
	t.Helper()
	res, err := p.client.Do(r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("%s of type %q", res.Status, res.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return lines
}

// A proxy must not hold progress back: here the API answers only when the client has heard of some.
func TestProgressPassesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		a := newAPI(t)
		var asked atomic.Int32
		heard := make(chan struct{})
		a.paced = func(*http.Request) {
			if asked.Add(1) == 6 {
				<-heard
			}
		}
		p := start(t, servers(t, a, 2)...)
		events := p.open(t, p.request(http.MethodPost, "/mcp",
			`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get_call_stats",`+
				`"arguments":{"date_from":"2026-10-01","group_by":["hour"]},"_meta":{"progressToken":"p"}}}`))
		if first := next(t, events); !strings.Contains(first, "notifications/progress") {
			t.Errorf("the first event is %.200s", first)
		}
		close(heard)
		for data := next(t, events); ; data = next(t, events) {
			if strings.Contains(data, `"id":7`) {
				break
			}
		}
	})
}

// Each session of /sse lives on one of the two servers, and its messages must find that.
func TestSessionsKeepTheirServer(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		p := start(t, servers(t, newAPI(t), 2)...)
		for id := range 10 {
			events := p.open(t, p.request(http.MethodGet, "/sse", ""))
			res, err := p.client.Do(p.request(http.MethodPost, "/"+next(t, events),
				fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, id)))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusAccepted {
				t.Fatal("the message gets", res.Status)
			}
			if answer := next(t, events); !strings.Contains(answer, fmt.Sprintf(`"id":%d`, id)) {
				t.Errorf("the answer is %s", answer)
			}
		}
	})
}

// A server is killed while it places a call. The proxy must not have another server place the call again.
func TestNoCallIsPlacedTwice(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		a := newAPI(t)
		placing, end := make(chan string, 10), make(chan struct{})
		a.placed = func(r *http.Request) { placing <- r.Host; <-end }
		t.Cleanup(func() { close(end) })
		all := servers(t, a, 2, "TALKOVER_ALLOW_CALLS=true", "TALKOVER_CALL_COUNTRIES=1",
			"TALKOVER_CONFIRM_CALLS=never")
		p := start(t, all...)
		status := make(chan int)
		go func() {
			got, _, _ := p.post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"make_call",` +
				`"arguments":{"agent_id":"8e4f1d90-2c6b-4b1e-8a77-5c9d2e6f4b02","to":"+12025550123"}}}`)
			status <- got
		}()
		by := <-placing
		for _, s := range all {
			if strings.Contains(s.api, by) {
				s.end(syscall.SIGKILL)
			}
		}
		if got := <-status; got != http.StatusBadGateway {
			t.Errorf("the caller gets %d, want 502: nobody knows whether the call is placed", got)
		}
		if n := a.orders.Load(); n != 1 {
			t.Errorf("the API was asked to place %d calls", n)
		}
	})
}
