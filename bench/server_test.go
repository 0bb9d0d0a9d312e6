package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

const (
	callers = 16
	perPage = 20
)

// contestants lists the servers that are measured. Each runs in a process of its own.
var contestants = []string{"bridge", "ours"}

// bridgeEnv turns this program into the bridge if it is set, to the URL of the API.
const bridgeEnv = "TALKOVER_BENCH_BRIDGE"

func TestMain(m *testing.M) {
	if api := os.Getenv(bridgeEnv); api != "" {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], Bridge(api, sandbox.Token, callers)))
		os.Exit(1)
	}
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// program builds talkover-mcp as a user does, once, and returns its path.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "talkover-mcp")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = ".." // its own module knows its dependencies
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// command returns the command that serves a contestant at an address, with the API at a URL. Ours has its defaults,
// such as a line in the log for each call, but no limit of requests.
func command(tb testing.TB, name, addr, api string) *exec.Cmd {
	tb.Helper()
	if name == "bridge" {
		c := exec.Command(os.Args[0], addr)
		c.Env = append(os.Environ(), bridgeEnv+"="+api)
		return c
	}
	path, err := program()
	if err != nil {
		tb.Fatal(err)
	}
	c := exec.Command(path, "-transport", "http", "-addr", addr)
	c.Env = append(os.Environ(), "TALKOVER_TOKEN="+sandbox.Token, "TALKOVER_BASE_URL="+api, "TALKOVER_RATE_LIMIT=0")
	return c
}

// start starts a contestant and waits until it listens. stop ends it and returns the processor time that it took.
func start(tb testing.TB, name, api string) (addr string, stop func() time.Duration) {
	tb.Helper()
	for { // a port that is none of those that systems give to connections going out, from 32768 on
		addr = fmt.Sprint("127.0.0.1:", 10_000+rand.N(22_000))
		if free, err := net.Listen("tcp", addr); err == nil {
			free.Close()
			break
		}
	}
	c := command(tb, name, addr, api)
	// The log goes to a file, because a reader of a pipe would take part of the machine.
	log, err := os.Create(filepath.Join(tb.TempDir(), "log"))
	if err != nil {
		tb.Fatal(err)
	}
	defer log.Close()
	c.Stderr = log
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	stop = sync.OnceValue(func() time.Duration {
		_ = c.Process.Kill()
		_ = c.Wait()
		return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	})
	tb.Cleanup(func() { stop() })
	for range 12_000 { // two minutes
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr, stop
		}
		time.Sleep(10 * time.Millisecond)
	}
	said, _ := os.ReadFile(log.Name())
	tb.Fatalf("%s does not listen: %s", name, said)
	return "", nil
}

// caller is a client of revision 2025-11-25 with one connection. It does not use [http.Client], because the
// goroutines of that would take a good part of the machine.
type caller struct {
	conn    net.Conn
	in      *bufio.Reader
	request bytes.Buffer
	answer  bytes.Buffer
}

