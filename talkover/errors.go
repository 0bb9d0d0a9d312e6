package talkover

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reason says in one word why a request gave no answer that can be used.
type Reason string

// The reasons of an [Error].
const (
	Refused     Reason = "refused"     // the API answered with an error: see Status, Code, Message and Fields
	RateLimited Reason = "ratelimited" // too many requests; Wait says when the next one may go
	Reading     Reason = "reading"     // many pages are being read; Read and Total say how far, and Wait when to ask again
	TimedOut    Reason = "timeout"     // no whole answer within the time of an attempt or of the call
	Unreachable Reason = "unreachable" // no connection: a name that does not resolve, a refused port, a TLS failure
	Interrupted Reason = "interrupted" // the connection broke before the answer was whole
	Malformed   Reason = "malformed"   // an answer that is not the JSON that was asked for
	TooLarge    Reason = "toolarge"    // an answer beyond the bound on bodies
	Redirected  Reason = "redirected"  // a redirect, which is never followed: the token would go along
	Cancelled   Reason = "cancelled"   // the caller of PlaceCall gave up; other methods return the error of ctx itself
)

// Codes of the API that mean more than their status.
const (
	AgentNotFound = "AGENT_NOT_FOUND" // no agent has the id, or it was deleted
	AgentInactive = "AGENT_INACTIVE"  // the agent is a draft
)

// Error says why a request to the API failed. Its strings come cleaned and
// bounded; it never holds the token, the query or a body.
type Error struct {
	Reason   Reason
	Status   int                 // HTTP status; 0 where no answer came
	Code     string              // the API's own code, such as VALIDATION_ERROR; often empty
	Message  string              // the API's own message; at most 300 runes; may be empty
	Fields   map[string][]string // on a 422, the API's messages by parameter
	Wait     time.Duration       // how long the API or the limiter asks to wait; 0 where unknown
	Attempts int                 // requests that were sent before giving up
	Read     int                 // calls that were read so far, with those of the dates beside
	Total    int                 // calls that there are to read; 0 where nobody knows

	cause   error
	unsent  bool // for sure no byte of the request was written
	foreign bool // the token was not accepted, and does not look like one of Talkover's
	barred  bool // something before the API answered in its place
}

// Error implements error, in words for an engineer's log.
func (e *Error) Error() string {
	s := "talkover: " + string(e.Reason)
	if name := e.Cause().Name; name != "" && name != string(e.Reason) {
		s += " (" + name + ")"
	}
	if e.Status != 0 {
		s += ": " + strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
	}
	if e.Code != "" {
		s += ": " + e.Code
	}
	if e.Message != "" {
		s += fmt.Sprintf(": %q", e.Message)
	}
	if e.Wait > 0 {
		s += ": wait " + e.Wait.String()
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the error of the network or of the decoder; nil where the API itself
// said no.
func (e *Error) Unwrap() error { return e.cause }

// IsTokenUnknown reports whether the API itself does not know the token.
func (e *Error) IsTokenUnknown() bool { return e.Status == http.StatusUnauthorized && !e.barred }

// IsBlocked reports whether something before the API answered in its place.
func (e *Error) IsBlocked() bool { return e.barred }

// NotDone reports whether an error tells for sure that the API did not do what a
// request asked for: no byte of the request was sent, or the API said no with a
// status that means just that. No other status is proof. Servers answer 409, a
// redirect or a 5xx after they did it, too; and a proxy may have sent a 2xx that
// says otherwise in its body.
func (e *Error) NotDone() bool { return e.unsent || slices.Contains(saysNo, e.Status) }

// saysNo lists the statuses by which the API refuses before it does anything
// (facts of Place a Call: 400, 402, 404 and 429; the rest as HTTP has them).
var saysNo = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden,
	http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
}

// retryable reports whether the same request may succeed a moment later.
func (e *Error) retryable() bool {
	switch e.Reason {
	case Refused:
		return !e.barred && slices.Contains([]int{
			http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		}, e.Status)
	case RateLimited:
		return true
	}
	return e.Cause().passes
}

// failure makes the error of a request that got no whole answer. ctx is that of the
// call, and attempt that of the one request.
func failure(ctx, attempt context.Context, status int, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	e := &Error{Reason: Interrupted, Status: status, cause: err}
	operation := as[*net.OpError](err)
	switch network := as[net.Error](err); {
	case is[notFinal](err):
		early := as[notFinal](err)
		e.Reason, e.Status, e.cause = Malformed, int(early), early
	case attempt.Err() != nil:
		e.Reason, e.cause = TimedOut, attempt.Err()
	case isTLS(err), errors.Is(err, errProxyURL):
		e.Reason = Unreachable
	case operation != nil:
		e.cause = operation
		if operation.Timeout() {
			e.Reason = TimedOut
		} else if operation.Op == "dial" || operation.Op == "proxyconnect" {
			e.Reason = Unreachable
		}
	case network != nil && network.Timeout():
		e.Reason, e.cause = TimedOut, errors.New("timeout")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.cause = io.ErrUnexpectedEOF
	default: // net/http quotes the bytes that it could not read, which may echo our request
		e.cause = errors.New("no whole HTTP answer")
	}
	return e
}

// notFinal says that an answer has a status under 200, after which HTTP promises
// another answer.
type notFinal int

func (s notFinal) Error() string { return fmt.Sprintf("status %d, and no final answer", int(s)) }

// isTLS reports whether a connection failed at TLS, as it will again. [crypto/tls] has no
// type for most of its errors, and an operation's name for what the other side says.
func isTLS(err error) bool {
	remote := as[*net.OpError](err)
	return is[*tls.CertificateVerificationError](err) || errors.Is(err, http.ErrSchemeMismatch) ||
		remote != nil && remote.Op == "remote error" || err != nil && strings.HasPrefix(err.Error(), "tls: ")
}
