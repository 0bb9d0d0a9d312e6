package talkover

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// healthTime bounds [Client.Health]: whoever asks for health waits for it.
const healthTime = 5 * time.Second

// Health asks the API whether it is well: once, without the token, and outside
// of the limit, which the API does not count it in. The error is an [*Error].
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
		return &Error{Reason: Refused, Status: res.StatusCode}
	case err != nil:
		return failure(ctx, attempt, res.StatusCode, err)
	case !json.Valid(body): // a page of a proxy
		return &Error{Reason: Malformed, Status: res.StatusCode, cause: errors.New("no JSON")}
	}
	return nil
}

// Checkup is what one answer tells of the account, the plan and the clock. What
// stands in headers is there also where the answer is an error.
type Checkup struct {
	Calls int           // in the log; -1 where the API does not say
	Took  time.Duration // from the request to the head of the answer

	Limit int           // requests a minute that the plan allows; -1 where the API does not say
	Left  int           // of them in this minute; -1 where the API does not say
	Reset time.Duration // until the API counts anew, by its own clock; 0 where it does not say

	Dated bool          // whether the answer had a date of its own
	Ahead time.Duration // how far the clock here is ahead of the API's, give or take 0.5 s and half of Took
}

// Checkup asks the API once for as little as it can, to find out what is wrong:
// it neither tries again nor waits for its turn. It asks for one call; a client
// without a token asks [Client.Health] instead. The error is an [*Error], or that
// of ctx.
func (c *Client) Checkup(ctx context.Context) (Checkup, error) {
	seen := &witness{RoundTripper: c.transport}
	once := c.As(c.token)
	once.transport = seen
	calls, err := -1, error(nil)
	if c.token.IsZero() {
		err = once.Health(ctx)
	} else {
		calls, err = once.countCalls(ctx)
	}
	up := seen.checkup()
	up.Calls = calls
	return up, err
}

// countCalls is how many calls the log has, or -1 where the API does not say.
func (c *Client) countCalls(ctx context.Context) (int, error) {
	page, err := getOnce(ctx, c, "calls", CallQuery{PerPage: 1}.values().Encode(), readCall)
	if err != nil || page.Pagination == nil {
		return -1, err
	}
	return page.Pagination.Total, nil
}

// witness keeps the head of an answer.
type witness struct {
	http.RoundTripper
	asked, answered time.Time
	header          http.Header // nil before an answer
}

// RoundTrip implements [http.RoundTripper].
func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked = time.Now()
	res, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		w.answered, w.header = time.Now(), res.Header
	}
	return res, err
}

func (w *witness) checkup() Checkup {
	up := Checkup{Limit: headerCount(w.header, "X-RateLimit-Limit"), Left: headerCount(w.header, "X-RateLimit-Remaining")}
	if w.header == nil {
		return up
	}
	up.Took = w.answered.Sub(w.asked)
	now := w.answered
	// An answer out of a cache has the date of another moment.
	if date, err := http.ParseTime(w.header.Get("Date")); err == nil && w.header.Get("Age") == "" {
		const cutOff = time.Second / 2 // on average, since the header tells whole seconds
		up.Dated, up.Ahead = true, w.asked.Add(up.Took/2).Sub(date.Add(cutOff))
		now = date
	}
	if until, ok := resetTime(w.header); ok {
		up.Reset = max(until.Sub(now), 0)
	}
	return up
}

// headerCount is a count of 0 or more in a header, or -1.
func headerCount(h http.Header, name string) int {
	if n, err := strconv.Atoi(h.Get(name)); err == nil && n >= 0 {
		return n
	}
	return -1
}

// refusedByProxy makes of a proxy's refusal the error of a connection that could
// not be made, which is what net/http has for a proxy that is not there.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("it answered " + strconv.Itoa(res.StatusCode))}
}

// IsTLS reports whether a connection failed at TLS, such as over a certificate
// that is not trusted.
func (e *Error) IsTLS() bool { return isTLS(e.cause) }
