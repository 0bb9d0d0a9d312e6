package stats

// RowOrder is how rows are sorted: by calls, by value, or by a metric, the largest first.
// Rows that are equal are in the order of their values, and those in which the metric is
// not known come last. "" is by value where all dimensions have an order, such as days, and
// else by calls.
type RowOrder string

// The orders that are no metrics.
const (
	ByCalls RowOrder = "calls" // the most first
	ByValue RowOrder = "value" // that of days, hours, names and numbers
)
