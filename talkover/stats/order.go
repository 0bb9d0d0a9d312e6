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
	slices.SortStableFunc(rows, func(x, y Row) int {
		if o != ByValue {
			a, b := x.M[Metric(o)], y.M[Metric(o)]
			switch {
			case a.Known != b.Known && a.Known:
				return -1
			case a.Known != b.Known:
				return 1
			case a.Value != b.Value:
				return cmp.Compare(b.Value, a.Value)
			}
		}
		for i, d := range by {
			if c := d.compare(x.Values[i], y.Values[i]); c != 0 {
				return c
			}
		}
		return 0
	})
}
