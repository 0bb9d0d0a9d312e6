package stats

import (
	"cmp"
	"hash/maphash"
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

// seed makes the order of hidden numbers another one in each process.
var seed = maphash.MakeSeed()

// Sort sorts rows by dimensions. Numbers that the answer hides have an order that tells nothing
// of them.
func (o RowOrder) Sort(rows []Row, by []Dimension, hidden bool) {
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
			if hidden && (d == ByContact || d == ByLine) {
				c = cmp.Or(c, cmp.Compare(maphash.String(seed, x.Values[i].Key), maphash.String(seed, y.Values[i].Key)))
			}
			c = cmp.Or(c, d.compare(x.Values[i], y.Values[i]))
		}
		return c
	})
}
