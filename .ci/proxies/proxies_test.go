package proxies_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"
)

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

// drain is a delay in which the answers of a server close the connections that a proxy keeps.
// Without one, a call that comes on such a connection in the moment of the end is cut off.
const drain = "MCP_DRAIN_DELAY=1s"

func TestFewCallsAreLostWhenAServerIsAskedToEnd(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		for _, delay := range []string{"MCP_DRAIN_DELAY=0s", drain} {
			l := ended(t, syscall.SIGTERM, start, servers(t, newAPI(t), 2, delay)...)
			t.Logf("one of two servers ended by SIGTERM, %d times, %s: %s", rounds(), delay, l)
			if delay == drain && l.lost.Load()*1000 > l.calls.Load() {
				t.Error("more than one call in a thousand is lost")
			}
		}
	})
}

// What is lost is at most what the server was answering.
func TestOnlyCallsUnderWayAreLostWhenAServerIsKilled(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		l := ended(t, syscall.SIGKILL, start, servers(t, newAPI(t), 2)...)
		t.Logf("one of two servers ended by SIGKILL, %d times: %s", rounds(), l)
		if int(l.lost.Load()) > 8*rounds() {
			t.Error("more calls are lost than 8 callers can have under way")
		}
	})
}

// Where there is one server, callers wait while it is started again.
func TestFewCallsAreLostWhenTheOnlyServerIsStartedAgain(t *testing.T) {
	each(t, func(t *testing.T, start func(*testing.T, ...*server) *proxy) {
		if t.Name() != "TestFewCallsAreLostWhenTheOnlyServerIsStartedAgain/caddy" {
			t.Skip("nginx does not wait for a server")
		}
		l := ended(t, syscall.SIGTERM, start, servers(t, newAPI(t), 1, drain)...)
		t.Logf("the only server started again, %d times: %s", rounds(), l)
		if l.lost.Load()*1000 > l.calls.Load() {
			t.Error("more than one call in a thousand is lost")
		}
	})
}
