package talkover_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestACallIsOrderedAsDocumented(t *testing.T) {
	type request struct{ Method, Path, Query, Type, Body string }
	var got request
	answered := `{"id":"c1","agent_id":"a1","to":"+12025550123","status":"queued","created_at":"2026-11-05T18:00:00Z"}`
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), string(b)}
		io.WriteString(w, answered)
	})
	client := newClient(t, talkover.Config{BaseURL: base + "/api/v1"})
	want := talkover.PlacedCall{ID: "c1", AgentID: "a1", To: "+12025550123", Status: "queued", CreatedAt: time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)}
	for _, test := range []struct {
		order  talkover.CallOrder
		body   string
		answer string
	}{
		{talkover.CallOrder{To: "+12025550123"}, `{"to":"+12025550123"}`, answered},
		{
			talkover.CallOrder{To: "+12025550123", Payload: json.RawMessage(`{"n":1.50}`), Context: json.RawMessage(`{"a":[]}`), DelaySeconds: 60, IsTesting: true},
			`{"to":"+12025550123","payload":{"n":1.50},"context":{"a":[]},"delay_seconds":60,"is_testing":true}`,
			`{"success":true,"message":"Queued.","data":` + answered + `}`,
		},
	} {
		answered = test.answer
		placed, err := client.PlaceCall(context.Background(), "a1", test.order)
		if diff := cmp.Diff(want, placed); diff != "" || err != nil {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
		if diff := cmp.Diff(request{"POST", "/api/v1/agents/a1/call", "", "application/json", test.body}, got); diff != "" {
			t.Error("(-want +got)\n" + diff)
		}
	}
}

// What an error tells of itself, such as an id, is not that of a call: an answer of success
// that holds an error is none.
func TestAnErrorWithAnIDIsNoCall(t *testing.T) {
	for _, answered := range []string{
		`{"error":{"code":"INSUFFICIENT_CREDITS","message":"No.","id":"err_1"}}`,
		`{"error":{"code":"INSUFFICIENT_CREDITS","message":"No.","details":{"id":"err_1","to":"+12025550123"}}}`,
		`{"error":{"code":"INSUFFICIENT_CREDITS","message":"No.","data":{"id":"c1"}}}`,
		`{"message":"No.","code":"INSUFFICIENT_CREDITS","details":{"id":"err_1"}}`,
	} {
		client := newClient(t, talkover.Config{Transport: answer{200, answered}})
		placed, err := client.PlaceCall(t.Context(), "a1", talkover.CallOrder{To: secretNumber})
		if e := apiErrorOf(err); e.Code != "INSUFFICIENT_CREDITS" || e.Message != "No." || placed.ID != "" {
			t.Errorf("%s: %+v, %v", answered, placed, err)
		}
	}
	page, err := read(t, 200, `{"error":{"code":"BAD","message":"No.","data":[{"id":"a"}]}}`)
	if e := apiErrorOf(err); e.Code != "BAD" || len(page.Rows) > 0 {
		t.Errorf("rows of an error: %+v, %v", page, err)
	}
}

// secured serves h with TLS, and returns a transport that trusts it.
func secured(t *testing.T, http2 bool, h http.HandlerFunc) (base string, transport *http.Transport) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, s.Client().Transport.(*http.Transport)
}

// taken hands h the raw connection below TLS, once the whole order was read.
func taken(h func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		if s, ok := c.(*tls.Conn); ok {
			c = s.NetConn()
		}
		h(c)
	}
}

