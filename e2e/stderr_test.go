package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// pipe returns both ends of a pipe, which end with the test.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// badCall is a call with an argument that no tool takes. It costs little, and has a line in the log.
const badCall = `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"list_calls",` +
	`"arguments":{"x":1}}}` + "\n"

// many is how many lines are more than a pipe and the server hold.
const many = 2000

// talk starts the command and returns a function that sends it n calls, one after the other.
// It fails where one is not answered.
func talk(t *testing.T, cmd *exec.Cmd) (stdin io.Closer, ask func(n int)) {
	t.Helper()
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	start(t, cmd)
	lines := bufio.NewReaderSize(out, 1<<20)
	return in, func(n int) {
		t.Helper()
		defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
		for i := range n {
			fmt.Fprintf(in, badCall, i)
			if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"isError":true`) {
				t.Fatalf("call %d of %d: %q, %v", i, n, line, err)
			}
		}
	}
}

// A host that opens stderr and never reads it gets thousands of answers, and the process ends
// with its input. When the host reads after all, it hears how many lines it has missed.
func TestNobodyReadsStderr(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	cmd := command(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=debug"}, "-demo")
	cmd.Stderr = w
	stdin, ask := talk(t, cmd)
	w.Close()
	ask(many)
	var told struct{ Lines int }
	lines, read := bufio.NewScanner(r), 0
	for told.Lines == 0 && lines.Scan() {
		read++
		if strings.Contains(lines.Text(), "were dropped") {
			_ = json.Unmarshal(lines.Bytes(), &told)
		}
	}
	if told.Lines == 0 || read+told.Lines < many {
		t.Errorf("%d lines are read and %d dropped, for %d calls", read, told.Lines, many)
	}
	ask(1)
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// A full pipe does not hold the end up.
func TestEndWithAFullStderr(t *testing.T) {
	t.Parallel()
	_, w := pipe(t)
	cmd := command(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=debug"}, "-demo")
	cmd.Stderr = w
	stdin, ask := talk(t, cmd)
	ask(many)
	mustEnd(t, cmd, func() { stdin.Close() }, false)
	if !cmd.ProcessState.Success() {
		t.Errorf("it ends with %v", cmd.ProcessState)
	}
}

// Over HTTP a log that nobody reads holds up nobody either.
func TestNobodyReadsStderrOverHTTP(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	cmd := command(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=debug"}, "-demo", "-transport", "http", "-addr",
		"127.0.0.1:0")
	cmd.Stderr = w
	start(t, cmd)
	var serving struct{ Addr string }
	for lines := bufio.NewScanner(r); serving.Addr == "" && lines.Scan(); {
		_ = json.Unmarshal(lines.Bytes(), &serving)
	}
	defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
	for i := range many {
		if _, body, err := post("http://"+serving.Addr, fmt.Sprintf(badCall, i)); err != nil ||
			!strings.Contains(body, `"isError":true`) {
			t.Fatalf("call %d: %v %.200s", i, err, body)
		}
	}
}

// A host that closes stderr, before or after the start, has its calls answered.
func TestStderrIsClosed(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before the start", "after the start", "and never was open"} {
		t.Run(when, func(t *testing.T) {
			r, w := pipe(t)
			cmd := command(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=debug"}, "-demo")
			cmd.Stderr = w
			switch when {
			case "before the start":
				r.Close()
			case "and never was open":
				shell, err := exec.LookPath("sh")
				if err != nil {
					t.Skip("no shell")
				}
				cmd.Path, cmd.Args = shell, []string{shell, "-c", `exec "$0" -demo 2>&-`, binary}
			}
			stdin, ask := talk(t, cmd)
			ask(10)
			r.Close()
			ask(10)
			stdin.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// All that was logged is there at the end, for those who read it. That a tool was called is
// told at debug.
func TestLogIsWholeAtTheEnd(t *testing.T) {
	t.Parallel()
	var calls strings.Builder
	const n = 300 // with two lines each, the queue holds them all
	for i := range n {
		fmt.Fprintln(&calls, listCall(i, 1))
	}
	for level, want := range map[string]int{"debug": n, "info": 0} {
		answers, log := exchange(t, command(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=" + level}, "-demo"),
			hello+calls.String())
		if got := strings.Count(log, `"msg":"tool call"`); got != want || strings.Contains(log, "dropped") ||
			len(answers) != n+1 {
			t.Errorf("at %s %d of %d calls are logged, and %d messages answered", level, got, want, len(answers))
		}
		says(t, log, `"msg":"serving"`)
	}
}

// A server that cannot start says why, though its log goes through other hands by then.
func TestReasonToEndIsLogged(t *testing.T) {
	t.Parallel()
	cmd := command(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=debug"}, "-demo", "-transport", "http", "-addr",
		"127.0.0.1:99999")
	log, _ := cmd.CombinedOutput()
	says(t, string(log), "talkover-mcp: MCP_ADDR")
}

// A client that no longer reads ends the server, though it has left the other pipe open.
func TestClientThatClosesItsEndOfStdout(t *testing.T) {
	t.Parallel()
	cmd := command(t, []string{"LOG_FORMAT=json"}, "-demo")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	var log bytes.Buffer
	cmd.Stderr = &log
	start(t, cmd)
	stdout.Close()
	_, _ = io.WriteString(stdin, hello)
	if err := cmd.Wait(); err != nil {
		t.Error(err, log.String())
	}
}
