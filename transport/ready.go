package transport

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// readyTime is how long an answer to /readyz holds: probes come often, and from
// more than one side.
const readyTime = 10 * time.Second

// readiness says whether calls should come here.
type readiness struct {
	ask    func(context.Context) error // of what is behind; nil if there is nothing to ask
	log    *slog.Logger
	ending atomic.Bool

	mu   sync.Mutex // held while asking, so that one asks for all
	at   time.Time
	last error
}

// ServeHTTP implements [http.Handler].
func (s *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.ending.Load():
		refuse(w, r, http.StatusServiceUnavailable, "the server is ending")
	case s.check(r.Context()) != nil:
		refuse(w, r, http.StatusServiceUnavailable, "the Talkover API does not answer")
	default:
		alive(w, r)
	}
}

// check asks what is behind, at most once in 10 s. A prober who leaves does not
// end the question for others.
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

func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}
