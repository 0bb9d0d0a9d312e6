package talkover_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/talkover/talkover-mcp/talkover"
)

// Each upstream is bad once and then for ever. Where an error has more attempts
// than one, the request may be sent again, and does well if the upstream does.
func TestHostileUpstreamsDoNoHarm(t *testing.T) {
	// status is the error of an answer without words.
	status := func(reason talkover.Reason, code, attempts int) talkover.Error {
		return talkover.Error{Reason: reason, Status: code, Attempts: attempts}
	}
	limited := func(attempts int, wait time.Duration) talkover.Error {
		return talkover.Error{Reason: talkover.RateLimited, Status: 429, Message: "Too Many Attempts.", Wait: wait, Attempts: attempts}
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for name, test := range map[string]struct {
		bad   behaviour
		want  talkover.Error
		after time.Duration // the least from one attempt to the next
	}{
		"500":                {replies(500, "", `{"message":"Server Error"}`), talkover.Error{Reason: talkover.Refused, Status: 500, Message: "Server Error", Attempts: 3}, 0},
		"500, cut off":       {breaks("HTTP/1.1 500 Oops\r\nContent-Length: 900\r\n\r\n{\"mess"), status(talkover.Refused, 500, 3), 0},
		"500 in HTML":        {replies(500, "", html), status(talkover.Refused, 500, 3), 0},
		"501":                {replies(501, "", html), status(talkover.Refused, 501, 1), 0},
		"502 in HTML":        {replies(502, "Content-Type: text/html\r\n", html), status(talkover.Refused, 502, 3), 0},
		"503":                {replies(503, "", ""), status(talkover.Refused, 503, 3), 0},
		"503, Retry-After":   {replies(503, "Retry-After: 2\r\n", html), talkover.Error{Reason: talkover.Refused, Status: 503, Wait: 2 * time.Second, Attempts: 3}, 2 * time.Second},
		"504":                {replies(504, "", html), status(talkover.Refused, 504, 3), 0},
		"HTML with 200":      {replies(200, "Content-Type: text/html\r\n", html), status(talkover.Malformed, 200, 1), 0},
		"nothing with 200":   {replies(200, "", ""), status(talkover.Malformed, 200, 1), 0},
		"204":                {breaks("HTTP/1.1 204 No Content\r\n\r\n"), status(talkover.Malformed, 204, 1), 0},
		"half the JSON":      {replies(200, "", onePage[:80]), status(talkover.Malformed, 200, 1), 0},
		"401":                {replies(401, "", `{"success":false,"message":"Unauthorized"}`), talkover.Error{Reason: talkover.Refused, Status: 401, Message: "Unauthorized", Attempts: 1}, 0},
		"403":                {replies(403, "", html), status(talkover.Refused, 403, 1), 0},
		"404":                {replies(404, "", html), status(talkover.Refused, 404, 1), 0},
		"409":                {replies(409, "", html), status(talkover.Refused, 409, 1), 0},
		"success is false":   {replies(200, "", `{"success":false,"message":"No."}`), talkover.Error{Reason: talkover.Refused, Status: 200, Message: "No.", Attempts: 1}, 0},
		"error, shape one":   {replies(400, "", `{"success":false,"message":"Bad."}`), talkover.Error{Reason: talkover.Refused, Status: 400, Message: "Bad.", Attempts: 1}, 0},
		"error, shape two":   {replies(422, "", `{"success":false,"message":"Bad.","errors":{"page":["Too big."],"status":"Odd."}}`), talkover.Error{Reason: talkover.Refused, Status: 422, Message: "Bad.", Fields: map[string][]string{"page": {"Too big."}, "status": {"Odd."}}, Attempts: 1}, 0},
		"error, shape three": {replies(400, "", `{"success":false,"error":{"code":"BAD","message":"Bad.","details":{"x":1}}}`), talkover.Error{Reason: talkover.Refused, Status: 400, Code: "BAD", Message: "Bad.", Attempts: 1}, 0},
		"error, shape four":  {replies(429, "", `{"error":{"code":"SLOW","message":"Bad.","details":{"retry_after":7}}}`), talkover.Error{Reason: talkover.RateLimited, Status: 429, Code: "SLOW", Message: "Bad.", Wait: 7 * time.Second, Attempts: 3}, 7 * time.Second},
		"error, shape five":  {replies(401, "", `{"error":"UNAUTHORIZED","message":"Bad.","status_code":401}`), talkover.Error{Reason: talkover.Refused, Status: 401, Code: "UNAUTHORIZED", Message: "Bad.", Attempts: 1}, 0},
		"a bomb with 400":    {replies(400, "Content-Encoding: gzip\r\n", bomb()), status(talkover.Refused, 400, 1), 0},

		"429":               {limits(429, 0, func(time.Time) string { return "" }), limited(3, 0), 0},
		"429, now":          {replies(429, "Retry-After: 0\r\n", `{"message":"Too Many Attempts."}`), limited(3, 0), 0},
		"429, before":       {limits(429, -time.Hour, dated(http.TimeFormat)), limited(3, 0), 0},
		"429, in words":     {replies(429, "Retry-After: a while\r\n", `{"message":"Too Many Attempts."}`), limited(3, 0), 0},
		"429, in a second":  {replies(429, "Retry-After: 1\r\n", `{"message":"Too Many Attempts."}`), limited(3, time.Second), time.Second},
		"429, in an hour":   {replies(429, "Retry-After: 3600\r\n", `{"message":"Too Many Attempts."}`), limited(1, time.Hour), 0},
		"429, next century": {replies(429, "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", `{"message":"Too Many Attempts."}`), limited(1, 24*time.Hour), 0},
		"429, in an aeon":   {replies(429, "Retry-After: 9000000000000000\r\n", `{"message":"Too Many Attempts."}`), limited(1, 24*time.Hour), 0},
		"429, RFC 1123":     {limits(429, 5*time.Second, dated(http.TimeFormat)), limited(3, 5*time.Second), 5 * time.Second},
		"429, RFC 850":      {limits(429, 5*time.Second, dated("Monday, 02-Jan-06 15:04:05 GMT")), limited(3, 5*time.Second), 5 * time.Second},
		"429, asctime":      {limits(429, 5*time.Second, dated(time.ANSIC)), limited(3, 5*time.Second), 5 * time.Second},
		"429, reset alone":  {limits(429, 6*time.Second, func(at time.Time) string { return fmt.Sprintf("X-RateLimit-Reset: %d\r\n", at.Unix()) }), limited(3, 6*time.Second), 6 * time.Second},
		"429, reset, nothing left": {limits(429, 6*time.Second, func(at time.Time) string {
			return fmt.Sprintf("X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: %d\r\n", at.Unix())
		}), limited(3, 6*time.Second), 6 * time.Second},
		"429, reset tomorrow":       {limits(429, 24*time.Hour, func(at time.Time) string { return fmt.Sprintf("X-RateLimit-Reset: %d\r\n", at.Unix()) }), limited(1, 24*time.Hour), 0},
		"429, and a limit of none":  {replies(429, "X-RateLimit-Limit: 0\r\nX-RateLimit-Remaining: -5\r\nX-RateLimit-Reset: soon\r\n", `{"message":"Too Many Attempts."}`), limited(3, 0), 0},
		"429, and a limit of much":  {replies(429, "X-RateLimit-Limit: 999999999999\r\nX-RateLimit-Reset: 99999999999999999999\r\n", `{"message":"Too Many Attempts."}`), limited(3, 0), 0},
		"429 in HTML, in a second":  {replies(429, "Retry-After: 1\r\n", html), talkover.Error{Reason: talkover.RateLimited, Status: 429, Wait: time.Second, Attempts: 3}, time.Second},
		"429, in less than no time": {replies(429, "Retry-After: -7\r\n", `{"message":"Too Many Attempts."}`), limited(3, 0), 0},

		"hangs up":                {breaks(""), status(talkover.Interrupted, 0, 3), 0},
		"hangs up in the headers": {breaks(head), status(talkover.Interrupted, 0, 3), 0},
		"a body cut off":          {breaks(head + "Content-Length: 4000\r\n\r\n" + onePage[:80]), status(talkover.Interrupted, 200, 3), 0},
		"a page and less":         {breaks(head + "Content-Length: 4000\r\n\r\n" + onePage), status(talkover.Interrupted, 200, 3), 0},
		"a chunk cut off":         {breaks(head + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + onePage[:80]), status(talkover.Interrupted, 200, 3), 0},
		"no last chunk":           {breaks(head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(onePage), onePage)), status(talkover.Interrupted, 200, 3), 0},
		"chunks of no size":       {breaks(head + "Transfer-Encoding: chunked\r\n\r\n" + mark + "\r\n"), status(talkover.Interrupted, 200, 3), 0},
		"corrupt gzip":            {replies(200, "Content-Encoding: gzip\r\n", mark), status(talkover.Interrupted, 200, 3), 0},
		"gzip cut off":            {replies(200, "Content-Encoding: gzip\r\n", bomb()[:500]), status(talkover.Interrupted, 200, 3), 0},

		"never answers":       {hangs(""), status(talkover.TimedOut, 0, 3), attemptTime},
		"slow headers":        {repeats("HTTP/1.1 200 OK\r\nX: ", "x", 100*time.Millisecond), status(talkover.TimedOut, 0, 3), attemptTime},
		"no body":             {hangs(head + "Content-Length: 5\r\n\r\n"), status(talkover.TimedOut, 200, 3), attemptTime},
		"a byte at a time":    {repeats(head+"\r\n", " ", 100*time.Millisecond), status(talkover.TimedOut, 200, 3), attemptTime},
		"an error by bytes":   {repeats("HTTP/1.1 400 No\r\n\r\n", "{", 100*time.Millisecond), status(talkover.Refused, 400, 1), 0},
		"an endless body":     {endless(), status(talkover.TooLarge, 200, 1), 0},
		"an endless error":    {repeats("HTTP/1.1 500 Oops\r\n\r\n", html, 0), status(talkover.Refused, 500, 3), 0},
		"a gzip bomb":         {replies(200, "Content-Encoding: gzip\r\n", bomb()), status(talkover.TooLarge, 200, 1), 0},
		"endless headers":     {repeats("HTTP/1.1 200 OK\r\n", "X: "+mark+"\r\n", 0), status(talkover.Interrupted, 0, 3), 0},
		"one endless header":  {repeats("HTTP/1.1 200 OK\r\nX: ", mark, 0), status(talkover.Interrupted, 0, 3), 0},
		"endless early hints": {repeats("", "HTTP/1.1 103 Early Hints\r\nX: "+mark+"\r\n\r\n", 0), status(talkover.Interrupted, 0, 3), 0},

		"another protocol":         {hangs(switching), status(talkover.Malformed, 101, 1), 0},
		"no other protocol":        {hangs("HTTP/1.1 101 Switching Protocols\r\n\r\n"), status(talkover.Malformed, 101, 1), 0},
		"a status under 100":       {hangs("HTTP/1.1 099 Early\r\n\r\n"), status(talkover.Malformed, 99, 1), 0},
		"a status of nothing":      {hangs("HTTP/1.1 000 None\r\n\r\n" + onePage), status(talkover.Malformed, 0, 1), 0},
		"another host":             {replies(302, "Location: http://127.0.0.2/"+mark+"\r\n", html), status(talkover.Redirected, 302, 1), 0},
		"the same host":            {replies(308, "Location: /elsewhere\r\n", html), status(talkover.Redirected, 308, 1), 0},
		"garbage":                  {breaks("SSH-2.0-" + mark + "\r\n\r\n"), status(talkover.Interrupted, 0, 3), 0},
		"HTML alone":               {breaks(html), status(talkover.Interrupted, 0, 3), 0},
		"a status that is a word":  {breaks("HTTP/1.1 " + mark + " OK\r\n\r\n"), status(talkover.Interrupted, 0, 3), 0},
		"a header that is none":    {breaks("HTTP/1.1 200 OK\r\n" + mark + "\r\n\r\n"), status(talkover.Interrupted, 0, 3), 0},
		"an odd length":            {breaks("HTTP/1.1 200 OK\r\nContent-Length: " + mark + "\r\n\r\n"), status(talkover.Interrupted, 0, 3), 0},
		"two lengths":              {breaks("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), status(talkover.Interrupted, 0, 3), 0},
		"an odd transfer encoding": {breaks("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + mark + "\r\n\r\n"), status(talkover.Interrupted, 0, 3), 0},
		"an echo": {func(c net.Conn, r *http.Request) bool {
			fmt.Fprintf(c, "%s %s HTTP/1.1\r\n\r\n", r.Method, r.RequestURI)
			return false
		}, status(talkover.Interrupted, 0, 3), 0},
		"an echo of the headers": {func(c net.Conn, r *http.Request) bool {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s %s\r\n\r\n", r.RequestURI, r.Header.Get("Authorization"))
			return false
		}, status(talkover.Interrupted, 0, 3), 0},
	} {
		for when, times := range map[string]int{"once": 1, "for ever": always} {
			t.Run(name+"/"+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Until(moment)) // an epoch of 10 digits
					h := &hostile{bad: test.bad, times: times}
					transport := h.pipes(t)
					defer h.all.Wait() // a connection that the client forgot is a deadlock here
					defer transport.CloseIdleConnections()
					client := newClient(t, talkover.Config{
						BaseURL: "http://localhost/api/v1", Token: talkover.NewSecret(secretToken),
						Timeout: attemptTime, RateLimit: 100, Transport: transport,
					})
					ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
					defer cancel()
					ctx, meter := talkover.WithMeter(ctx)
					query := talkover.CallQuery{Search: secretNumber}
					page, err := client.ListCalls(ctx, query)
					if took := time.Since(moment); took > 25*time.Second {
						t.Errorf("it took %v", took)
					}
					at, want := h.heal(), test.want
					requests := want.Attempts
					if times == 1 && want.Attempts > 1 {
						requests = 2
						if err != nil || len(page.Rows) != 1 || page.Rows[0].ID != "good" {
							t.Errorf("no good page after a bad answer: %+v, %v", page, err)
						}
					} else {
						if diff := cmp.Diff(want, apiError(t, err), sameError); diff != "" {
							t.Errorf("%v (-want +got)\n%s", err, diff)
						}
						discreet(t, err)
					}
					if len(at) != requests || meter.Requests() != requests {
						t.Errorf("%d requests, %d counted, want %d", len(at), meter.Requests(), requests)
					}
					for i := 1; i < len(at); i++ {
						if pause := at[i].Sub(at[i-1]); pause < test.after || pause > test.after+1500*time.Millisecond {
							t.Errorf("attempt %d came after %v, want %v and a little", i+1, pause, test.after)
						}
					}
					serves(t, client, query)
				})
			})
		}
	}
}

