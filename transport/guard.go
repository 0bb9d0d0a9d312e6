package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	maxBody   = 1 << 20          // bytes of a request
	bodyTime  = 10 * time.Second // for a whole request to come in
	stallTime = 15 * time.Second // for a client to take what is written
)

// route is one address: what it takes and who answers.
type route struct {
	methods []string
	handler http.Handler
}

// guard stands in front of every route, since the libraries behind it check
// neither origin nor size. A request passes, in this order: recovery, the list
// of hosts, the list of origins, the exact path and method, JSON only, size.
func guard(routes map[string]route, log *slog.Logger) http.Handler {
	return recovered(log, patient(ownHost(ownOrigin(routed(routes)))))
}

// recovered turns a panic into a plain 500.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p) // the way to drop a connection
			default:
				log.Error("panic", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// patient sets the headers of every answer, and a deadline on every write: one
// for the whole answer would end streams.
func patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // a proxy must not hold back a stream
		next.ServeHTTP(&deadlineWriter{ResponseWriter: w, control: http.NewResponseController(w)}, r)
	})
}

type deadlineWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w *deadlineWriter) WriteHeader(status int) {
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

func (w *deadlineWriter) Write(b []byte) (int, error) {
	w.extend()
	return w.ResponseWriter.Write(b)
}

// Flush implements [http.Flusher], which streams ask for.
func (w *deadlineWriter) Flush() {
	w.extend()
	_ = w.control.Flush()
}

func (w *deadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// extend fails where there is no connection behind, as in some tests.
func (w *deadlineWriter) extend() { _ = w.control.SetWriteDeadline(time.Now().Add(stallTime)) }

// ownHost refuses a request that was sent to another name than this machine's
// own: a page that rebinds its domain to 127.0.0.1 says its own name here.
func ownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _ := splitPort(r.Host)
		if !talkover.IsLoopback(host) {
			http.Error(w, "this server does not answer to that Host", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownOrigin refuses a request that a page of another origin makes a browser
// send. Clients that are no browsers send no Origin.
func ownOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, origin := range r.Header.Values("Origin") {
			if !sameOrigin(origin, r.Host) {
				http.Error(w, "this Origin is not allowed", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin reports whether an origin is a page of this server, by any of the
// names of this machine.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" {
		return false
	}
	_, port := splitPort(host)
	return talkover.IsLoopback(u.Hostname()) && u.Port() == port
}

func splitPort(hostport string) (host, port string) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return strings.Trim(hostport, "[]"), ""
	}
	return host, port
}

// routed finds the exact address, and lets through only what it takes.
func routed(routes map[string]route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, ok := routes[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if !slices.Contains(to.methods, r.Method) {
			w.Header().Set("Allow", strings.Join(to.methods, ", "))
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if r.Method == http.MethodPost {
			if status, why := readJSON(w, r); status != 0 {
				http.Error(w, why, status)
				return
			}
		}
		to.handler.ServeHTTP(w, r)
	})
}

// readJSON reads the body whole, within its bounds, and puts it back. It returns
// a status and a reason where it refuses.
func readJSON(w http.ResponseWriter, r *http.Request) (status int, why string) {
	// A type that a page may send without asking first is no JSON.
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType, "the Content-Type must be application/json"
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("a request may have at most %d bytes", maxBody)
	case err != nil:
		// The deadline stays, or the server would wait for the rest.
		w.Header().Set("Connection", "close")
		return http.StatusRequestTimeout, "the request did not come in whole"
	}
	_ = control.SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(body))
	return 0, ""
}
