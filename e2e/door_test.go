package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/internal/cli"
)

const pinging = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

// Behind a gate a caller has one share, whatever Talkover tokens it invents.
func TestInventedTalkoverTokensGiveNoShares(t *testing.T) {
	t.Parallel()
	env := []string{"LOG_FORMAT=json", "MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken + "," + tokenOf("bob"),
		"TALKOVER_TOKEN_SOURCE=client", "MCP_RATE_LIMIT=5"}
	base, _ := served(t, env, "-transport", "http")
	got, begun := map[int]int{}, time.Now()
	for i := range 40 {
		status, _, err := post(base, pinging, "Authorization", "Bearer "+gateToken, "X-Talkover-Token",
			fmt.Sprintf("talq_invented_%d", i))
		if err != nil {
			t.Fatal(err)
		}
		got[status]++
	}
	if most := 6 + int(5*time.Since(begun).Minutes()); got[200] > most || got[200]+got[429] != 40 {
		t.Errorf("40 requests of one caller with a limit of 5 have the statuses %v", got)
	}
	if status, _, err := post(base, pinging, "Authorization", "Bearer "+tokenOf("bob"), "X-Talkover-Token",
		"talq_invented_1"); status != 200 {
		t.Errorf("another caller: %d %v", status, err)
	}
	for i := range 110 { // streams
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/sse", nil)
		r.Header.Set("Authorization", "Bearer "+gateToken)
		r.Header.Set("X-Talkover-Token", fmt.Sprintf("talq_invented_%d", i))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if i == 109 && res.StatusCode != 429 {
			t.Errorf("stream %d of a caller: %d", i+1, res.StatusCode)
		}
	}
}

// badIDs are ids that are none, or too long to be repeated.
func badIDs() map[string]string {
	return map[string]string{
		"an object": `{"secret":1}`, "a list": `["secret"]`, "true": `true`,
		"a long text": `"` + strings.Repeat("secret", 60) + `"`,
		"a vast text": `"` + strings.Repeat("secret", 9000) + `"`, "a long number": strings.Repeat("7", 300),
		"a vast number": strings.Repeat("7", 60_000),
	}
}

// An id that is none is refused and not repeated, over each transport, and so is a token for
// progress, which each step would repeat.
func TestIDsThatAreNoneAreNotRepeated(t *testing.T) {
	t.Parallel()
	base, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	stream := streamOf(t, base, "")
	defer stream.Close()
	cmd := command(t, nil, "-demo")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	start(t, cmd)
	lines := bufio.NewReader(stdout)
	ask := func(message string) string {
		_, _ = io.WriteString(stdin, message+"\n")
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	for name, id := range badIDs() {
		for what, message := range map[string]string{
			"id": fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"ping"}`, id),
			"id of a call": fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call",`+
				`"params":{"name":"list_agents"}}`, id),
			"id in a batch": fmt.Sprintf(`[{"jsonrpc":"2.0","id":%s,"method":"ping"}]`, id),
			"progressToken": fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call",`+
				`"params":{"name":"list_agents","_meta":{"progressToken":%s}}}`, id),
		} {
			check := func(way, answer string) {
				t.Helper()
				var said struct {
					ID    any
					Error struct{ Code int }
				}
				err := json.Unmarshal([]byte(answer), &said)
				if err != nil || said.Error.Code != -32600 || len(answer) > 400 ||
					strings.Contains(answer, "secret") || strings.Contains(answer, "7777") {
					t.Errorf("%s of %s over %s: %.300s", what, name, way, answer)
				}
				if what != "progressToken" && said.ID != nil {
					t.Errorf("%s of %s over %s: the id of the answer is %v", what, name, way, said.ID)
				}
			}
			_, body, err := post(base, message)
			if err != nil {
				t.Fatal(err)
			}
			check("http", body)
			res, err := http.DefaultClient.Do(request(t.Context(), stream.to, message))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			check("sse", stream.next())
			check("stdio", ask(message))
		}
	}
	for _, id := range []string{`"` + strings.Repeat("a", 256) + `"`, `9007199254740993`, `"a"`, `-1.5`} {
		if _, body, err := post(base, strings.Replace(pinging, "1,", id+",", 1)); !strings.Contains(body, `"id":`+id) {
			t.Errorf("%s: %s %v", id, body, err)
		}
	}
}

