package transport

import (
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// What one caller may take of the server at once, so that there is something left for the
// others. Callers are told apart by a gate or by their Talkover token; without either,
// there is but one on this machine, whom nobody else can hurt.
const (
	mostStreams  = 100     // open streams
	mostRequests = 100     // requests that are not answered yet
	mostBytes    = 8 << 20 // bytes of these
	mostCallers  = 4096    // callers that are known; a new one takes the place of the one idle for longest
)

// shares knows what each caller takes.
type shares struct {
	perMinute int // requests; 0 for no limit
	callers   *lru.Cache[[sha256.Size]byte, *share]
}

// share is what one caller takes. A nil one is without bounds.
type share struct {
	rate *rate.Limiter // nil for no limit

	mu       sync.Mutex
	requests int
	bytes    int64
}

// shareKey is the context key of a *share.
type shareKey struct{}

func newShares(perMinute int) *shares {
	callers, _ := lru.New[[sha256.Size]byte, *share](mostCallers) // fails only for a size below 1
	return &shares{perMinute, callers}
}

// of returns the share of a caller; nil if the caller is not known.
func (s *shares) of(c caller) *share {
	if !c.isKnown() {
		return nil
	}
	mark := c.mark()
	if known, ok := s.callers.Get(mark); ok {
		return known
	}
	mine := &share{}
	if s.perMinute > 0 {
		mine.rate = rate.NewLimiter(rate.Limit(s.perMinute)/60, s.perMinute)
	}
	if first, ok, _ := s.callers.PeekOrAdd(mark, mine); ok {
		return first
	}
	return mine
}

// fair refuses requests of a caller that sends too many a minute. It stands behind the
// login and before the body.
func (s *shares) fair(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mine := s.of(callerOf(r.Context()))
		if mine == nil {
			next.ServeHTTP(w, r)
			return
		}
		if wait := mine.wait(); wait > 0 {
			tooMany(w, r, wait, strconv.Itoa(s.perMinute)+" requests a minute")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), shareKey{}, mine)))
	})
}

// tooMany answers 429.
func tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration, most string) {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	w.Header().Set("Retry-After", seconds)
	refuse(w, r, http.StatusTooManyRequests, "a caller may have "+most+"; try again in "+seconds+" s")
}

// wait takes a request of the minute, or returns how long the caller must wait for one.
func (s *share) wait() time.Duration {
	if s.rate == nil {
		return 0
	}
	r := s.rate.Reserve()
	wait := r.Delay()
	if wait > 0 {
		r.Cancel()
	}
	return wait
}

// enter counts a request of a size, unless it is one too many.
func (s *share) enter(size int64) bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests >= mostRequests || s.bytes+size > mostBytes {
		return false
	}
	s.requests++
	s.bytes += size
	return true
}

// leave counts a request no more.
func (s *share) leave(size int64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests--
	s.bytes -= size
}

// give counts some bytes of a request no more.
func (s *share) give(bytes int64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= bytes
}

func shareOf(r *http.Request) *share {
	s, _ := r.Context().Value(shareKey{}).(*share)
	return s
}
