package talkover

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Reason says in one word why a request gave no answer that can be used.
type Reason string

// The reasons of an [Error].
const (
	Refused     Reason = "refused"     // the API answered with an error: see Status, Code, Message and Fields
	RateLimited Reason = "ratelimited" // too many requests; Wait says when the next one may go
	TimedOut    Reason = "timeout"     // no whole answer within the time of an attempt or of the call
	Unreachable Reason = "unreachable" // no connection: a name that does not resolve, a refused port, a TLS failure
	Interrupted Reason = "interrupted" // the connection broke before the answer was whole
	Malformed   Reason = "malformed"   // an answer that is not the JSON that was asked for
	TooLarge    Reason = "toolarge"    // an answer beyond the bound on bodies
	Redirected  Reason = "redirected"  // a redirect, which is never followed: the token would go along
)

// Codes of the API that mean more than their status.
const (
	AgentNotFound = "AGENT_NOT_FOUND" // no agent has the id, or it was deleted
	AgentInactive = "AGENT_INACTIVE"  // the agent is a draft
)

// Error is why a request to the API failed. Its strings come cleaned and
// bounded; it never holds the token, the query or a body.
type Error struct {
	Reason   Reason
	Status   int                 // HTTP status; 0 where no answer came
	Code     string              // the API's own code, such as VALIDATION_ERROR; often empty
	Message  string              // the API's own message; at most 300 runes; may be empty
	Fields   map[string][]string // the API's words by parameter, on a 422
	Wait     time.Duration       // how long the API or the limiter asks to wait; 0 where unknown
	Attempts int                 // requests that were sent before giving up

	cause  error
	unsent bool // for sure no byte of the request was written
}

// Error implements error, in words for an engineer's log.
func (e *Error) Error() string {
	s := "talkover: " + string(e.Reason)
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

// Unwrap returns what the network or the decoder said; nil where the API
// itself answered.
func (e *Error) Unwrap() error { return e.cause }
