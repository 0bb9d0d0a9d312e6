package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// acknowledged makes sure that a subscription is acknowledged before it ends. There
// is nothing here to subscribe to, so each ends at once, and the library, which
// sends the acknowledgement from another goroutine, then drops it now and then and
// answers with the end alone. An end without one gets it here.
func acknowledged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldAnswer{ResponseWriter: w}
		next.ServeHTTP(held, r)
		if bytes.Contains(held.body.Bytes(), []byte(`"result":`)) {
			var m message
			_ = json.Unmarshal(bodyOf(r), &m) // the library could
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":%q,\"params\":{\"_meta\":{%q:%s},\"notifications\":{}}}\n\n",
				mcp.MethodNotificationSubscriptionsAcknowledged, mcp.MetaKeySubscriptionID, m.ID)
		}
		held.release()
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

// release passes on what was held back, and what is to come.
func (h *heldAnswer) release() {
	if h.passes {
		return
	}
	h.passes = true
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
	_, _ = h.body.WriteTo(h.ResponseWriter)
}
