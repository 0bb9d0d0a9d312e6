package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

const (
	maxBody  = 1 << 20          // bytes of a request
	bodyTime = 10 * time.Second // for a whole request to arrive
)

// jsonOnly refuses a request whose body is not JSON, is too large or does not arrive.
func jsonOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status, why := readJSON(w, r); status != 0 {
			refuse(w, r, status, why)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// readJSON reads the whole body and puts it back. Where it refuses, it returns the
// status and the reason.
func readJSON(w http.ResponseWriter, r *http.Request) (status int, why string) {
	// A page of another origin may send other types without a preflight request.
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
		// The deadline stays, or net/http would wait for the rest of the body.
		w.Header().Set("Connection", "close")
		return http.StatusRequestTimeout, "the request did not come in whole"
	}
	_ = control.SetReadDeadline(time.Time{})
	r.Body = &wholeBody{bytes.NewReader(body), body}
	return 0, ""
}

// wholeBody holds a body that readJSON has read.
type wholeBody struct {
	*bytes.Reader
	all []byte
}

// Close implements [io.Closer].
func (*wholeBody) Close() error { return nil }

// bodyOf returns the body of a request that jsonOnly let through. The next handler can
// still read it.
func bodyOf(r *http.Request) []byte { return r.Body.(*wholeBody).all }
