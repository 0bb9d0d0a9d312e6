package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

func TestSameAnswerOverEveryTransport(t *testing.T) {
	t.Parallel()
	demo := []string{"LOG_FORMAT=json"}
	stdio, err := client.NewStdioMCPClient(binary, demo, "-demo")
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

func TestThreeHundredCallsAtOnceAreAllAnswered(t *testing.T) {
	t.Parallel()
	var input strings.Builder
	input.WriteString(hello)
	for i := range 300 {
		fmt.Fprintf(&input, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"list_calls",`+
			`"arguments":{"page":%d,"per_page":2}}}`+"\n", i, i+1)
	}
	answers, stderr := exchange(t, command(t, []string{"LOG_FORMAT=json", "LOG_LEVEL=debug"}, "-demo"),
		strings.TrimSuffix(input.String(), "\n"))
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
	t.Parallel()
	input := hello + "this is no JSON\n\n   \n[]\n42\n" +
		`{"jsonrpc":"2.0","id":1,"method":"no/such/method"}` + "\n" +
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":7}}` + "\n" +
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"list_calls","arguments":[1]}}` + "\n" +
		`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"list_calls","arguments":{"search":"` +
		strings.Repeat("x", 200<<10) + `"}}}` + "\n" +
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"list_calls","arguments":{"search":"` +
		strings.Repeat("x", 5<<20) + `"}}}` + "\n" +
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
	t.Parallel()
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

func TestSignalsEndItWell(t *testing.T) {
	t.Parallel()
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
		_, _ = io.WriteString(stdin, `{"jsonrpc":"2.0","id":1,"method":"tools/call",`+
			`"params":{"name":"list_calls"}}`+"\n")
		if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "calls match") {
			b.Fatal(line, err)
		}
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

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
