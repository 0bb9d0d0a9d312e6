package talkover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// CallOrder is what to place a call with. A zero field but To is not sent.
type CallOrder struct {
	To           string          `json:"to"`                // E.164
	Payload      json.RawMessage `json:"payload,omitempty"` // an object: values for the agent's prompt
	Context      json.RawMessage `json:"context,omitempty"` // an object that webhooks echo
	DelaySeconds int             `json:"delay_seconds,omitempty"`
	IsTesting    bool            `json:"is_testing,omitempty"`
}

// MaxDelaySeconds is the longest that the API lets a call wait.
const MaxDelaySeconds = 3600

// PlacedCall is a call that the API took the order for. Strings are cleaned.
type PlacedCall struct {
	ID        string
	AgentID   string
	To        string
	Status    string
	CreatedAt time.Time
}

// PlaceCall has an agent ring a number, which costs money and a person's
// attention. So it is sent once and never again, whatever comes back: after an
// error that is not [Error.NotDone], the call may have been placed all the same.
// The error is an [*Error], or that of ctx.
func (c *Client) PlaceCall(ctx context.Context, agentID string, order CallOrder) (PlacedCall, error) {
	var placed PlacedCall
	path, err := agentPath(agentID, "call")
	if err != nil {
		return placed, err
	}
	body, err := json.Marshal(order)
	if err != nil {
		return placed, fmt.Errorf("talkover: %w", err)
	}
	if err := c.limiter.acquire(ctx, false); err != nil {
		return placed, err
	}
	defer c.limiter.release()
	var answer bytes.Buffer
	status, err := c.send(ctx, request{method: http.MethodPost, path: path, body: body}, &answer)
	if err != nil {
		return placed, err
	}
	e, err := readPlaced(newDecoder(&answer, c.token), &placed)
	switch {
	case e.failed, err == nil && placed.ID == "" && e.code != "":
		return placed, refusal(status, e)
	case err != nil:
		return placed, &Error{Reason: Malformed, Status: status, Attempts: 1, cause: withoutNames(err)}
	}
	return placed, nil
}

// readPlaced reads the answer to an order, which stands alone or under data.
func readPlaced(d decoder, p *PlacedCall) (e envelope, err error) {
	if d.PeekKind() != '{' {
		return e, errors.New("no object")
	}
	_, err = d.object(func(name []byte) error { return e.readOrder(d, string(name), p) })
	if err != nil {
		return e, err
	}
	return e, d.end()
}

func (e *envelope) readOrder(d decoder, name string, p *PlacedCall) (err error) {
	switch name {
	case "data", "call":
		_, err = d.object(func(name []byte) error { return e.readOrder(d, string(name), p) })
	case "id":
		_, err = d.text(maxID, &p.ID)
	case "agent_id":
		_, err = d.text(maxID, &p.AgentID)
	case "to":
		_, err = d.text(maxNumber, &p.To)
	case "status":
		_, err = d.text(maxStatus, &p.Status)
	case "created_at":
		_, err = d.time(&p.CreatedAt)
	default:
		err = e.readError(d, name)
	}
	return err
}

// NotDone reports whether an error tells for sure that the API did not do what a
// request asked for: it said no, or the request never reached it. A redirect does
// not tell: servers send one after they did, too.
func (e *Error) NotDone() bool {
	switch e.Reason {
	case Refused:
		return e.Status < http.StatusInternalServerError
	case RateLimited, Unreachable:
		return true
	}
	return false
}
