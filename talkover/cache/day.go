package cache

import "time"

// Day is one closed day of one account. It is never changed after it was kept.
type Day struct {
	Date    Date
	Calls   *Columns  // newest first
	ReadAt  time.Time // by the clock of the questions
	Renewed time.Time // when its fields were last read, or confirmed by counts
	// Brief is of a day with a call that is still going on. It is used while its proof
	// holds, and neither renewed nor saved.
	Brief bool
}

// Kept tells how a day stands that is kept.
type Kept struct {
	*Day
	Proven time.Time // when a count last agreed with its calls
}
