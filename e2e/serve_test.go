package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// post sends one JSON-RPC message to /mcp; headers come in pairs.
func post(base, message string, headers ...string) (int, string, error) {
	r, err := http.NewRequest(http.MethodPost, base+"/mcp", strings.NewReader(message))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

func listCall(id, page int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"list_calls",`+
		`"arguments":{"page":%d}}}`, id, page)
}

// accounts serves an API in which each token has an account of its own, whose rows name
// the token.
func accounts(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer talq_")
	if !ok {
		http.Error(w, `{"message":"Unauthorized"}`, http.StatusUnauthorized)
		return
	}
	page, _ := strconv.Atoi(cmp.Or(r.URL.Query().Get("page"), "1"))
	fmt.Fprintf(w, `{"success":true,"data":[{"id":"%[1]s","sid":"CA-%[1]s-%[2]d","to":"+12025550100",`+
		`"from":"+12025550101","direction":"inbound",`+
		`"status":"completed","duration":60,"agent":{"id":"a","name":"Agent of %[1]s"},`+
		`"created_at":"2026-11-04T10:00:00Z"}],`+
		`"pagination":{"current_page":%[2]d,"per_page":1,"total":50,"last_page":50}}`, token, page)
}

// Twenty callers with the same ids at once: each gets rows of its own account
// alone, and every answer.
func TestTenantsAreKeptApart(t *testing.T) {
	t.Parallel()
	env := upstream(t, accounts)
	env[0] = "TALKOVER_TOKEN_SOURCE=client" // in place of the token
	gates := []string{}
	for tenant := range 20 {
		gates = append(gates, tokenOf(fmt.Sprint("tenant", tenant))) // a caller may have 100 requests under way
	}
	base, _ := served(t, append(env, "LOG_LEVEL=info", "MCP_AUTH=token",
		"MCP_AUTH_TOKENS="+strings.Join(append(gates, gateToken), ",")), "-transport", "http")
	const gate, account = "Authorization", "X-Talkover-Token"
	var all sync.WaitGroup
	for tenant := range 20 {
		for id := range 15 {
			all.Go(func() {
				token := fmt.Sprintf("tenant%02d", tenant)
				status, body, err := post(base, listCall(id, id+1), gate, "Bearer "+gates[tenant], account,
					"talq_"+token)
				if err != nil || status != 200 || !strings.Contains(body, fmt.Sprintf("CA-%s-%d", token, id+1)) ||
					!strings.Contains(body, fmt.Sprintf(`"id":%d,`, id)) {
					t.Errorf("%s, call %d: %d %v %s", token, id, status, err, body)
				}
				for other := range 20 {
					if foreign := fmt.Sprintf("tenant%02d", other); other != tenant && strings.Contains(body, foreign) {
						t.Errorf("%s got a row of %s", token, foreign)
					}
				}
			})
		}
	}
	all.Wait()
	// Without a token there is a list of tools, and a call that says what it needs.
	if status, body, err := post(base, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, gate,
		"Bearer "+gateToken); status != 200 || !strings.Contains(body, "list_calls") {
		t.Error(status, body, err)
	}
	if status, body, err := post(base, listCall(1, 1), gate, "Bearer "+gateToken); status != 200 ||
		!strings.Contains(body, `"isError":true`) || !strings.Contains(body, account) {
		t.Error(status, body, err)
	}
	if status, body, err := post(base, listCall(1, 1), gate, "Bearer "+gateToken, account,
		"no-such-token"); status != 200 ||
		!strings.Contains(body, "this request brought in the header X-Talkover-Token") {
		t.Error(status, body, err)
	}
	if status, body, err := post(base, listCall(1, 1), account, "talq_tenant00"); status != 401 {
		t.Error(status, body, err)
	}
}

// Eight calls wait for the API when the signal comes.
func TestSignalLetsCallsInFlightBeAnswered(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-release
		r.Header.Set("Authorization", "Bearer "+sandbox.Token)
		account.ServeHTTP(w, r)
	})
	base, cmd := served(t, env, "-transport", "http")
	var all sync.WaitGroup
	for id := range 8 {
		all.Go(func() {
			if status, body, err := post(base, listCall(id, id+1)); status != 200 ||
				!strings.Contains(body, "calls match") {
				t.Error(status, err, body)
			}
		})
	}
	for range 8 {
		<-asked
	}
	interrupt(t, cmd, syscall.SIGTERM)
	for { // until no connection is taken
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			break
		}
		c.Close()
	}
	close(release)
	all.Wait()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	mustEnd(t, cmd, func() {}, false)
	if !cmd.ProcessState.Success() {
		t.Errorf("it ends with %v", cmd.ProcessState)
	}
}

// While balancers are given time, calls are answered; a second signal ends that.
func TestSecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	base, cmd := served(t, []string{"LOG_FORMAT=json", "MCP_DRAIN_DELAY=5m"}, "-demo", "-transport", "http")
	interrupt(t, cmd, syscall.SIGTERM)
	for { // until the signal has come
		res, err := http.Get(base + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			break
		}
	}
	if status, body, err := post(base, listCall(1, 1)); status != 200 || !strings.Contains(body, "calls match") {
		t.Error(status, body, err)
	}
	mustEnd(t, cmd, func() { interrupt(t, cmd, syscall.SIGTERM) }, false)
	if cmd.ProcessState.Success() {
		t.Error("it ended as if all had been served")
	}
}

func TestReadyWhileTheAPIIs(t *testing.T) {
	t.Parallel()
	var down sync.Once
	get := func(base, path string) int {
		res, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/health" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s with %q", r.URL.Path, r.Header.Get("Authorization"))
		}
		ok := false
		down.Do(func() { ok = true })
		if !ok {
			t.Error("asked twice within 10 s")
		}
		io.WriteString(w, `{"status":"ok"}`)
	})
	base, _ := served(t, env, "-transport", "http")
	for range 5 {
		if got := get(base, "/readyz"); got != 200 {
			t.Errorf("ready is %d", got)
		}
	}
	broken, _ := served(t, upstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }),
		"-transport", "http")
	if r, h := get(broken, "/readyz"), get(broken, "/healthz"); r != 503 || h != 200 {
		t.Errorf("with a broken API: ready %d, healthy %d", r, h)
	}
	demo, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "sse")
	if got := get(demo, "/readyz"); got != 200 {
		t.Errorf("demo is %d", got)
	}
}

// newIssuer starts an OpenID provider that has no keys yet.
func newIssuer(t *testing.T) *httptest.Server {
	t.Helper()
	issuer := httptest.NewUnstartedServer(nil)
	issuer.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			io.WriteString(w, `{"keys":[]}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"})
	})
	issuer.Start()
	t.Cleanup(issuer.Close)
	return issuer
}

