package doctor_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/config/doctor"
)

// canary stands for a token that no output may show.
const canary = "talq_canary_3f9a1c7e5b2d"

// gateToken passes the gate of MCP_AUTH=token.
const gateToken = "gate0123456789abcdef0123456789ab"

// overHTTP returns an environment that is right for HTTP, with variables added in pairs.
func overHTTP(pairs ...string) map[string]string {
	env := map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http"}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return env
}

// oneOf4213 holds a page with one call, of a log of 4,213.
const oneOf4213 = `{"success":true,"data":[{"id":"a"}],"pagination":{"current_page":1,"last_page":4213,"per_page":1,"total":4213}}`

// asked counts the requests of a doctor.
type asked struct {
	list, health atomic.Int32
}

// api serves an API with a given list of calls. Its /health is well unless one is given.
func api(n *asked, list http.HandlerFunc, health ...http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/calls", func(w http.ResponseWriter, r *http.Request) {
		n.list.Add(1)
		list(w, r)
	})
	mux.HandleFunc("GET /api/v1/health", func(w http.ResponseWriter, r *http.Request) {
		n.health.Add(1)
		for _, h := range health {
			h(w, r)
			return
		}
		io.WriteString(w, `{"status":"ok"}`)
	})
	return mux
}

// answers returns a handler with a status, headers in pairs, and a body in which @ stands
// for the Authorization of the request. Date and
// X-Ratelimit-Reset are given as durations from the moment of the answer.
func answers(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "100")
		w.Header().Set("X-RateLimit-Remaining", "97")
		for i := 0; i < len(headers); i += 2 {
			value := headers[i+1]
			off, _ := time.ParseDuration(value)
			switch at := time.Now().Add(off); headers[i] {
			case "Date":
				value = at.UTC().Format(http.TimeFormat)
			case "X-Ratelimit-Reset":
				value = fmt.Sprint(at.Unix())
			}
			w.Header()[headers[i]] = []string{value}
		}
		w.WriteHeader(status)
		io.WriteString(w, strings.ReplaceAll(body, "@", r.Header.Get("Authorization")))
	}
}

func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// diagnose returns what the doctor finds, and what was logged meanwhile.
func diagnose(t *testing.T, env map[string]string) (found doctor.Findings, logged string) {
	t.Helper()
	var stderr bytes.Buffer
	found = doctor.Diagnose(t.Context(), envconfig.MapLookuper(env), nil, "test", &stderr)
	return found, stderr.String()
}

// secretive fails where a token, or a part of one, can be read.
func secretive(t *testing.T, found doctor.Findings, logged string) {
	t.Helper()
	output := fmt.Sprint(found, logged)
	for _, secret := range []string{canary[5:12], canary[len(canary)-7:], gateToken[:12]} {
		if strings.Contains(output, secret) {
			t.Errorf("a token shows:\n%s", output)
		}
	}
}

