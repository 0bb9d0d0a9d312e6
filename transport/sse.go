package transport

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"
)

// maxStreams is how many streams may be open at once.
const maxStreams = 1000

// streams are those that are open: whose each is, and what is owed on it. The
// library behind would let anybody use a session who knows its id, and would
// drop answers at the end.
type streams struct {
	debt   // over all streams
	mu     sync.Mutex
	open   map[string]*stream
	ending bool
}

// stream is one that is open.
type stream struct {
	id    string
	owner [sha256.Size]byte
	end   context.CancelFunc
	owed  int // answers, of the debt of all streams
}

// streamKey is the context key of a stream's id.
type streamKey struct{}

// streamID names the session of a stream, for the library.
func streamID(ctx context.Context, _ *http.Request) (string, error) {
	if id, ok := ctx.Value(streamKey{}).(string); ok {
		return id, nil
	}
	return "", errors.New("no stream")
}

// hold answers with a stream: one of a bounded number, which ends with all others
// when the server does.
func (s *streams) hold(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := context.WithCancel(r.Context())
		defer end()
		st := s.start(&stream{id: rand.Text(), owner: callerOf(ctx).mark(), end: end})
		if st == nil {
			w.Header().Set("Retry-After", "10")
			refuse(w, r, http.StatusServiceUnavailable, "too many streams are open, or the server is ending")
			return
		}
		defer s.stop(st)
		next.ServeHTTP(&answerCounter{w, s, st}, r.WithContext(context.WithValue(ctx, streamKey{}, st.id)))
	})
}

// start adds a stream, or returns nil where there may be no more.
func (s *streams) start(st *stream) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || len(s.open) >= maxStreams {
		return nil
	}
	s.open[st.id] = st
	return st
}

// stop takes a stream away, and what was owed on it.
func (s *streams) stop(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, st.id)
	s.settle(st.owed)
	st.owed = 0
}

// message takes in a message whose answer goes out on a stream, which must be
// the caller's own. Another's is not told apart from none.
func (s *streams) message(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.take(r.URL.Query().Get("sessionId"), callerOf(r.Context()), isRequest(bodyOf(r))) {
			refuse(w, r, http.StatusNotFound, "there is no such session; open /sse for a new one")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// take reports whether a stream is the caller's, and if so expects an answer.
func (s *streams) take(id string, by caller, asks bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.open[id]
	if st == nil || st.owner != by.mark() {
		return false
	}
	if asks {
		st.owed++
		s.expect()
	}
	return true
}

// count is how many streams are open.
func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// noMore lets no further stream open.
func (s *streams) noMore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
}

// finish waits until all that is owed is answered, but no longer than patience,
// and ends all streams.
func (s *streams) finish(patience time.Duration) {
	s.drain(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.open {
		st.end()
	}
}

// answerCounter is the writer of a stream. It settles each answer that goes out.
type answerCounter struct {
	http.ResponseWriter
	streams *streams
	stream  *stream
}

// Write implements [io.Writer]; the library writes a whole event at a time.
func (w *answerCounter) Write(event []byte) (int, error) {
	n, err := w.ResponseWriter.Write(event)
	if _, data, ok := bytes.Cut(event, []byte("data:")); ok && isAnswer(data) {
		w.streams.mu.Lock()
		defer w.streams.mu.Unlock()
		if w.stream.owed > 0 {
			w.stream.owed--
			w.streams.settle(1)
		}
	}
	return n, err
}

// Flush implements [http.Flusher], which streams ask for.
func (w *answerCounter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (w *answerCounter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
