package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/transport"
)

const (
	callers = 16
	perPage = 20
)

// servers are the contestants, each in front of the API at a URL.
var servers = map[string]func(api string) (http.Handler, error){
	"ours": ours,
	"bridge": func(api string) (http.Handler, error) {
		return Bridge(api, sandbox.Token, callers), nil
	},
}

// ours is the server as talkover-mcp runs it, without a limit of requests.
func ours(api string) (http.Handler, error) {
	client, err := talkover.New(talkover.Config{Token: talkover.NewSecret(sandbox.Token), BaseURL: api})
	if err != nil {
		return nil, err
	}
	s, err := tools.New(tools.Config{
		Client: client, Version: "bench",
		Now: func() time.Time { return today.Add(18 * time.Hour) },
	})
	if err != nil {
		return nil, err
	}
	return transport.NewHTTP(s, transport.Options{Streamable: true}), nil
}

// Names of the environment by which this program is told to be a server.
const (
	serveEnv = "TALKOVER_BENCH_SERVE"
	apiEnv   = "TALKOVER_BENCH_API"
)

func TestMain(m *testing.M) {
	name := os.Getenv(serveEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := serve(name, os.Getenv(apiEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve runs a server until stdin is closed. It prints its address.
func serve(name, api string) error {
	h, err := servers[name](api)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = s.Close()
	}()
	fmt.Println(ln.Addr())
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// start runs a server in a process of its own. The returned function ends it and
// returns the processor time that it took.
func start(tb testing.TB, name, api string) (url string, stop func() time.Duration) {
	tb.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), serveEnv+"="+name, apiEnv+"="+api)
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	stop = sync.OnceValue(func() time.Duration {
		stdin.Close()
		if err := c.Wait(); err != nil {
			tb.Error(err)
		}
		return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	})
	tb.Cleanup(func() { stop() })
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("%s did not start: %v", name, err)
	}
	return "http://" + strings.TrimSpace(addr) + "/mcp", stop
}

// newClient keeps a connection for each caller.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers, DisableCompression: true}}
}

// headers are those of a client of 2025-11-25. No request changes them.
var headers = http.Header{
	"Content-Type":         {"application/json"},
	"Accept":               {"application/json, text/event-stream"},
	"Mcp-Protocol-Version": {"2025-11-25"},
}

