package transport

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// maxStreams is how many streams may be open at once.
const maxStreams = 1000

// streams holds the open streams of server-sent events. A client opens one by GET
// /sse, learns there where to POST its messages, and reads all answers from it.
type streams struct {
	server *server.MCPServer
	calls  *calls
	log    *slog.Logger

	mu     sync.Mutex
	open   map[string]*stream
	ending bool
}

// stream is a session that nobody but its owner may send messages to.
type stream struct {
	*session
	owner [sha256.Size]byte
	end   context.CancelFunc
	used  atomic.Int64 // when its client sent a message last, in Unix seconds
}

// isIdle reports whether the client has long sent nothing, and nothing is under way.
func (st *stream) isIdle() bool {
	return len(st.waiting) == 0 && time.Now().Unix()-st.used.Load() >= int64(unusedTime.Seconds())
}

// listen opens a stream and holds it until the client leaves or the server ends.
func (s *streams) listen(w http.ResponseWriter, r *http.Request) {
	by := callerOf(r.Context())
	life, end := by.lifetime(r.Context())
	defer end()
	id := rand.Text()
	st := &stream{owner: by.mark(), end: end}
	st.used.Store(time.Now().Unix())
	st.session = newSession(life, id, s.server, s.calls, func(b []byte) error { return writeEvent(w, b) }, s.log)
	if by.isKnown() && s.of(st.owner) >= mostStreams {
		tooMany(w, r, time.Minute, fmt.Sprintf("%d open streams", mostStreams))
		return
	}
	if !s.start(st) {
		w.Header().Set("Retry-After", "10")
		refuse(w, r, http.StatusServiceUnavailable, "too many streams are open, or the server is ending")
		return
	}
	defer s.stop(st)
	w.Header().Set("Content-Type", eventStream)
	// The address is relative to that of the stream, so that it holds behind a proxy that puts
	// a prefix before both.
	up := ""
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasSuffix(path, "/") {
		up = "../"
	}
	st.writing.Lock() // a client that guesses its address is answered after it is told
	fmt.Fprintf(w, "event: endpoint\ndata: %smessage?sessionId=%s\r\n\r\n", up, id)
	_ = http.NewResponseController(w).Flush()
	st.writing.Unlock()
	look := time.NewTicker(lookTime)
	defer look.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-look.C:
			if by.isGone() || st.isIdle() {
				return
			}
		}
	}
}

const (
	lookTime   = 5 * time.Second // a stream is looked at so often: whether it may stay
	unusedTime = time.Hour       // for a stream without a message
)

const eventStream = "text/event-stream"

// writeEvent writes a message as an event. A client that does not read holds it up
// until the deadline of the write.
func writeEvent(w http.ResponseWriter, message []byte) error {
	_, err := fmt.Fprintf(w, "event: message\ndata: %s\n\n", bytes.TrimSuffix(message, []byte("\n")))
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	return err
}

// start adds a stream, or reports that there may be no more.
func (s *streams) start(st *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || len(s.open) >= maxStreams {
		return false
	}
	s.open[st.id] = st
	return true
}

// stop takes a stream away. Nothing is written to it any more: its writer is gone
// once listen returns.
func (s *streams) stop(st *stream) {
	s.mu.Lock()
	delete(s.open, st.id)
	s.mu.Unlock()
	st.end()
	st.writing.Lock()
	defer st.writing.Unlock()
	st.write = func([]byte) error { return context.Cause(st.life) }
}

// message takes in a message and answers it on the stream, which must be the
// caller's own. Another's is not told apart from none.
func (s *streams) message(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	st := s.open[r.URL.Query().Get("sessionId")]
	s.mu.Unlock()
	if st == nil || st.owner != callerOf(r.Context()).mark() {
		refuse(w, r, http.StatusNotFound, "there is no such session here; open /sse again, or with several replicas use /mcp")
		return
	}
	st.used.Store(time.Now().Unix())
	body := bodyOf(r)
	if no := parse(body.all).contradiction(r.Header, body.all); no != nil {
		answerJSON(w, http.StatusBadRequest, no)
		return
	}
	body.keep()
	// 2026-07-28 needs headers that clients of SSE do not send.
	st.receive(server.WithSupportedProtocolVersions(r.Context(), mcp.LegacyProtocolVersions()), body.all, body.release)
	w.WriteHeader(http.StatusAccepted)
}

// count returns how many streams are open.
func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// of counts the open streams of a caller.
func (s *streams) of(owner [sha256.Size]byte) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.open {
		if st.owner == owner {
			n++
		}
	}
	return n
}

// noMore lets no further stream open.
func (s *streams) noMore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
}

// finish ends all streams.
func (s *streams) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.open {
		st.end()
	}
}
