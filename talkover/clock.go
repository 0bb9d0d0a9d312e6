package talkover

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock knows how the clock here stands against that of the API.
type clock struct{ ahead atomic.Int64 }

// learn compares the clock here with the date of an answer, unless the answer lay in a
// cache on its way.
func (k *clock) learn(h http.Header) {
	if date, err := http.ParseTime(h.Get("Date")); err == nil && h.Get("Age") == "" {
		k.ahead.Store(int64(time.Since(date)))
	}
}

// Ahead returns how far the clock here is ahead of the API's, by the date of its latest
// answer, to a second or two; negative where it is behind, and 0 where no answer told.
func (c *Client) Ahead() time.Duration { return time.Duration(c.clock.ahead.Load()) }
