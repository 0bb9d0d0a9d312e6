package valkey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// limit is what the API lets through in a window of a minute.
const limit = 100

// api serves an invented account, and answers 429 beyond the limit of a window.
type api struct {
	*httptest.Server
	account *sandbox.Account

	mu     sync.Mutex
	takes  time.Duration // of each request
	opened time.Time
	hits   int
	served int
	denied int
}

func newAPI(t *testing.T) *api {
	a := &api{account: sandbox.New(time.Now().UTC()), takes: 20 * time.Millisecond}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// ServeHTTP implements [http.Handler].
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/health") {
		a.account.ServeHTTP(w, r)
		return
	}
	a.mu.Lock()
	if time.Since(a.opened) >= time.Minute {
		a.opened, a.hits = time.Now(), 0
	}
	over := a.hits >= limit
	if over {
		a.denied++
	} else {
		a.hits++
		a.served++
	}
	left, reset, takes := limit-a.hits, time.Until(a.opened.Add(time.Minute)), a.takes
	a.mu.Unlock()
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
	if over {
		w.Header().Set("Retry-After", strconv.Itoa(int(reset.Seconds())))
		http.Error(w, `{"message":"Too Many Attempts."}`, http.StatusTooManyRequests)
		return
	}
	time.Sleep(takes)
	a.account.ServeHTTP(w, r)
}

func (a *api) figures() (served, denied int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.served, a.denied
}

func (a *api) slow(takes time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.takes = takes
}

// freePort returns a port of this machine that nobody listens at. It is none of those that systems give to
// connections going out (from 32768 on): one of them would take it while a server is started again.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10_000+rand.N(22_000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().(*net.TCPAddr).Port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// process is a program that a test has started.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	log string // the file of its output

	killed atomic.Bool
}

func start(t *testing.T, env []string, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, args...), log: filepath.Join(t.TempDir(), "log")}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, out, out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends a process as kill -9 does, and waits for it.
func (p *process) kill() {
	if !p.killed.Swap(true) {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		_ = p.cmd.Wait()
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) output() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// server is a Valkey or Redis.
type server struct {
	*process
	port     int
	password string
}

func newServer(t *testing.T, port int, password string) *server {
	t.Helper()
	args := []string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", t.TempDir()}
	if password != "" {
		args = append(args, "--requirepass", password)
	}
	s := &server{start(t, nil, os.Getenv("SERVER"), args...), port, password}
	eventually(t, "the server takes connections", func() bool {
		c, err := net.Dial("tcp", s.addr())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return s
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

func (s *server) url() string {
	u := url.URL{Scheme: "redis", Host: s.addr()}
	if s.password != "" {
		u.User = url.UserPassword("", s.password)
	}
	return u.String()
}

// command sends a command in its inline form.
func (s *server) command(t *testing.T, words string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "%s\r\n", words)
	b := make([]byte, 1<<16)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// patience is how long a test waits for what does not come. What comes is waited for no longer than it takes.
const patience = 2 * time.Minute

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !is() {
		if time.Since(begin) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begin)
}

// replica is a process of ours.
type replica struct {
	*process
	base string
}

// newReplica starts a replica of three, which shares what is at a URL; with none, it is
// alone.
func newReplica(t *testing.T, a *api, valkey string) *replica {
	t.Helper()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t)))
	env := []string{
		"TALKOVER_TOKEN=" + sandbox.Token, "TALKOVER_BASE_URL=" + a.URL + sandbox.Prefix,
		"TALKOVER_RATE_LIMIT=" + strconv.Itoa(limit),
		"MCP_TRANSPORT=http", "MCP_ADDR=" + addr, "MCP_RATE_LIMIT=0", "LOG_FORMAT=json",
	}
	if valkey != "" {
		env = append(env, "TALKOVER_VALKEY_URL="+valkey, "TALKOVER_REPLICAS=3")
	}
	r := &replica{start(t, env, os.Getenv("BINARY")), "http://" + addr}
	eventually(t, "a replica is alive", func() bool { _, ok := r.get("/healthz"); return ok })
	return r
}

func (r *replica) get(path string) (body string, ok bool) {
	res, err := http.Get(r.base + path)
	if err != nil {
		return "", false
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err == nil && res.StatusCode == http.StatusOK
}

// away reports whether /readyz says that the server is away, and stays ready.
func (r *replica) away() bool {
	body, ok := r.get("/readyz")
	if !ok {
		r.t.Errorf("/readyz is not ready: %q", body)
	}
	return strings.Contains(body, "Valkey is away")
}

// call calls a tool. It returns the text of the answer, and whether that is an error.
func (r *replica) call(ctx context.Context, tool string, arguments map[string]any) (text string, isError bool,
	err error) {
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call",
		"params": map[string]any{"name": tool, "arguments": arguments}})
	if err != nil {
		return "", false, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/mcp", bytes.NewReader(request))
	if err != nil {
		return "", false, err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json, text/event-stream")
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", false, err
	}
	defer res.Body.Close()
	var answer struct {
		Result struct {
			Content []struct{ Text string }
			IsError bool
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return "", false, err
	}
	if len(answer.Result.Content) == 0 {
		return "", false, fmt.Errorf("an answer without content, status %d", res.StatusCode)
	}
	return answer.Result.Content[0].Text, answer.Result.IsError, nil
}
