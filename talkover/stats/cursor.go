package stats

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

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
	return Cursor{c.CreatedAt.UnixMicro(), c.Duration, digest(c)}
}

// digest puts calls of one moment and length in an order that stays.
func digest(c talkover.Call) uint64 {
	h := fnv.New64a()
	h.Write([]byte(c.Key()))
	return h.Sum64()
}

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
