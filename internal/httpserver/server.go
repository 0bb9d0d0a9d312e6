// Package httpserver says who may come in over HTTP: it checks each request by a list of
// checks, bounds what one caller takes, and tells whether the server is well.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
	"github.com/talkover/talkover-mcp/internal/transport"
)

const (
	headerTime = 10 * time.Second  // for the head of a request to arrive
	idleTime   = 120 * time.Second // for a connection without a request
	maxHeader  = 16 << 10          // bytes of the head of a request; net/http lets some 4 KiB more pass
	maxConns   = 4096              // that are open at once
	quitTime   = 4 * time.Second   // for running calls, after the order to end
	closeTime  = time.Second / 2   // for streams to close after that
)

// Options configure a [Server]. The zero value serves SSE alone, to loopback.
type Options struct {
	Streamable bool      // serves /mcp besides SSE
	Hosts      []string  // allowed values of Host besides loopback names, without ports
	Origins    []string  // allowed values of Origin besides the server's own
	Gate       auth.Gate // identifies callers; nil lets anybody in

	// Proxies are those whose X-Forwarded-For is believed.
	Proxies []netip.Prefix

	// ClientTokens makes each request bring a Talkover token. [auth.TalkoverToken] returns
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

	// DrainDelay is how long [Server.Serve] answers new requests after the order to end,
	// while /readyz answers 503.
	DrainDelay time.Duration

	Log *slog.Logger // nothing is logged if nil

	// Answered hears of each answer when it ends: its path, or "" where the server has
	// no such path, and its status. It may be nil.
	Answered func(path string, status int)
}

// Server serves clients over HTTP.
type Server struct {
	Options
	mcp     *transport.HTTP
	routes  map[string]route
	checks  []check
	origins http.CrossOriginProtection
	who     auth.Checker
	refused *refusals
	shares  *shares
	ready   readiness
	ending  atomic.Bool
}

// route says which method a path takes and which handler answers it.
type route struct {
	method  string
	isOpen  bool // needs no login
	handler http.Handler
}

// New serves /sse and /message, which older clients use, /healthz and /readyz. With
// [Options.Streamable] it also serves /mcp, without state, so that any replica can
// answer any request.
func New(s *server.MCPServer, o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Server{
		Options: o,
		mcp:     transport.NewHTTP(s, o.SessionKey, o.Log),
		refused: &refusals{log: o.Log, proxies: o.Proxies, held: map[string]*heldRefusals{}},
		shares:  newShares(o.RateLimit),
		ready:   readiness{ask: o.Ready, log: o.Log},
	}
	h.who = auth.Checker{Gate: o.Gate, ClientTokens: o.ClientTokens, Alias: o.Alias, Refused: h.refusedLogin}
	h.routes = map[string]route{
		"/":        {http.MethodGet, true, http.HandlerFunc(h.welcome)},
		"/sse":     {http.MethodGet, false, http.HandlerFunc(h.mcp.Listen)},
		"/message": {http.MethodPost, false, http.HandlerFunc(h.mcp.Message)},
		"/healthz": {http.MethodGet, true, http.HandlerFunc(alive)},
		"/readyz":  {http.MethodGet, true, http.HandlerFunc(h.isReady)},
	}
	if o.Streamable {
		h.routes["/mcp"] = route{http.MethodPost, false, http.HandlerFunc(h.mcp.Post)}
	}
	if o.Gate != nil {
		for path, page := range o.Gate.Open() {
			h.routes[path] = route{page.Method, true, page}
		}
	}
	for _, origin := range o.Origins {
		if err := h.origins.AddTrustedOrigin(origin); err != nil {
			o.Log.Error("an origin is none", "why", err.Error())
		}
	}
	h.checks = []check{
		{"head", h.checkHead},
		{"Host", h.checkHost},
		{"Origin", h.checkOrigin},
		{"path", h.checkPath},
		{"preflight", h.checkPreflight},
		{"type", h.checkType},
		{"login", h.checkLogin},
		{"requests a minute", h.checkRate},
		{"method", h.checkMethod},
		{"requests at once", h.checkShare},
		{"body", h.checkBody},
	}
	return h
}

// Sessions returns how many streams are open.
func (h *Server) Sessions() int { return h.mcp.Sessions() }

// Serve answers clients on ln until ctx is done, which is success. It then turns /readyz
// off, goes on for [Options.DrainDelay], takes no more connections, and gives running
// calls, on streams too, at most 4 s.
func (h *Server) Serve(ctx context.Context, ln net.Listener) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		// Else net/http answers OPTIONS * itself, to any Host and Origin.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(h.Log.Handler(), slog.LevelWarn),
		// There is no WriteTimeout: it would end streams, and the writer bounds each write.
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	h.Log.Info("ending", "delay", h.DrainDelay.String(), "grace", quitTime.String())
	h.ending.Store(true)
	select {
	case err := <-failed:
		return err
	case <-time.After(h.DrainDelay):
	}
	// Shutdown waits for streams, which end by themselves only when their clients leave, and
	// 5 s for a connection on which nothing was ever sent.
	grace, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		h.mcp.End(quitTime)
		time.AfterFunc(closeTime, cancel)
	}()
	err := s.Shutdown(grace)
	<-drained
	if errors.Is(err, context.Canceled) {
		err = s.Close() // the rest had its time
	}
	return err
}

// limited is a listener with a bounded number of open connections. The next one waits.
type limited struct {
	net.Listener
	open chan struct{}
}

// Accept implements [net.Listener].
func (l *limited) Accept() (net.Conn, error) {
	l.open <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.open
		return nil, err
	}
	return &limitedConn{c, sync.OnceFunc(func() { <-l.open })}, nil
}

// limitedConn makes room for another when it is closed.
type limitedConn struct {
	net.Conn
	closed func()
}

// Close implements [net.Conn].
func (c *limitedConn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// wsaInUse is the error of Windows for EADDRINUSE. [syscall] has another number for it
// there (go1.26).
const wsaInUse = syscall.Errno(10048)

// Listen opens an address, host:port, for TCP, and for a bounded number of connections. The
// error says which address a setting must have.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, wsaInUse):
		return nil, fmt.Errorf("takes a port that is free; %s is in use", addr)
	case err != nil:
		return nil, errors.New("takes an address of this machine that is free")
	}
	return &limited{ln, make(chan struct{}, maxConns)}, nil
}
