package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// ways are the ways to ask over HTTP: with a bearer token, a method and its params, each
// returns the status of the request and the message that came back, if any.
var ways = map[string]func(t *testing.T, base, token, method, params string) (int, string){
	"http": func(t *testing.T, base, token, method, params string) (int, string) {
		status, body, err := post(base, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method,
			params), "Authorization", "Bearer "+token)
		if err != nil {
			t.Fatal(err)
		}
		return status, body
	},
	"http of 2026-07-28": func(t *testing.T, base, token, method, params string) (int, string) {
		const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
			`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},` +
			`"io.modelcontextprotocol/clientCapabilities":{}}`
		headers := []string{"Authorization", "Bearer " + token, "Accept", "application/json, text/event-stream",
			"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", method}
		if _, name, ok := strings.Cut(params, `"name":"`); ok {
			headers = append(headers, "Mcp-Name", name[:strings.Index(name, `"`)])
		}
		if _, uri, ok := strings.Cut(params, `"uri":"`); ok {
			headers = append(headers, "Mcp-Name", uri[:strings.Index(uri, `"`)])
		}
		if params != "" {
			params += ","
		}
		status, body, err := post(base, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s%s}}`, method,
			params, meta), headers...)
		if err != nil {
			t.Fatal(err)
		}
		return status, body
	},
	"sse": func(t *testing.T, base, token, method, params string) (int, string) {
		stream := streamOf(t, base, token)
		if stream.status != 200 {
			return stream.status, ""
		}
		defer stream.Close()
		res, err := http.DefaultClient.Do(request(t.Context(), stream.to,
			fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method, params), "Authorization",
			"Bearer "+token))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 202 {
			return res.StatusCode, ""
		}
		return 200, stream.next()
	},
}

// stream is an open stream of a caller.
type stream struct {
	io.Closer
	status int
	lines  *bufio.Scanner
	to     string // the address for messages
}

func streamOf(t *testing.T, base, token string) stream {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/sse", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	s := stream{Closer: res.Body, status: res.StatusCode, lines: bufio.NewScanner(res.Body)}
	s.lines.Buffer(nil, 8<<20)
	if s.status == 200 {
		s.to = base + "/" + s.next()
	}
	return s
}

// next returns the data of the next event; "" at the end of the stream.
func (s stream) next() string {
	for s.lines.Scan() {
		if data, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			return data
		}
	}
	return ""
}

// tokenOf makes the gate token of somebody.
func tokenOf(name string) string { return name + strings.Repeat("0", 32) }

// secrets writes a file that nobody else may read.
func secrets(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a caller may do is what it sees, over each transport. A bare token may do all.
func TestRolesOverEachTransport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	secrets(t, path, tokenOf("bare")+"\n"+tokenOf("all")+" all\n\n"+tokenOf("read")+" reader read\n"+
		tokenOf("export")+" exporter read,export\n"+tokenOf("place")+" placer "+
		"place\n"+tokenOf("two")+","+tokenOf("more")+"\n")
	env := []string{"LOG_FORMAT=json", "MCP_AUTH=token", "MCP_AUTH_TOKENS_FILE=" + path,
		"TALKOVER_ALLOW_CALLS=true", "TALKOVER_CALL_COUNTRIES=1"}
	base, _ := served(t, env, "-demo", "-transport", "http")
	const public, private = `"cacheScope":"public"`, `"cacheScope":"private"`
	for who, may := range map[string]struct{ read, export, place bool }{
		"bare": {true, true, true}, "all": {true, true, true}, "two": {true, true, true}, "more": {true, true, true},
		"read": {read: true}, "export": {read: true, export: true}, "place": {place: true},
	} {
		for way, ask := range ways {
			says := func(what string, want bool, method, params, text string) {
				t.Helper()
				if status, body := ask(t, base, tokenOf(who), method, params); status >= 500 ||
					strings.Contains(body, text) != want {
					t.Errorf("%s over %s: %s is %t: %d %.300s", who, way, what, !want, status, body)
				}
			}
			says("a list of reading tools", may.read, "tools/list", "", `"list_calls"`)
			says("a list of make_call", may.place, "tools/list", "", `"make_call"`)
			says("a public list", false, "tools/list", "", public)
			says("a call of a tool", may.read, "tools/call", `"name":"list_agents","arguments":{}`, "structuredContent")
			says("an order", may.place, "tools/call", `"name":"make_call","arguments":{}`, "Nothing was asked")
			says("a list of prompts", may.read, "prompts/list", "", "daily_report")
			says("a prompt", may.read, "prompts/get", `"name":"daily_report"`, "messages")
			says("a list of the CSV", may.export, "resources/templates/list", "", "calls.csv")
			says("the CSV", may.export, "resources/read", `"uri":"talkover://calls.csv?status=failed"`, "created_at")
			says("why there is no CSV", !may.export, "resources/read",
				`"uri":"talkover://calls.csv?status=failed"`, "role export")
			says("the glossary", true, "resources/read", `"uri":"talkover://metrics"`, "text/markdown")
			says("names of agents", may.read, "completion/complete",
				`"ref":{"type":"ref/prompt","name":"compare_agents"},"argument":{"name":"agent","value":""}`,
				`"values":["`)
			if strings.Contains(way, "2026") {
				says("a private list", true, "tools/list", "", private)
				says("what to know of make_call", may.place, "server/discover", "", "rings a real person")
			}
		}
	}
	open, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	if _, body := ways["http of 2026-07-28"](t, open, "", "tools/list", ""); !strings.Contains(body, public) {
		t.Errorf("without a gate the list is not for all: %.300s", body)
	}
}