// The jitter is of the clock that all have, so these go on side by side.
func TestResetsAreMetWithAnotherAttempt(t *testing.T) {
	var all sync.WaitGroup
	defer all.Wait()
	query := talkover.CallQuery{Search: secretNumber}
	fails := func(name string, err error, want talkover.Error) {
		if diff := cmp.Diff(want, apiErrorOf(err), sameError, cmpopts.IgnoreFields(want, "Status")); diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
		discreet(t, err)
	}
	for name, bad := range map[string]behaviour{
		"at once":       resets(""),
		"in the status": resets("HTTP/1."),
		"in the body":   resets("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + onePage),
	} {
		for requests, times := range map[int]int{2: 1, 3: always} {
			h := &hostile{bad: bad, times: times}
			client := newClient(t, talkover.Config{BaseURL: h.listen(t), Token: talkover.NewSecret(secretToken)})
			all.Go(func() {
				_, err := client.ListCalls(t.Context(), query)
				if times == always {
					fails(name, err, talkover.Error{Reason: talkover.Interrupted, Attempts: 3})
				} else if err != nil {
					t.Errorf("%s, once: %v", name, err)
				}
				if at := h.heal(); len(at) != requests {
					t.Errorf("%s: %d requests, want %d", name, len(at), requests)
				}
				serves(t, client, query)
			})
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	client := newClient(t, talkover.Config{BaseURL: "http://" + ln.Addr().String(), Token: talkover.NewSecret(secretToken)})
	all.Go(func() {
		_, err := client.ListCalls(t.Context(), query)
		fails("nobody there", err, talkover.Error{Reason: talkover.Unreachable, Attempts: 3})
	})
}

func TestWhatCannotBeReachedSaysSo(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for name, test := range map[string]struct {
		err  error
		want talkover.Error
	}{
		"refused":             {dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), talkover.Error{Reason: talkover.Unreachable, Attempts: 3}},
		"no route":            {dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), talkover.Error{Reason: talkover.Unreachable, Attempts: 3}},
		"no such name":        {dial(&net.DNSError{Err: "no such host", Name: "localhost", IsNotFound: true}), talkover.Error{Reason: talkover.Unreachable, Attempts: 1}},
		"no name server":      {dial(&net.DNSError{Err: "server misbehaving", Name: "localhost", IsTemporary: true}), talkover.Error{Reason: talkover.Unreachable, Attempts: 3}},
		"a name server hangs": {dial(&net.DNSError{Err: "i/o timeout", Name: "localhost", IsTimeout: true}), talkover.Error{Reason: talkover.TimedOut, Attempts: 3}},
		"nobody answers":      {dial(os.ErrDeadlineExceeded), talkover.Error{Reason: talkover.TimedOut, Attempts: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, talkover.Config{
					BaseURL: "http://localhost/api/v1", Token: talkover.NewSecret(secretToken), RateLimit: 100,
					Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, test.err }},
				})
				_, err := client.ListCalls(t.Context(), talkover.CallQuery{Search: secretNumber})
				if diff := cmp.Diff(test.want, apiError(t, err), sameError); diff != "" {
					t.Errorf("%v (-want +got)\n%s", err, diff)
				}
				discreet(t, err)
			})
		})
	}
}

