package transport

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// lastListener is a listener that stop ends without losing a connection. Closing a
// listener resets the connections that the system has made and Accept has not returned:
// a proxy may have sent a call on one already, and must not send it again.
type lastListener struct {
	net.Listener
	close    func() error
	stopping atomic.Bool
	rest     chan net.Conn // what Accept returns after stop
}

func newLastListener(ln net.Listener) *lastListener {
	return &lastListener{Listener: ln, close: sync.OnceValue(ln.Close), rest: make(chan net.Conn)}
}

// Accept implements [net.Listener].
func (l *lastListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil || !l.stopping.Load() {
		return conn, err
	}
	if conn = <-l.rest; conn == nil {
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close implements [net.Listener].
func (l *lastListener) Close() error { return l.close() }

// stop takes no more connections, and returns when Accept has returned those there were.
func (l *lastListener) stop() {
	l.stopping.Store(true)
	rest := stopListening(l.Listener)
	_ = l.close()
	for _, conn := range rest {
		l.rest <- conn
	}
	close(l.rest)
}

// waiters holds the connections on which a client may send its next request.
type waiters struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// watch is a hook for [http.Server.ConnState].
func (w *waiters) watch(conn net.Conn, state http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if state == http.StateNew || state == http.StateIdle {
		w.conns[conn] = struct{}{}
		return
	}
	delete(w.conns, conn)
}

// await returns when there is no such connection any more. After so long it closes those that
// there are, since [http.Server.Shutdown] would wait 5 s for a new one. It waits before it
// looks: an answer may be written whose connection does not count yet, and which does not say
// that the connection closes.
func (w *waiters) await(most time.Duration) {
	for end, left := time.Now().Add(most), 1; left > 0; {
		time.Sleep(20 * time.Millisecond)
		w.mu.Lock()
		left = len(w.conns)
		if time.Now().After(end) {
			left = 0
			for conn := range w.conns {
				_ = conn.Close()
			}
		}
		w.mu.Unlock()
	}
}
