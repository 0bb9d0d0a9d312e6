package httpserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
	"github.com/talkover/talkover-mcp/talkover"
)

const (
	maxBody = 64 << 10 // bytes of a message
	// commas and opening brackets of a message: each value takes more memory than its letters
	mostMarks = 2000
	mostWaste = 1 << 20          // bytes of a longer one that are read and thrown away, so that its sender sees why
	bodyTime  = 10 * time.Second // for a whole request to arrive
	stallTime = 15 * time.Second // for a client to take what the server writes
)

// exchange is a request on its way through the checks.
type exchange struct {
	w     *writer
	r     *http.Request
	to    route  // zero where there is no such path
	share *share // nil for a caller that is not known
}

// check looks at a request. It refuses it by a status and the reason, and lets it pass by
// the status 0.
type check struct {
	name string // for the log
	of   func(*exchange) (status int, why string)
}

// ServeHTTP has a request pass all checks, in their order, and answers it. The login comes
// before the body, and a method that a path does not take is refused behind the login:
// clients that look for a stream at /mcp learn that they must log in.
func (h *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: &writer{
		ResponseWriter: w, control: http.NewResponseController(w), server: h, status: http.StatusOK,
	}}
	id := r.Header.Get(auth.IDHeader) // of a proxy
	if !idForm.MatchString(id) {
		id = rand.Text()[:12]
	}
	x.r = r.WithContext(context.WithValue(r.Context(), idKey{}, id))
	for name, value := range map[string]string{
		auth.IDHeader: id, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"X-Accel-Buffering": "no", // a proxy must not hold back a stream
	} {
		w.Header().Set(name, value)
	}
	// People who configure clients write /mcp/ for /mcp.
	path := r.URL.Path
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	var isKnown bool
	if x.to, isKnown = h.routes[path]; !isKnown {
		path = "" // it may hold a secret that went astray
	}
	u := *r.URL
	u.Path, u.RawPath = path, ""
	x.r.URL = &u
	start, refusedBy := time.Now(), ""
	defer func() {
		if p := recover(); p == http.ErrAbortHandler { //nolint:errorlint // net/http drops the connection
			panic(p)
		} else if p != nil {
			h.Log.ErrorContext(x.r.Context(), "panic", "panic", p, "stack", string(debug.Stack()))
			auth.Refuse(x.w, http.StatusInternalServerError, "internal error")
		}
		if h.Answered != nil {
			h.Answered(path, x.w.status)
		}
		method := r.Method
		if !slices.Contains(usualMethods, method) {
			method = "other" // it can be as long as a header
		}
		h.Log.DebugContext(x.r.Context(), "answered", "method", method, "path", path, "status", x.w.status,
			"refused by", refusedBy, "ms", time.Since(start).Milliseconds())
	}()
	for _, c := range h.checks {
		status, why := c.of(x)
		switch {
		case why != "":
			refusedBy = c.name
			auth.Refuse(x.w, status, why)
			return
		case status != 0:
			x.w.WriteHeader(status)
			return
		}
	}
	x.to.handler.ServeHTTP(x.w, x.r)
}

var usualMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions,
}

// checkHead refuses a head that is too large, which net/http does roughly.
func (h *Server) checkHead(x *exchange) (int, string) {
	size := len(x.r.RequestURI)
	for name, values := range x.r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	if size > maxHeader {
		return http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("the head of a request may have at most %d "+
			"bytes", maxHeader)
	}
	return 0, ""
}

// checkHost refuses a request whose Host is neither a loopback name nor on the list. A
// page that rebinds its domain to this address (DNS rebinding) still sends its own Host.
func (h *Server) checkHost(x *exchange) (int, string) {
	host, _, err := net.SplitHostPort(x.r.Host)
	if err != nil {
		host = strings.Trim(x.r.Host, "[]")
	}
	own := func(name string) bool { return strings.EqualFold(name, strings.TrimSuffix(host, ".")) }
	if talkover.IsLoopback(host) || slices.ContainsFunc(h.Hosts, own) {
		return 0, ""
	}
	h.refused.add(x.r, "request refused", "foreign_host")
	return http.StatusForbidden, "this server does not answer to that Host; MCP_ALLOWED_HOSTS lists those it does"
}

// checkOrigin refuses a request that a page of a foreign origin makes a browser send, also
// without an Origin, as <img> and <script> do: it would open a stream that nobody reads. It
// lets pages of the listed origins read the answer. Other clients than browsers send no
// Origin.
func (h *Server) checkOrigin(x *exchange) (int, string) {
	origins := x.r.Header.Values("Origin")
	if len(origins) == 0 && (x.to.isOpen || x.to.handler == nil) {
		return 0, "" // a link to /healthz
	}
	// a GET would pass
	probe := &http.Request{Method: http.MethodPost, Header: x.r.Header, Host: x.r.Host, URL: x.r.URL}
	if len(origins) > 1 || h.origins.Check(probe) != nil {
		h.refused.add(x.r, "request refused", "foreign_origin")
		return http.StatusForbidden, "this Origin is not allowed; MCP_ALLOWED_ORIGINS lists those that are"
	}
	if len(origins) == 1 && slices.Contains(h.Origins, origins[0]) {
		x.w.Header().Set(allowOrigin, origins[0])
		x.w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, Mcp-Session-Id, "+auth.IDHeader)
		x.w.Header().Add("Vary", "Origin")
	}
	return 0, ""
}

