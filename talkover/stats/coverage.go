package stats

import "time"

// Method says how an answer was got.
type Method string

// The methods.
const (
	Read   Method = "read"   // every call was read
	Counts Method = "counts" // the API counted by filters
)

// Coverage says which calls an answer rests on.
type Coverage struct {
	Exact  bool // every figure is that of the calls from From to before To
	Method Method
	AsOf   time.Time
	// From and To bound what the answer is about. From is zero where it is about
	// everything up to To, and To where it is about everything since.
	From, To time.Time
	Whole    bool      // that is all that was asked
	Calls    int       // calls of the part that fit the filters
	Cached   int       // calls that were read by an earlier question
	ReadAt   time.Time // when the oldest of them was read
	Missing  int       // calls of the window beyond the part; Unknown where it cannot be told
	Requests int       // that the rest takes
	// AskAgain is when the rest, or more of it, can be read; 0 where asking again
	// does not help.
	AskAgain time.Duration
	Reason   string // why it is not all, or not exact
}