func TestDoctorNamesTheCause(t *testing.T) {
	shared := miniredis.RunT(t)
	shared.RequireAuth(canary)
	for name, test := range map[string]struct {
		list   http.HandlerFunc
		health http.HandlerFunc
		env    []string // pairs, besides the token and the base URL
		want   string   // the findings that matter: verdict and check, then words of it, then the next
		last   string
		asks   int32 // requests in all; 1 if 0
	}{
		"all is well": {list: answers(200, oneOf4213), last: "All is well.",
			want: "ok configuration|stdio; the token is from TALKOVER_TOKEN|ok network| answers (|ok token|4213 calls in the log|" +
				"ok rate limit|97 of 100 requests left this minute; TALKOVER_RATE_LIMIT is 100|ok clock|s off Talkover's"},
		"an empty log": {list: answers(200, `{"data":[],"pagination":{"total":0}}`), last: "All is well.", want: "ok token|0 calls in the log (a token"},
		"no total":     {list: answers(200, `{"data":[]}`), last: "All is well.", want: "ok token|does not say how many"},
		"a token of no talq": {list: answers(401, `{"message":"Unauthorized"}`), env: []string{"TALKOVER_TOKEN", "sk-1234567890"}, asks: 2,
			last: "1 check failed: token.", want: "FAIL token|does not begin with talq_"},
		"a bad token": {list: answers(401, `{"message":"No such token: @"}`), asks: 2, last: "1 check failed: token.",
			want: "ok network|answers (|FAIL token|401 Unauthorized: it does not know the token, which is from TALKOVER_TOKEN. Make|FAIL token|No such token: Bearer [redacted]|- rate limit|not checked|ok clock|at most"},
		"no permission": {list: answers(403, `{"message":"Not in your plan"}`), asks: 2, last: "1 check failed: token.",
			want: `ok network||FAIL token|403 Forbidden: the token has no permission for this. Use a token of an account that may list calls|FAIL token|"Not in your plan"`},
		"a firewall": {list: answers(403, "<html>blocked</html>"), last: "1 check failed: network.",
			want: "FAIL network|403 Forbidden, but not of its own: something before the API, such as a firewall, a VPN or a proxy, keeps this machine out|- token|not checked"},
		"a firewall that speaks JSON": {list: answers(403, `{"message":"blocked"}`), health: answers(403, `{"message":"blocked"}`), asks: 2, last: "1 check failed: network.",
			want: "FAIL network|403 Forbidden, but not of its own: something before the API|- token|not checked"},
		"Cloudflare": {list: answers(503, "", "Cf-Mitigated", "challenge"), last: "1 check failed: network.",
			want: "FAIL network|503 Service Unavailable, but not of its own: something before the API|- token|not checked"},
		"a bad request": {list: answers(400, `{"message":"No"}`), last: "1 check failed: token.", want: "FAIL token|400 Bad Request: it does not take these arguments, and it lists no calls"},
		"a no with 200": {list: answers(200, `{"success":false,"message":"No"}`), last: "1 check failed: token.", want: "FAIL token|200 OK but says that it failed, and it lists no calls"},
		"no such path": {list: http.NotFound, last: "1 check failed: network.",
			want: "FAIL network|404 Not Found: there is no such address. Correct TALKOVER_BASE_URL; Talkover's own is https://app.talkover.ai/api/v1.|- token|not checked|- clock|not checked"},
		"a page": {list: answers(200, "<html>@</html>"), last: "1 check failed: network.",
			want: "FAIL network|'s answer (200 OK) was not the JSON that was asked for, but perhaps a page of a proxy. Correct TALKOVER_BASE_URL"},
		"JSON of another": {list: answers(200, `{"hello":"@"}`), last: "1 check failed: network.",
			want: "FAIL network|'s answer (200 OK) was not the JSON that was asked for, but perhaps a page of a proxy. Correct TALKOVER_BASE_URL"},
		"a redirect": {list: answers(302, "", "Location", "/login?"+canary), last: "1 check failed: network.",
			want: "FAIL network|a redirect (302 Found), which is never followed|FAIL network|Correct TALKOVER_BASE_URL"},
		"used up": {list: answers(429, `{"message":"Too Many Attempts."}`, "Retry-After", "37"), last: "1 check failed: rate limit.",
			want: "ok network||- token|not checked; the limit|FAIL rate limit|Talkover's limit of requests a minute is reached (429 Too Many Requests). Try again in 37 s."},
		"used up, no wait": {list: answers(429, ""), last: "1 check failed: rate limit.", want: "FAIL rate limit|Try again in a minute."},
		"used up, and a clock behind": {list: answers(429, "", "Date", "1h", "X-Ratelimit-Reset", "1h20s"),
			last: "2 checks failed: rate limit, clock.", want: "FAIL rate limit|Try again in 2|FAIL clock|behind Talkover's"},
		"nothing left": {list: answers(200, oneOf4213, "X-Ratelimit-Remaining", "0"), last: "1 check failed: rate limit.",
			want: "ok token||FAIL rate limit|no request is left of this minute's 100. Try again in a minute."},
		"a smaller plan": {list: answers(200, oneOf4213, "X-Ratelimit-Limit", "60", "X-Ratelimit-Remaining", "57"), last: "No check failed; see the warning: rate limit.",
			want: "warn rate limit|57 of 60 requests left this minute, but TALKOVER_RATE_LIMIT is 100. Set it to 60."},
		"no limit of ours": {list: answers(200, oneOf4213), env: []string{"TALKOVER_RATE_LIMIT", "0"}, last: "No check failed; see the warning: rate limit.",
			want: "warn rate limit|TALKOVER_RATE_LIMIT is 0"},
		"no limits told": {list: answers(200, oneOf4213, "X-Ratelimit-Limit", "lots"), last: "All is well.", want: "- rate limit|not checked; Talkover's answer does not tell it"},
		"an error": {list: answers(500, `{"message":"Server Error"}`), asks: 2, last: "1 check failed: network.",
			want: "FAIL network|500 Internal Server Error: an error on its side; its /health answers as it should|- token|not checked"},
		"all down": {list: answers(503, "", "Retry-After", "90"), health: answers(503, ""), asks: 2, last: "1 check failed: network.",
			want: "FAIL network|503 Service Unavailable: an error on its side|FAIL network|its /health fails as well. Try again in 90 s."},
		"a clock ahead": {list: answers(200, oneOf4213, "Date", "-1h"), last: "1 check failed: clock.",
			want: "ok token||ok rate limit||FAIL clock|1h0m|FAIL clock|ahead of Talkover's"},
		"a clock behind": {list: answers(200, oneOf4213, "Date", "1h"), last: "1 check failed: clock.", want: "FAIL clock|behind Talkover's"},
		"a clock near":   {list: answers(200, oneOf4213, "Date", "-50s"), last: "All is well.", want: "ok clock|at most 5"},
		"out of a cache": {list: answers(200, oneOf4213, "Date", "-1h", "Age", "3600"), last: "All is well.", want: "- clock|not checked; Talkover's answer has no date"},
		"slow":           {list: hangs, env: []string{"TALKOVER_TIMEOUT", "1s"}, asks: 2, last: "1 check failed: network.", want: "FAIL network|is up, but did not list one call within 1s. Raise TALKOVER_TIMEOUT"},
		"slow in all":    {list: hangs, health: hangs, env: []string{"TALKOVER_TIMEOUT", "1s"}, asks: 2, last: "1 check failed: network.", want: "FAIL network|does not answer within 1s, nor does its /health"},
		"hangs up": {list: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, last: "1 check failed: network.",
			want: "FAIL network|broke off before the answer was whole"},
		"replicas": {list: answers(200, oneOf4213), env: []string{"TALKOVER_VALKEY_URL", "redis://:" + canary + "@" + shared.Addr(), "TALKOVER_REPLICAS", "3"}, last: "All is well.",
			want: "ok Valkey|Valkey answers; 3 replicas share the limit|ok network|"},
		"no Valkey there": {list: answers(200, oneOf4213), env: []string{"TALKOVER_VALKEY_URL", "redis://:" + canary + "@127.0.0.1:1", "TALKOVER_REPLICAS", "3"}, last: "No check failed; see the warning: Valkey.",
			want: "warn Valkey|Valkey is away (connect: connection refused): this replica goes on alone, with 1/3 of the limit. The server starts all the same|ok network|"},
		"each its own token": {list: answers(500, ""), env: []string{"TALKOVER_TOKEN", "", "TALKOVER_TOKEN_SOURCE", "client", "MCP_TRANSPORT", "http", "MCP_ADDR", "127.0.0.1:0"}, last: "All is well.",
			want: "ok configuration|http at 127.0.0.1:0, MCP_AUTH=none; each request brings its own token|ok network||- token|each request brings its own|- rate limit||ok clock|"},
		"each its own, all down": {health: answers(502, ""), env: []string{"TALKOVER_TOKEN", "", "TALKOVER_TOKEN_SOURCE", "client", "MCP_TRANSPORT", "http", "MCP_ADDR", "127.0.0.1:0"}, last: "1 check failed: network.",
			want: "FAIL network|502 Bad Gateway|FAIL network|/health fails as well"},
		"each its own, a firewall": {health: answers(401, ""), env: []string{"TALKOVER_TOKEN", "", "TALKOVER_TOKEN_SOURCE", "client", "MCP_TRANSPORT", "http", "MCP_ADDR", "127.0.0.1:0"}, last: "1 check failed: network.",
			want: "FAIL network|something before the API"},
		"each its own, no health": {health: answers(400, ""), env: []string{"TALKOVER_TOKEN", "", "TALKOVER_TOKEN_SOURCE", "client", "MCP_TRANSPORT", "http", "MCP_ADDR", "127.0.0.1:0"}, last: "1 check failed: network.",
			want: "FAIL network|400 Bad Request: it does not take these arguments. Correct TALKOVER_BASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // two wait for a second and more
			var n asked
			health := []http.HandlerFunc{}
			if test.health != nil {
				health = append(health, test.health)
			}
			s := httptest.NewServer(api(&n, test.list, health...))
			defer s.Close()
			env := map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": s.URL + "/api/v1"}
			for i := 0; i < len(test.env); i += 2 {
				env[test.env[i]] = test.env[i+1]
			}
			found, logged := diagnose(t, env)
			diagnosed(t, found, test.want, test.last)
			secretive(t, found, logged)
			if logged != "" {
				t.Errorf("logged: %s", logged)
			}
			if got := n.list.Load() + n.health.Load(); got != max(test.asks, 1) {
				t.Errorf("%d requests", got)
			}
		})
	}
}

