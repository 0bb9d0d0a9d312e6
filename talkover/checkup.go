package talkover

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Checkup holds the facts that one answer tells of the account, the plan and the
// clock. The facts of its headers are there even where the answer is an error.
type Checkup struct {
	Calls int           // in the log; -1 where the API does not say
	Took  time.Duration // from the request to the head of the answer

	Limit int           // requests a minute that the plan allows; -1 where the API does not say
	Left  int           // of them in this minute; -1 where the API does not say
	Reset time.Duration // until the API counts anew, by its own clock; 0 where it does not say

	Dated bool          // whether the answer had a date of its own
	Ahead time.Duration // how far the clock here is ahead of the API's, give or take 0.5 s and half of Took
}

// Checkup asks the API once for as little as it can, to find out what is wrong. It
// neither retries nor waits for the limiter. It asks for one call; a client without a
// token asks [Client.Health] instead. The error is an [*Error], or that of ctx.
func (c *Client) Checkup(ctx context.Context) (Checkup, error) {
	head := &headKeeper{RoundTripper: c.transport}
	once := c.As(c.secret())
	once.transport = head
	calls, err := -1, error(nil)
	if c.secret().IsZero() {
		err = once.Health(ctx)
	} else {
		calls, err = once.countCalls(ctx)
	}
	up := head.checkup()
	up.Calls = calls
	return up, err
}

// countCalls returns how many calls the log has, or -1 where the API does not say.
func (c *Client) countCalls(ctx context.Context) (int, error) {
	page, err := getOnce(ctx, c, "calls", values(CallQuery{PerPage: 1}).Encode(), listOf(readCall, maxRows))
	if err != nil || page.Pagination == nil {
		return -1, err
	}
	return page.Pagination.Total, nil
}

// headKeeper keeps the header of an answer, and the moments before and after it.
type headKeeper struct {
	http.RoundTripper
	asked, answered time.Time
	header          http.Header // nil before an answer
}

// RoundTrip implements [http.RoundTripper].
func (k *headKeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	k.asked = time.Now()
	res, err := k.RoundTripper.RoundTrip(r)
	if err == nil {
		k.answered, k.header = time.Now(), res.Header
	}
	return res, err
}

func (k *headKeeper) checkup() Checkup {
	up := Checkup{Limit: headerCount(k.header, "X-RateLimit-Limit"), Left: headerCount(k.header, "X-RateLimit-Remaining")}
	if k.header == nil {
		return up
	}
	up.Took = k.answered.Sub(k.asked)
	now := k.answered
	// An answer out of a cache has the date of another moment.
	if date, err := http.ParseTime(k.header.Get("Date")); err == nil && k.header.Get("Age") == "" {
		const cutOff = time.Second / 2 // on average, since the header tells whole seconds
		up.Dated, up.Ahead = true, k.asked.Add(up.Took/2).Sub(date.Add(cutOff))
		now = date
	}
	if until, ok := resetTime(k.header); ok {
		up.Reset = max(until.Sub(now), 0)
	}
	return up
}

// headerCount returns a count of 0 or more that stands in a header, or -1.
func headerCount(h http.Header, name string) int {
	if n, err := strconv.Atoi(h.Get(name)); err == nil && n >= 0 {
		return n
	}
	return -1
}