// Behind a gate a server may listen everywhere, under the host names of the settings.
func TestOpenAddressWithAGate(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	for name, gate := range map[string][]string{
		"token": {"MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken},
		"oidc":  {"MCP_AUTH=oidc", "MCP_OIDC_ISSUER=" + issuer.URL, "MCP_RESOURCE_URL=https://calls.example.com/mcp"},
	} {
		env := append(gate, "LOG_FORMAT=json", "MCP_ALLOWED_HOSTS=calls.example.com")
		base, _ := servedAt(t, "0.0.0.0:0", env, "-demo", "-transport", "http")
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
		for host, want := range map[string]int{"calls.example.com": 401, "localhost": 401, "0.0.0.0": 403,
			"evil.example": 403, "": 401} {
			r, _ := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+port+"/mcp", strings.NewReader(listCall(1, 1)))
			r.Host = host
			r.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%s: %q is %d, want %d", name, host, res.StatusCode, want)
			}
		}
	}
	issuer.Close()
	if code, _, stderr := try(t, map[string]string{"MCP_AUTH": "oidc", "MCP_OIDC_ISSUER": issuer.URL,
		"MCP_RESOURCE_URL": "https://calls.example.com"},
		"-demo", "-transport", "http"); code != 1 ||
		!strings.HasPrefix(stderr, "talkover-mcp: MCP_OIDC_ISSUER: takes") {
		t.Errorf("an issuer that is away: exit %d, %s", code, stderr)
	}
}

// resident returns the memory of a process, in KiB.
func resident(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("no /proc")
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// underRace reports whether the race detector runs, which itself costs memory.
func underRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// 500 idle streams of the real process cost little memory, with its garbage, and another
// client is answered all the same.
func TestIdleStreamsCostLittle(t *testing.T) {
	base, cmd := served(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=info"}, "-demo", "-transport", "http")
	if status, _, err := post(base, listCall(1, 1)); status != 200 {
		t.Fatal(status, err)
	}
	before := resident(t, cmd.Process.Pid)
	line := make([]byte, 1024)
	for range 500 {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := c.Read(line); err != nil {
			t.Fatal(err)
		}
	}
	cost := resident(t, cmd.Process.Pid) - before
	t.Logf("500 idle streams cost %.1f MiB", float64(cost)/1024)
	if cost > 40<<10 && !underRace() {
		t.Errorf("500 idle streams cost %d KiB", cost)
	}
	if status, body, err := post(base, listCall(1, 1)); status != 200 || !strings.Contains(body, "calls match") {
		t.Error(status, body, err)
	}
}