// heavy returns messages of a size that take much memory when they are read: of many values,
// and of as many as are taken.
func heavy(size, values int) []string {
	var all []string
	for _, of := range []string{`[]`, `{}`, `0`, `{"a":{}}`, `[[[[]]]]`, `{"":0}`} {
		const head, tail = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_calls",` +
			`"arguments":{"status":[`, `""]}}}`
		marks := 1 + strings.Count(of, "[") + strings.Count(of, "{")
		n := min((size-len(head)-len(tail))/(len(of)+1), (values-10)/marks)
		all = append(all, head+strings.Repeat(of+",", n)+tail+strings.Repeat(" ",
			size-len(head)-len(tail)-n*(len(of)+1)))
	}
	text := strings.Repeat("x", size-400)
	return append(all, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_calls",`+
		`"arguments":{"search":"`+text+`"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},`+
			`"clientInfo":{"name":"`+text+`","version":"1"}}}`)
}

// sending has callers send messages, several at once, and returns how often each status came.
func sending(t *testing.T, base string, callers, atOnce, each int, messages []string) map[int]int {
	t.Helper()
	var mu sync.Mutex
	got := map[int]int{}
	var all sync.WaitGroup
	for caller := range callers {
		for n := range atOnce {
			all.Go(func() {
				for i := range each {
					status, _, err := post(base, messages[(n+i)%len(messages)], "Authorization",
						"Bearer "+tokenOf(fmt.Sprint("caller", caller)))
					mu.Lock()
					if got[status]++; err != nil {
						got[-1]++
					}
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	return got
}

// What a caller may send at once takes little memory, and what is larger is refused in words.
func TestHeavyMessagesTakeLittleMemory(t *testing.T) {
	var tokens []string
	for i := range 4 {
		tokens = append(tokens, tokenOf(fmt.Sprint("caller", i)))
	}
	env := []string{"LOG_FORMAT=json", "GOMEMLIMIT=200MiB", "MCP_RATE_LIMIT=0", "MCP_AUTH=token",
		"MCP_AUTH_TOKENS=" + strings.Join(tokens, ",")}
	again := 2 // is how often each sends
	if long() {
		again = 8
	}
	for _, test := range []struct {
		name                  string
		callers, atOnce, each int
		messages              []string
		want, most            int // the status, and MiB at the peak
	}{
		{"seven of 1 MiB", 1, 7, 1, heavy(1<<20, 1<<20), 413, 100},
		{"of too many values", 1, 100, 1, heavy(64<<10, 1<<20)[:4], 413, 100},
		{"one caller", 1, 100, again, heavy(64<<10, 2000), 200, 100},
		{"four callers", 4, 100, again, heavy(64<<10, 2000), 200, 200},
	} {
		if test.callers > 1 && !long() {
			continue // takes half a minute of two processors
		}
		base, cmd := served(t, env, "-demo", "-transport", "http")
		start, got := time.Now(), sending(t, base, test.callers, test.atOnce, test.each, test.messages)
		memory := peak(t, cmd.Process.Pid) >> 10
		t.Logf("%s: statuses %v in %v, peak of %d MiB", test.name, got, time.Since(start).Round(time.Millisecond),
			memory)
		if got[test.want] != test.callers*test.atOnce*test.each {
			t.Errorf("%s: statuses %v, want %d alone", test.name, got, test.want)
		}
		if memory > test.most && !underRace() {
			t.Errorf("%s: the peak is %d MiB, and may be %d", test.name, memory, test.most)
		}
	}
}

// A flood of refused logins leaves a line a second and outcome, which counts all of them and
// tells from where they came: behind a trusted proxy what that says, and else nothing of it.
func TestFloodOfRefusedLoginsLeavesFewLines(t *testing.T) {
	t.Parallel()
	logins := 300
	if long() {
		logins = 1500
	}
	for _, test := range []struct{ trusted, forwarded, peer string }{
		{"", "203.0.113.77", "127.0.0.0/24"},
		{"127.0.0.1", "198.51.100.9, 203.0.113.77", "203.0.113.0/24"},
		{"127.0.0.0/8,203.0.113.77", "198.51.100.9, 203.0.113.77", "198.51.100.0/24"},
		{"127.0.0.1", "2001:db8:7::1", "2001:db8:7::/48"},
		{"127.0.0.1", "not an address", "127.0.0.0/24"},
	} {
		env := []string{"LOG_FORMAT=json", "MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken,
			"MCP_TRUSTED_PROXIES=" + test.trusted}
		base, log := journaled(t, env, "-demo")
		start := time.Now()
		for i := range logins {
			headers := []string{"Authorization", "Bearer " + tokenOf("nobody"), "X-Forwarded-For", test.forwarded}
			if i%3 == 0 {
				headers = headers[2:]
			}
			if status, body, err := post(base, pinging, headers...); status != 401 {
				t.Fatal(status, body, err)
			}
		}
		counted := map[string]int{}
		eventually(t, "all are counted", func() bool {
			counted = map[string]int{}
			for _, line := range log.audits(t) {
				n, _ := line["count"].(float64)
				counted[fmt.Sprint(line["outcome"])] += int(n)
			}
			return counted["no_login"]+counted["unknown"] == logins
		})
		lines, most := log.audits(t), 2*(int(time.Since(start).Seconds())+2)
		t.Logf("%d refused logins in %v leave %d lines, %d bytes", logins,
			time.Since(start).Round(time.Millisecond), len(lines), len(log.String()))
		if len(lines) > most || counted["no_login"] != logins/3 {
			t.Errorf("%d lines, which count %v; want at most %d", len(lines), counted, most)
		}
		for _, line := range lines {
			if line["peer"] != test.peer {
				t.Errorf("%+v: a line has the peer %v", test, line["peer"])
			}
		}
	}
}

// A request under a foreign name, or of a foreign page, has its line in the audit.
func TestForeignHostsAndOriginsAreAudited(t *testing.T) {
	t.Parallel()
	base, log := journaled(t, []string{"LOG_FORMAT=json"}, "-demo")
	for outcome, change := range map[string]func(*http.Request){
		"foreign_host":   func(r *http.Request) { r.Host = "evil.example" },
		"foreign_origin": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
	} {
		for _, path := range []string{"/mcp", "/message", "/sse", "/healthz", "/nothing"} {
			r := request(t.Context(), base+path, pinging)
			change(r)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 403 {
				t.Errorf("%s at %s: %d", outcome, path, res.StatusCode)
			}
		}
		eventually(t, outcome+" is counted", func() bool {
			n := 0.
			for _, line := range log.audits(t) {
				if line["outcome"] == outcome && line["msg"] == "request refused" {
					n += line["count"].(float64)
				}
			}
			return n == 5
		})
	}
	if strings.Contains(log.String(), "evil") {
		t.Errorf("a stranger's words are in the log: %s", log.String())
	}
}

// A file of tokens that is emptied or taken away lets nobody in and ends streams, good lines
// count beside a bad one, and operators are told by /readyz and a metric.
func TestFileOfTokensWithAFaultLetsInByItsGoodLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	secrets(t, path, tokenOf("ann")+" ann\n"+tokenOf("bob")+" bob\n")
	env := []string{"LOG_FORMAT=json", "MCP_AUTH=token", "MCP_AUTH_TOKENS_FILE=" + path, "MCP_METRICS_ADDR=127.0.0.1:0"}
	addrs, _ := addresses(t, env, "-demo", "-transport", "http", "-addr", "127.0.0.1:0")
	base, metrics := addrs["serving"], addrs["metrics"]
	page := func(url string) string {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", string(body))
	}
	state := func(what string, ann, bob int, good string) {
		t.Helper()
		eventually(t, what, func() bool {
			a, _, _ := post(base, pinging, "Authorization", "Bearer "+tokenOf("ann"))
			b, _, _ := post(base, pinging, "Authorization", "Bearer "+tokenOf("bob"))
			ready := page(base + "/readyz")
			isTold := strings.Contains(ready, "MCP_AUTH_TOKENS_FILE: ") && strings.HasPrefix(ready, "200 ok\n")
			return a == ann && b == bob && isTold == (good == "0") && !strings.Contains(ready, tokenOf("")[:20]) &&
				strings.Contains(page(strings.TrimSuffix(metrics, "/metrics")+"/metrics"),
					"\ntalkover_mcp_auth_tokens_file_good "+good+"\n")
		})
	}
	state("all is well", 200, 200, "1")
	secrets(t, path, "")
	state("an empty file", 401, 401, "0")
	secrets(t, path, "short\n"+tokenOf("bob")+" bob\n")
	state("a bad line", 401, 200, "0")
	stream := streamOf(t, base, tokenOf("bob"))
	defer stream.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	state("no file", 401, 401, "0")
	if got := stream.next(); got != "" { // at its end
		t.Errorf("the stream says %s", got)
	}
	secrets(t, path, tokenOf("ann")+" ann\n")
	state("a good file", 200, 401, "1")
}

// A server that is started again lets in by the good lines of a file, as it does when the file changes, and
// doctor says which line is bad. A file without a good line is a mistake that ends the start.
func TestFileOfTokensWithABadLineLetsAServerStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	env := []string{"LOG_FORMAT=json", "MCP_AUTH=token", "MCP_AUTH_TOKENS_FILE=" + path}
	secrets(t, path, "short\n"+tokenOf("bob")+" bob\n")
	base, _ := served(t, env, "-demo", "-transport", "http")
	if status, _, _ := post(base, pinging, "Authorization", "Bearer "+tokenOf("bob")); status != 200 {
		t.Errorf("who has a good line gets %d", status)
	}
	named := map[string]string{"MCP_AUTH": "token", "MCP_AUTH_TOKENS_FILE": path}
	code, out, errs := try(t, named, "doctor", "-demo", "-transport", "http", "-addr", "127.0.0.1:0")
	if !strings.Contains(out+errs, "token 1 of 2 has not 32 visible characters") {
		t.Errorf("doctor ends with %d and says %s%s", code, out, errs)
	}
	secrets(t, path, "short\n")
	if code, _, errs := try(t, named, "-demo", "-transport", "http", "-addr", "127.0.0.1:0"); code == 0 ||
		!strings.Contains(errs, "MCP_AUTH_TOKENS_FILE") {
		t.Errorf("a file without a good line: the start ends with %d and says %s", code, errs)
	}
}

// The head of a request has at most 16 KiB.
func TestHeadsAreBounded(t *testing.T) {
	t.Parallel()
	base, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	for range 5 { // on one connection, and on others
		for size, want := range map[int]int{15 << 10: 200, 17 << 10: 431, 19 << 10: 431, 60 << 10: 431} {
			status, _, err := post(base, pinging, "X-Padding", strings.Repeat("x", size))
			if status != want { // net/http may break off before the body of a 431
				t.Errorf("a head of %d KiB: %d, %v, want %d", size>>10, status, err, want)
			}
		}
	}
}

// Connections are bounded: one more is answered when another has gone.
func TestConnectionsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("opens thousands of connections")
	}
	base, cmd := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for range 4200 {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Skipf("no more than %d connections can be opened here: %v", len(open), err)
		}
		open = append(open, c)
	}
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", cmd.Process.Pid))
	if err != nil {
		t.Skip("no /proc")
	}
	if len(entries) > 4096+50 {
		t.Errorf("the server holds %d descriptors", len(entries))
	}
	for _, c := range open {
		c.Close()
	}
	open = nil
	eventually(t, "another is answered", func() bool {
		status, _, _ := post(base, pinging)
		return status == 200
	})
}

