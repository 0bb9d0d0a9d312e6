package e2e

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	soon  = 2 * time.Second // for a process to end where no call is in flight
	later = 6 * time.Second // where one is
	// busy is what a machine may add that does other things too. The nightly checks do none
	// beside, set LONG, and add nothing.
	busy = 14 * time.Second
	// longQuestion needs more requests than the plan has in a minute.
	longQuestion = `{"jsonrpc":"2.0","id":7,"method":"tools/call",` +
		`"params":{"name":"get_call_stats","arguments":{"group_by":["hour"]}}}`
)

// process is a server that is asked the long question.
type process struct {
	*exec.Cmd
	end      func()
	answered <-chan struct{} // closed when the answer is here
}

// onStdio asks over stdio. end gets what ends the process.
func onStdio(t *testing.T, env []string, end func(cmd *exec.Cmd, stdin io.Closer)) process {
	t.Helper()
	cmd := command(t, env)
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{})
	go func() {
		for lines := bufio.NewReader(stdout); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if strings.Contains(line, `"id":7`) {
				close(answered)
			}
		}
	}()
	_, _ = io.WriteString(stdin, hello+longQuestion+"\n")
	return process{cmd, func() { end(cmd, stdin) }, answered}
}

// onHTTP asks over HTTP, beside a stream and a connection on which nothing is sent.
func onHTTP(t *testing.T, env []string, sig os.Signal) process {
	t.Helper()
	base, cmd := served(t, env, "-transport", "http")
	stream, _ := openStream(t, base)
	silent, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close(); silent.Close() })
	answered := make(chan struct{})
	go func() {
		res, err := http.DefaultClient.Do(request(t.Context(), base+"/mcp", longQuestion))
		if err != nil {
			return
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err == nil && len(body) > 0 {
			close(answered)
		}
	}()
	return process{cmd, func() { interrupt(t, cmd, sig) }, answered}
}

// moments is at how many moments a process is asked to end.
var moments = flag.Int("moments", 15, "at how many random moments a process is asked to end")

// Whenever a host lets it go, the process ends before the host kills it: while it reads on in
// the background and waits for the limit of the plan, and while it answers.
func TestTheProcessEndsBeforeItsHostKillsIt(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		*moments = min(*moments, 10)
	}
	signalled := func(sig os.Signal) func(*testing.T, []string) process {
		return func(t *testing.T, env []string) process {
			return onStdio(t, env, func(cmd *exec.Cmd, _ io.Closer) { interrupt(t, cmd, sig) })
		}
	}
	ways := []func(*testing.T, []string) process{
		func(t *testing.T, env []string) process {
			return onStdio(t, env, func(_ *exec.Cmd, stdin io.Closer) { stdin.Close() })
		},
		signalled(syscall.SIGTERM),
		signalled(os.Interrupt),
		func(t *testing.T, env []string) process { return onHTTP(t, env, syscall.SIGTERM) },
		func(t *testing.T, env []string) process { return onHTTP(t, env, os.Interrupt) },
	}
	random := rand.New(rand.NewPCG(22, 2))
	for i := range *moments {
		after := time.Duration(random.IntN(1500)) * time.Millisecond
		if i%3 > 0 {
			after = -after // after the answer, in place of the question
		}
		t.Run(fmt.Sprintf("way %d at %v", i%len(ways), after), func(t *testing.T) {
			t.Parallel()
			p := ways[i%len(ways)](t, upstream(t, limitedAPI()))
			if after < 0 {
				<-p.answered
			}
			<-time.After(after.Abs())
			inFlight := true
			select {
			case <-p.answered:
				inFlight = false
			default:
			}
			mustEnd(t, p.Cmd, p.end, inFlight)
		})
	}
}

// mustEnd ends a process, and fails where that takes too long.
func mustEnd(t *testing.T, cmd *exec.Cmd, end func(), inFlight bool) {
	t.Helper()
	most := soon
	if inFlight {
		most = later
	}
	if !long() {
		most += busy
	}
	start := time.Now()
	end()
	kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	_ = cmd.Wait()
	if took := time.Since(start); took > most {
		t.Errorf("it took %v to end (a call is in flight: %t), want %v at most", took, inFlight, most)
	}
}

// A call that Talkover does not answer holds a server over HTTP up no longer than hosts wait.
func TestAStuckCallDoesNotHoldTheServerUp(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	base, cmd := served(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}), "-transport", "http")
	go func() { _, _, _ = post(base, listCall(7, 1)) }()
	<-asked
	mustEnd(t, cmd, func() { interrupt(t, cmd, syscall.SIGTERM) }, true)
}

// Neither an API that does not answer nor a Valkey that does not holds the end up.
func TestNothingThatHangsHoldsTheEndUp(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	go func() { // it takes connections and says nothing
		for {
			if _, err := silent.Accept(); err != nil {
				return
			}
		}
	}()
	valkey := "TALKOVER_VALKEY_URL=valkey://" + silent.Addr().String()
	for name, test := range map[string]struct {
		args     []string
		env      string
		inFlight bool
	}{
		"doctor":                    {args: []string{"doctor"}},
		"doctor, a silent Valkey":   {args: []string{"doctor"}, env: valkey},
		"call":                      {args: []string{"call", "list_calls"}},
		"call, a silent Valkey":     {args: []string{"call", "list_calls"}, env: valkey},
		"question":                  {inFlight: true},
		"question, a silent Valkey": {inFlight: true, env: valkey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{}, 100)
			env := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				<-r.Context().Done()
			})
			cmd := command(t, append(env, test.env), test.args...)
			stdin, _ := cmd.StdinPipe()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			_, _ = io.WriteString(stdin, hello+listCall(7, 1)+"\n")
			<-asked
			mustEnd(t, cmd, func() { interrupt(t, cmd, syscall.SIGTERM) }, test.inFlight)
		})
	}
}
