package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/go-json-experiment/json"

	"github.com/talkover/talkover-mcp/internal/config"
)

// form describes the configuration of a host, as its maker documents it: the key over the
// servers, the keys of a server that the host starts, and those of a server at a URL. A
// key that is needed ends in !. A host that takes no URL has no keys for one.
type form struct{ servers, stdio, http string }

var forms = map[string]form{
	// https://support.claude.com/en/articles/11503834: no remote servers in the file.
	"claude-desktop": {"mcpServers", "command! args env", ""},
	// https://code.claude.com/docs/en/mcp, and what claude mcp add writes (2.1.197)
	"claude-code": {"mcpServers", "type! command! args env", "type! url! headers"},
	// https://code.visualstudio.com/docs/agents/reference/mcp-configuration.md
	"vscode": {"servers", "type! command! args env envFile", "type! url! headers"},
	// https://cursor.com/docs/mcp
	"cursor": {"mcpServers", "type command! args env envFile", "url! headers"},
	// https://vaadin.com/docs/latest/building-apps/agentic-development/mcp/supported-tools/devin-desktop
	"devin": {"mcpServers", "command! args env", "url! headers"},
	// https://docs.devin.ai/desktop/cascade/mcp
	"windsurf": {"mcpServers", "command! args env", "serverUrl! headers"},
	// https://developers.openai.com/codex/mcp, and what codex mcp add writes (0.169.0)
	"codex": {"mcp_servers", "command! args env", "url! bearer_token_env_var http_headers env_http_headers"},
	// https://geminicli.com/docs/tools/mcp-server, and tried with 0.61.0
	"gemini-cli": {"mcpServers", "command! args env cwd timeout trust", "httpUrl! headers timeout trust"},
	// https://developer.mescius.com/mcp/docs/configure-your-ai-client/command-line-clients/google-antigravity-cli
	"antigravity": {"mcpServers", "command! args env", "serverUrl! headers"},
	// What most hosts share.
	"any": {"mcpServers", "type command! args env", "type! url! headers"},
}

// entry holds one server of the configuration of a host.
type entry struct {
	Type        string            `json:"type"`
	Command     string            `json:"command"`
	Args        []string          `json:"args"`
	Env         map[string]string `json:"env"`
	URL         string            `json:"url"`
	HTTPURL     string            `json:"httpUrl"`
	ServerURL   string            `json:"serverUrl"`
	Headers     map[string]string `json:"headers"`
	HTTPHeaders map[string]string `json:"http_headers"`
	BearerFrom  string            `json:"bearer_token_env_var"`
}

// at returns the URL, under whatever key the host has for it.
func (e entry) at() string { return e.URL + e.HTTPURL + e.ServerURL }

// decode reads a configuration, strictly, in the language that its fence names.
func decode(b block) (map[string]any, error) {
	var config map[string]any
	if b.lang == "toml" {
		return config, toml.Unmarshal([]byte(b.text), &config)
	}
	text := []byte(b.text)
	if b.lang == "jsonc" {
		text = lineComment.ReplaceAll(text, nil)
	}
	return config, json.Unmarshal(text, &config)
}

var lineComment = regexp.MustCompile(`(?m)^\s*//.*$`)

// configurations returns the servers in the documents' blocks for hosts, by block and name.
func configurations(t *testing.T, all []block) map[string]entry {
	t.Helper()
	found := map[string]entry{}
	for _, b := range all {
		if !slices.Contains([]string{"json", "jsonc", "toml"}, b.lang) {
			continue
		}
		config, err := decode(b)
		if err != nil {
			t.Errorf("%s: no %s: %v", b, b.lang, err)
			continue
		}
		if b.host == "" && (config["mcpServers"] != nil || config["servers"] != nil || config["mcp_servers"] != nil) {
			b.host = "any"
		}
		if b.host != "" {
			for name, e := range forms[b.host].check(t, b, config) {
				found[b.String()+" "+name] = e
			}
		}
	}
	return found
}

// check holds a configuration against what the host documents, and returns its servers.
func (f form) check(t *testing.T, b block, config map[string]any) map[string]entry {
	t.Helper()
	servers, ok := config[f.servers].(map[string]any)
	if f.servers == "" || !ok || len(servers) == 0 {
		t.Errorf("%s: %s has its servers under %q", b, b.host, f.servers)
		return nil
	}
	for key := range config {
		if key != f.servers && (b.host != "vscode" || key != "inputs") {
			t.Errorf("%s: %s knows no %q", b, b.host, key)
		}
	}
	found := map[string]entry{}
	for name, v := range servers {
		keys, isObject := v.(map[string]any)
		encoded, err := json.Marshal(v)
		var e entry
		if err == nil {
			err = json.Unmarshal(encoded, &e)
		}
		if !isObject || err != nil {
			t.Errorf("%s: %s is no server: %v", b, name, err)
			continue
		}
		f.checkKeys(t, b, e, keys)
		found[name] = e
	}
	if b.host == "vscode" {
		checkInputs(t, b, config["inputs"])
	}
	return found
}

// checkKeys fails for a key that is missing and for one that the host does not know.
func (f form) checkKeys(t *testing.T, b block, e entry, keys map[string]any) {
	t.Helper()
	known := f.http
	want := []string{"", "http"}
	switch {
	case e.Command != "":
		known, want = f.stdio, []string{"", "stdio"}
	case strings.HasSuffix(e.at(), "/sse"):
		want = []string{"sse"}
	}
	var may []string
	for key := range strings.FieldsSeq(known) {
		name, must := strings.CutSuffix(key, "!")
		if may = append(may, name); must && keys[name] == nil {
			t.Errorf("%s: %s needs %q", b, b.host, name)
		}
	}
	for key := range keys {
		if !slices.Contains(may, key) {
			t.Errorf("%s: %s knows %q, but no %q", b, b.host, may, key)
		}
	}
	if !slices.Contains(want, e.Type) {
		t.Errorf("%s: type %q should be one of %q", b, e.Type, want)
	}
}

