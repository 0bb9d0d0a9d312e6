package talkover

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// healthTime bounds [Client.Health]: whoever asks for health waits for it.
const healthTime = 5 * time.Second

// Health asks the API once whether it is well. It sends no token and passes the
// limiter by, since the API counts no such request. The error is an [*Error], or that
// of ctx.
func (c *Client) Health(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	a, err := c.send(ctx, request{method: http.MethodGet, path: "health", open: true})
	if err == nil && !json.Valid(a.body) { // a page of a proxy
		return a.malformed(errors.New("no JSON"))
	}
	return err
}
