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
