package stats

import (
	"cmp"
	"slices"
)

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

// of returns the order that "" stands for by these dimensions, or else the order itself.
func (o RowOrder) of(by []Dimension) RowOrder {
	switch {
	case o != "":
		return o
	case inOrder(by):
		return ByValue
	}
	return ByCalls
}

// inOrder reports whether all dimensions have an order of their own.
func inOrder(by []Dimension) bool {
	return !slices.ContainsFunc(by, func(d Dimension) bool { return !d.InOrder() })
}

// Sort sorts rows by dimensions.
func (o RowOrder) Sort(rows []Row, by []Dimension) {
	o = o.of(by)
	value := func(r Row) float64 {
		if m := r.M[Metric(o)]; m.Known {
			return m.Value
		}
		return -1 // less than any, or equal for all
	}
	slices.SortStableFunc(rows, func(x, y Row) int {
		c := cmp.Compare(value(y), value(x))
		for i, d := range by {
			c = cmp.Or(c, d.compare(x.Values[i], y.Values[i]))
		}
		return c
	})
}
