// Package proxies_test runs talkover-mcp behind the proxies of deploy/, with the very files, and ends servers while
// callers ask. .ci/proxies/run gives it the program.
package proxies_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

const (
	publicHost = "calls.example.com"
	gateToken  = "gate0123456789abcdef0123456789ab"
	slowest    = 60 * time.Millisecond // of the API's answers, so that calls are under way when a server ends
)

// program returns the path of talkover-mcp.
func program(t *testing.T) string {
	t.Helper()
	path := os.Getenv("TALKOVER_MCP")
	if path == "" {
		t.Skip("TALKOVER_MCP names no program; run bash .ci/proxies/run")
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has 127.0.0.2 without setting it up")
	}
	return path
}

// api serves the invented account, after a random time. It counts the calls that it is asked to place, and hands them
// to placed, if that is not nil: the answer comes when placed returns.
type api struct {
	url    string
	orders atomic.Int32
	placed func(*http.Request)
	paced  func(*http.Request) // is called before each answer, if it is not nil
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{}
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			a.orders.Add(1)
			if a.placed != nil {
				a.placed(r)
			}
		case a.paced != nil:
			a.paced(r)
		default:
			<-time.After(rand.N(slowest))
		}
		account.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	a.url = s.URL + sandbox.Prefix
	return a
}

// server is a process of talkover-mcp at an address that stays the same when it is started again.
type server struct {
	t       *testing.T
	program string
	env     []string
	addr    string
	api     string // its URL, with a host that only this server uses
	cmd     *exec.Cmd
}

// servers starts one or two servers at one port of 127.0.0.1, 127.0.0.2 and so on, as a name in a network of
// containers leads to them. More settings may be given.
func servers(t *testing.T, a *api, n int, env ...string) []*server {
	t.Helper()
	path := program(t)
	_, port, _ := net.SplitHostPort(free(t))
	var all []*server
	for i := range n {
		s := &server{t: t, program: path, addr: fmt.Sprintf("127.0.0.%d:%s", i+1, port),
			api: strings.Replace(a.url, "127.0.0.1", []string{"127.0.0.1", "localhost"}[i], 1)}
		s.env = append([]string{"MCP_TRANSPORT=http", "MCP_ADDR=" + s.addr, "MCP_ALLOWED_HOSTS=" + publicHost,
			"MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken,
			"MCP_RATE_LIMIT=0", "TALKOVER_TOKEN=" + sandbox.Token, "TALKOVER_BASE_URL=" + s.api,
			"TALKOVER_RATE_LIMIT=0", "LOG_FORMAT=json"}, env...)
		s.start()
		t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
		all = append(all, s)
	}
	return all
}

// start starts the process, and returns when it serves.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.program)
	s.cmd.Env = s.env
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.Write(append(lines.Bytes(), '\n'))
		var line struct{ Msg string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return
		}
	}
	s.t.Fatalf("the server at %s does not serve: %s", s.addr, said.String())
}

// end sends a signal, and returns when the process has ended.
func (s *server) end(signal syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); signal == syscall.SIGTERM && err != nil {
		s.t.Errorf("the server at %s, asked to end: %v", s.addr, err)
	}
}

// tally counts calls.
type tally struct {
	calls, lost atomic.Int32
	mu          sync.Mutex
	longest     time.Duration
	why         map[string]int // of each that was lost
}

func (l *tally) String() string {
	return fmt.Sprintf("%d calls, %d lost %v, the longest %v", l.calls.Load(), l.lost.Load(), l.why,
		l.longest.Round(time.Millisecond))
}

// add counts a call that took so long, and was lost unless why is empty.
func (l *tally) add(why string, took time.Duration) {
	l.mu.Lock()
	l.longest = max(l.longest, took)
	if why != "" {
		l.why[why]++
		l.lost.Add(1)
	}
	l.mu.Unlock()
	l.calls.Add(1)
}

