package transport

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

// HTTP speaks MCP over HTTP: Post answers /mcp, and Listen and Message answer /sse and
// /message of older clients. Who may ask was settled before.
//
// Between posts it keeps nothing, so that any replica can answer any. The end of a request
// ends its work. MCP up to 2025-11-25 says that a disconnection SHOULD NOT be taken for a
// cancellation, which makes sense where a client can come back for the answer; here it
// cannot, and the work would spend the plan's requests for nobody.
type HTTP struct {
	server *server.MCPServer
	key    []byte
	log    *slog.Logger
	calls  calls

	mu     sync.Mutex
	open   map[string]*stream
	ending bool
}

// NewHTTP takes the key that signs session ids: secret bytes that replicas share. It may
// be empty where each caller brings a Talkover token, which is then part of the proof.
func NewHTTP(s *server.MCPServer, key []byte, log *slog.Logger) *HTTP {
	amendErrors(s)
	return &HTTP{server: s, key: key, log: log, open: map[string]*stream{}}
}

// End lets no further stream open, waits until all requests are answered, for at most d,
// and ends all streams.
func (h *HTTP) End(d time.Duration) {
	h.mu.Lock()
	h.ending = true
	h.mu.Unlock()
	h.calls.drain(d)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, st := range h.open {
		st.end()
	}
}

// doneKey is the context key of a function.
type doneKey struct{}

// WithDone has a function called once when the message of a request is answered, which may
// be after the answer to its POST.
func WithDone(ctx context.Context, done func()) context.Context {
	return context.WithValue(ctx, doneKey{}, done)
}

func doneOf(ctx context.Context) func() {
	if done, ok := ctx.Value(doneKey{}).(func()); ok {
		return done
	}
	return func() {}
}

// Post answers a message.
func (h *HTTP) Post(w http.ResponseWriter, r *http.Request) {
	defer doneOf(r.Context())()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	body = tidied(body)
	if batch := refusedBatch(body); batch != nil {
		answerJSON(w, http.StatusBadRequest, batch[0])
		return
	}
	m := parse(body)
	no := m.contradiction(r.Header, body)
	if no == nil {
		no = m.otherVersion(r.Header)
	}
	if no != nil {
		answerJSON(w, http.StatusBadRequest, no)
		return
	}
	by := auth.CallerOf(r.Context())
	id := r.Header.Get(server.HeaderKeySessionID)
	if !h.made(id, by) {
		id = "" // another caller's, or of a server with another key: as good as none
	}
	switch {
	case m.Method == mcp.MethodNotificationCancelled && m.ID == nil:
		h.calls.cancel(id, m.Params.RequestID)
		w.WriteHeader(http.StatusAccepted)
		return
	case m.ID != nil && m.Method == "": // an answer, though nothing was asked
		w.WriteHeader(http.StatusAccepted)
		return
	case m.Method == mcp.MethodInitialize:
		w.Header().Set(server.HeaderKeySessionID, h.newID(by))
	}
	ctx, end := h.calls.begin(r.Context(), id, m.ID)
	defer end()
	isStream := false
	startStream := func() {
		isStream = true
		w.Header().Set("Content-Type", eventStream)
		w.WriteHeader(http.StatusOK)
	}
	client := &session{id: id, server: h.server, calls: &h.calls, log: h.log, send: sender(func(line []byte) error {
		if !isStream {
			startStream()
		}
		return writeEvent(w, line)
	}, h.log)}
	switch response := client.respond(ctx, m, body); {
	case response == nil && !m.isRequest():
		w.WriteHeader(http.StatusAccepted)
	case isStream && response != nil:
		client.send(response)
	case response != nil:
		answerJSON(w, m.status(response), response)
	case !isStream: // it was cancelled: there are no more events
		startStream()
	}
}

// answerJSON answers with a message.
func answerJSON(w http.ResponseWriter, status int, message mcp.JSONRPCMessage) {
	b, err := json.Marshal(message)
	if err != nil {
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(restored(append(b, '\n')))
}

const eventStream = "text/event-stream"

// writeEvent writes a line as an event. A client that does not read holds it up until the
// deadline of the write.
func writeEvent(w http.ResponseWriter, line []byte) error {
	_, err := fmt.Fprintf(w, "event: message\ndata: %s\n", line)
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	return err
}

// textLen is the length of the random text of a session id, which has 128 bits or more.
const textLen = 26

// newID makes a session id for a client up to 2025-11-25. It stands for nothing that is
// kept: it is a random text and the proof that it was made here for the caller. So a client
// can cancel its requests, which it names by ids that other clients use as well, and nobody
// else's.
func (h *HTTP) newID(by auth.Caller) string {
	text := rand.Text()
	return text + h.proof(text, by)
}

// made reports whether a session id was made for the caller.
func (h *HTTP) made(id string, by auth.Caller) bool {
	return len(id) > textLen && hmac.Equal([]byte(id[textLen:]), []byte(h.proof(id[:textLen], by)))
}

func (h *HTTP) proof(text string, by auth.Caller) string {
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(text))
	mark := by.Mark()
	mac.Write(mark[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
