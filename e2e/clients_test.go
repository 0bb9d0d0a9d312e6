package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what does not come. What comes is waited for no longer
// than it takes, however busy the machine is.
const patience = 2 * time.Minute

// overEach runs a test over each transport of the real process. say sends messages, without
// waiting in between, and returns the first n answers, a line each.
func overEach(t *testing.T, test func(t *testing.T, say func(n int, messages ...string) string)) {
	base, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	t.Run("stdio", func(t *testing.T) {
		cmd := command(t, []string{"LOG_FORMAT=json"}, "-demo")
		stdin, _ := cmd.StdinPipe()
		stdout, _ := cmd.StdoutPipe()
		start(t, cmd)
		defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
		answers := bufio.NewReaderSize(stdout, 1<<20)
		test(t, func(n int, messages ...string) (all string) {
			_, _ = io.WriteString(stdin, strings.Join(messages, "\n")+"\n")
			for range n {
				line, err := answers.ReadString('\n')
				if err != nil {
					t.Fatal(err, all)
				}
				all += line
			}
			return all
		})
	})
	t.Run("http", func(t *testing.T) {
		test(t, func(_ int, messages ...string) (all string) {
			for _, message := range messages {
				_, body, err := post(base, message)
				if err != nil {
					t.Fatal(err)
				}
				all += strings.TrimSpace(body) + "\n"
			}
			return all
		})
	})
	t.Run("sse", func(t *testing.T) {
		stream := streamOf(t, base, "")
		defer stream.Close()
		defer time.AfterFunc(patience, func() { stream.Close() }).Stop()
		test(t, func(n int, messages ...string) (all string) {
			for _, message := range messages {
				res, err := http.DefaultClient.Do(request(t.Context(), stream.to, message))
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
			}
			for range n {
				all += stream.next() + "\n"
			}
			return all
		})
	})
}

// says fails where a text lacks a part.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in %.600s", part, text)
		}
	}
}

const greeting = `{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25",` +
	`"capabilities":{},"clientInfo":{"name":"codex","version":"1"}}}`

// Codex on Windows writes a byte order mark before its first line.
func TestByteOrderMarkBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	const mark = "\ufeff"
	overEach(t, func(t *testing.T, say func(int, ...string) string) {
		says(t, say(1, mark+greeting), `"id":"hello"`, "serverInfo")
		says(t, say(1, mark+listCall(1, 1)), `"id":1`, "calls match")
	})
	// A mark may stand in a line of its own, too.
	answers, _ := exchange(t, command(t, []string{"LOG_FORMAT=json"}, "-demo"), mark+"\r\n"+mark+hello+listCall(1, 1))
	says(t, string(answers["hello"]), "serverInfo")
	says(t, string(answers["1"]), "calls match")
	if len(answers) != 2 {
		t.Errorf("there are other answers: %s", answers)
	}
}

// PHP clients write [] for {}.
func TestClientsWrittenInPHP(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, say func(int, ...string) string) {
		greet := strings.Replace(greeting, `"capabilities":{}`,
			`"capabilities":{"roots":[],"elicitation":[],"sampling":[],"experimental":[]},"_meta":[]`, 1)
		says(t, say(1, greet), `"id":"hello"`, "serverInfo")
		says(t, say(1, strings.Replace(greeting, `"capabilities":{}`, `"capabilities":[]`, 1)), "serverInfo")
		for method, want := range map[string]string{"ping": `"result":{}`, "tools/list": `"list_calls"`,
			"prompts/list": `"prompts"`, "resources/list": `"talkover://`} {
			says(t, say(1, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":[]}`, method)), want)
			says(t, say(1, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{"_meta":[]}}`, method)), want)
		}
		says(t, say(1, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_agents","arguments":[],`+
			`"_meta":[]}}`), `"structuredContent"`)
	})
}

// Some clients write a list where one value belongs.
func TestListOfOneStatus(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, say func(int, ...string) string) {
		const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_calls",` +
			`"arguments":{"status":%s,"per_page":%s}}}`
		plain, listed := say(1, fmt.Sprintf(call, `"failed"`, `3`)), say(1, fmt.Sprintf(call, `["failed"]`, `[3]`))
		says(t, plain, "structuredContent")
		if plain != listed {
			t.Errorf("a list of one is answered otherwise:\n%s\n%s", plain, listed)
		}
		says(t, say(1, fmt.Sprintf(call, `["failed","busy"]`, `3`)), `"isError":true`, "status: ")
	})
}

// Ids may be larger than what a float64 can hold, as those that are made of a time.
func TestIDsAboveTwoToThe53(t *testing.T) {
	t.Parallel()
	overEach(t, func(t *testing.T, say func(int, ...string) string) {
		const first, second = "9007199254740993", "9007199254740992"
		got := say(2, strings.Replace(listCall(1, 1), `"id":1`, `"id":`+first, 1), strings.Replace(listCall(1, 2),
			`"id":1`, `"id":`+second, 1))
		for line := range strings.Lines(got) {
			switch {
			case strings.Contains(line, `"id":`+first+`,`):
				says(t, line, "page 1 of")
			case strings.Contains(line, `"id":`+second+`,`):
				says(t, line, "page 2 of")
			default:
				t.Errorf("an answer to nobody: %.300s", line)
			}
		}
		says(t, say(1, `{"jsonrpc":"2.0","id":18446744073709551615,"method":"no/such"}`),
			`"id":18446744073709551615,`, "-32601")
	})
	base, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	const call = `{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":"list_agents",` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":[]}}}`
	headers := []string{"Accept", "application/json, text/event-stream", "Mcp-Protocol-Version", "2026-07-28",
		"Mcp-Method", "tools/call", "Mcp-Name", "list_agents"}
	_, body, err := post(base, call, headers...)
	if err != nil {
		t.Fatal(err)
	}
	says(t, body, `"id":12345678901234567890,`, "structuredContent")
	_, body, _ = post(base, call, append(headers, "Mcp-Name", "other")...)
	says(t, body, `"id":12345678901234567890,`, "error")
}

// A batch, which MCP had in 2025-03-26, is refused by the ids of its requests.
func TestBatchesAreRefusedByTheirIDs(t *testing.T) {
	t.Parallel()
	const words = "batches are not supported"
	overEach(t, func(t *testing.T, say func(int, ...string) string) {
		says(t, say(1, `[{"jsonrpc":"2.0","method":"notifications/initialized"},{"jsonrpc":"2.0","id":"a",`+
			`"method":"ping"}]`), `"id":"a"`, words)
		says(t, say(1, `[{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}]`), `"id":9007199254740993`, words)
		for _, without := range []string{`[]`, `[7,{}]`, `[{"jsonrpc":"2.0","method":"notifications/initialized"}]`} {
			says(t, say(1, without), `"id":null`, words)
		}
		says(t, say(1, listCall(1, 1)), "calls match")
	})
	answers, _ := exchange(t, command(t, []string{"LOG_FORMAT=json"}, "-demo"),
		hello+`[`+listCall(1, 1)+`,`+listCall(2, 1)+`]`)
	says(t, string(answers["1"]), words)
	says(t, string(answers["2"]), words)
}