// eventually asks again and again until a server has done something.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for start := time.Now(); !done(); {
		if time.Since(start) > patience {
			t.Fatal("in vain: " + what)
		}
		<-time.After(5 * time.Millisecond) // what is waited for needs the processor too
	}
}

// A token that is added to the file counts soon, and one that is taken away does not.
func TestTokensAreReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	secrets(t, path, tokenOf("ann")+" ann\n"+tokenOf("bob")+" bob\n")
	base, _ := served(t, []string{"LOG_FORMAT=json", "MCP_RATE_LIMIT=0", "MCP_AUTH=token",
		"MCP_AUTH_TOKENS_FILE=" + path}, "-demo", "-transport", "http")
	list := func(who string) int {
		status, _ := ways["http"](t, base, tokenOf(who), "tools/list", "")
		return status
	}
	bob := streamOf(t, base, tokenOf("bob"))
	defer bob.Close()
	secrets(t, path, tokenOf("bob")+" bob\n"+tokenOf("cid")+" cid\n")
	eventually(t, "cid comes in", func() bool { return list("cid") == 200 })
	if a, b := list("ann"), list("bob"); a != 401 || b != 200 {
		t.Errorf("ann, who is out: %d; bob, who stays: %d", a, b)
	}
	res, err := http.DefaultClient.Do(request(t.Context(), bob.to, `{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		"Authorization", "Bearer "+tokenOf("bob")))
	if err != nil || res.StatusCode != 202 || !strings.Contains(bob.next(), `"id":1`) {
		t.Errorf("bob's stream is gone: %v %v", res, err)
	}
}

// The Talkover token is read again too, and the next request brings the new one.
func TestTalkoverTokenIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer talq_new" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Header.Set("Authorization", "Bearer "+sandbox.Token)
		account.ServeHTTP(w, r)
	})
	secrets(t, path, "talq_old\n")
	env[0] = "TALKOVER_TOKEN_FILE=" + path
	base, _ := served(t, append(env, "TALKOVER_RATE_LIMIT=0"), "-transport", "http")
	call := func() string {
		_, body, err := post(base, listCall(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	if body := call(); !strings.Contains(body, "401") {
		t.Errorf("with the old token: %s", body)
	}
	secrets(t, path, "talq_new\n")
	eventually(t, "the new token is used", func() bool { return strings.Contains(call(), "calls match") })
}