// The order goes out whole, and no answer denies it: whatever comes back, it may
// have been done.
func TestAnOrderThatWentOutMayHaveBeenDone(t *testing.T) {
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); io.WriteString(w, body) }
	}
	writes := func(raw string) http.HandlerFunc { return taken(func(c net.Conn) { io.WriteString(c, raw) }) }
	const refusal = `{"success":false,"message":"No.","error":{"code":"AGENT_NOT_FOUND"}}`
	answers := map[string]http.HandlerFunc{
		"plain text":       writes("HTTP/1.1 200 OK\r\n\r\n{}"), // over TLS, a record header that is none
		"another protocol": writes(switching),
		"nothing":          writes(""),
		"a reset":          taken(func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }),
		"silence":          taken(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }),
		"no body":          says(200, ""),
		"a page":           says(200, html),
		"a success failed": says(200, refusal),
		"a code":           says(200, `{"code":"INSUFFICIENT_CREDITS"}`),
		"too much":         says(200, `{"id":"`+strings.Repeat("x", 5<<20)),
	}
	for _, status := range []int{201, 202, 204, 206, 301, 302, 307, 405, 406, 408, 409, 410, 411, 413, 415, 418, 421, 423, 424, 425, 428, 431, 451, 500, 501, 502, 503, 504, 520} {
		body := refusal
		if status == 204 {
			body = ""
		}
		answers[fmt.Sprint(status)] = says(status, body)
	}
	for name, answer := range answers {
		for _, over := range []string{"HTTP", "HTTP/1.1 and TLS", "HTTP/2"} {
			if over == "HTTP/2" && slices.Contains([]string{"plain text", "another protocol", "nothing", "a reset", "silence"}, name) {
				continue // they take a connection of HTTP/1.1; see below for HTTP/2
			}
			if over == "HTTP" && name == "plain text" {
				continue
			}
			for _, again := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%t", name, over, again), func(t *testing.T) {
					t.Parallel()
					var orders atomic.Int64
					h := func(w http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodGet {
							io.WriteString(w, emptyPage)
							return
						}
						orders.Add(1)
						answer(w, r)
					}
					c := talkover.Config{Transport: &http.Transport{}}
					if name == "silence" {
						c.Timeout = time.Second
					}
					if over == "HTTP" {
						c.BaseURL = serve(t, h)
					} else {
						c.BaseURL, c.Transport = secured(t, over == "HTTP/2", h)
					}
					ordered(t, newClient(t, c), again, &orders, 1, false)
				})
			}
		}
	}
}

