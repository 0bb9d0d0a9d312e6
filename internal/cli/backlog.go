package cli

import (
	"io"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

const (
	mostLines = 1000                   // that wait to be written
	flushTime = 500 * time.Millisecond // to write them at the end
)

// backlog is a stderr that nothing waits for. Many hosts do not read it, and the pipe is full
// after some hundred lines. A line that finds mostLines before it is dropped, and counted.
type backlog struct {
	to      io.Writer
	log     *slog.Logger // writes to the same
	lines   chan []byte
	dropped atomic.Int64
	written chan struct{} // closed when all is written
}

func newBacklog(to io.Writer, log *slog.Logger) *backlog {
	b := &backlog{to: to, log: log, lines: make(chan []byte, mostLines), written: make(chan struct{})}
	go b.run()
	return b
}

// Write implements [io.Writer]. It does not fail, and keeps nothing of p.
func (b *backlog) Write(p []byte) (int, error) {
	select {
	case b.lines <- slices.Clone(p):
	default:
		b.dropped.Add(1)
	}
	return len(p), nil
}

// run writes lines until one is nil. It says how many were dropped as soon as the reader
// has caught up.
func (b *backlog) run() {
	for line := <-b.lines; line != nil; line = <-b.lines {
		_, _ = b.to.Write(line) // a reader that has left misses nothing
		if n := b.dropped.Load(); n > 0 && len(b.lines) == 0 {
			b.dropped.Add(-n)
			b.log.Warn("lines of the log were dropped, since nobody read them", "lines", n)
		}
	}
	close(b.written)
}

// close writes what waits, as far as the reader takes it in flushTime.
func (b *backlog) close() {
	late := time.After(flushTime)
	select {
	case b.lines <- nil:
	case <-late:
		return
	}
	select {
	case <-b.written:
	case <-late:
	}
}

// Fd returns the descriptor of the stream behind, which may be a terminal.
func (b *backlog) Fd() uintptr {
	if f, ok := b.to.(*os.File); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}
