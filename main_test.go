package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/settings"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// TestMain lets the test binary be the command: with asCommand set it runs main,
// so that tests meet the real process without building it apart.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

const asCommand = "TALKOVER_MCP_TEST_AS_COMMAND"

// hurry ends a process at once where the race detector would wait a second.
const hurry = "GORACE=atexit_sleep_ms=0"

// canary is a token that must show up nowhere.
const canary = "talq_canary_3f9a1c7e5b2d"

// gateToken opens the door of MCP_AUTH=token.
const gateToken = "gate0123456789abcdef0123456789ab"

// overHTTP is an environment that is good but for what comes in pairs.
func overHTTP(pairs ...string) map[string]string {
	env := map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http"}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return env
}

// command is the real process with an environment of its own.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(env, asCommand+"=1", hurry)
	return cmd
}

// try runs the program in this process.
func try(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	p := &program{env: envconfig.MapLookuper(env), stdin: strings.NewReader(""), stdout: &out, stderr: &err}
	code = p.run(context.Background(), args)
	return code, out.String(), err.String()
}

func TestMisuseSaysWhatToChange(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	spaced := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(spaced, []byte("Bearer "+canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want []string // what each line must say, in order
	}{
		"no token":           {nil, nil, []string{"TALKOVER_TOKEN: takes"}},
		"token with a word":  {map[string]string{"TALKOVER_TOKEN": "Bearer " + canary}, nil, []string{"TALKOVER_TOKEN: takes the token alone"}},
		"transport flag":     {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http"}, []string{"-transport", "pigeon"}, []string{"MCP_TRANSPORT: takes"}},
		"open address":       {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "sse"}, []string{"-addr", "0.0.0.0:0"}, []string{"MCP_ADDR: takes a loopback address while MCP_AUTH=none"}},
		"port in use":        {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http", "MCP_ADDR": busy.Addr().String(), "LOG_LEVEL": "error"}, nil, []string{"MCP_ADDR: takes a port that is free"}},
		"metrics in use":     {map[string]string{"TALKOVER_TOKEN": canary, "MCP_METRICS_ADDR": busy.Addr().String(), "LOG_LEVEL": "error"}, nil, []string{"MCP_METRICS_ADDR: takes a port that is free"}},
		"two lists":          {overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS", gateToken, "MCP_AUTH_TOKENS_FILE", spaced), nil, []string{"MCP_AUTH_TOKENS_FILE: takes a path only"}},
		"client in the demo": {map[string]string{"TALKOVER_TOKEN_SOURCE": "client"}, []string{"-demo", "-transport", "http"}, []string{"TALKOVER_TOKEN_SOURCE: takes"}},
		"all at once": {map[string]string{"TALKOVER_TIMEOUT": "soon", "TALKOVER_TIMEZONE": "Mars", "MCP_TRANSPORT": "x", "LOG_LEVEL": "y"}, nil,
			[]string{"TALKOVER_TIMEOUT", "TALKOVER_TIMEZONE", "MCP_TRANSPORT", "LOG_LEVEL", "TALKOVER_TOKEN"}},
		"unknown flag":    {nil, []string{"-fast"}, []string{"-fast"}},
		"near a command":  {nil, []string{"docter"}, []string{`"docter" is no command; did you mean doctor?`}},
		"near to nothing": {nil, []string{"frobnicate"}, []string{`"frobnicate" is no command; there are call,`}},
		"help on nothing": {nil, []string{"help", "frobnicate"}, []string{`"frobnicate" is no command`}},
		"JSON of serving": {nil, []string{"-json"}, []string{"-json: a server prints nothing to read"}},
		"no token, words": {nil, []string{"call", "list_calls", "failed"}, []string{`"failed" is no name=value`}},
		"unknown command": {map[string]string{"TALKOVER_TOKEN": canary}, []string{"dance"}, []string{`"dance" is no command`}},
		"too many words":  {nil, []string{"completion", "bash", "zsh"}, []string{`unknown command "zsh"`}},
		"call of nothing": {map[string]string{"TALKOVER_TOKEN": canary}, []string{"call"}, []string{"which tool?"}},
		"call without =":  {nil, []string{"call", "-demo", "list_calls", "failed"}, []string{`"failed" is no name=value`}},
	} {
		code, stdout, stderr := try(t, test.env, test.args...)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		if code != 2 || stdout != "" || len(lines) != len(test.want) {
			t.Errorf("%s: exit %d, stdout %q, stderr:\n%s", name, code, stdout, stderr)
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(lines[i], want) {
				t.Errorf("%s: line %q does not say %q", name, lines[i], want)
			}
		}
		if strings.Contains(stderr, canary) || strings.Contains(stderr, gateToken) {
			t.Errorf("%s: the token is in %s", name, stderr)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	code, stdout, stderr := try(t, nil, "-help")
	if code != 0 || stderr != "" {
		t.Errorf("-help: exit %d, stderr %q", code, stderr)
	}
	for _, s := range settings.All() {
		if s.Takes == "" || s.Means == "" {
			t.Errorf("%s is not described", s.Env)
		}
		if !strings.Contains(stdout, s.Env+" (") || !strings.Contains(stdout, s.Means) || !strings.Contains(stdout, s.Default) {
			t.Errorf("-help does not tell of %s", s.Env)
		}
		if s.Flag != "" && !strings.Contains(stdout, "  --"+s.Flag+" ") {
			t.Errorf("-help does not tell of -%s", s.Flag)
		}
	}
	for _, asked := range []string{"-version", "--version", "-v", "version"} {
		if code, stdout, _ := try(t, nil, asked); code != 0 || !strings.HasPrefix(stdout, "talkover-mcp ") {
			t.Errorf("%s: exit %d, %q", asked, code, stdout)
		}
	}
	for _, asked := range []string{"help call", "call -h", "call --help", "-h call", "help -demo call"} {
		if code, stdout, stderr := try(t, nil, strings.Fields(asked)...); code != 0 || stderr != "" || !strings.Contains(stdout, "call TOOL [NAME=VALUE ...]") {
			t.Errorf("%s: exit %d, stderr %q, stdout:\n%s", asked, code, stderr, stdout)
		}
	}
	for _, asked := range []string{"help", "-h"} {
		if _, got, _ := try(t, nil, asked); got != stdout {
			t.Errorf("%s says other than -help:\n%s", asked, got)
		}
	}
}

// What the help shows can be run.
func TestExamplesOfHelp(t *testing.T) {
	ran := 0
	for _, c := range new(program).commands().Commands() {
		for line := range strings.Lines(c.Example) {
			if code, stdout, stderr := try(t, nil, strings.Fields(line)[1:]...); code != 0 || stdout == "" || stderr != "" {
				t.Errorf("%sexit %d, stderr %q, stdout %q", line, code, stderr, stdout)
			}
			ran++
		}
	}
	if ran == 0 {
		t.Error("there is none")
	}
}

// Where there is something to read there is JSON of it, wherever -json stands.
func TestJSON(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"version", 0, `"version":"`},
		{"-version", 0, `"go":"go1.`},
		{"tools", 0, `{"tools":[{`},
		{"doctor -demo", 0, `{"ok":true,"summary":"All is well.","findings":[{"check":"configuration","severity":"ok","text":"stdio; the demo,`},
		{"doctor", 1, `{"ok":false,"summary":"1 check failed: configuration.","findings":[{"check":"configuration","severity":"fail","text":"TALKOVER_TOKEN: takes`},
		{"healthcheck", 1, `{"alive":false,"why":"healthcheck: over stdio`},
		{"call -demo list_calls per_page=1", 0, `"columns":[`},
	} {
		words := strings.Fields(test.args)
		for _, args := range [][]string{append([]string{"-json"}, words...), append(words, "--json")} {
			code, stdout, stderr := try(t, nil, args...)
			var got bytes.Buffer
			if err := json.Compact(&got, []byte(stdout)); err != nil || code != test.code || stderr != "" || !strings.Contains(got.String(), test.want) {
				t.Errorf("%q: exit %d, %v, stderr %q, no %s in\n%s", args, code, err, stderr, test.want, got.String())
			}
		}
	}
}

func TestToolsNeedNoToken(t *testing.T) {
	code, stdout, stderr := try(t, nil, "tools")
	var list struct {
		Tools []struct {
			Name        string
			InputSchema map[string]any
		}
	}
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != 0 {
		t.Fatal(code, err, stderr)
	}
	if len(list.Tools) == 0 || list.Tools[0].Name == "" || list.Tools[0].InputSchema["properties"] == nil {
		t.Errorf("tools: %s", stdout)
	}
}

// The list is that which a client gets under the same settings.
func TestToolsAreThoseOfTheSettings(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"no leave":   {nil, false},
		"leave":      {map[string]string{"TALKOVER_ALLOW_CALLS": "true"}, true},
		"no gate":    {map[string]string{"TALKOVER_ALLOW_CALLS": "true", "MCP_TRANSPORT": "http"}, false},
		"with token": {map[string]string{"TALKOVER_ALLOW_CALLS": "true", "TALKOVER_TOKEN": canary}, true},
	} {
		code, stdout, stderr := try(t, test.env, "tools")
		if code != 0 || strings.Contains(stdout, `"name": "make_call"`) != test.want || stderr != "" {
			t.Errorf("%s: exit %d, stderr %q, stdout %.300s", name, code, stderr, stdout)
		}
	}
	if code, stdout, stderr := try(t, map[string]string{"TALKOVER_ALLOW_CALLS": "perhaps"}, "tools"); code != misconfigured || stdout != "" ||
		stderr != "talkover-mcp: TALKOVER_ALLOW_CALLS: takes true or false\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// The README's first command, and what it takes.
func TestCall(t *testing.T) {
	for _, test := range []struct {
		args   string
		code   int
		stdout string
	}{
		{"call -demo list_calls status=failed per_page=5", 0, `{"status":"failed","per_page":5,"page":2}`},
		{"-demo call list_calls status=failed per_page=5", 0, "rows 1-5"},
		{"call list_calls -demo per_page=2 -json", 0, `"columns": [`},
		{"call -demo list_calls limit=5", 1, "did you mean per_page?"},
		{"call -demo list_calls search=a=b", 0, `search="a=b"`},
		{"call -demo list_calls search=+1202", 0, `search="+1202"`}, // no number, though it looks like one
		{"call --demo get_call_stats group_by=agent,status date_from=2026-11-01", 0, "\nagent,agent_id,status,"},
		{`call --demo get_call_stats group_by=["agent","status"] date_from=2026-11-01`, 0, "\nagent,agent_id,status,"},
		{"-json call --demo list_calls limit=5", 1, `"error": "Nothing was asked`},
	} {
		code, stdout, stderr := try(t, nil, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(stdout, test.stdout) || stderr != "" {
			t.Errorf("%s: exit %d, stderr %q, stdout:\n%s", test.args, code, stderr, stdout)
		}
	}
	if code, stdout, stderr := try(t, nil, "call", "-demo", "no_such_tool"); code != 1 || stdout != "" || !strings.Contains(stderr, "no_such_tool") {
		t.Errorf("unknown tool: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// upstream is an API that takes the canary as its token.
func upstream(t testing.TB, h http.HandlerFunc) (env []string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return []string{"TALKOVER_TOKEN=" + canary, "TALKOVER_BASE_URL=" + s.URL + "/api/v1", "LOG_FORMAT=json", "LOG_LEVEL=debug"}
}

// served starts the command over HTTP and returns its base URL.
func served(t testing.TB, env []string, args ...string) (string, *exec.Cmd) {
	t.Helper()
	return servedAt(t, "127.0.0.1:0", env, args...)
}

func servedAt(t testing.TB, addr string, env []string, args ...string) (string, *exec.Cmd) {
	t.Helper()
	addrs, cmd := addresses(t, env, append(args, "-addr", addr)...)
	return addrs["serving"], cmd
}

// addresses starts the command over HTTP and returns the base URLs that it logs, by
// the message, up to that of serving.
func addresses(t testing.TB, env []string, args ...string) (map[string]string, *exec.Cmd) {
	t.Helper()
	cmd := command(t, env, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	addrs := map[string]string{}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		var line struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Addr == "" {
			continue
		}
		addrs[line.Msg] = "http://" + line.Addr
		if line.Msg == "serving" {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return addrs, cmd
		}
	}
	t.Fatal("the server did not say where it serves")
	return nil, nil
}

func TestSameAnswerOverEveryTransport(t *testing.T) {
	demo := []string{"LOG_FORMAT=json"}
	self, _ := os.Executable()
	stdio, err := client.NewStdioMCPClient(self, append(demo, asCommand+"=1"), "-demo")
	if err != nil {
		t.Fatal(err)
	}
	base, _ := served(t, demo, "-demo", "-transport", "http")
	sse, err := client.NewSSEMCPClient(base + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	streamable, err := client.NewStreamableHttpClient(base + "/mcp")
	if err != nil {
		t.Fatal(err)
	}
	only, _ := served(t, demo, "-demo", "-transport", "sse")
	sseOnly, err := client.NewSSEMCPClient(only + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	type answers struct {
		Instructions string
		Tools        string
		Results      []*mcp.CallToolResult
	}
	ask := func(c *client.Client) (a answers) {
		ctx := t.Context()
		if err := c.Start(ctx); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		hello, err := c.Initialize(ctx, mcp.InitializeRequest{})
		if err != nil {
			t.Fatal(err)
		}
		a.Instructions = hello.Instructions
		tools, err := c.ListTools(ctx, mcp.ListToolsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(tools.Tools)
		a.Tools = string(b)
		for _, args := range []map[string]any{nil, {"status": "failed", "per_page": 3}, {"limit": 1}} {
			var r mcp.CallToolRequest
			r.Params.Name, r.Params.Arguments = "list_calls", args
			result, err := c.CallTool(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			result.Meta = nil // a newer protocol names the server in it
			result.ResultType = ""
			a.Results = append(a.Results, result)
		}
		return a
	}
	want := ask(stdio)
	for name, c := range map[string]*client.Client{"sse": sse, "streamable": streamable, "sse alone": sseOnly} {
		if diff := gocmp.Diff(want, ask(c)); diff != "" {
			t.Errorf("%s differs from stdio:\n%s", name, diff)
		}
	}
	if len(want.Results) != 3 || want.Results[0].IsError || !want.Results[2].IsError {
		t.Errorf("unexpected results %v", want.Results)
	}
}

const hello = `{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}` + "\n" +
	`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"

// exchange writes all input at once, ends it, and reads all lines of output.
func exchange(t *testing.T, cmd *exec.Cmd, input string) (answers map[string]json.RawMessage, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	answers = map[string]json.RawMessage{}
	for line := range strings.Lines(out.String()) {
		var m struct {
			JSONRPC       string
			ID            any
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.JSONRPC != "2.0" {
			t.Errorf("stdout holds a line that is no JSON-RPC: %q", line)
		}
		answers[fmt.Sprint(m.ID)] = append(m.Result, m.Error...)
	}
	return answers, errs.String()
}

func TestThreeHundredCallsAtOnceAreAllAnswered(t *testing.T) {
	var input strings.Builder
	input.WriteString(hello)
	for i := range 300 {
		fmt.Fprintf(&input, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"list_calls","arguments":{"page":%d,"per_page":2}}}`+"\n", i, i+1)
	}
	answers, stderr := exchange(t, command(t, []string{"LOG_FORMAT=json"}, "-demo"), strings.TrimSuffix(input.String(), "\n"))
	for i := range 300 {
		if want := fmt.Sprintf("page %d of", i+1); !strings.Contains(string(answers[fmt.Sprint(i)]), want) {
			t.Errorf("call %d: no %q in %s", i, want, answers[fmt.Sprint(i)])
		}
	}
	if n := strings.Count(stderr, `"msg":"tool call"`); n != 300 {
		t.Errorf("%d lines in the log for 300 calls", n)
	}
}

// Rude input gets an answer, and what follows it is served as before.
func TestRudeInputOverStdio(t *testing.T) {
	input := hello + "this is no JSON\n\n   \n[]\n42\n" +
		`{"jsonrpc":"2.0","id":1,"method":"no/such/method"}` + "\n" +
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":7}}` + "\n" +
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"list_calls","arguments":[1]}}` + "\n" +
		`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"list_calls","arguments":{"search":"` + strings.Repeat("x", 2<<20) + `"}}}` + "\n" +
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"list_calls","arguments":{"search":"` + strings.Repeat("x", 5<<20) + `"}}}` + "\n" +
		`{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"list_calls","arguments":{"per_page":1}}}`
	answers, _ := exchange(t, command(t, nil, "-demo"), input)
	for id, want := range map[string]string{
		"1":     "-32601",
		"2":     "-32600",
		"3":     "one JSON object",
		"4":     "at most 100",
		"6":     "rows 1-1",
		"<nil>": "-32", // what has no id that could be read
	} {
		if !strings.Contains(string(answers[id]), want) {
			t.Errorf("answer %s is %.200s, want %q in it", id, answers[id], want)
		}
	}
	if answers["5"] != nil {
		t.Errorf("a message of 5 MiB was taken: %.200s", answers["5"])
	}
}

// The client hangs up while its call waits for the API: the call is answered.
func TestEndOfInputAnswersTheCallInFlight(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-release
		r.Header.Set("Authorization", "Bearer "+sandbox.Token)
		account.ServeHTTP(w, r)
	})
	cmd := command(t, env)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The last line has no line break.
	_, _ = io.WriteString(stdin, hello+`{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"list_calls"}}`)
	stdin.Close()
	<-asked
	close(release)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err, errs.String())
	}
	if !strings.Contains(out.String(), `"id":9`) || !strings.Contains(out.String(), "calls match") {
		t.Errorf("the call was not answered: %s", out.String())
	}
	if strings.Contains(out.String()+errs.String(), canary) {
		t.Error("the token shows")
	}
}

