package transport

import (
	"bytes"
	"io"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// mostAsks bounds how often a subscription is asked for. One in twenty is not
// acknowledged, and under the race detector every second.
const mostAsks = 100

// acknowledged makes sure that a subscription is acknowledged before it ends. There
// is nothing here to subscribe to, so each ends at once, and the library, which
// sends the acknowledgement from another goroutine, then drops it now and then and
// answers with the end alone. Asking again changes nothing, so it is asked again.
func acknowledged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // it is in memory
		if err != nil {
			refuse(w, r, http.StatusBadRequest, "the request did not come in whole")
			return
		}
		for range mostAsks {
			held := &heldAnswer{ResponseWriter: w}
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(held, r)
			if !held.isEnd() {
				held.release()
				return
			}
		}
		refuse(w, r, http.StatusServiceUnavailable, "the subscription could not be acknowledged; try again")
	})
}

// heldAnswer holds an answer back until it acknowledges, and passes it on from then.
type heldAnswer struct {
	http.ResponseWriter
	passes bool
	status int
	body   bytes.Buffer
}

// WriteHeader implements [http.ResponseWriter].
func (h *heldAnswer) WriteHeader(status int) { h.status = status }

// Write implements [io.Writer].
func (h *heldAnswer) Write(b []byte) (int, error) {
	if h.passes {
		return h.ResponseWriter.Write(b)
	}
	h.body.Write(b)
	if bytes.Contains(h.body.Bytes(), []byte(mcp.MethodNotificationSubscriptionsAcknowledged)) {
		h.release()
	}
	return len(b), nil
}

// Flush implements [http.Flusher], which streams ask for.
func (h *heldAnswer) Flush() {
	if h.passes {
		_ = http.NewResponseController(h.ResponseWriter).Flush()
	}
}

// isEnd reports whether the answer is the end of a subscription, and no error.
func (h *heldAnswer) isEnd() bool {
	return !h.passes && bytes.Contains(h.body.Bytes(), []byte(`"result":`))
}

// release passes on what was held back, and what is to come.
func (h *heldAnswer) release() {
	if h.passes {
		return
	}
	h.passes = true
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
	_, _ = h.ResponseWriter.Write(h.body.Bytes())
}
