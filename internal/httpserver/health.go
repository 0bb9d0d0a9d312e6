package httpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

// readyTime is how long an answer of the API serves /readyz. Probes come often, and from
// several balancers.
const readyTime = 10 * time.Second

// probeTime bounds the question whether a server is alive.
const probeTime = 3 * time.Second

// readiness tells whether this replica should get requests.
type readiness struct {
	ask func(context.Context) error // asks the API; nil counts as ready
	log *slog.Logger

	mu   sync.Mutex // held while asking, so that one request asks for all
	at   time.Time
	last error
}

// isReady answers /readyz.
func (h *Server) isReady(w http.ResponseWriter, r *http.Request) {
	switch {
	case h.ending.Load():
		auth.Refuse(w, http.StatusServiceUnavailable, "the server is ending")
	case h.ready.check(r.Context()) != nil:
		auth.Refuse(w, http.StatusServiceUnavailable, "the Talkover API does not answer")
	default:
		alive(w, r)
		if h.Note != nil {
			if line := h.Note(); line != "" {
				_, _ = io.WriteString(w, line+"\n")
			}
		}
	}
}

// check asks the API, at most once in 10 s. A probe that gives up does not end the
// question for the others.
func (s *readiness) check(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ask == nil || !s.at.IsZero() && time.Since(s.at) < readyTime {
		return s.last
	}
	err := s.ask(context.WithoutCancel(ctx))
	if err != nil && s.last == nil {
		s.log.WarnContext(ctx, "not ready", "why", err.Error())
	}
	s.at, s.last = time.Now(), err
	return err
}

// welcome answers /, where people look first.
func (h *Server) welcome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	at := "/sse"
	if h.Streamable {
		at = "/mcp"
	}
	_, _ = io.WriteString(w, "This is talkover-mcp. MCP clients connect to "+at+" of this address.\n")
}

// alive answers /healthz.
func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// Probe asks the server that listens on addr whether it is alive, from this machine
// and for at most 3 s. It fails unless the server answers 200 at /healthz. It uses no
// proxy and follows no redirect.
func Probe(ctx context.Context, addr string) error {
	at, err := probeAddr(addr)
	if err != nil {
		return errors.New("MCP_ADDR: takes host:port, such as 127.0.0.1:8080")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	u := url.URL{Scheme: "http", Host: at, Path: "/healthz"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("MCP_ADDR: is not an address that can be asked")
	}
	req.Host = "localhost" // a name that every server of ours answers to
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	var operation *net.OpError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s does not answer within %v", at, probeTime)
	case errors.As(err, &operation):
		return fmt.Errorf("%s does not answer: %w", at, operation.Err)
	case err != nil:
		return fmt.Errorf("%s does not answer in HTTP", at)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d at /healthz, where the server answers 200", at, res.StatusCode)
	}
	return nil
}

// probeAddr returns where a server that listens on addr can be asked from this machine.
func probeAddr(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	// Who listens on every IPv6 address listens on 127.0.0.1 too, and ::1 may be off.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), err
}