var inputName = regexp.MustCompile(`\$\{input:(\w+)\}`)

// checkInputs fails unless VS Code asks for all inputs that the servers name, and hides them.
func checkInputs(t *testing.T, b block, inputs any) {
	t.Helper()
	list, _ := inputs.([]any)
	var ids []string
	for _, v := range list {
		input, _ := v.(map[string]any)
		id, _ := input["id"].(string)
		if ids = append(ids, id); input["type"] != "promptString" || input["password"] != true || id == "" {
			t.Errorf("%s: an input should be a promptString with an id and password: %v", b, v)
		}
	}
	for _, m := range inputName.FindAllStringSubmatch(b.text, -1) {
		if !slices.Contains(ids, m[1]) {
			t.Errorf("%s: no input has the id %s", b, m[1])
		}
	}
}

// Each configuration that starts the server does so, and the server answers.
func TestSnippetsStartTheServer(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, s := range config.All() {
		known[s.Env] = true
	}
	questions := hello + `{"jsonrpc":"2.0","id":1,"method":"tools/list"}` + "\n" +
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_calls",` +
		`"arguments":{"per_page":1}}}` + "\n"
	started := 0
	for name, e := range configurations(t, blocks(t)) {
		if e.at() != "" {
			continue
		}
		if e.Command != "talkover-mcp" {
			t.Errorf("%s: the command is %q", name, e.Command)
		}
		token, demo := e.Env["TALKOVER_TOKEN"], e.Env["TALKOVER_DEMO"] == "true" || slices.Contains(e.Args, "-demo")
		if token != tokenPlaceholder && !strings.HasPrefix(token, "$") && !demo {
			t.Errorf("%s: the token is %q; write %s, or how the host finds it", name, token, tokenPlaceholder)
		}
		env := []string{"LOG_LEVEL=error", "TALKOVER_DEMO=true"}
		for variable, value := range e.Env {
			if !known[variable] {
				t.Errorf("%s: %s is no setting", name, variable)
			}
			if variable != "TALKOVER_TOKEN" {
				env = append(env, variable+"="+value)
			}
		}
		answers, _ := exchange(t, command(t, env, e.Args...), questions)
		if !bytes.Contains(answers["hello"], []byte("serverInfo")) ||
			!bytes.Contains(answers["1"], []byte(`"list_calls"`)) ||
			!bytes.Contains(answers["2"], []byte("calls match")) {
			t.Errorf("%s: it answers %s", name, answers)
		}
		started++
	}
	if started < len(forms)-1 { // windsurf is there for its URL alone
		t.Errorf("only %d of %d hosts have a snippet for stdio", started, len(forms)-1)
	}
}

var secret = regexp.MustCompile(gatePlaceholder + `|\$\{[^}]+\}|\$\w+`)

// The headers of each configuration with a URL pass the gate of a server.
func TestSnippetsReachTheServer(t *testing.T) {
	t.Parallel()
	base, _ := served(t, []string{"LOG_FORMAT=json", "TALKOVER_DEMO=true", "MCP_ALLOWED_HOSTS=calls.example.com",
		"MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken}, "-transport", "http")
	reached := 0
	for name, e := range configurations(t, blocks(t)) {
		if e.at() == "" {
			continue
		}
		u, err := url.Parse(e.at())
		if err != nil || u.Scheme != "https" || u.Host != "calls.example.com" {
			t.Errorf("%s: the URL is %q, and should be at https://calls.example.com", name, e.at())
			continue
		}
		headers := http.Header{}
		for _, all := range []map[string]string{e.Headers, e.HTTPHeaders} {
			for key, value := range all {
				headers.Set(key, secret.ReplaceAllString(value, gateToken))
			}
		}
		if e.BearerFrom != "" {
			headers.Set("Authorization", "Bearer "+gateToken)
		}
		if status, answer := knock(t, base, u, headers); status != http.StatusOK ||
			!strings.Contains(answer, "serverInfo") && !strings.Contains(answer, "event: endpoint") {
			t.Errorf("%s: it gets %d %s", name, status, answer)
		}
		headers.Del("Authorization")
		if status, _ := knock(t, base, u, headers); status != http.StatusUnauthorized {
			t.Errorf("%s: without its token it gets %d", name, status)
		}
		reached++
	}
	if reached < len(forms)-1 { // Claude Desktop takes no URL
		t.Errorf("only %d of %d hosts have a snippet with a URL", reached, len(forms)-1)
	}
}

// knock sends the first request of a client at u, but to the server at base.
func knock(t *testing.T, base string, u *url.URL, headers http.Header) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel() // ends the stream of /sse
	method, body := http.MethodPost, strings.NewReader(strings.Split(hello, "\n")[0])
	if u.Path == "/sse" {
		method, body = http.MethodGet, strings.NewReader("")
	}
	r, err := http.NewRequestWithContext(ctx, method, base+u.Path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = u.Host
	r.Header = headers.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 4<<10)
	n, err := io.ReadAtLeast(res.Body, first, 16)
	if err != nil && n == 0 {
		t.Fatal(err)
	}
	return res.StatusCode, string(first[:n])
}
