package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
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

// contestants are who is measured. Each has a process of its own.
var contestants = []string{"bridge", "ours"}

// bridgeEnv makes this program the bridge, before the API at its value.
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

// program is talkover-mcp, as a user builds it.
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

// command is a contestant at an address, before the API at a URL: ours with its own
// defaults, its line in the log for each call among them, but without a limit of
// requests.
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

// start starts a contestant and waits until it listens. The returned function ends
// it and returns the processor time that it took.
func start(tb testing.TB, name, api string) (addr string, stop func() time.Duration) {
	tb.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr = free.Addr().String()
	free.Close()
	c := command(tb, name, addr, api)
	// A file, as of a service: who reads a pipe would take part of the machine.
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
	for range 1000 {
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

// caller is a client of 2025-11-25 with a connection of its own. It is no
// [http.Client], whose goroutines would take a good part of the machine.
type caller struct {
	conn    net.Conn
	in      *bufio.Reader
	request bytes.Buffer
	answer  bytes.Buffer
}

func dial(addr string) (*caller, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// call calls a tool, and reads the answer whole.
func (c *caller) call(tool, arguments string) ([]byte, error) {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`
	c.request.Reset()
	fmt.Fprintf(&c.request, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nMcp-Protocol-Version: 2025-11-25\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
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
	if res.StatusCode != http.StatusOK || !bytes.Contains(answer, []byte(`"result":`)) || bytes.Contains(answer, []byte(`"isError":true`)) {
		return nil, fmt.Errorf("%s: %s: %.300s", tool, res.Status, answer)
	}
	return answer, nil
}

// pageArguments ask for a full page: the pages of the account in turn.
func pageArguments(n, pages int) string {
	return fmt.Sprintf(`{"per_page":%d,"page":%d}`, perPage, n%pages+1)
}

// BenchmarkServer asks for pages of 20 with 16 callers at once. The contestants take
// turns, a round of calls each, so that a machine that is now quick and now slow
// is so for both.
//
// Each server has a process of its own, with the garbage of nobody else, and all
// processors. The callers and the API share another, the same for both. Both
// take part of the machine, so the ratio of calls/s is less than that of the
// servers alone, which cpu-µs/call tells: it is all processor time of the server's
// process, its start included.
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
		if err := c.ask(pages, pages); err != nil { // fills the API's store
			b.Fatal(err)
		}
		c.spent = 0
		all[name] = c
	}
	// The callers and the API should take as little of the machine as can be.
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

// contestant is a server and who calls it.
type contestant struct {
	callers []*caller
	spent   time.Duration // while calls were under way
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
					next.Store(int64(n)) // the others end too
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

// asked starts a contestant and returns how to call a tool of it.
func asked(t *testing.T, name, api string) func(tool, arguments string) result {
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

// What is timed must be the right work: both answer with the very calls of the
// page, at the cost of one request.
func TestBothAnswerWithTheCallsOfThePage(t *testing.T) {
	api := newUpstream(t)
	pages := len(api.account.Calls) / perPage
	for name, sids := range map[string]func(*testing.T, result) []string{"ours": oursSIDs, "bridge": bridgeSIDs} {
		t.Run(name, func(t *testing.T) {
			call := asked(t, name, api.url)
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
