package transport

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Options configure the HTTP door. The zero value serves SSE alone, to loopback.
type Options struct {
	Streamable bool     // serves /mcp besides SSE
	Hosts      []string // allowed values of Host besides loopback names, without ports
	Origins    []string // allowed values of Origin besides the server's own
	Gate       Gate     // identifies callers; nil lets anybody in

	// ClientTokens makes each request bring a Talkover token. [TalkoverToken] returns
	// it from the context of a call.
	ClientTokens bool

	// RateLimit bounds the requests a minute of each caller that is known by the gate or
	// by a Talkover token; 0 for no limit.
	RateLimit int

	// Alias returns what logs show in place of an ID that is not for them. If it is nil,
	// they show nothing.
	Alias func(id string) string

	// SessionKey signs the session ids of /mcp: 32 secret bytes that replicas share.
	// It may be nil where ClientTokens is set.
	SessionKey []byte

	// Ready reports whether the API answers. /readyz asks it at most every 10 s. It may
	// be nil.
	Ready func(context.Context) error

	// Note returns a line for operators that /readyz shows while it answers 200; "" for
	// none. It may be nil.
	Note func() string

	// DrainDelay is how long [HTTP.Serve] answers new requests after the order to end,
	// while /readyz answers 503.
	DrainDelay time.Duration

	Log *slog.Logger // nothing is logged if nil

	// Answered hears of each answer when it ends: its path, or "" where the server has
	// no such path, and its status. It may be nil.
	Answered func(path string, status int)
}

// route says which method a path takes and which handler answers it.
type route struct {
	method  string
	open    bool // needs no login
	handler http.Handler
	other   http.Handler // answers other methods; guard makes it
}

// guard puts all checks in front of all routes, since mcp-go v1.2.1 checks neither
// origin nor size. A request passes, in this order: recovery, its id, deadlines for
// writing, Host, Origin, the exact path, the method, the header of the body, the login,
// the caller's share, and only then the body. A method that a path does not take is refused
// behind the login: clients that look for a stream at /mcp learn that they must log in.
func guard(routes map[string]route, o Options, ending *atomic.Bool) http.Handler {
	who := authenticator{o.Gate, o.ClientTokens, o.Alias, o.Log}
	bodies, shares := newBodies(), newShares(o.RateLimit)
	for path, to := range routes {
		isPost := to.method == http.MethodPost
		to.other = otherMethod(to.methods())
		if !to.open {
			if isPost {
				to.handler = bodies.whole(to.handler)
			}
			to.handler = who.identified(shares.fair(to.handler))
			to.other = ownPage(who.identified(shares.fair(to.other)))
		}
		if isPost {
			to.handler = jsonOnly(to.handler)
		}
		if !to.open {
			to.handler = ownPage(to.handler)
		}
		routes[path] = to
	}
	return recovered(o.Log, trimmed(numbered(withDeadlines(routes, o, ending, ownHost(o.Hosts, ownOrigin(o.Origins, routed(routes)))))))
}

// trimmed takes the slash from the end of a path: people who configure clients write /mcp/
// for /mcp.
func trimmed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, ok := strings.CutSuffix(r.URL.Path, "/"); ok && path != "" {
			u := *r.URL
			u.Path, u.RawPath = path, ""
			r = r.WithContext(r.Context())
			r.URL = &u
		}
		next.ServeHTTP(w, r)
	})
}

// recovered answers 500 where a handler panics.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p) // net/http drops the connection
			default:
				id := w.Header().Get(idHeader)
				log.Error("panic", "request", id, "panic", p, "stack", string(debug.Stack()))
				http.Error(w, "internal error (request "+id+")", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// stallTime is how long a client may take to read what the server writes.
const stallTime = 15 * time.Second

// withDeadlines sets a deadline for each write, since one deadline for the whole answer
// would end streams. It also sets the headers that all answers share, and logs and
// reports each answer.
func withDeadlines(routes map[string]route, o Options, ending *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // a proxy must not hold back a stream
		to := &deadlineWriter{ResponseWriter: w, control: http.NewResponseController(w), ending: ending, status: http.StatusOK}
		start := time.Now()
		next.ServeHTTP(to, r)
		path := r.URL.Path
		if _, ok := routes[path]; !ok {
			path = "" // it may hold a secret that went astray
		}
		if o.Answered != nil {
			o.Answered(path, to.status)
		}
		method := r.Method
		if !slices.Contains(usualMethods, method) {
			method = "other" // it can be as long as a header
		}
		o.Log.DebugContext(r.Context(), "answered", "method", method, "path", path, "status", to.status,
			"ms", time.Since(start).Milliseconds())
	})
}

var usualMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// deadlineWriter moves the deadline of its connection before each write.
type deadlineWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	ending  *atomic.Bool
	begun   bool // the header is written
	status  int
}

func (w *deadlineWriter) WriteHeader(status int) {
	w.extend()
	if w.ending.Load() {
		// A proxy must send no other request here: if it sent one just when the server closes
		// the connection, it could not tell whether the server has read it.
		w.Header().Set(connection, "close")
	}
	w.begun, w.status = true, status
	w.ResponseWriter.WriteHeader(status)
}

func (w *deadlineWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	w.extend()
	return w.ResponseWriter.Write(b)
}

// Flush implements [http.Flusher], which streams need.
func (w *deadlineWriter) Flush() {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	w.extend()
	_ = w.control.Flush()
}

func (w *deadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// extend moves the deadline. It fails without a connection, as in some tests, and the
// write goes on.
func (w *deadlineWriter) extend() { _ = w.control.SetWriteDeadline(time.Now().Add(stallTime)) }

// ownHost refuses a request whose Host is neither a loopback name nor on the list. A
// page that rebinds its domain to this address (DNS rebinding) still sends its own Host.
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

// ownOrigin refuses a request that a page of a foreign origin makes a browser send. It
// lets pages of the listed origins read the answer. Other clients than browsers send no
// Origin.
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

// ownPage refuses a request that another site's page makes a browser send without an
// Origin, as <img> and <script> do. It would open a stream that nobody reads.
func ownPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		if r.Header.Get("Origin") == "" && site != "" && site != "same-origin" && site != "none" {
			refuse(w, r, http.StatusForbidden, "a page of another site may not ask this server")
			return
		}
		next.ServeHTTP(w, r)
	})
}

const allowOrigin = "Access-Control-Allow-Origin"

// contains reports whether a list has a name, in upper or lower case.
func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// sameOrigin reports whether an origin is this server: it names the Host of the request,
// which ownHost has checked, or both are loopback names with the same port.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" {
		return false
	}
	name, port := splitPort(host)
	return strings.EqualFold(u.Host, host) ||
		talkover.IsLoopback(u.Hostname()) && talkover.IsLoopback(name) && u.Port() == port
}

// splitPort parts a host from its port, which may be missing.
func splitPort(hostport string) (host, port string) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return strings.Trim(hostport, "[]"), ""
	}
	return host, port
}

// otherMethod refuses a method that a path does not take.
func otherMethod(takes []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(takes, ", "))
		refuse(w, r, http.StatusMethodNotAllowed, "this path takes "+takes[0])
	})
}

// routed calls the handler of the exact path.
func routed(routes map[string]route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, ok := routes[r.URL.Path]
		h := w.Header()
		switch {
		case !ok:
			refuse(w, r, http.StatusNotFound, "there is nothing here")
		case slices.Contains(to.methods(), r.Method):
			to.handler.ServeHTTP(w, r)
		case r.Method == http.MethodOptions && h.Get(allowOrigin) != "": // the preflight of a listed origin
			h.Set("Access-Control-Allow-Methods", to.method)
			h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Last-Event-ID, "+
				"Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, "+tokenHeader+", "+idHeader)
			w.WriteHeader(http.StatusNoContent)
		default:
			to.other.ServeHTTP(w, r)
		}
	})
}

// methods lists the methods that a route takes. Open routes that take GET take HEAD too; a
// stream does not, since HEAD would wait for its end.
func (to route) methods() []string {
	if to.open && to.method == http.MethodGet {
		return []string{to.method, http.MethodHead}
	}
	return []string{to.method}
}
