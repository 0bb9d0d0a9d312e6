package stats

import (
	"time"

	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Compare names the window that another one is compared with.
type Compare string

// The windows to compare with. A window of whole calendar months is compared with as many
// whole months, but by WeekBefore. One that is not over is compared up to the same point of
// the other.
const (
	PreviousPeriod Compare = "previous_period" // the equal window just before
	WeekBefore     Compare = "week_before"     // the same weekdays a week earlier
	MonthBefore    Compare = "month_before"    // the same days of the month before
	YearBefore     Compare = "year_before"     // the same days of the year before
)

// Before is what was, in the window that a question compares with. Its rows are paired by
// their place in the window: the first day with the first day, an hour with that hour.
type Before struct {
	Days   Days      // of the other window; its Until is the same point as the Until below
	Until  time.Time // up to which the question's window is compared; zero where it is over
	Reason string    // why nothing is compared, in words; then the following is empty
	scan.Coverage
	Totals Row
	Rows   []Row // what each of the report's Rows was; M is nil where the other window has no such place
	Beyond []Row // of places that the question's window does not have, such as a 31st
}