// ordered places a call, where again is set on a connection that was used before,
// and checks how many orders came and whether the error denies them.
func ordered(t *testing.T, client *talkover.Client, again bool, orders *atomic.Int64, want int64, notDone bool) {
	t.Helper()
	if again {
		if _, err := client.ListCalls(t.Context(), talkover.CallQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	placed, err := client.PlaceCall(t.Context(), "a1", talkover.CallOrder{To: secretNumber})
	var e *talkover.Error
	if !errors.As(err, &e) {
		t.Fatalf("%+v, %v", placed, err)
	}
	if e.NotDone() != notDone || orders.Load() != want {
		t.Errorf("%d orders, want %d; not done: %t, want %t: %v", orders.Load(), want, e.NotDone(), notDone, err)
	}
	discreet(t, err)
}

// Over HTTP/2 a stream may end without an answer, and so may the connection.
func TestAnOrderOverHTTP2MayHaveBeenDone(t *testing.T) {
	for name, end := range map[string]func(w http.ResponseWriter){
		"a stream that breaks off": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"half an answer":           func(w http.ResponseWriter) { io.WriteString(w, `{"id":`); panic(http.ErrAbortHandler) },
	} {
		for _, again := range []bool{false, true} {
			var orders atomic.Int64
			base, transport := secured(t, true, func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != 2 {
					t.Errorf("%s: %s", name, r.Proto)
				}
				if r.Method == http.MethodGet {
					io.WriteString(w, emptyPage)
					return
				}
				orders.Add(1)
				end(w)
			})
			ordered(t, newClient(t, talkover.Config{BaseURL: base, Transport: transport}), again, &orders, 1, false)
		}
	}
}

// No byte of these orders can have left, or the API said no in so many words.
func TestAnOrderThatDidNotGoOutWasNotDone(t *testing.T) {
	t.Run("nobody there", func(t *testing.T) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		ordered(t, newClient(t, talkover.Config{BaseURL: "http://" + ln.Addr().String()}), false, new(atomic.Int64), 0, true)
	})
	t.Run("a dial without an end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			slow := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				time.Sleep(time.Hour)
				return nil, os.ErrDeadlineExceeded
			}}
			ordered(t, newClient(t, talkover.Config{Transport: slow}), false, new(atomic.Int64), 0, true)
			time.Sleep(time.Hour) // until the dial ends
		})
	})
	t.Run("a certificate that nobody signed", func(t *testing.T) {
		var orders atomic.Int64
		base, _ := secured(t, true, func(http.ResponseWriter, *http.Request) { orders.Add(1) })
		ordered(t, newClient(t, talkover.Config{BaseURL: base}), false, &orders, 0, true)
	})
	t.Run("TLS to a plain port", func(t *testing.T) {
		var orders atomic.Int64
		base := serve(t, func(http.ResponseWriter, *http.Request) { orders.Add(1) })
		ordered(t, newClient(t, talkover.Config{BaseURL: strings.Replace(base, "http:", "https:", 1)}), false, &orders, 0, true)
	})
	t.Run("a proxy that connects to nobody", func(t *testing.T) {
		var orders atomic.Int64
		proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				orders.Add(1)
			}
			w.WriteHeader(407)
		})
		transport := talkover.NewTransport()
		transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
		defer transport.CloseIdleConnections()
		ordered(t, newClient(t, talkover.Config{Transport: transport}), false, &orders, 0, true)
	})
	t.Run("the limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, talkover.Config{Transport: answer{200, emptyPage}, RateLimit: 6}) // 1, and 5 for others
			ordered(t, client, true, new(atomic.Int64), 0, true)
		})
	})
	t.Run("a wait that ends too soon", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, talkover.Config{Transport: answer{200, emptyPage}, RateLimit: 6})
			if _, err := client.ListCalls(t.Context(), talkover.CallQuery{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Second)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { time.Sleep(time.Second); cancel() }()
			_, err := client.PlaceCall(ctx, "a1", talkover.CallOrder{To: secretNumber})
			if e := apiError(t, err); e.Reason != talkover.Cancelled || !e.NotDone() || !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	})
	for _, status := range []int{400, 401, 402, 403, 404, 422, 429} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var orders atomic.Int64
			base, transport := secured(t, true, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					io.WriteString(w, emptyPage)
					return
				}
				orders.Add(1)
				w.WriteHeader(status)
				io.WriteString(w, html)
			})
			client := newClient(t, talkover.Config{BaseURL: base, Transport: transport})
			ordered(t, client, true, &orders, 1, true)
		})
	}
}

// A transport that is not of net/http does not tell whether it sent a request.
func TestAnUnknownTransportMayHaveSentTheOrder(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	ordered(t, newClient(t, talkover.Config{Transport: fails{dial}}), false, new(atomic.Int64), 0, false)
}

type fails struct{ err error }

func (f fails) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// An order is sent once, whatever comes of it.
func TestAnOrderIsNeverSentTwice(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"429": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "0"); w.WriteHeader(429) },
		"cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		var n atomic.Int64
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				io.WriteString(w, emptyPage)
				return
			}
			n.Add(1)
			h(w, r)
		})
		client := newClient(t, talkover.Config{BaseURL: base})
		// A connection that is kept is where net/http would try again.
		if _, err := client.ListCalls(context.Background(), talkover.CallQuery{}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.PlaceCall(context.Background(), "a1", talkover.CallOrder{To: "+12025550123"}); err == nil || n.Load() != 1 {
			t.Errorf("%s: %v, %d requests", name, err, n.Load())
		}
	}
}

// The caller who gives up after the order went out learns that it may have been done.
func TestAnOrderThatIsCancelledMayHaveBeenDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var orders atomic.Int64
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or net/http would not notice that the client left
		orders.Add(1)
		cancel()
		<-r.Context().Done()
	})
	_, err := newClient(t, talkover.Config{BaseURL: base}).PlaceCall(ctx, "a1", talkover.CallOrder{To: secretNumber})
	if e := apiError(t, err); e.Reason != talkover.Cancelled || e.NotDone() || !errors.Is(err, context.Canceled) || orders.Load() != 1 {
		t.Errorf("%d orders: %v", orders.Load(), err)
	}
}
