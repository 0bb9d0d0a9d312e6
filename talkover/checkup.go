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
	once, asked := c.As(c.secret()), time.Now()
	r := request{method: http.MethodGet, path: "calls", query: values(CallQuery{PerPage: 1}).Encode()}
	if r.open = c.secret().IsZero(); r.open {
		r.path, r.query = "health", ""
	}
	a, err := once.send(ctx, r)
	up := a.checkup(asked)
	if err != nil || r.open {
		return up, err
	}
	page, err := readPage(a, rows[Call]{most: maxRows})
	if page.Pagination != nil {
		up.Calls = page.Pagination.Total
	}
	return up, err
}

// checkup returns the facts of the header of an answer.
func (a answer) checkup(asked time.Time) Checkup {
	up := Checkup{
		Calls: -1,
		Limit: headerCount(a.header, "X-RateLimit-Limit"),
		Left:  headerCount(a.header, "X-RateLimit-Remaining"),
	}
	if a.header == nil {
		return up
	}
	up.Took = a.at.Sub(asked)
	now := a.at
	if date, ok := a.date(); ok {
		const cutOff = time.Second / 2 // on average, since the header tells whole seconds
		up.Dated, up.Ahead = true, asked.Add(up.Took/2).Sub(date.Add(cutOff))
		now = date
	}
	if until, ok := resetTime(a.header); ok {
		up.Reset = max(until.Sub(now), 0)
	}
	return up
}

// date returns when the API says that it answered. An answer out of a cache has the date of
// another moment.
func (a answer) date() (time.Time, bool) {
	date, err := http.ParseTime(a.header.Get("Date"))
	return date, err == nil && a.header.Get("Age") == ""
}

// headerCount returns a count of 0 or more that stands in a header, or -1.
func headerCount(h http.Header, name string) int {
	if n, err := strconv.Atoi(h.Get(name)); err == nil && n >= 0 {
		return n
	}
	return -1
}
