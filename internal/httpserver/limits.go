package httpserver

import (
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
	"github.com/talkover/talkover-mcp/internal/transport"
)

// What one caller may take of the server at once, so that there is something left for the
// others. Callers are told apart by a gate, or else by their Talkover token; without either,
// there is but one on this machine, whom nobody else can hurt.
const (
	mostAtOnce  = 100  // requests that are not answered yet, and as many open streams
	mostCallers = 4096 // callers that are known; a new one takes the place of the one idle for longest
)

// shares knows what each caller takes.
type shares struct {
	perMinute int // requests; 0 for no limit
	callers   *lru.Cache[[sha256.Size]byte, *share]
}

// share is what one caller takes. A nil one is without bounds.
type share struct {
	rate              *rate.Limiter
	requests, streams atomic.Int64
}

func newShares(perMinute int) *shares {
	callers, _ := lru.New[[sha256.Size]byte, *share](mostCallers) // fails only for a size below 1
	return &shares{perMinute, callers}
}

// of returns the share of a caller; nil if the caller is not known.
func (s *shares) of(c auth.Caller) *share {
	if !c.IsKnown() {
		return nil
	}
	mark := c.Mark()
	if c.ID != "" { // else an invented Talkover token would be a caller of its own
		mark = sha256.Sum256([]byte(c.ID))
	}
	if known, ok := s.callers.Get(mark); ok {
		return known
	}
	mine := &share{rate: rate.NewLimiter(rate.Limit(s.perMinute)/60, s.perMinute)}
	if s.perMinute == 0 {
		mine.rate.SetLimit(rate.Inf)
	}
	if first, ok, _ := s.callers.PeekOrAdd(mark, mine); ok {
		return first
	}
	return mine
}

// of returns the count of requests or of streams.
func (s *share) of(isStream bool) *atomic.Int64 {
	if isStream {
		return &s.streams
	}
	return &s.requests
}

// leave counts a request or a stream no more.
func (s *share) leave(isStream bool) {
	if s != nil {
		s.of(isStream).Add(-1)
	}
}

// checkRate refuses requests of a caller that sends too many a minute.
func (h *Server) checkRate(x *exchange) (int, string) {
	if x.share = h.shares.of(auth.CallerOf(x.r.Context())); x.share == nil {
		return 0, ""
	}
	r := x.share.rate.Reserve()
	if wait := r.Delay(); wait > 0 {
		r.Cancel()
		return x.tooMany(wait, fmt.Sprintf("%d requests a minute", h.RateLimit))
	}
	return 0, ""
}

// checkShare refuses a request of a caller that has too many under way. One that it lets
// pass counts until it is answered.
func (h *Server) checkShare(x *exchange) (int, string) {
	if x.share == nil {
		return 0, ""
	}
	isStream := x.isStream()
	if x.share.of(isStream).Add(1) > mostAtOnce {
		x.share.leave(isStream)
		if isStream {
			return x.tooMany(time.Minute, fmt.Sprintf("%d open streams", mostAtOnce))
		}
		return x.tooMany(time.Second, fmt.Sprintf("%d requests under way at once", mostAtOnce))
	}
	x.r = x.r.WithContext(transport.WithDone(x.r.Context(), func() { x.share.leave(isStream) }))
	return 0, ""
}

// tooMany is 429, with the time to wait.
func (x *exchange) tooMany(wait time.Duration, most string) (int, string) {
	seconds := fmt.Sprint(math.Ceil(wait.Seconds()))
	x.w.Header().Set("Retry-After", seconds)
	return http.StatusTooManyRequests, "a caller may have " + most + "; try again in " + seconds + " s"
}
