package stats

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
)

// RowOrder is how rows are sorted: by calls, by value, or by a metric, the largest first, or the
// smallest where it ends with [Ascending]. Of rows that are equal, those of more calls come
// first. "" is by value where all dimensions have an order, such as days, and else by calls.
type RowOrder string

// Ascending ends an order by which the smallest come first.
const Ascending = " asc"

// metric returns the metric that rows are sorted by, if the order is one, and whether the smallest
// come first.
func (o RowOrder) metric() (name Metric, ascending bool) {
	words, ascending := strings.CutSuffix(string(o), Ascending)
	return Metric(words), ascending
}

// row returns what is known of the metric that rows are sorted by; nothing where the order is none.
func (o RowOrder) row() metricRow {
	name, _ := o.metric()
	return name.row()
}

// Valid reports whether there is such an order.
func (o RowOrder) Valid() bool { return o == ByValue || o.row().name != "" }

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

// fewest is how many calls a row has at least that ranks by a rate or a mean of its calls, where a
// question does not say: of fewer, one call more or less changes it by over five points.
const fewest = 20

// minCalls returns how many calls a row has at least that ranks.
func (q *Question) minCalls() int {
	switch {
	case q.MinCalls != nil:
		return *q.MinCalls
	case q.Order.row().ofCalls():
		return fewest
	}
	return 0
}

// rank sorts the rows, and counts those that rank: they have enough calls, and their metric is
// known. The others come last. Where no row knows the metric, rows are in the usual order.
// Numbers that the answer hides have an order that tells nothing of them.
func (r *Report) rank(q *Question) {
	name, ascending := r.Order.metric()
	known := func(row Row) bool { return row.M[name].Known }
	if r.Order.row().name != "" && len(r.Rows) > 0 && !slices.ContainsFunc(r.Rows, known) {
		r.Order, name, r.MinCalls = RowOrder("").of(r.By), "", 0
	}
	calls := func(row Row) float64 { return row.M[Calls].Value }
	const ranks, few, unknown = 0, 1, 2
	class := func(row Row) int {
		switch {
		case r.Order == ByValue:
			return ranks
		case !known(row):
			return unknown
		case slices.Contains(row.Values, WithheldNumber):
			return few // nobody knows of how many people
		case calls(row) < float64(r.MinCalls):
			return few
		}
		return ranks
	}
	r.Ranked, r.Told = 0, 0
	for _, row := range r.Rows {
		if class(row) == ranks {
			r.Ranked++
		}
		if class(row) != unknown {
			r.Told++
		}
	}
	slices.SortStableFunc(r.Rows, func(x, y Row) int {
		if c := cmp.Compare(class(x), class(y)); c != 0 {
			return c
		}
		c := cmp.Compare(y.M[name].Value, x.M[name].Value)
		if ascending {
			c = -c
		}
		if r.Order != ByValue {
			c = cmp.Or(c, cmp.Compare(calls(y), calls(x)))
		}
		for i, d := range r.By {
			if q.Hidden && (d == ByContact || d == ByLine) {
				c = cmp.Or(c, cmp.Compare(maphash.String(seed, x.Values[i].Key), maphash.String(seed, y.Values[i].Key)))
			}
			c = cmp.Or(c, d.compare(x.Values[i], y.Values[i]))
		}
		return c
	})
}