// A failure of TLS is no accident: the next attempt would end as this one did.
func TestTLSFailuresAreNotTriedAgain(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	for name, base := range map[string]string{
		"a certificate that nobody signed": secure.URL,
		"TLS to a plain port":              "https://" + strings.TrimPrefix(plain.URL, "http://"),
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, talkover.Config{BaseURL: base, Token: talkover.NewSecret(secretToken)})
			_, err := client.ListCalls(t.Context(), talkover.CallQuery{Search: secretNumber})
			want := talkover.Error{Reason: talkover.Unreachable, Attempts: 1}
			if diff := cmp.Diff(want, apiError(t, err), sameError); diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
			discreet(t, err)
		})
	}
}

// A call takes less than 8 MiB, whatever comes. The 4 MiB of a body may be all
// rows.
func TestMemoryIsBounded(t *testing.T) {
	most := uint64(8 << 20)
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		most *= 2 // a buffer allocates twice where the race detector keeps the compiler from joining the two
	}
	rows := func(row string) behaviour {
		n := (4<<20 - len(`{"data":[]}`)) / (len(row) + 1)
		return replies(200, "", `{"data":[`+strings.Repeat(row+",", n-1)+row+`]}`)
	}
	for name, bad := range map[string]behaviour{
		"an endless body":     endless(),
		"a gzip bomb":         replies(200, "Content-Encoding: gzip\r\n", bomb()),
		"a bomb as an error":  replies(400, "Content-Encoding: gzip\r\n", bomb()),
		"endless headers":     repeats("HTTP/1.1 200 OK\r\n", "X: "+mark+"\r\n", 0),
		"a flood of rows":     rows("{}"),
		"a flood of no rows":  rows("7"),
		"a flood of messages": replies(400, "", `{"errors":{"a":[`+strings.Repeat(`"no",`, 12<<10)+`"no"]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			h := &hostile{bad: bad, times: always}
			client := newClient(t, talkover.Config{BaseURL: h.listen(t), Token: talkover.NewSecret(secretToken)})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = client.ListCalls(t.Context(), talkover.CallQuery{})
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > most {
				t.Errorf("a call took %d MiB", took>>20)
			}
			h.heal()
			serves(t, client, talkover.CallQuery{})
		})
	}
}
