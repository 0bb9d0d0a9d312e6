package e2e

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// stuckAPI answers the first page of a list, and lets each further request wait until released is
// closed, or until whoever asked leaves. It counts the requests of the long call.
type stuckAPI struct {
	account  http.Handler
	came     atomic.Int64
	stuck    chan struct{} // has something for each request that waits
	released chan struct{}
}

func newStuckAPI() *stuckAPI {
	return &stuckAPI{
		account: sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)),
		stuck:   make(chan struct{}, 1000), released: make(chan struct{}),
	}
}

func (a *stuckAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("search") == "" {
		a.came.Add(1)
		if cmp.Or(query.Get("page"), "1") != "1" {
			a.stuck <- struct{}{}
			select {
			case <-a.released:
			case <-r.Context().Done():
			}
		}
	}
	r.Header.Set("Authorization", "Bearer "+sandbox.Token)
	a.account.ServeHTTP(w, r)
}

// forgets fails where the server goes on to read for a call that its client gave up. The server has
// noticed when its log says so. look asks another question.
func (a *stuckAPI) forgets(t *testing.T, log *journal, look func()) {
	t.Helper()
	eventually(t, "the call is over", func() bool {
		return strings.Contains(log.String(), `"outcome":"cancelled"`)
	})
	look()
	came := a.came.Load()
	close(a.released)
	for range 20 { // in which a server that wants more has asked for it
		look()
	}
	if n := a.came.Load(); n > came+1 { // one proves what was read before
		t.Errorf("%d requests were sent when the call was given up, and %d later", came, n-came)
	}
}

const (
	longCall = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"find_calls",` +
		`"arguments":{"sort":"longest"}%s}}`
	other = `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"list_calls",` +
		`"arguments":{"search":"5550"}}}`
	giveUp  = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`
	hello26 = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":{}}`
)

// Nobody reads page after page for a client that has cancelled its call, or has left.
func TestNoRequestsAreSpentOnACancelledCall(t *testing.T) {
	t.Parallel()
	call := fmt.Sprintf(longCall, "")
	t.Run("stdio, cancelled", func(t *testing.T) {
		t.Parallel()
		api, log := newStuckAPI(), new(journal)
		cmd := command(t, upstream(t, api.ServeHTTP))
		cmd.Stderr = log
		in, _ := cmd.StdinPipe()
		out, _ := cmd.StdoutPipe()
		start(t, cmd)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		fmt.Fprintln(in, hello+call)
		<-api.stuck
		fmt.Fprintln(in, giveUp)
		api.forgets(t, log, func() {
			fmt.Fprintln(in, other)
			for lines.Scan() && !strings.Contains(lines.Text(), `"id":8`) {
				if strings.Contains(lines.Text(), `"id":7`) {
					t.Errorf("the cancelled call is answered: %s", lines.Text())
				}
			}
		})
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	// Over HTTP, client sends the call, calls leave when it runs, and returns.
	for name, client := range map[string]func(t *testing.T, base string, ask func(*http.Request) *http.Response,
		running func()){
		"http, cancelled": func(t *testing.T, base string, ask func(*http.Request) *http.Response, running func()) {
			res := ask(request(t.Context(), base+"/mcp", strings.TrimSpace(strings.SplitAfter(hello, "\n")[0])))
			res.Body.Close()
			session := res.Header.Get("Mcp-Session-Id")
			ended := make(chan string, 1)
			go func() {
				res := ask(request(t.Context(), base+"/mcp", call, "Mcp-Session-Id", session))
				defer res.Body.Close()
				body, _ := io.ReadAll(res.Body)
				ended <- string(body)
			}()
			running()
			ask(request(t.Context(), base+"/mcp", giveUp, "Mcp-Session-Id", session)).Body.Close()
			if body := <-ended; body != "" {
				t.Errorf("the cancelled call is answered: %s", body)
			}
		},
		"http, left": func(t *testing.T, base string, _ func(*http.Request) *http.Response, running func()) {
			leaveWhile(t, base, call, running)
		},
		"http of 2026-07-28, left": func(t *testing.T, base string, _ func(*http.Request) *http.Response,
			running func()) {
			leaveWhile(t, base, fmt.Sprintf(longCall, hello26), running, "Mcp-Protocol-Version", "2026-07-28",
				"Mcp-Method", "tools/call", "Mcp-Name", "find_calls", "Accept", "application/json, text/event-stream")
		},
		"sse, cancelled": func(t *testing.T, base string, ask func(*http.Request) *http.Response, running func()) {
			stream, to := openStream(t, base)
			defer stream.Close()
			ask(request(t.Context(), to, call)).Body.Close()
			running()
			ask(request(t.Context(), to, giveUp)).Body.Close()
		},
		"sse, left": func(t *testing.T, base string, ask func(*http.Request) *http.Response, running func()) {
			stream, to := openStream(t, base)
			ask(request(t.Context(), to, call)).Body.Close()
			running()
			stream.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newStuckAPI()
			base, log := journaled(t, upstream(t, api.ServeHTTP))
			client(t, base, func(r *http.Request) *http.Response {
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return &http.Response{Body: http.NoBody}
				}
				return res
			}, func() { <-api.stuck })
			api.forgets(t, log, func() {
				if status, body, err := post(base, other); status != http.StatusOK {
					t.Error(status, body, err)
				}
			})
		})
	}
}

// request is one message by POST; headers come in pairs.
func request(ctx context.Context, url, message string, headers ...string) *http.Request {
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(message))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// leaveWhile sends a call to /mcp and leaves when it runs.
func leaveWhile(t *testing.T, base, call string, running func(), headers ...string) {
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if res, err := http.DefaultClient.Do(request(ctx, base+"/mcp", call, headers...)); err == nil {
			res.Body.Close()
		}
	}()
	running()
	leave()
	<-ended
}

// openStream opens a stream and returns it with the address for messages.
func openStream(t *testing.T, base string) (io.Closer, string) {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/sse", nil)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if to, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return res.Body, base + "/" + to
		}
	}
	t.Fatal("the stream does not say where messages go")
	return nil, ""
}

// An address that is too long is refused over each transport, and what comes behind
// it is answered.
func TestLongAddressesHoldNobodyUp(t *testing.T) {
	t.Parallel()
	read := fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":"resources/read",`+
		`"params":{"uri":"talkover://calls.csv?search=%s"}}`, strings.Repeat("a", 32<<10))
	const want = "at most 1024"
	answers, _ := exchange(t, command(t, []string{"LOG_FORMAT=json"}, "-demo"), hello+read+"\n"+listCall(8, 1))
	if !strings.Contains(string(answers["7"]), want) || !strings.Contains(string(answers["8"]), "calls match") {
		t.Errorf("stdio: %s, then %.100s", answers["7"], answers["8"])
	}
	base, _ := served(t, []string{"LOG_FORMAT=json"}, "-demo", "-transport", "http")
	if status, body, err := post(base, read); err != nil || !strings.Contains(body, want) {
		t.Errorf("http: %d %s %v", status, body, err)
	}
	stream, to := openStream(t, base)
	defer stream.Close()
	res, err := http.DefaultClient.Do(request(t.Context(), to, read))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for lines := bufio.NewScanner(stream.(io.Reader)); lines.Scan(); {
		if strings.Contains(lines.Text(), `"id":7`) {
			if !strings.Contains(lines.Text(), want) {
				t.Errorf("sse: %s", lines.Text())
			}
			return
		}
	}
	t.Error("sse: no answer")
}
