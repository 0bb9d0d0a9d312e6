package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/cli"
	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/tools"
)

func TestMisuseSaysWhatToChange(t *testing.T) {
	t.Parallel()
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
		"no token": {nil, []string{"-transport", "http"}, []string{"TALKOVER_TOKEN: takes"}},
		"token with a word": {map[string]string{"TALKOVER_TOKEN": "Bearer " + canary}, nil,
			[]string{"TALKOVER_TOKEN: takes the token alone"}},
		"transport flag": {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http"},
			[]string{"-transport", "pigeon"}, []string{"MCP_TRANSPORT: takes"}},
		"open address": {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "sse"},
			[]string{"-addr", "0.0.0.0:0"}, []string{"MCP_ADDR: takes a loopback address while MCP_AUTH=none"}},
		"port in use": {map[string]string{"TALKOVER_TOKEN": canary, "MCP_TRANSPORT": "http",
			"MCP_ADDR": busy.Addr().String(), "LOG_LEVEL": "error"}, nil,
			[]string{"MCP_ADDR: takes a port that is free"}},
		"metrics in use": {map[string]string{"TALKOVER_TOKEN": canary,
			"MCP_METRICS_ADDR": busy.Addr().String(), "LOG_LEVEL": "error"}, nil,
			[]string{"MCP_METRICS_ADDR: takes a port that is free"}},
		"two lists": {overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS", gateToken, "MCP_AUTH_TOKENS_FILE",
			spaced), nil, []string{"MCP_AUTH_TOKENS_FILE: takes a path only"}},
		"client in the demo": {map[string]string{"TALKOVER_TOKEN_SOURCE": "client"},
			[]string{"-demo", "-transport", "http"}, []string{"TALKOVER_TOKEN_SOURCE: takes"}},
		"all at once": {map[string]string{"TALKOVER_TIMEOUT": "soon", "TALKOVER_TIMEZONE": "Mars",
			"MCP_TRANSPORT": "x", "LOG_LEVEL": "y"}, nil,
			[]string{"TALKOVER_TIMEOUT", "TALKOVER_TIMEZONE", "MCP_TRANSPORT", "LOG_LEVEL", "TALKOVER_TOKEN"}},
		"unknown flag": {nil, []string{"-fast"}, []string{"-fast"}},
		"a port": {nil, []string{"--port", "9000"},
			[]string{"unknown flag: --port; the address is one flag: -transport http -addr 127.0.0.1:8080"}},
		"a port, one dash": {nil, []string{"-port=9000"}, []string{"-addr 127.0.0.1:8080"}},
		"a tool": {nil, []string{"list_calls"},
			[]string{`"list_calls" is a tool, not a command; to call it: talkover-mcp call list_calls NAME=VALUE`}},
		"serve": {nil, []string{"serve"},
			[]string{`"serve" is not a command; without one talkover-mcp serves: over stdio, or with -transport http`}},
		"near a command": {nil, []string{"docter"}, []string{`"docter" is not a command; did you mean doctor?`}},
		"near to nothing": {nil, []string{"frobnicate"},
			[]string{`"frobnicate" is not a command; there are cache, call,`}},
		"help on nothing": {nil, []string{"help", "frobnicate"}, []string{`"frobnicate" is not a command`}},
		"JSON of serving": {nil, []string{"-json"}, []string{"-json: a server prints nothing to read"}},
		"no token, words": {nil, []string{"call", "list_calls", "failed"},
			[]string{`"failed" is not of the form name=value`}},
		"unknown command": {map[string]string{"TALKOVER_TOKEN": canary}, []string{"dance"},
			[]string{`"dance" is not a command`}},
		"too many words":  {nil, []string{"completion", "bash", "zsh"}, []string{`unknown command "zsh"`}},
		"call of nothing": {map[string]string{"TALKOVER_TOKEN": canary}, []string{"call"}, []string{"which tool?"}},
		"call without =": {nil, []string{"call", "-demo", "list_calls", "failed"},
			[]string{`"failed" is not of the form name=value`}},
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
	t.Parallel()
	code, stdout, stderr := try(t, nil, "-help")
	if code != 0 || stderr != "" {
		t.Errorf("-help: exit %d, stderr %q", code, stderr)
	}
	for _, s := range config.All() {
		if s.Takes == "" || s.Means == "" {
			t.Errorf("%s is not described", s.Env)
		}
		if !strings.Contains(stdout, s.Env+" (") || !strings.Contains(stdout, s.Means) ||
			!strings.Contains(stdout, s.Default) {
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
		if code, stdout, stderr := try(t, nil, strings.Fields(asked)...); code != 0 || stderr != "" ||
			!strings.Contains(stdout, "call TOOL [NAME=VALUE ...]") {
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
	t.Parallel()
	ran := 0
	for _, c := range new(cli.Program).Tree().Commands() {
		for line := range strings.Lines(c.Example) {
			if code, stdout, stderr := try(t, nil, strings.Fields(strings.ReplaceAll(line, "'",
				""))[1:]...); code != 0 || stdout == "" || stderr != "" {
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
	t.Parallel()
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"version", 0, `"version":"`},
		{"-version", 0, `"go":"go1.`},
		{"tools", 0, `{"tools":[{`},
		{"doctor -demo", 0, `{"ok":true,"summary":"All is well.","findings":[{"check":"configuration",` +
			`"severity":"ok","text":"stdio; the demo,`},
		{"doctor", 1, `{"ok":false,"summary":"1 check failed: configuration.","findings":[{"check":"configuration",` +
			`"severity":"fail","text":"TALKOVER_TOKEN: takes`},
		{"healthcheck", 1, `{"alive":false,"why":"healthcheck: over stdio`},
		{"call -demo list_calls per_page=1", 0, `"columns":[`},
	} {
		words := strings.Fields(test.args)
		for _, args := range [][]string{append([]string{"-json"}, words...), append(words, "--json")} {
			code, stdout, stderr := try(t, nil, args...)
			var got bytes.Buffer
			if err := json.Compact(&got, []byte(stdout)); err != nil || code != test.code || stderr != "" ||
				!strings.Contains(got.String(), test.want) {
				t.Errorf("%q: exit %d, %v, stderr %q, no %s in\n%s", args, code, err, stderr, test.want, got.String())
			}
		}
	}
}

func TestToolsNeedNoToken(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	if code, stdout, stderr := try(t, map[string]string{"TALKOVER_ALLOW_CALLS": "perhaps"},
		"tools"); code != cli.Misconfigured || stdout != "" ||
		stderr != "talkover-mcp: TALKOVER_ALLOW_CALLS: takes true or false\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// The README's first command, and the forms of its arguments.
func TestCall(t *testing.T) {
	t.Parallel()
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
		{"call --demo get_call_stats group_by=agent,status date_from=2026-11-01", 0, "\nagent,status,"},
		{`call --demo get_call_stats group_by=["agent","status"] date_from=2026-11-01`, 0, "\nagent,status,"},
		{"-json call --demo list_calls limit=5", 1, `"error": "Nothing was asked`},
	} {
		code, stdout, stderr := try(t, nil, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(stdout, test.stdout) || stderr != "" {
			t.Errorf("%s: exit %d, stderr %q, stdout:\n%s", test.args, code, stderr, stdout)
		}
	}
	if code, stdout, stderr := try(t, nil, "call", "-demo", "no_such_tool"); code != 1 || stdout != "" ||
		!strings.Contains(stderr, "no_such_tool") {
		t.Errorf("unknown tool: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// chart prints the page with the answer in it, and no page where there is no answer.
func TestChart(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := try(t, nil, "chart", "-demo", "get_call_stats", "group_by=agent", "date_from=2026-11-01")
	if code != 0 || stderr != "" || !strings.HasPrefix(stdout, "<!doctype html>") ||
		!strings.Contains(stdout, `"arguments":{"date_from":"2026-11-01","group_by":"agent"}`) ||
		!strings.Contains(stdout, `"structuredContent":{`) {
		t.Errorf("exit %d, stderr %q, stdout %.300s", code, stderr, stdout)
	}
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"chart -demo list_calls limit=5": {cli.Failed, "did you mean per_page?"},
		"chart -demo no_such_tool":       {cli.Failed, "no_such_tool"},
		"chart -demo list_calls failed":  {cli.Misconfigured, `chart: "failed" is not of the form name=value`},
		"chart":                          {cli.Misconfigured, "chart: which tool?"},
		"chart -demo -json list_calls":   {cli.Misconfigured, "-json: chart prints HTML"},
	} {
		if code, stdout, stderr := try(t, nil, strings.Fields(args)...); code != want.code || stdout != "" ||
			!strings.Contains(stderr, want.says) {
			t.Errorf("%s: exit %d, stdout %.80q, stderr %q", args, code, stdout, stderr)
		}
	}
}

// A setting takes the charts away from what hosts are told.
func TestChartsAreASetting(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"": true, "on": true, "off": false} {
		code, stdout, stderr := try(t, map[string]string{"TALKOVER_CHARTS": value}, "tools")
		if code != 0 || stderr != "" || strings.Contains(stdout, "ui://talkover/calls.html") != want {
			t.Errorf("TALKOVER_CHARTS=%s: exit %d, stderr %q, stdout %.300s", value, code, stderr, stdout)
		}
	}
}

// The server offers make_call only where a setting allows it, and over HTTP only behind a
// gate.
func TestCallsNeedLeaveAndOverHTTPAGate(t *testing.T) {
	t.Parallel()
	gate := []string{"MCP_AUTH", "token", "MCP_AUTH_TOKENS", gateToken}
	yes := []string{"TALKOVER_ALLOW_CALLS", "true"}
	codes := append(yes, "TALKOVER_CALL_COUNTRIES", "1,44")
	for name, test := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing said":            {map[string]string{}, false},
		"false":                   {map[string]string{"TALKOVER_ALLOW_CALLS": "false"}, false},
		"over stdio":              {map[string]string{"TALKOVER_ALLOW_CALLS": "true"}, true},
		"over HTTP":               {overHTTP(yes...), false},
		"over SSE":                {map[string]string{"TALKOVER_ALLOW_CALLS": "true", "MCP_TRANSPORT": "sse"}, false},
		"behind a gate":           {overHTTP(append(gate, codes...)...), true},
		"behind a gate, no leave": {overHTTP(gate...), false},
	} {
		c, err := config.Load(t.Context(), envconfig.MapLookuper(test.env))
		var faults config.Faults
		if errors.As(err, &faults) && faults.Except("TALKOVER_TOKEN") != nil {
			t.Fatal(name, err)
		}
		s := tools.New(cli.ToolsOf(c, version))
		if got := s.GetTool("make_call") != nil; got != test.want || c.MaxCallsPerHour != 20 {
			t.Errorf("%s: make_call is there: %t; %d an hour", name, got, c.MaxCallsPerHour)
		}
	}
	if _, _, stderr := try(t, overHTTP(append(gate, yes...)...)); !strings.Contains(stderr,
		"TALKOVER_CALL_COUNTRIES: takes calling codes such as 1,44") {
		t.Errorf("without a list of codes: %s", stderr)
	}
}

// docs/settings.md and docs/commands.md show the settings and commands that there are.
func TestDocumentsAreTrue(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	for _, s := range config.All() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", s.Env, s.Takes, cmp.Or(s.Default, "none"), s.Means)
	}
	wantTable(t, "docs/settings.md", table.String())
	table.Reset()
	root := new(cli.Program).Tree()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		fmt.Fprintf(&table, "| `%s` | %s |\n", c.Use, c.Short)
	}
	wantTable(t, "docs/commands.md", table.String())
}

// wantTable fails unless the document has a table with these rows and no others.
func wantTable(t *testing.T, doc, rows string) {
	t.Helper()
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, after, found := strings.Cut(string(text), "---|\n"+rows); !found || strings.HasPrefix(after, "|") {
		t.Errorf("%s: its table should be\n%s", doc, rows)
	}
}
