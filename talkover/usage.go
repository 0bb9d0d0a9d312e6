package talkover

import (
	"sync/atomic"
	"time"
)

// Usage is what requests cost besides themselves, of a [Client] and of all that
// [Client.As] made of it, since it was made.
type Usage struct {
	Retries int           // requests that were sent again
	Waits   int           // times that a request was held back: for its turn, or before it was sent again
	Waited  time.Duration // over all waits that are over
}

// Usage tells what requests cost so far.
func (c *Client) Usage() Usage {
	return Usage{
		Retries: int(c.usage.retries.Load()),
		Waits:   int(c.usage.waits.Load()),
		Waited:  time.Duration(c.usage.waited.Load()),
	}
}

// usage counts what [Usage] tells.
type usage struct{ retries, waits, waited atomic.Int64 }

// wait counts a wait that is over.
func (u *usage) wait(d time.Duration) {
	u.waits.Add(1)
	u.waited.Add(int64(d))
}

// Limits is where a client stands with the API's limit.
type Limits struct {
	Limit   int           // requests a minute that the plan allows; 0 for no limit of ours
	Used    int           // of them, by this client in the last minute or under way
	Waiting int           // requests that wait for their turn
	Hold    time.Duration // until the next request may go; 0 for at once
}

// Limits tells where the client stands with the API's limit at this moment. It is
// that of its own token alone.
func (c *Client) Limits() Limits { return c.limiter.limits() }

func (l *limiter) limits() Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	hold := l.turn(time.Now(), 0, false)
	return Limits{
		Limit:   l.limit,
		Used:    len(l.answered) + l.inFlight,
		Waiting: len(l.lookups) + len(l.bulk),
		Hold:    max(hold, 0),
	}
}
