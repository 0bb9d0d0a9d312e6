package transport_test

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/internal/transport"
)

const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}` + "\n"

func TestStdioAnswersWhatIsInFlightAtTheEndOfInput(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	in := initialize + strings.Repeat("\n", 3) +
		`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"wait"}}` + "\n" +
		`{"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"wait"}}` // no line break
	var out strings.Builder
	ended := make(chan error, 1)
	go func() {
		ended <- transport.Stdio(t.Context(), slow(asked, release), strings.NewReader(in), &out, quiet)
	}()
	<-asked
	<-asked
	close(release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{`"id":"a"`, `"id":"b"`} {
		if !strings.Contains(out.String(), id) {
			t.Errorf("no answer with %s in:\n%s", id, out.String())
		}
	}
	if n := strings.Count(out.String(), "released"); n != 2 {
		t.Errorf("%d of 2 calls were answered", n)
	}
}

// The end of input does not wait for the answer to a cancelled call, which never
// comes.
func TestStdioDoesNotWaitForACancelledCall(t *testing.T) {
	asked := make(chan struct{})
	in, client := io.Pipe()
	reader, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- transport.Stdio(t.Context(), slow(asked, nil), in, out, quiet)
		out.Close()
	}()
	lines := bufio.NewScanner(reader)
	_, _ = io.WriteString(client, initialize+`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`+"\n")
	lines.Scan()
	<-asked
	_, _ = io.WriteString(client, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`+"\n")
	client.Close()
	for lines.Scan() {
		t.Errorf("unexpected line %s", lines.Text())
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// A quick question overtakes a slow call.
func TestStdioPingOvertakesASlowCall(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	in, client := io.Pipe()
	reader, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- transport.Stdio(t.Context(), slow(asked, release), in, out, quiet)
		out.Close()
	}()
	lines := bufio.NewScanner(reader)
	_, _ = io.WriteString(client, initialize+`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`+"\n")
	lines.Scan()
	<-asked
	_, _ = io.WriteString(client, `{"jsonrpc":"2.0","id":2,"method":"ping"}`+"\n")
	if lines.Scan(); !strings.Contains(lines.Text(), `"id":2`) {
		t.Errorf("first answer is %s", lines.Text())
	}
	close(release)
	client.Close()
	if lines.Scan(); !strings.Contains(lines.Text(), `"id":1`) {
		t.Errorf("second answer is %s", lines.Text())
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