const allowOrigin = "Access-Control-Allow-Origin"

// checkPath refuses a path that is not there.
func (h *Server) checkPath(x *exchange) (int, string) {
	if x.to.handler == nil {
		return http.StatusNotFound, "there is nothing here; MCP is at /mcp"
	}
	return 0, ""
}

// checkPreflight answers the question of a listed origin's page what it may send.
func (h *Server) checkPreflight(x *exchange) (int, string) {
	if x.r.Method != http.MethodOptions || x.w.Header().Get(allowOrigin) == "" {
		return 0, ""
	}
	x.w.Header().Set("Access-Control-Allow-Methods", x.to.method)
	x.w.Header().Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Last-Event-ID, "+
		"Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, "+auth.TokenHeader+", "+auth.IDHeader)
	return http.StatusNoContent, ""
}

// checkType refuses by its header a body that is not JSON: a page of another origin may
// send other types without a preflight request.
func (h *Server) checkType(x *exchange) (int, string) {
	if x.r.Method != http.MethodPost || x.to.method != http.MethodPost {
		return 0, ""
	}
	// For the login and the body. It also bounds how long net/http waits for the body of a
	// request that is refused.
	_ = x.w.control.SetReadDeadline(time.Now().Add(bodyTime))
	// Until the body is read: else net/http waits for it before it sends a refusal.
	x.w.Header().Set(connection, "close")
	if kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType, "the Content-Type must be application/json"
	}
	return 0, ""
}

// connection names the header that says whether a connection takes another request.
const connection = "Connection"

// refusedLogin takes down a login that the gate refuses.
func (h *Server) refusedLogin(r *http.Request, outcome string) {
	h.refused.add(r, "login refused", outcome)
}

// checkLogin refuses strangers.
func (h *Server) checkLogin(x *exchange) (status int, why string) {
	if x.to.isOpen {
		return 0, ""
	}
	x.r, status, why = h.who.Check(x.w, x.r)
	return status, why
}

// checkMethod refuses a method that a path does not take. Open paths that take GET take
// HEAD too; a stream does not, since HEAD would wait for its end.
func (h *Server) checkMethod(x *exchange) (int, string) {
	if x.r.Method == x.to.method || x.to.isOpen && x.to.method == http.MethodGet && x.r.Method == http.MethodHead {
		return 0, ""
	}
	x.w.Header().Set("Allow", x.to.method)
	return http.StatusMethodNotAllowed, "this path takes " + x.to.method
}

// checkBody reads the whole body.
func (h *Server) checkBody(x *exchange) (int, string) {
	if x.r.Method != http.MethodPost {
		return 0, ""
	}
	b, err := io.ReadAll(io.LimitReader(x.r.Body, maxBody+1))
	switch {
	case len(b) > maxBody:
		_, _ = io.CopyN(io.Discard, x.r.Body, mostWaste) // its sender may read nothing before it has sent all
		err = fmt.Errorf("a request may have at most %d bytes", maxBody)
	case err == nil && bytes.Count(b, []byte(","))+bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > mostMarks:
		err = fmt.Errorf("a request may have at most %d values", mostMarks)
	case err == nil:
		_ = x.w.control.SetReadDeadline(time.Time{})
		x.w.Header().Del(connection)
		x.r.Body = io.NopCloser(bytes.NewReader(b))
		return 0, ""
	default:
		err = errPart
	}
	x.share.leave(x.isStream())
	if errors.Is(err, errPart) {
		return http.StatusRequestTimeout, err.Error() // the deadline stays
	}
	return http.StatusRequestEntityTooLarge, err.Error()
}

var errPart = errors.New("the request did not come in whole")

// isStream reports whether a request opens a stream.
func (x *exchange) isStream() bool { return x.to.method == http.MethodGet }

// writer moves the deadline of its connection before each write, since one deadline for a
// whole answer would end streams.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	server  *Server
	begun   bool // the header is written
	status  int
}

// WriteHeader implements [http.ResponseWriter].
func (w *writer) WriteHeader(status int) {
	w.extend()
	if w.server.ending.Load() {
		// A proxy must send no other request here: if it sent one just when the server closes
		// the connection, it could not tell whether the server has read it.
		w.Header().Set(connection, "close")
	}
	w.begun, w.status = true, status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *writer) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	w.extend()
	return w.ResponseWriter.Write(b)
}

// Flush implements [http.Flusher], which streams need.
func (w *writer) Flush() {
	_, _ = w.Write(nil)
	_ = w.control.Flush()
}

// extend moves the deadline. It fails without a connection, as in some tests, and the
// write goes on.
func (w *writer) extend() { _ = w.control.SetWriteDeadline(time.Now().Add(stallTime)) }

// idKey is the context key of a request's id, which logs and answers name.
type idKey struct{}

// idForm is the form of ids that a proxy may set. They end up in logs.
var idForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// LogRequests wraps a log handler so that it adds the id of the request and the name of
// its caller to each record.
func LogRequests(h slog.Handler) slog.Handler { return logHandler{h} }

type logHandler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(idKey{}).(string); ok {
		r.AddAttrs(slog.String("request", id))
	}
	if name := auth.CallerOf(ctx).Name; name != "" {
		r.AddAttrs(slog.String("caller", name))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
