package transport

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// handshake is how long a connection that has begun is given to be made.
const handshake = 5 * time.Millisecond

// withoutSYN is a socket filter that drops the first packet of each new connection. It
// loads the flags of the TCP header, and keeps all packets without SYN.
var withoutSYN = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
	{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18},
}

// stopListening makes the system refuse connections, and returns those that it has made.
// It lets none begin in between, where the kernel knows filters: who tries asks again
// after a second, and is refused. The Close of net (go1.26) resets all that are made until
// the goroutine in Accept has woken up.
func stopListening(ln net.Listener) (rest []net.Conn) {
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	var made []int
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(withoutSYN)), Filter: &withoutSYN[0]})
		time.Sleep(handshake)
		for {
			conn, _, err := unix.Accept4(int(fd), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			switch {
			case err == nil:
				made = append(made, conn)
			case !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.ECONNABORTED):
				_ = unix.Shutdown(int(fd), unix.SHUT_RD)
				return
			}
		}
	})
	for _, fd := range made {
		file := os.NewFile(uintptr(fd), "connection")
		if conn, err := net.FileConn(file); err == nil { // it has a descriptor of its own
			rest = append(rest, conn)
		}
		_ = file.Close()
	}
	return rest
}
