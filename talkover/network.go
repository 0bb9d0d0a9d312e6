package talkover

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Timely returns a transport that keeps each answer of next inside the context of
// its request, whatever next does. The end of the context closes the body. A
// final answer with a status under 200 is an error, and nothing of it is read.
//
// [net/http] hands a connection that switches protocols to the caller: reads of
// its body ignore the context, and no timeout ends them (go1.26,
// TestAnswersBeforeTheFinalOneAreRefused).
func Timely(next http.RoundTripper) http.RoundTripper { return timely{next} }

type timely struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t timely) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < http.StatusOK {
		_ = res.Body.Close()
		return nil, notFinal(res.StatusCode)
	}
	body := res.Body
	stop := context.AfterFunc(r.Context(), func() { _ = body.Close() })
	res.Body = timelyBody{body, stop}
	return res, nil
}

// CloseIdleConnections does for next what [http.Client] asks for by this name.
func (t timely) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// timelyBody is a body that the end of a context closes, until stop is called.
type timelyBody struct {
	io.ReadCloser
	stop func() bool
}

// Close implements [io.Closer].
func (b timelyBody) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}

// notFinal is the status of an answer after which another would have to come.
type notFinal int

func (s notFinal) Error() string { return fmt.Sprintf("status %d, and no final answer", int(s)) }
