package calls

import (
	"cmp"
	"slices"

	"github.com/talkover/talkover-mcp/talkover"
)

// Make makes calls of rows of the API, newest first, with tables of their own. It leaves out
// rows without a time, as a log does.
func Make(rows []talkover.Call) (*Tables, []Call) {
	w := newWriter()
	all, _ := w.add(rows) // so many kinds as are too many make no calls
	slices.SortStableFunc(all, func(x, y Call) int { return cmp.Compare(y.At, x.At) })
	return w.snapshot(), all
}