// interrupt asks a process to end, where processes can be asked.
func interrupt(t *testing.T, cmd *exec.Cmd, sig os.Signal) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signal that one process can send another")
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func TestSignalsEndItWell(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		// Over stdio the client keeps the pipe open.
		cmd := command(t, []string{"LOG_FORMAT=json"}, "-demo")
		stdin, _ := cmd.StdinPipe()
		stdout, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(stdin, hello)
		if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		interrupt(t, cmd, sig)
		if err := cmd.Wait(); err != nil {
			t.Errorf("stdio: %v after %v", err, sig)
		}
		for _, transport := range []string{"sse", "http"} {
			base, cmd := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", transport)
			stream, err := http.Get(base + "/sse") // an open stream must not hold the end up
			if err != nil {
				t.Fatal(err)
			}
			interrupt(t, cmd, sig)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%s: %v after %v", transport, err, sig)
			}
			stream.Body.Close()
		}
	}
}

// BenchmarkListCallsStdio is a page of 20 through the real process and its pipes.
func BenchmarkListCallsStdio(b *testing.B) {
	cmd := command(b, []string{"LOG_LEVEL=error"}, "-demo")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReaderSize(stdout, 1<<20)
	_, _ = io.WriteString(stdin, hello)
	if _, err := lines.ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = io.WriteString(stdin, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_calls"}}`+"\n")
		if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "calls match") {
			b.Fatal(line, err)
		}
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// The README shows the settings and the answer that there are.
// BenchmarkStart is the time from the start of a process to its first answer.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		cmd := command(b, nil, "-demo")
		stdin, _ := cmd.StdinPipe()
		stdout, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		_, _ = io.WriteString(stdin, hello)
		if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || !strings.Contains(line, "serverInfo") {
			b.Fatal(line, err)
		}
		b.StopTimer()
		stdin.Close()
		_ = cmd.Wait()
		b.StartTimer()
	}
}

