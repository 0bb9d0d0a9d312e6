package scan

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Part is calls of a window that were read: all that it has, unless inexact says why
// not.
type Part struct {
	Window
	Calls *cache.Columns // newest first
	// Filtered says that Calls are only those that fit the query. Else they may be more
	// than the window and the query ask for, see [Run.Selection].
	Filtered bool
	Inexact  string    // why they may not be all; empty where they are
	asOf     time.Time // when that was so
	readAt   time.Time // when the oldest of them were read
	known    int       // the first of them, which an earlier question read
}

// Segment is parts without a gap between them, newest first.
type Segment struct {
	Window
	Parts []Part
}

func (s Segment) len() int {
	n := 0
	for _, p := range s.Parts {
		n += p.Calls.Len()
	}
	return n
}
