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
	method  string
	open    bool // to those whom the gate does not know
	handler http.Handler
}

// guard stands in front of every route, since the libraries behind it check
// neither origin nor size. A request passes, in this order: recovery, its id,
// deadlines for writing, the list of hosts, the list of origins, the exact path,
// the method, JSON only and not too much of it, who is asking.
func guard(routes map[string]route, o Options) http.Handler {
	who := asker{o.Gate, o.ClientTokens}
	for path, to := range routes {
		if !to.open {
			to.handler = who.identified(to.handler)
		}
		if to.method == http.MethodPost {
			to.handler = jsonOnly(to.handler)
		}
		routes[path] = to
	}
	return recovered(o.Log, numbered(patient(routes, o, ownHost(o.Hosts, ownOrigin(o.Origins, routed(routes))))))
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
				id := w.Header().Get(idHeader)
				log.Error("panic", "request", id, "panic", p, "stack", string(debug.Stack()))
				http.Error(w, "internal error (request "+id+")", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// patient sets the headers of every answer, and a deadline on every write: one
// for the whole answer would end streams. It tells what was answered.
func patient(routes map[string]route, o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // a proxy must not hold back a stream
		to := &deadlineWriter{ResponseWriter: w, control: http.NewResponseController(w), status: http.StatusOK}
		start := time.Now()
		next.ServeHTTP(to, r)
		path := r.URL.Path
		if _, ok := routes[path]; !ok {
			path = "" // a stranger's words, which may be a secret gone astray
		}
		if o.Answered != nil {
			o.Answered(path, to.status)
		}
		o.Log.DebugContext(r.Context(), "answered", "method", r.Method, "path", path, "status", to.status,
			"ms", time.Since(start).Milliseconds())
	})
}

type deadlineWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
}

func (w *deadlineWriter) WriteHeader(status int) {
	w.extend()
	w.status = status
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
// own and those of the list: a page that rebinds its domain to our address says
// its own name here.
func ownHost(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _ := splitPort(r.Host)
		if !talkover.IsLoopback(host) && !contains(hosts, strings.TrimSuffix(host, ".")) {
			refuse(w, r, http.StatusForbidden, "this server does not answer to that Host; MCP_ALLOWED_HOSTS lists those it does")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownOrigin refuses a request that a page of another origin makes a browser
// send, and lets pages of the origins on the list read the answer. Clients that
// are no browsers send no Origin.
func ownOrigin(origins []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, origin := range r.Header.Values("Origin") {
			switch {
			case contains(origins, origin):
				h.Set(allowOrigin, origin)
				h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Mcp-Session-Id, "+idHeader)
				h.Add("Vary", "Origin")
			case !sameOrigin(origin, r.Host):
				h.Del(allowOrigin)
				refuse(w, r, http.StatusForbidden, "this Origin is not allowed; MCP_ALLOWED_ORIGINS lists those that are")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

const allowOrigin = "Access-Control-Allow-Origin"

// contains reports whether a list has a name, in whatever case.
func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// sameOrigin reports whether an origin is a page of this server: by the very Host
// of the request, which is one of ours, or by any name of this machine.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" {
		return false
	}
	name, port := splitPort(host)
	return strings.EqualFold(u.Host, host) ||
		talkover.IsLoopback(u.Hostname()) && talkover.IsLoopback(name) && u.Port() == port
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
		h := w.Header()
		switch {
		case !ok:
			refuse(w, r, http.StatusNotFound, "there is nothing here")
		case slices.Contains(to.methods(), r.Method):
			to.handler.ServeHTTP(w, r)
		case r.Method == http.MethodOptions && h.Get(allowOrigin) != "": // a page of the list asks first
			h.Set("Access-Control-Allow-Methods", to.method)
			h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Last-Event-ID, "+
				"Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, "+tokenHeader+", "+idHeader)
			w.WriteHeader(http.StatusNoContent)
		default:
			h.Set("Allow", strings.Join(to.methods(), ", "))
			refuse(w, r, http.StatusMethodNotAllowed, "this address takes "+to.method)
		}
	})
}

// methods are those that a route takes: HEAD too where it is open, since a stream
// has no end that HEAD could wait for.
func (to route) methods() []string {
	if to.open {
		return []string{to.method, http.MethodHead}
	}
	return []string{to.method}
}

// jsonOnly lets through what is JSON and not too much.
func jsonOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status, why := readJSON(w, r); status != 0 {
			refuse(w, r, status, why)
			return
		}
		next.ServeHTTP(w, r)
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
	r.Body = &wholeBody{bytes.NewReader(body), body}
	return 0, ""
}

// wholeBody is the body of a request that readJSON has read.
type wholeBody struct {
	*bytes.Reader
	all []byte
}

// Close implements [io.Closer].
func (*wholeBody) Close() error { return nil }

// bodyOf is the body of a request that jsonOnly let through. Who is next can still
// read it.
func bodyOf(r *http.Request) []byte { return r.Body.(*wholeBody).all }