func TestReadmeIsTrue(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	var table strings.Builder
	for _, s := range settings.All() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", s.Env, s.Takes, cmp.Or(s.Default, "none"), s.Means)
	}
	if !strings.Contains(readme, table.String()) {
		t.Errorf("the table of settings should be\n%s", table.String())
	}
	table.Reset()
	root := new(program).commands()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		fmt.Fprintf(&table, "| `%s` | %s |\n", c.Use, c.Short)
	}
	if !strings.Contains(readme, "\n|---|---|\n"+table.String()+"\n") {
		t.Errorf("the table of commands should be\n%s", table.String())
	}
}

// Calls may be placed only with leave, and over HTTP only behind a gate.
func TestCallsNeedLeaveAndOverHTTPAGate(t *testing.T) {
	gate := []string{"MCP_AUTH", "token", "MCP_AUTH_TOKENS", gateToken}
	yes := []string{"TALKOVER_ALLOW_CALLS", "true"}
	for name, test := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing said":            {map[string]string{}, false},
		"false":                   {map[string]string{"TALKOVER_ALLOW_CALLS": "false"}, false},
		"over stdio":              {map[string]string{"TALKOVER_ALLOW_CALLS": "true"}, true},
		"over HTTP":               {overHTTP(yes...), false},
		"over SSE":                {map[string]string{"TALKOVER_ALLOW_CALLS": "true", "MCP_TRANSPORT": "sse"}, false},
		"behind a gate":           {overHTTP(append(gate, yes...)...), true},
		"behind a gate, no leave": {overHTTP(gate...), false},
	} {
		c, err := settings.Load(t.Context(), envconfig.MapLookuper(test.env))
		var faults settings.Faults
		if errors.As(err, &faults) && faults.Except("TALKOVER_TOKEN") != nil {
			t.Fatal(name, err)
		}
		s, err := tools.New(toolsOf(c))
		if err != nil {
			t.Fatal(name, err)
		}
		if got := s.GetTool("make_call") != nil; got != test.want || c.MaxCallsPerHour != 20 {
			t.Errorf("%s: make_call is there: %t; %d an hour", name, got, c.MaxCallsPerHour)
		}
	}
}
