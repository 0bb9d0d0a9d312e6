package talkover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// healthTime bounds [Client.Health]: whoever asks for health waits for it.
const healthTime = 5 * time.Second

// Health asks the API once whether it is well. It sends no token and passes the
// limiter by, since the API counts no such request. The error is an [*Error], or that
// of ctx.
func (c *Client) Health(ctx context.Context) error {
	attempt, cancel := context.WithTimeout(ctx, min(healthTime, c.timeout))
	defer cancel()
	u := *c.base
	u.Path += "/health"
	req, err := http.NewRequestWithContext(attempt, http.MethodGet, u.String(), nil)
	if err != nil {
		return &Error{Reason: Malformed, cause: err}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return failure(ctx, attempt, 0, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
	switch {
	case res.StatusCode < 200 || res.StatusCode > 299:
		return &Error{Reason: Refused, Status: res.StatusCode, barred: isDenial(res.StatusCode)} // it asks for no token
	case err != nil:
		return failure(ctx, attempt, res.StatusCode, err)
	case !json.Valid(bytes.TrimLeft(body, marks)): // a page of a proxy
		return &Error{Reason: Malformed, Status: res.StatusCode, cause: errors.New("no JSON")}
	}
	return nil
}