// reach waits until so many more calls have ended.
func (l *tally) reach(t *testing.T, more int32) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for goal := l.calls.Load() + more; l.calls.Load() < goal; {
		select {
		case <-deadline:
			t.Fatalf("no %d calls in two minutes, but %d in all", more, l.calls.Load())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// callers lets 8 callers ask one question after another through a proxy, while during runs.
func callers(p *proxy, during func(*tally)) *tally {
	l := &tally{why: map[string]int{}}
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for !stop.Load() {
				start := time.Now()
				l.add(p.list(rand.IntN(1_000_000)), time.Since(start))
			}
		})
	}
	during(l)
	stop.Store(true)
	all.Wait()
	return l
}

// list asks for a page of calls. It returns why there was no answer, or "".
func (p *proxy) list(id int) string {
	status, body, err := p.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call",`+
		`"params":{"name":"list_calls","arguments":{"per_page":5,"page":%d}}}`, id, id%100+1))
	switch {
	case err != nil:
		return err.Error()
	case status != http.StatusOK:
		return fmt.Sprint("status ", status)
	case !strings.Contains(body, fmt.Sprintf(`"id":%d,`, id)) || !strings.Contains(body, "calls match"):
		return "another answer: " + body[:min(len(body), 200)]
	}
	return ""
}

// rounds returns how often a server is ended: ROUNDS, or 4.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("ROUNDS")); err == nil {
		return n
	}
	return 4
}

// ended ends one server after another by a signal and starts it again, while 8 callers ask through a proxy.
func ended(t *testing.T, signal syscall.Signal, start func(*testing.T, ...*server) *proxy, all ...*server) *tally {
	t.Helper()
	return callers(start(t, all...), func(l *tally) {
		l.reach(t, 50)
		for i := range rounds() {
			s := all[i%len(all)]
			s.end(signal)
			if len(all) > 1 {
				l.reach(t, 50)
			}
			s.start()
			l.reach(t, 50)
		}
	})
}

// few fails where more calls than most are lost, three times in a row. A server that loses calls by its make loses
// them each time. Chance does not: where the machine is so busy that a server is not run in the moment of its end,
// several calls may have come that it did not take.
func few(t *testing.T, most int, once func() *tally) {
	t.Helper()
	for range 3 {
		l := once()
		if t.Log(l); int(l.lost.Load()) <= most {
			return
		}
	}
	t.Errorf("more than %d calls are lost, three times in a row", most)
}

// drain is a delay in which the answers of a server close the connections that a proxy keeps. Without one, a call
// that comes on such a connection in the moment of the end is cut off. With one, what can be lost is a connection
// that the kernel has made and the server has not taken when it stops to listen.
const drain = "MCP_DRAIN_DELAY=1s"

func TestFewCallsAreLostWhenAServerIsAskedToEnd(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		for _, delay := range []string{"MCP_DRAIN_DELAY=0s", drain} {
			t.Logf("one of two servers ended by SIGTERM, %d times, %s:", rounds(), delay)
			most := rounds() // one each time
			if delay != drain {
				most = math.MaxInt // they are told, not bounded
			}
			few(t, most, func() *tally { return ended(t, syscall.SIGTERM, start, servers(t, newAPI(t), 2, delay)...) })
		}
	})
}

// What is lost is at most what the server was answering.
func TestOnlyCallsUnderWayAreLostWhenAServerIsKilled(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		t.Logf("one of two servers ended by SIGKILL, %d times, while each of 8 callers has a call under way:", rounds())
		few(t, 8*rounds(), func() *tally { return ended(t, syscall.SIGKILL, start, servers(t, newAPI(t), 2)...) })
	})
}

// Where there is one server, callers wait while it is started again.
func TestFewCallsAreLostWhenTheOnlyServerIsStartedAgain(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		if t.Name() != "TestFewCallsAreLostWhenTheOnlyServerIsStartedAgain/caddy" {
			t.Skip("nginx does not wait for a server")
		}
		t.Logf("the only server started again, %d times:", rounds())
		few(t, rounds(), func() *tally { return ended(t, syscall.SIGTERM, start, servers(t, newAPI(t), 1, drain)...) })
	})
}
