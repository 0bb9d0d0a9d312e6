package stats

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Search says which calls [Find] looks for.
type Search struct {
	Filter   Filter
	Order    Order // newest first if ""
	Only     Only  // "" for all
	Limit    int
	After    Cursor           // goes on after the last row of another answer to the same search
	Skip     int              // leaves out so many rows; calls that come in shift them, unlike After
	Now      func() time.Time // time.Now if nil
	Account  *cache.Account   // keeps days that were read; nil for none
	Progress func(done, total int, what string)
}

// Found is the answer to a Search.
type Found struct {
	scan.Coverage                 // its Calls are those that were looked through
	Calls         []talkover.Call // Limit of them at most
	Total         int             // how many there are in the window of the coverage
	All           bool            // Total is how many there are; else there may be more
	Skipped       int             // how many of them come before Calls
	Next          Cursor          // for the very next ones; zero where there are none
	Withheld      int             // missed calls of withheld numbers, which Only leaves out
}

// finder finds calls among those that were read.
type finder struct {
	Search
	selection *selection
}

// next tests whether calls are those that are shown, or come after them.
func (f *finder) next(c *cache.Columns) func(cache.Row) bool {
	fits := f.selection.test(c)
	return func(r cache.Row) bool { return fits(r) && f.after(r) }
}

// after reports whether a row comes after those that were shown.
func (f *finder) after(r cache.Row) bool { return f.After == Cursor{} || f.Order.isAfter(r, f.After) }

// rows returns the calls of a segment that fit.
func (f *finder) rows(s scan.Segment) []cache.Row {
	var rows []cache.Row
	for _, p := range s.Parts {
		test := f.selection.of(p.Calls, p.Window)
		for row := range p.Calls.Rows() {
			if test.picks(row) && f.selection.counts(row.IsTesting()) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}
