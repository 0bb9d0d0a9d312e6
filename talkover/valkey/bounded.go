package valkey

import (
	"bufio"
	"net"
	"strconv"
	"strings"
)

// Bounds on one answer. A client library makes room for what a server announces, before it
// comes: 13 bytes would take all memory, which no recover helps.
const (
	mostBytes    = 64 << 20
	mostElements = 10_000
)

// bounded is a connection that ends where an answer is none of RESP2, or over the bounds.
type bounded struct {
	net.Conn
	ahead   *bufio.Reader
	line    []byte // that was looked at, and is to be passed on
	text    int    // bytes to come of a text
	pending int    // elements to come of the answer
	room    int    // bytes that the answer may yet take, with a share of them for each element
}

// Read implements [net.Conn].
func (b *bounded) Read(p []byte) (n int, err error) {
	if len(b.line) == 0 && b.text == 0 {
		if b.line, err = b.ahead.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if !b.take(string(b.line)) {
			return 0, errAnswer
		}
	}
	if n = copy(p, b.line); n > 0 {
		b.line = b.line[n:]
		return n, nil
	}
	n, err = b.ahead.Read(p[:min(len(p), b.text)])
	b.text -= n
	return n, err
}

// take takes in a line, and reports whether the answer is within the bounds.
func (b *bounded) take(line string) bool {
	if b.pending == 0 {
		b.pending, b.room = 1, mostBytes
	}
	b.pending--
	b.room -= len(line)
	switch n, err := strconv.Atoi(strings.TrimSuffix(line[1:], "\r\n")); {
	case line[0] == '+' || line[0] == '-' || line[0] == ':':
	case err != nil || n < -1 || n > mostBytes:
		return false
	case n < 0: // nothing is there
	case line[0] == '$':
		b.room -= n
		b.text = n + len("\r\n")
	case line[0] == '*':
		b.room -= n * (mostBytes / mostElements)
		b.pending += n
	default:
		return false
	}
	return b.room >= 0
}
