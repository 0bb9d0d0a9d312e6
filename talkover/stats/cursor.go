package stats

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// Order is how found calls are sorted; those of the same length are newest first.
type Order string

// The orders; "" is Newest.
const (
	Newest   Order = "newest"
	Oldest   Order = "oldest"
	Longest  Order = "longest"
	Shortest Order = "shortest"
)

// compare compares two calls. Those of one moment and length have an order that stays.
func (o Order) compare(x, y Cursor) int {
	newest, tie := cmp.Compare(y.at, x.at), cmp.Compare(x.tie, y.tie)
	switch o {
	case Oldest:
		return cmp.Or(-newest, tie)
	case Longest:
		return cmp.Or(cmp.Compare(y.seconds, x.seconds), newest, tie)
	case Shortest:
		return cmp.Or(cmp.Compare(x.seconds, y.seconds), newest, tie)
	}
	return cmp.Or(newest, tie)
}

// Cursor names the last row that was shown by what it is sorted by, so that a search can go
// on after it. Rows that come, go or change meanwhile shift nothing, as they would shift an
// offset, and the row itself need not be there any more. The zero value is the beginning.
type Cursor struct {
	at      int64 // microseconds since 1970
	seconds int
	tie     uint64 // a digest of what tells the call from others
}

// CursorOf returns the cursor after a call.
func CursorOf(c talkover.Call) Cursor {
	h := fnv.New64a()
	h.Write([]byte(c.Key()))
	return Cursor{c.CreatedAt.UnixMicro(), c.Duration, h.Sum64()}
}

// keyOf returns what a call is sorted by, but for what tells calls of one moment and length apart.
func keyOf(c *calls.Call) Cursor { return Cursor{at: c.At, seconds: int(c.Seconds)} }

// ErrNoCursor says that a text is not that of a [Cursor].
var ErrNoCursor = errors.New("stats: not a cursor")

// String writes the cursor as some 30 letters, digits and dots; the zero one as "".
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return fmt.Sprintf("%s.%d.%s", strconv.FormatInt(c.at, 36), c.seconds, strconv.FormatUint(c.tie, 36))
}

// ParseCursor reads what String wrote. The error is [ErrNoCursor].
func ParseCursor(s string) (c Cursor, err error) {
	if s == "" {
		return c, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return c, ErrNoCursor
	}
	at, err1 := strconv.ParseInt(parts[0], 36, 64)
	seconds, err2 := strconv.Atoi(parts[1])
	tie, err3 := strconv.ParseUint(parts[2], 36, 64)
	if err1 != nil || err2 != nil || err3 != nil || at < 0 || at >= 1<<55 || seconds < 0 {
		return c, ErrNoCursor
	}
	return Cursor{at, seconds, tie}, nil
}
