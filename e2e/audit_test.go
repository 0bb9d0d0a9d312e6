package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// journal is what a process has logged so far.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// audits returns the lines of the audit, without what differs from run to run.
func (j *journal) audits(t *testing.T) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(j.String()) {
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if said["audit"] == true {
			all = append(all, said)
		}
	}
	return all
}

// journaled starts the command over HTTP and keeps its log.
func journaled(t *testing.T, env []string, args ...string) (base string, log *journal) {
	t.Helper()
	log = &journal{}
	cmd := command(t, env, append(args, "-transport", "http", "-addr", "127.0.0.1:0")...)
	cmd.Stderr = log
	start(t, cmd)
	eventually(t, "the server serves", func() bool {
		for line := range strings.Lines(log.String()) {
			var said struct{ Msg, Addr string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving" {
				base = "http://" + said.Addr
			}
		}
		return base != ""
	})
	return base, log
}

func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

// Each call, read and refused login has one line that says who, what and how it ended,
// over each transport, and none has an argument, a number or a token.
func TestAudit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	secrets(t, path, tokenOf("ann")+" ann\n"+tokenOf("bob")+" bob read\n")
	env := []string{"LOG_FORMAT=json", "LOG_LEVEL=debug", "MCP_AUTH=token", "MCP_AUTH_TOKENS_FILE=" + path,
		"TALKOVER_ALLOW_CALLS=true", "TALKOVER_CALL_COUNTRIES=1", "TALKOVER_CONFIRM_CALLS=never"}
	const number, secret = "+12025550123", "something-that-was-asked"
	for way, ask := range ways {
		base, log := journaled(t, env, "-demo")
		var want []map[string]any
		expect := func(level, msg, caller, about, name, outcome string, rows, requests any) {
			line := map[string]any{"level": level, "msg": msg, "caller": caller, about: name, "outcome": outcome,
				"rows": rows, "requests": requests}
			for key, value := range line {
				if value == nil || value == "" {
					delete(line, key)
				}
			}
			want = append(want, line)
		}
		ask(t, base, tokenOf("ann"), "tools/call", `"name":"list_agents","arguments":{}`)
		expect("INFO", "tool call", "ann", "tool", "list_agents", "ok", 5., 1.)
		ask(t, base, tokenOf("bob"), "tools/call", `"name":"list_calls","arguments":{"search":"`+secret+`"}`)
		expect("INFO", "tool call", "bob", "tool", "list_calls", "ok", 0., 1.)
		ask(t, base, tokenOf("bob"), "tools/call", `"name":"list_calls","arguments":{"status":"`+secret+`"}`)
		expect("WARN", "tool call", "bob", "tool", "list_calls", "bad_arguments", nil, 0.)
		ask(t, base, tokenOf("bob"), "tools/call", `"name":"make_call","arguments":{"to":"`+number+`"}`)
		expect("WARN", "tool call", "bob", "tool", "make_call", "forbidden", nil, nil)
		ask(t, base, tokenOf("bob"), "tools/call", `"name":"`+secret+`","arguments":{}`)
		expect("WARN", "tool call", "bob", "tool", "unknown", "unknown_tool", nil, nil)
		ask(t, base, tokenOf("ann"), "resources/read", `"uri":"talkover://calls.csv?search=`+secret+`"`)
		expect("INFO", "resource read", "ann", "resource", "calls.csv", "ok", 0., 1.)
		ask(t, base, tokenOf("bob"), "resources/read", `"uri":"talkover://calls.csv?search=`+secret+`"`)
		expect("WARN", "resource read", "bob", "resource", "calls.csv", "forbidden", nil, nil)
		ask(t, base, tokenOf("bob"), "resources/read", `"uri":"talkover://metrics"`)
		expect("INFO", "resource read", "bob", "resource", "metrics", "ok", nil, nil)
		ask(t, base, tokenOf("cid"), "tools/list", "")
		expect("WARN", "login refused", "", "outcome", "unknown", "unknown", nil, nil)
		ask(t, base, "talq_"+secret, "tools/list", "")
		expect("WARN", "login refused", "", "outcome", "talkover_token", "talkover_token", nil, nil)
		ask(t, base, tokenOf("ann"), "tools/call",
			`"name":"make_call","arguments":{"agent_id":"none","to":"`+number+`"}`)
		ask(t, base, tokenOf("ann"), "tools/call",
			`"name":"make_call","arguments":{"agent_id":"none","to":"`+number+`"}`)
		var got []map[string]any
		eventually(t, "all is logged", func() bool { got = log.audits(t); return len(got) >= len(want)+2 })
		orders := got[len(want):]
		for _, line := range got {
			if id, ok := line["request"].(string); !ok || id == "" {
				t.Errorf("%s: %v has no id of its request", way, line)
			}
			if strings.HasPrefix(fmt.Sprint(line["msg"]), "login") != (line["peer"] == "127.0.0.0/24" &&
				line["count"] == 1.) {
				t.Errorf("%s: %v", way, line)
			}
			for _, key := range []string{"time", "audit", "request", "ms", "peer", "count"} {
				delete(line, key)
			}
		}
		if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
			t.Errorf("%s: %s", way, diff)
		}
		one, _ := orders[0]["number"].(string)
		if len(orders) != 2 || orders[0]["tool"] != "make_call" || len(one) != 16 || one != orders[1]["number"] {
			t.Errorf("%s: the orders are %v", way, orders)
		}
		if text := log.String(); strings.Contains(text, secret) || strings.Contains(text, number[1:]) ||
			strings.Contains(text, tokenOf("")) {
			t.Errorf("%s: the log tells too much: %s", way, text)
		}
	}
}
