package transport

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

// Connections that the system has made and nobody has accepted are accepted, and no more
// are made.
func TestStoppedListenerLosesNoConnection(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	last := newLastListener(ln)
	const made = 5
	for i := range made {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	go last.stop()
	read := map[byte]bool{}
	for {
		conn, err := last.Accept()
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		b := make([]byte, 1)
		if _, err := conn.Read(b); err != nil {
			t.Fatal(err)
		}
		read[b[0]] = true
	}
	if len(read) != made {
		t.Errorf("%d of %d connections came in", len(read), made)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection after that: %v", err)
	}
}
