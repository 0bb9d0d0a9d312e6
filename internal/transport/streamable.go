package transport

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// streamable answers POSTs to /mcp. It keeps nothing between them, so that any
// replica can answer any: mcp-go serves each one statelessly, which also spares the
// 10 KB that mcp-go v1.2.1 keeps for ever for each session that it makes.
//
// The end of a request ends its work. MCP up to 2025-11-25 says that a disconnection
// SHOULD NOT be taken for a cancellation, which makes sense where a client can come
// back for the answer; here it cannot, and the work would spend the plan's requests
// for nobody.
type streamable struct {
	server *server.MCPServer
	calls  *calls
	ids    sessionIDs
	log    *slog.Logger
	modern http.Handler // of mcp-go, for 2026-07-28 and for what is no request
}

func newStreamable(s *server.MCPServer, running *calls, key []byte, log *slog.Logger) *streamable {
	return &streamable{
		server: s,
		calls:  running,
		ids:    sessionIDs{key},
		log:    log,
		modern: server.NewStreamableHTTPServer(s,
			server.WithStateLess(true),
			server.WithDisableStreaming(true), // with mcp-go v1.2.1 a stream of one client hears of others
			server.WithDisableLocalhostProtection(true),
			server.WithStreamableHTTPLogger(log),
			server.WithHTTPContextFunc(func(ctx context.Context, _ *http.Request) context.Context {
				session, isStreamable := server.ClientSessionFromContext(ctx).(streamableSession)
				answer, isOrdered := ctx.Value(answerKey{}).(*orderedAnswer)
				if !isStreamable || !isOrdered {
					return ctx
				}
				return s.WithContext(ctx, streamableRequest{session, &answer.out})
			}),
		),
	}
}

// ServeHTTP implements [http.Handler].
func (s *streamable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := bodyOf(r).all
	if batch := refusedBatch(body); batch != nil {
		answerJSON(w, http.StatusBadRequest, batch[0])
		return
	}
	m := parse(body)
	if no := m.contradiction(r.Header, body); no != nil {
		answerJSON(w, http.StatusBadRequest, no)
		return
	}
	by := callerOf(r.Context())
	id := r.Header.Get(server.HeaderKeySessionID)
	if !s.ids.are(id, by) {
		id = "" // another caller's, or of a server with another key: as good as none
		r.Header.Del(server.HeaderKeySessionID)
	}
	switch {
	case m.Method == mcp.MethodNotificationCancelled && m.ID == nil:
		// mcp-go v1.2.1 would take it for any caller's request with that id where there
		// is no session, as in all of 2026-07-28. TestCancellationOfAnotherClient fails then.
		s.calls.cancel(id, m.Params.RequestID)
		w.WriteHeader(http.StatusAccepted)
		return
	case m.Method == mcp.MethodInitialize && !mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)):
		w.Header().Set(server.HeaderKeySessionID, s.ids.make(by))
	}
	ctx, end := s.calls.begin(r.Context(), id, m.ID)
	defer end()
	answer := &orderedAnswer{ResponseWriter: w}
	if m.isRequest() && isLegacy(r.Header.Get(mcp.HeaderProtocolVersion)) && isLegacy(m.Params.Meta.Version) {
		client := &session{id: id, server: s.server, log: s.log, write: answer.event}
		answer.respond(client.respond(ctx, m, body))
		return
	}
	if no := m.refusal(len(body)); no != nil {
		answerJSON(w, http.StatusBadRequest, no)
		return
	}
	answer.out.send = func(n mcp.JSONRPCNotification) {
		_ = encode(n, func(b []byte) { _ = answer.event(b) })
	}
	ctx, answer.amend = withAmendment(ctx)
	s.modern.ServeHTTP(answer, r.WithContext(context.WithValue(ctx, answerKey{}, answer)))
	answer.out.close()
	if isCancelled(ctx) && !answer.started {
		answer.respond(nil)
	}
}

// isLegacy reports whether a protocol version, which need not be given, has a
// handshake and no headers that must fit the body.
func isLegacy(version string) bool {
	return version == "" || slices.Contains(legacyVersions, version)
}

var legacyVersions = mcp.LegacyProtocolVersions()

// sessionIDs makes and knows the session ids that clients up to 2025-11-25 bring
// along. They stand for nothing that is kept: each is a random text and the proof
// that it was made here for the caller. So a client can cancel its requests, which
// it names by ids that other clients use as well, and nobody else's.
//
// The key is one that replicas share. It may be empty where each caller brings a
// Talkover token, which is then part of the proof.
type sessionIDs struct{ key []byte }

// textLen is the length of the random text, which has 128 bits or more.
const textLen = 26

func (s sessionIDs) make(by caller) string {
	text := rand.Text()
	return text + s.proof(text, by)
}

// are reports whether id was made for the caller.
func (s sessionIDs) are(id string, by caller) bool {
	return len(id) > textLen && hmac.Equal([]byte(id[textLen:]), []byte(s.proof(id[:textLen], by)))
}

func (s sessionIDs) proof(text string, by caller) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(text))
	mark := by.mark()
	h.Write(mark[:])
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}
