// Package e2e tests the whole binary, as its users meet it.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/cli"
)

// binary is the path of the command, which TestMain builds once.
var binary string

// version is what the command says of itself.
const version = "1.2.3-e2e"

// TestMain builds the command, and runs the tests in the root of the repository, whose
// documents they read.
func TestMain(m *testing.M) {
	if value := os.Getenv(asFlood); value != "" {
		beStrangers(value)
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "talkover-mcp-e2e")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	if err := os.Chdir(".."); err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "talkover-mcp")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	args := []string{"build", "-ldflags=-X main.release=" + version, "-o", binary}
	if raceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	// Tests that run side by side wait for processes more than they compute. -parallel has the last word.
	_ = flag.Set("test.parallel", "6")
	return m.Run()
}

// long reports whether tests may take long, and have the machine for themselves: the nightly checks set LONG.
func long() bool { return os.Getenv("LONG") == "1" }

// hurry ends a process at once where the race detector would wait a second.
const hurry = "GORACE=atexit_sleep_ms=0"

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

// command makes the real process, with an environment of its own.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(env, hurry)
	return cmd
}

// try runs the program in this process.
func try(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	p := &cli.Program{Version: version, Env: envconfig.MapLookuper(env), Stdin: strings.NewReader(""),
		Stdout: &out, Stderr: &err}
	code = p.Run(context.Background(), args)
	return code, out.String(), err.String()
}

// upstream serves an API, and returns the environment to reach it with the canary.
func upstream(t testing.TB, h http.HandlerFunc) (env []string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return []string{"TALKOVER_TOKEN=" + canary, "TALKOVER_BASE_URL=" + s.URL + "/api/v1", "LOG_FORMAT=json",
		"LOG_LEVEL=debug"}
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

// addresses starts the command over HTTP. It returns the base URLs that the command logs
// until it serves, by the message of the log.
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

const hello = `{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25",` +
	`"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}` + "\n" +
	`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"

// awaited returns the ids of the requests among lines of input.
func awaited(input string) map[string]bool {
	ids := map[string]bool{}
	for line := range strings.Lines(input) {
		var m struct {
			ID     any
			Method string
		}
		if len(line) < 1<<20 && json.Unmarshal([]byte(line), &m) == nil && m.ID != nil && m.Method != "" {
			ids[fmt.Sprint(m.ID)] = true
		}
	}
	return ids
}

// exchange writes all input at once, and ends it when all requests in it are answered: after the end a server has little
// time, and a busy machine may not do with that. It reads all lines of output.
func exchange(t *testing.T, cmd *exec.Cmd, input string) (answers map[string]json.RawMessage, stderr string) {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	start(t, cmd)
	defer time.AfterFunc(patience, func() { stdin.Close() }).Stop()
	answered := make(chan struct{})
	end := sync.OnceFunc(func() { close(answered) })
	defer end()
	go func() {
		_, _ = io.WriteString(stdin, input+"\n")
		<-answered
		stdin.Close()
	}()
	answers = map[string]json.RawMessage{}
	left, lines := awaited(input), bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		var m struct {
			JSONRPC       string
			ID            any
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.JSONRPC != "2.0" {
			t.Errorf("stdout holds a line that is no JSON-RPC: %q", line)
		}
		id := fmt.Sprint(m.ID)
		answers[id] = append(m.Result, m.Error...)
		if delete(left, id); len(left) == 0 {
			end()
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	return answers, errs.String()
}

// interrupt sends a signal to a process, where the system has signals.
func interrupt(t *testing.T, cmd *exec.Cmd, sig os.Signal) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signal that one process can send another")
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
