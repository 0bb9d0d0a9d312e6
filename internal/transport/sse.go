package transport

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

const (
	maxStreams = 1000            // that may be open at once
	lookTime   = 5 * time.Second // a stream is looked at so often: whether it may stay
	unusedTime = time.Hour       // for a stream without a message
)

// stream is a session that nobody but its owner may send messages to. A client opens one by
// GET /sse, learns there where to POST its messages, and reads all answers from it.
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

// Listen opens a stream and holds it until the client leaves or the server ends.
func (h *HTTP) Listen(w http.ResponseWriter, r *http.Request) {
	defer doneOf(r.Context())()
	by := auth.CallerOf(r.Context())
	life, end := by.Lifetime(r.Context())
	var writing sync.Mutex
	// Nothing is written when the stream has ended: its writer is gone then.
	defer func() {
		end()
		writing.Lock() // waits for the last line
		defer writing.Unlock()
	}()
	id := rand.Text()
	st := &stream{owner: by.Mark(), end: end}
	st.used.Store(time.Now().Unix())
	st.session = newSession(life, id, h.server, &h.calls, sender(func(line []byte) error {
		writing.Lock()
		defer writing.Unlock()
		if life.Err() != nil {
			return context.Cause(life)
		}
		return writeEvent(w, line)
	}, h.log), h.log)
	writing.Lock() // a client that guesses its address is answered after it is told
	if !h.start(st) {
		writing.Unlock()
		w.Header().Set("Retry-After", "10")
		auth.Refuse(w, http.StatusServiceUnavailable, "too many streams are open, or the server is ending")
		return
	}
	defer h.stop(id)
	w.Header().Set("Content-Type", eventStream)
	// The address is relative to that of the stream, so that it holds behind a proxy that puts
	// a prefix before both.
	up := ""
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasSuffix(path, "/") {
		up = "../"
	}
	fmt.Fprintf(w, "event: endpoint\ndata: %smessage?sessionId=%s\r\n\r\n", up, id)
	_ = http.NewResponseController(w).Flush()
	writing.Unlock()
	look := time.NewTicker(lookTime)
	defer look.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-look.C:
			if by.IsGone() || st.isIdle() {
				return
			}
		}
	}
}

// start adds a stream, or reports that there may be no more.
func (h *HTTP) start(st *stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ending || len(h.open) >= maxStreams {
		return false
	}
	h.open[st.id] = st
	return true
}

func (h *HTTP) stop(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, id)
}

// Sessions returns how many streams are open.
func (h *HTTP) Sessions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.open)
}

// Message takes in a message and answers it on the stream, which must be the caller's own.
// Another's is not told apart from none.
func (h *HTTP) Message(w http.ResponseWriter, r *http.Request) {
	done := doneOf(r.Context())
	h.mu.Lock()
	st := h.open[r.URL.Query().Get("sessionId")]
	h.mu.Unlock()
	if st == nil || st.owner != auth.CallerOf(r.Context()).Mark() {
		done()
		auth.Refuse(w, http.StatusNotFound, "there is no such session here; open /sse again, or with several "+
			"replicas use /mcp")
		return
	}
	st.used.Store(time.Now().Unix())
	body, _ := io.ReadAll(r.Body) // it was read before
	body = tidied(body)
	if no := parse(body).contradiction(r.Header, body); no != nil {
		done()
		answerJSON(w, http.StatusBadRequest, no)
		return
	}
	// 2026-07-28 needs headers that clients of SSE do not send.
	st.receive(server.WithSupportedProtocolVersions(r.Context(), mcp.LegacyProtocolVersions()), body, done)
	w.WriteHeader(http.StatusAccepted)
}