// post calls a tool, and reads the answer whole into the buffer.
func post(c *http.Client, url, tool, arguments string, into *bytes.Buffer) error {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":`+arguments+`}}`))
	if err != nil {
		return err
	}
	r.Header = headers
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	into.Reset()
	if _, err := into.ReadFrom(res.Body); err != nil {
		return err
	}
	body := into.Bytes()
	if res.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"result":`)) || bytes.Contains(body, []byte(`"isError":true`)) {
		return fmt.Errorf("%s: %s: %.300s", tool, res.Status, body)
	}
	return nil
}

// pageArguments ask for a full page: the pages of the account in turn.
func pageArguments(n, pages int) string {
	return fmt.Sprintf(`{"per_page":%d,"page":%d}`, perPage, n%pages+1)
}

// BenchmarkServer asks for pages of 20 with 16 callers at once.
//
// Each server has a process of its own, with the garbage of nobody else, and all
// processors. The callers and the API share another, the same for both. Both
// take part of the machine, so the ratio of calls/s is less than that of the
// servers alone, which cpu-µs/call tells: it is all processor time of the server's
// process, its start included.
func BenchmarkServer(b *testing.B) {
	api := newUpstream(b)
	pages := len(api.account.Calls) / perPage
	for _, name := range []string{"bridge", "ours"} {
		b.Run(name, func(b *testing.B) {
			url, stop := start(b, name, api.url)
			c := newClient()
			defer c.CloseIdleConnections()
			if err := ask(c, url, pages, pages); err != nil { // opens connections, fills the API's store
				b.Fatal(err)
			}
			before := api.requests.Load()
			// The callers and the API should take as little of the machine as can be.
			defer debug.SetGCPercent(debug.SetGCPercent(1000))
			b.ResetTimer()
			err := ask(c, url, pages, b.N)
			b.StopTimer()
			if err != nil {
				b.Fatal(err)
			}
			if n := api.requests.Load() - before; n != int64(b.N) {
				b.Fatalf("%d calls took %d requests: no call may be answered by another's", b.N, n)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			b.ReportMetric(float64(stop().Microseconds())/float64(b.N+pages), "cpu-µs/call")
		})
	}
}

// ask makes n calls, 16 at a time, and returns the first error.
func ask(c *http.Client, url string, pages, n int) error {
	var next, wrong atomic.Int64
	var wait sync.WaitGroup
	var first error
	for range callers {
		wait.Go(func() {
			var answer bytes.Buffer
			for i := next.Add(1); i <= int64(n) && wrong.Load() == 0; i = next.Add(1) {
				if err := post(c, url, "list_calls", pageArguments(int(i), pages), &answer); err != nil && wrong.Add(1) == 1 {
					first = err
				}
			}
		})
	}
	wait.Wait()
	return first
}

// result is the answer to tools/call.
type result struct {
	Result struct {
		Content           []struct{ Text string }
		StructuredContent json.RawMessage
	}
}

// text is what the answer says, of which there is one.
func (r result) text(tb testing.TB) string {
	tb.Helper()
	if len(r.Result.Content) != 1 {
		tb.Fatalf("%d contents, want 1", len(r.Result.Content))
	}
	return r.Result.Content[0].Text
}

// inProcess serves a contestant to tests that measure no time.
func inProcess(t *testing.T, name, api string) func(tool, arguments string) result {
	t.Helper()
	h, err := servers[name](api)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return func(tool, arguments string) (r result) {
		t.Helper()
		var answer bytes.Buffer
		if err := post(s.Client(), s.URL+"/mcp", tool, arguments, &answer); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(answer.Bytes(), &r); err != nil {
			t.Fatalf("%v in %.300s", err, answer.Bytes())
		}
		return r
	}
}

// What is timed must be the right work: both answer with the very calls of the
// page, at the cost of one request.
func TestBothAnswerWithTheCallsOfThePage(t *testing.T) {
	api := newUpstream(t)
	pages := len(api.account.Calls) / perPage
	for name, sids := range map[string]func(*testing.T, result) []string{"ours": oursSIDs, "bridge": bridgeSIDs} {
		t.Run(name, func(t *testing.T) {
			call := inProcess(t, name, api.url)
			for _, n := range []int{0, 1, pages - 1} {
				before := api.requests.Load()
				got := sids(t, call("list_calls", pageArguments(n, pages)))
				var want []string
				for _, c := range api.account.Calls[n*perPage : (n+1)*perPage] {
					want = append(want, c.SID)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("page %d (-want +got):\n%s", n+1, diff)
				}
				if spent := api.requests.Load() - before; spent != 1 {
					t.Errorf("page %d took %d requests, want 1", n+1, spent)
				}
			}
		})
	}
}

// oursSIDs reads the structure, and sees that the text has the same calls.
func oursSIDs(t *testing.T, r result) (sids []string) {
	t.Helper()
	var page struct {
		Columns []string
		Rows    [][]any
	}
	if err := json.Unmarshal(r.Result.StructuredContent, &page); err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Rows {
		for i, column := range page.Columns {
			if column == "sid" {
				sid, _ := row[i].(string)
				sids = append(sids, sid)
				if !strings.Contains(r.text(t), sid) {
					t.Errorf("the text lacks %s", sid)
				}
			}
		}
	}
	return sids
}

func bridgeSIDs(t *testing.T, r result) (sids []string) {
	t.Helper()
	var body struct{ Data []struct{ SID string } }
	if err := json.Unmarshal([]byte(r.text(t)), &body); err != nil {
		t.Fatal(err)
	}
	for _, c := range body.Data {
		sids = append(sids, c.SID)
	}
	return sids
}
