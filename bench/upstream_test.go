package bench

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// today is the day of the account.
var today = time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)

// upstream is the invented account as an API on loopback. Each answer is made
// once and kept, so that the API costs little, and the same for both servers.
type upstream struct {
	account  *sandbox.Account
	url      string
	answers  sync.Map // request URI -> body
	requests atomic.Int64
}

// newUpstream serves the account until the test ends.
func newUpstream(tb testing.TB) *upstream {
	tb.Helper()
	u := &upstream{account: sandbox.New(today)}
	s := httptest.NewServer(u)
	tb.Cleanup(s.Close)
	u.url = s.URL + sandbox.Prefix
	return u
}

// ServeHTTP implements [http.Handler].
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.requests.Add(1)
	body, ok := u.answers.Load(r.RequestURI)
	if !ok {
		made := httptest.NewRecorder()
		u.account.ServeHTTP(made, r)
		if made.Code != http.StatusOK {
			http.Error(w, made.Body.String(), made.Code)
			return
		}
		body, _ = u.answers.LoadOrStore(r.RequestURI, made.Body.Bytes())
	}
	b := body.([]byte)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}