// unsigned is a JWT that names a key, with a signature of nobody.
func unsigned(key, iss, aud string, exp time.Time) string {
	b64 := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"ann","exp":%d}`, iss, aud, exp.Unix())
	return b64([]byte(`{"alg":"RS256","kid":"`+key+`"}`)) + "." + b64([]byte(claims)) + "." + b64([]byte("signature"))
}

// A JWT for another server, of another issuer or of yesterday does not make the server fetch
// keys, whatever key it names; one that may be good does.
func TestForeignJWTsFetchNoKeys(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int32
	issuer := httptest.NewUnstartedServer(nil)
	issuer.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			fetched.Add(1)
			io.WriteString(w, `{"keys":[]}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"})
	})
	issuer.Start()
	defer issuer.Close()
	const resource = "https://calls.example.com/mcp"
	base, _ := served(t, []string{"LOG_FORMAT=json", "MCP_AUTH=oidc", "MCP_OIDC_ISSUER=" + issuer.URL,
		"MCP_RESOURCE_URL=" + resource}, "-demo", "-transport", "http")
	now := time.Now()
	try := func(name, iss, aud string, exp time.Time, want int32) {
		t.Helper()
		if status, body, err := post(base, pinging, "Authorization", "Bearer "+unsigned("new", iss, aud,
			exp)); status != 401 {
			t.Errorf("%s: %d %s %v", name, status, body, err)
		}
		if got := fetched.Load(); got != want {
			t.Errorf("%s: %d fetches of keys, want %d", name, got, want)
		}
	}
	try("another audience", issuer.URL, "https://other.example", now.Add(time.Hour), 1) // the one at the start
	try("another issuer", "https://evil.example", resource, now.Add(time.Hour), 1)
	try("expired", issuer.URL, resource, now.Add(-time.Hour), 1)
	try("a good one with a new key", issuer.URL, resource, now.Add(time.Hour), 2)
}

// The doctor looks at the gate in the demo too: without its keys a server does not start.
func TestDoctorLooksAtTheGateInTheDemo(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	env := map[string]string{"MCP_AUTH": "oidc", "MCP_TRANSPORT": "http", "MCP_ADDR": "127.0.0.1:0",
		"MCP_OIDC_ISSUER": issuer.URL, "MCP_RESOURCE_URL": "https://calls.example.com/mcp"}
	if code, stdout, _ := try(t, env, "doctor", "-demo"); code != cli.Success ||
		!strings.Contains(stdout, "ok    gate: ") {
		t.Errorf("exit %d: %s", code, stdout)
	}
	issuer.Close()
	if code, stdout, _ := try(t, env, "doctor", "-demo"); code != cli.Failed ||
		!strings.Contains(stdout, "FAIL  gate: MCP_OIDC_ISSUER") || strings.Contains(stdout, "All is well") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}
