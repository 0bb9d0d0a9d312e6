// Package transport is how a client gets in: over stdio, over streamable HTTP,
// and over the older HTTP with server-sent events.
package transport

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

const (
	maxLine   = 4 << 20         // bytes of a message over stdio
	drainTime = 5 * time.Second // for calls in flight, at the end of input
	leaveTime = 2 * time.Second // for the rest of an orderly end
	workers   = 32              // calls at once
	queue     = 4096            // calls that wait
)

// Stdio serves one client that writes lines to in and reads lines from out,
// until in ends or ctx is done; both are success. At the end of input, calls in
// flight are answered before it returns, for at most 5 s.
func Stdio(ctx context.Context, s *server.MCPServer, in io.Reader, out io.Writer, log *slog.Logger) error {
	w := &answerWriter{out: out}
	r := &requestReader{in: bufio.NewReaderSize(in, 64<<10), answers: w, ended: make(chan struct{})}
	stdio := server.NewStdioServer(s)
	stdio.SetErrorLogger(slog.NewLogLogger(log.Handler(), slog.LevelWarn))
	server.WithWorkerPoolSize(workers)(stdio)
	server.WithQueueSize(queue)(stdio)
	done := make(chan error, 1)
	go func() { done <- stdio.Listen(ctx, r, w) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = within(leaveTime, done)
	case <-r.ended:
		err = within(leaveTime, done)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// within waits for an end that a client who reads no more may hold up.
func within(d time.Duration, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		return nil
	}
}

// requestReader hands on whole lines and holds back the end of input until what
// was asked is answered: the server behind it drops calls in flight, and a last
// line without a line break, as soon as its input ends.
type requestReader struct {
	in      *bufio.Reader
	answers *answerWriter
	line    []byte // what of the current line is still to be read
	err     error
	ended   chan struct{} // closed once the end was handed on
}

// Read implements [io.Reader].
func (r *requestReader) Read(p []byte) (int, error) {
	for len(r.line) == 0 {
		if r.err != nil {
			r.answers.drain(drainTime)
			close(r.ended)
			return 0, r.err
		}
		r.line, r.err = r.next()
		if isRequest(r.line) {
			r.answers.expect()
		}
	}
	n := copy(p, r.line)
	r.line = r.line[n:]
	return n, nil
}

// next reads a line that says something and is not too long.
func (r *requestReader) next() ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := r.in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > maxLine; !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong:
			r.answers.refuse(fmt.Sprintf("a message may have at most %d bytes", maxLine))
			line, tooLong = nil, false
		case len(bytes.TrimSpace(line)) == 0:
			line = nil
		case err != nil:
			return append(line, '\n'), err
		default:
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// answerWriter counts the answers that are still owed.
type answerWriter struct {
	mu  sync.Mutex // one line at a time
	out io.Writer

	debt // with a lock of its own: a write may block for as long as the client does not read
}

// Write implements [io.Writer]; the server writes a whole line at a time.
func (w *answerWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.out.Write(line)
	if isAnswer(line) {
		w.settle(1)
	}
	return n, err
}

// refuse answers a message that could not be read.
func (w *answerWriter) refuse(why string) {
	line, _ := json.Marshal(mcp.NewJSONRPCError(mcp.NewRequestId(nil), mcp.INVALID_REQUEST, why, nil))
	_, _ = w.Write(append(line, '\n')) // a client that is gone needs no answer
}
