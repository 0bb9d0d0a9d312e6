package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	maxBody   = 1 << 20          // bytes of a request
	maxBodies = 32 << 20         // bytes of all requests that are not answered yet
	bodyTime  = 10 * time.Second // for a whole request to arrive
)

// connection names the header that says whether a connection takes another request.
const connection = "Connection"

// jsonOnly refuses, by its header alone, a request whose body is not JSON or is too
// large. It reads nothing of the body, since it stands before the login.
func jsonOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// For the login and the body. It also bounds how long net/http waits for the body of a
		// request that is refused.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		// Until the body is read: else net/http waits for it before it sends a refusal.
		w.Header().Set(connection, "close")
		// A page of another origin may send other types without a preflight request.
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case err != nil || kind != "application/json":
			refuse(w, r, http.StatusUnsupportedMediaType, "the Content-Type must be application/json")
		case r.ContentLength > maxBody:
			refuse(w, r, http.StatusRequestEntityTooLarge, tooLarge)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

var tooLarge = fmt.Sprintf("a request may have at most %d bytes", maxBody)

// bodies reads the bodies of requests from callers that were let in.
type bodies struct {
	budget *semaphore.Weighted // of the bytes in memory
}

func newBodies() bodies { return bodies{semaphore.NewWeighted(maxBodies)} }

// whole reads the whole body and puts it back. Where all bodies together would take too
// much memory it refuses the request before it reads.
func (b bodies) whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := r.ContentLength
		if size < 0 { // it is not told
			size = maxBody
		}
		mine := shareOf(r)
		if !mine.enter(size) {
			tooMany(w, r, time.Second, fmt.Sprintf("%d requests of %d MiB under way at once", mostRequests, mostBytes>>20))
			return
		}
		if !b.budget.TryAcquire(size) {
			mine.leave(size)
			w.Header().Set("Retry-After", "1")
			refuse(w, r, http.StatusServiceUnavailable, "the server holds as many requests as it can; try again in a second")
			return
		}
		body := &wholeBody{free: func() { b.budget.Release(size); mine.leave(size) }}
		body.keep()
		defer body.release()
		if status, why := body.read(w, r); status != 0 {
			refuse(w, r, status, why)
			return
		}
		if more := size - int64(len(body.all)); more > 0 { // its size was not told
			b.budget.Release(more)
			mine.give(more)
			size -= more
		}
		body.all = tidied(body.all)
		body.Reader = bytes.NewReader(body.all)
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// wholeBody holds the body of a request.
type wholeBody struct {
	*bytes.Reader
	all     []byte
	holders atomic.Int32
	free    func() // when nobody holds it any more
}

// read reads the body. Where it refuses, it returns the status and the reason.
func (b *wholeBody) read(w http.ResponseWriter, r *http.Request) (status int, why string) {
	buffer := bytes.NewBuffer(make([]byte, 0, max(r.ContentLength, 0)+bytes.MinRead))
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	var isTooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &isTooLarge):
		return http.StatusRequestEntityTooLarge, tooLarge
	case err != nil:
		return http.StatusRequestTimeout, "the request did not come in whole" // the deadline stays
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	w.Header().Del(connection)
	b.all = buffer.Bytes()
	return 0, ""
}

// keep makes the body count until another release: it goes on to be used when the
// request has its answer.
func (b *wholeBody) keep() { b.holders.Add(1) }

func (b *wholeBody) release() {
	if b.holders.Add(-1) == 0 {
		b.free()
	}
}

// Close implements [io.Closer].
func (*wholeBody) Close() error { return nil }

var _ io.ReadCloser = (*wholeBody)(nil)

// bodyOf returns the body of a request that bodies.whole let through. The next handler
// can still read it.
func bodyOf(r *http.Request) *wholeBody { return r.Body.(*wholeBody) }
