package talkover

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// CallOrder says which number to ring, and how. The client sends To and the fields
// that are not zero.
type CallOrder struct {
	To           string          `json:"to"`                // E.164
	Payload      json.RawMessage `json:"payload,omitempty"` // an object: values for the agent's prompt
	Context      json.RawMessage `json:"context,omitempty"` // an object that webhooks echo
	DelaySeconds int             `json:"delay_seconds,omitempty"`
	IsTesting    bool            `json:"is_testing,omitempty"`
}

// MaxDelaySeconds is the longest delay that the API takes.
const MaxDelaySeconds = 3600

// PlacedCall describes a call that the API took the order for. Strings are cleaned.
type PlacedCall struct {
	ID        string    `api:"id,64"`
	AgentID   string    `api:"agent_id,64"`
	To        string    `api:"to,40"`
	Status    string    `api:"status,32"`
	CreatedAt time.Time `api:"created_at"`
}

// PlaceCall has an agent ring a number, which costs money and a person's attention.
// So it sends the order once, whatever comes back. After an error that is not
// [Error.NotDone], the call may have been placed all the same.
// The error is an [*Error], which wraps that of ctx where ctx ended first.
func (c *Client) PlaceCall(ctx context.Context, agentID string, order CallOrder) (PlacedCall, error) {
	var placed PlacedCall
	path, err := agentPath(agentID, "call")
	if err != nil {
		return placed, err
	}
	body, err := json.Marshal(order)
	if err != nil {
		return placed, ofOrder(answer{}.malformed(err), true)
	}
	release, err := c.limiter.acquire(ctx, false)
	if err != nil {
		return placed, ofOrder(err, true)
	}
	defer release()
	var leaving departure
	a, err := c.send(leaving.watch(ctx), request{method: http.MethodPost, path: path, body: body})
	if err != nil {
		return placed, ofOrder(err, leaving.never())
	}
	var got placing
	err = a.read(&got, &got.problem)
	if err == nil && got.ID == "" && got.Code != "" {
		err = a.refusal(got.problem)
	}
	return got.PlacedCall, err
}

// placing holds the answer to an order. The call stands alone, or under data.
type placing struct {
	problem
	PlacedCall
	Inside wrapper `api:"data call"`
}

// ofOrder turns the error of an order into an [*Error] that says whether nothing
// of the order was sent.
func ofOrder(err error, unsent bool) *Error {
	var e *Error
	if !errors.As(err, &e) { // the end of ctx
		e = &Error{Reason: TimedOut, cause: err}
		if errors.Is(err, context.Canceled) {
			e.Reason = Cancelled
		}
	}
	e.unsent = unsent
	return e
}

// departure tells whether a request may have left. [net/http] writes nothing of a
// request before it has a connection for it, TLS included. From then on any byte
// may be on its way, so nothing later counts as proof: over HTTP/2, and on a
// connection that is used again, an error can come after the whole request went
// out. A transport that is not of net/http does not tell, and may have sent it.
type departure struct{ asked, connected atomic.Bool }

// watch returns a context that reports its requests to d.
func (d *departure) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { d.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { d.connected.Store(true) },
	})
}

// never reports whether for sure no byte of the request was written.
func (d *departure) never() bool { return d.asked.Load() && !d.connected.Load() }