// diagnosed compares what the doctor found with what it should: pairs of a severity
// with a check and of words about it, separated by |.
func diagnosed(t *testing.T, found doctor.Findings, want, summary string) {
	t.Helper()
	texts := map[string]string{}
	for _, f := range found {
		texts[f.Severity.String()+" "+f.Check] += f.Text
	}
	parts := strings.Split(want, "|")
	for i := 0; i < len(parts); i += 2 {
		if got, ok := texts[parts[i]]; !ok || !strings.Contains(got, parts[i+1]) {
			t.Errorf("no %q: %q in\n%s", parts[i], parts[i+1], found)
		}
	}
	if got := found.Summary(); got != summary {
		t.Errorf("it sums up %q, want %q", got, summary)
	}
}

// The folder of kept days is named where it can be used, and else what is wrong with it.
func TestDoctorLooksAtTheFolderOfKeptDays(t *testing.T) {
	folder := t.TempDir()
	found, logged := diagnose(t, map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_CACHE_DIR": folder, "TALKOVER_BASE_URL": "http://127.0.0.1:1/api/v1"})
	if text := found.String(); !strings.Contains(text, "days are kept in TALKOVER_CACHE_DIR") {
		t.Error(text)
	}
	secretive(t, found, logged)
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	found, _ = diagnose(t, map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_CACHE_DIR": file})
	diagnosed(t, found, "FAIL configuration|TALKOVER_CACHE_DIR: takes a folder|- network|not checked", "1 check failed: configuration.")
}

func TestDoctorListsFaultsOfTheConfiguration(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"no token": {nil, "FAIL configuration|TALKOVER_TOKEN: takes a Talkover API token, which is missing"},
		"bearer":   {map[string]string{"TALKOVER_TOKEN": "Bearer " + canary}, "FAIL configuration|TALKOVER_TOKEN: takes the token alone"},
		"in the wrong place": {map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": "http://" + canary + ".example"},
			"FAIL configuration|TALKOVER_BASE_URL: takes an https URL"},
		"more than one": {overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS", gateToken+",short", "TALKOVER_TIMEOUT", canary),
			"FAIL configuration|TALKOVER_TIMEOUT: takes a duration|FAIL configuration|MCP_AUTH_TOKENS: takes"},
		"an open door": {overHTTP("MCP_ADDR", "0.0.0.0:8080"), "FAIL configuration|MCP_ADDR: takes a loopback address while MCP_AUTH=none"},
	} {
		found, logged := diagnose(t, test.env)
		diagnosed(t, found, test.want+"|- network|not checked|- token|not checked|- rate limit|not checked|- clock|not checked", "1 check failed: configuration.")
		secretive(t, found, logged)
		if logged != "" {
			t.Errorf("%s: logged %s", name, logged)
		}
	}
}

func TestDoctorInTheDemoAsksNothing(t *testing.T) {
	found, _ := diagnose(t, map[string]string{"TALKOVER_BASE_URL": "https://nowhere.invalid", "TALKOVER_DEMO": "true"})
	diagnosed(t, found, "ok configuration|the demo, in which every call is invented|- network|the demo asks nothing outside|- token|the demo", "All is well.")
}

func TestDoctorReadsTheTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var n asked
	s := httptest.NewServer(api(&n, answers(401, "")))
	defer s.Close()
	found, logged := diagnose(t, map[string]string{"TALKOVER_TOKEN_FILE": path, "TALKOVER_BASE_URL": s.URL + "/api/v1", "MCP_TRANSPORT": "sse", "MCP_ADDR": "127.0.0.1:0"})
	diagnosed(t, found, "ok configuration|sse at 127.0.0.1:0, MCP_AUTH=none; the token is from TALKOVER_TOKEN_FILE|FAIL token|from TALKOVER_TOKEN_FILE", "1 check failed: token.")
	secretive(t, found, logged)
}

func TestDoctorStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer s.Close()
	env := envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": s.URL})
	diagnosed(t, doctor.Diagnose(ctx, env, nil, "test", io.Discard), "FAIL network|the check was stopped", "1 check failed: network.")
}

func TestDoctorFetchesTheKeysOfTheGate(t *testing.T) {
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			io.WriteString(w, `{"keys":[]}`)
			return
		}
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer.URL, issuer.URL+"/keys")
	}))
	defer issuer.Close()
	var n asked
	s := httptest.NewServer(api(&n, answers(200, oneOf4213)))
	defer s.Close()
	env := overHTTP("MCP_ADDR", "127.0.0.1:0", "MCP_AUTH", "oidc", "MCP_OIDC_ISSUER", issuer.URL, "MCP_RESOURCE_URL", "https://calls.example.com", "TALKOVER_BASE_URL", s.URL+"/api/v1")
	found, _ := diagnose(t, env)
	diagnosed(t, found, "ok configuration|http at 127.0.0.1:0, MCP_AUTH=oidc|ok gate|can be fetched|ok token|", "All is well.")
	issuer.Close()
	found, _ = diagnose(t, env)
	diagnosed(t, found, "FAIL gate|MCP_OIDC_ISSUER: takes an issuer whose keys can be fetched|ok token|", "1 check failed: gate.")
}

// A token that was pasted into the address of the API stays hidden.
func TestDoctorHidesATokenInTheAddress(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	found, logged := diagnose(t, map[string]string{"TALKOVER_TOKEN": "talq_another_1", "TALKOVER_BASE_URL": s.URL + "/" + canary})
	diagnosed(t, found, "FAIL network|/[redacted] answered 404 Not Found", "1 check failed: network.")
	secretive(t, found, logged)
}