// dial connects a caller to a server.
func dial(addr string) (*caller, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// call calls a tool and returns the whole answer, which is valid until the next call.
func (c *caller) call(tool, arguments string) ([]byte, error) {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` +
		arguments + `}}`
	c.request.Reset()
	fmt.Fprintf(&c.request, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nMcp-Protocol-Version: 2025-11-25\r\nContent-Length: "+
		"%d\r\n\r\n%s", len(body), body)
	if _, err := c.conn.Write(c.request.Bytes()); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	c.answer.Reset()
	if _, err := c.answer.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	answer := c.answer.Bytes()
	if res.StatusCode != http.StatusOK || !bytes.Contains(answer, []byte(`"result":`)) ||
		bytes.Contains(answer, []byte(`"isError":true`)) {
		return nil, fmt.Errorf("%s: %s: %.300s", tool, res.Status, answer)
	}
	return answer, nil
}

// pageArguments returns the arguments for a full page. It takes the pages of the account in turn.
func pageArguments(n, pages int) string {
	return fmt.Sprintf(`{"per_page":%d,"page":%d}`, perPage, n%pages+1)
}

// BenchmarkServer asks for pages of 20 with 16 callers at once. The contestants take turns, a round of calls each, so
// that a machine that is quick at one time and slow at another treats both alike.
//
// Each server has a process of its own, so it collects only its own garbage, and may use all processors. The callers
// and the API share another process, the same for both contestants. These take part of the machine too, so the ratio
// of calls/s is smaller than that of the servers alone. cpu-µs/call shows the latter: it counts all processor time of
// the server's process, its start included.
func BenchmarkServer(b *testing.B) {
	const round = 500 // calls
	api := newUpstream(b)
	pages := len(api.account.Calls) / perPage
	all := map[string]*contestant{}
	for _, name := range contestants {
		addr, stop := start(b, name, api.url)
		c := &contestant{stop: stop}
		for range callers {
			one, err := dial(addr)
			if err != nil {
				b.Fatal(err)
			}
			defer one.conn.Close()
			c.callers = append(c.callers, one)
		}
		if err := c.ask(pages, pages); err != nil { // so that the API has made every answer
			b.Fatal(err)
		}
		c.spent = 0
		all[name] = c
	}
	// The callers and the API should take as little of the machine as possible.
	defer debug.SetGCPercent(debug.SetGCPercent(1000))
	before := api.requests.Load()
	for b.Loop() {
		for _, name := range contestants {
			if err := all[name].ask(pages, round); err != nil {
				b.Fatal(err)
			}
		}
	}
	calls := b.N * round
	if n := api.requests.Load() - before; n != int64(calls*len(contestants)) {
		b.Fatalf("%d calls took %d requests: no call may be answered by another's", calls*len(contestants), n)
	}
	for _, name := range contestants {
		c := all[name]
		b.ReportMetric(float64(calls)/c.spent.Seconds(), name+"-calls/s")
		b.ReportMetric(float64(c.stop().Microseconds())/float64(calls+pages), name+"-cpu-µs/call")
	}
	b.ReportMetric(all["bridge"].spent.Seconds()/all["ours"].spent.Seconds(), "times-the-bridge")
}

// contestant is a server with its callers.
type contestant struct {
	callers []*caller
	spent   time.Duration // how long calls were under way
	stop    func() time.Duration
}

// ask makes n calls, 16 at a time, and returns the first error.
func (c *contestant) ask(pages, n int) error {
	start := time.Now()
	var next atomic.Int64
	var all errgroup.Group
	for _, one := range c.callers {
		all.Go(func() error {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if _, err := one.call("list_calls", pageArguments(int(i), pages)); err != nil {
					next.Store(int64(n)) // makes the others end
					return err
				}
			}
			return nil
		})
	}
	err := all.Wait()
	c.spent += time.Since(start)
	return err
}

// result holds the answer to tools/call.
type result struct {
	Result struct {
		Content           []struct{ Text string }
		StructuredContent json.RawMessage
	}
}

// text returns the only text of the answer.
func (r result) text(tb testing.TB) string {
	tb.Helper()
	if len(r.Result.Content) != 1 {
		tb.Fatalf("%d contents, want 1", len(r.Result.Content))
	}
	return r.Result.Content[0].Text
}

// client starts a contestant and returns a function that calls its tools.
func client(t *testing.T, name, api string) func(tool, arguments string) result {
	t.Helper()
	addr, _ := start(t, name, api)
	c, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.conn.Close() })
	return func(tool, arguments string) (r result) {
		t.Helper()
		answer, err := c.call(tool, arguments)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(answer, &r); err != nil {
			t.Fatalf("%v in %.300s", err, answer)
		}
		return r
	}
}

// The benchmark must time the right work: both answer with exactly the calls of the page, for one request.
func TestBothAnswerWithTheCallsOfThePage(t *testing.T) {
	api := newUpstream(t)
	pages := len(api.account.Calls) / perPage
	for name, sids := range map[string]func(*testing.T, result) []string{"ours": ourSIDs, "bridge": bridgeSIDs} {
		t.Run(name, func(t *testing.T) {
			call := client(t, name, api.url)
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

// ourSIDs returns the sids in the structure of our answer. The test fails if the text lacks one.
func ourSIDs(t *testing.T, r result) (sids []string) {
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

// bridgeSIDs returns the sids in the bridge's answer.
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
