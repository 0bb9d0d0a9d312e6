// Package transport speaks MCP: over stdio, over streamable HTTP, and over the older HTTP
// with server-sent events. The files mcpgo_*.go make up for what mcp-go v1.2.1 lacks.
package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

const (
	maxLine   = 4 << 20         // bytes of a message over stdio
	drainTime = 5 * time.Second // for calls under way, at the end of input
	leaveTime = 2 * time.Second // for calls under way, when asked to end
)

// Stdio serves one client that writes lines to in and reads lines from out, until
// in ends or ctx is done; both are success. At the end of input it answers the calls
// under way before it returns, for at most 5 s.
func Stdio(ctx context.Context, s *server.MCPServer, in io.Reader, out io.Writer, log *slog.Logger) error {
	amendErrors(s)
	life, end := context.WithCancel(ctx)
	defer end()
	var running calls
	client := newSession(life, "stdio", s, &running, sender(func(line []byte) error {
		_, err := out.Write(line)
		if err != nil {
			end() // the client is gone, though it may have left its end of in open
		}
		return err
	}, log), log)
	read := make(chan error, 1)
	go func() { read <- client.readLines(life, in) }()
	select {
	case err := <-read:
		running.drain(drainTime)
		return err
	case <-life.Done():
		running.drain(leaveTime) // their work ends now
		return nil
	}
}

// readLines receives a message from each line, until in ends or ctx is done.
func (s *session) readLines(ctx context.Context, in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for ctx.Err() == nil {
		line, err := nextLine(r)
		if errors.Is(err, errLongLine) {
			s.send(mcp.NewJSONRPCError(mcp.NewRequestId(nil), mcp.INVALID_REQUEST, err.Error(), nil))
			continue
		}
		if line = tidied(line); len(line) > 0 { // the last line may lack its end
			s.receive(ctx, line, func() {})
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errLongLine = fmt.Errorf("a message may have at most %d bytes", maxLine)

// nextLine reads a line of its own memory. One that is too long is read to its end
// and is the error errLongLine.
func nextLine(r *bufio.Reader) (line []byte, err error) {
	tooLong := false
	for {
		part, err := r.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > maxLine; !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case tooLong:
			return nil, errLongLine // what follows it is read by the next call
		default:
			return line, err
		}
	}
}
