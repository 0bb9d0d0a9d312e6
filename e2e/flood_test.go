package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// floodEnv makes the flood as large as a server must bear, and compares how long another
// caller waits. The nightly checks set it; with the others running, times say little.
const floodEnv = "FLOOD"

// peak returns the most memory that a process has had, in KiB.
func peak(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("no /proc")
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// strangers sends what strangers can send until ctx is done: half is how many hold half a
// header or half a small body, greeting how many initialize once a second, and large how
// many send all of 1 MiB but its last byte. Each begins at a moment of its own within
// spread. It calls there when each was there once.
func strangers(ctx context.Context, addr string, half, greeting, large int, spread time.Duration, there func()) {
	const head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	const greet = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",` +
		`"capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`
	mebibyte := strings.Repeat(" ", 1<<20-1)
	var all, once sync.WaitGroup
	send := func(text string, pause time.Duration) {
		first := sync.OnceFunc(once.Done)
		once.Add(1)
		all.Go(func() {
			defer first()
			select {
			case <-time.After(time.Duration(rand.Float64() * float64(min(spread, pause)))):
			case <-ctx.Done():
			}
			for ctx.Err() == nil {
				again, cancel := context.WithTimeout(ctx, pause)
				c, err := (&net.Dialer{}).DialContext(again, "tcp", addr)
				if err == nil {
					stop := context.AfterFunc(again, func() { c.Close() })
					_, _ = io.WriteString(c, text) // a server that refuses may not read it all
					first()
					_, _ = io.Copy(io.Discard, c)
					stop()
					c.Close()
				}
				<-again.Done()
				cancel()
			}
		})
	}
	for i := range half {
		if i%2 == 0 {
			send("POST /mcp HTTP/1.1\r\nHost: localhost\r\n", 12*time.Second)
		} else {
			send(head+"Content-Length: 100\r\n\r\n{", 12*time.Second)
		}
	}
	for range greeting {
		send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(greet), greet), time.Second)
	}
	for range large {
		send(head+"Content-Length: 1048576\r\n\r\n"+mebibyte, 3*time.Second)
	}
	once.Wait()
	there()
	all.Wait()
}

// asFlood makes this program strangers, with the arguments of that function in order.
const asFlood = "TALKOVER_MCP_TEST_AS_FLOOD"

// beStrangers does what the value of asFlood says until input ends.
func beStrangers(value string) {
	var addr string
	var half, greeting, large int
	var spread time.Duration
	if _, err := fmt.Sscan(value, &addr, &half, &greeting, &large, (*int64)(&spread)); err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	strangers(ctx, addr, half, greeting, large, spread, func() { fmt.Println("there") })
}

// flood starts strangers in a process of their own, and returns when each was there once.
// They have machines of their own, so that here they get what processor time is left.
func flood(t *testing.T, addr string, half, greeting, large int, spread time.Duration) (end func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{fmt.Sprintf("%s=%s %d %d %d %d", asFlood, addr, half, greeting, large, spread), hurry}
	if nice, err := exec.LookPath("nice"); err == nil {
		cmd.Path, cmd.Args = nice, append([]string{"nice", "-n", "19"}, cmd.Args...)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, 100)
	if n, err := stdout.Read(line); string(line[:n]) != "there\n" {
		t.Fatalf("the strangers say %q, %v", line[:n], err)
	}
	return func() {
		stdin.Close()
		_ = cmd.Wait()
	}
}

// slowest calls a tool again and again for d, at a pace, and returns how long the
// slowest calls took: one of a hundred takes longer.
func slowest(t *testing.T, base string, d time.Duration) time.Duration {
	t.Helper()
	var took []time.Duration
	for end := time.Now().Add(d); time.Now().Before(end); {
		start := time.Now()
		status, body, err := post(base, listCall(1, 1), "Authorization", "Bearer "+gateToken)
		if status != 200 || !strings.Contains(body, "calls match") {
			t.Fatal(status, err, body)
		}
		took = append(took, time.Since(start))
		time.Sleep(time.Until(start.Add(20 * time.Millisecond)))
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// Strangers by the hundred cost a server with a gate little memory, and its callers
// little time.
func TestFloodOfStrangers(t *testing.T) {
	half, greeting, large, spread := 30, 100, 100, time.Duration(0)
	most, rounds, each := 64, 1, 100*time.Millisecond
	full := os.Getenv(floodEnv) != ""
	if full {
		half, greeting, large, spread = 300, 1000, 250, 3*time.Second
		most, rounds, each = 200, 5, 4*time.Second
	}
	env := []string{"LOG_FORMAT=json", "MCP_RATE_LIMIT=0", "GOMEMLIMIT=200MiB", "MCP_AUTH=token",
		"MCP_AUTH_TOKENS=" + gateToken}
	base, cmd := served(t, env, "-demo", "-transport", "http")
	var quiet, busy []time.Duration
	for range rounds { // in turn, so that what else the machine does hits both alike
		quiet = append(quiet, slowest(t, base, each))
		end := flood(t, strings.TrimPrefix(base, "http://"), half, greeting, large, spread)
		busy = append(busy, slowest(t, base, each))
		end()
	}
	memory := peak(t, cmd.Process.Pid) >> 10
	t.Logf("%d half requests, %d greetings a second, %d of 1 MiB: peak of %d MiB; p99 %v, quiet %v", half,
		greeting, large, memory, busy, quiet)
	if memory > most && !underRace() {
		t.Errorf("the peak is %d MiB, and may be %d", memory, most)
	}
	slices.Sort(quiet)
	slices.Sort(busy)
	if q, b := quiet[rounds/2], busy[rounds/2]; full && b > 2*q {
		t.Errorf("another caller waits %v, and %v when it is quiet", b, q)
	}
}
