package stats

import "math"

// Row is the measures of a set of calls; Values is empty for the totals.
type Row struct {
	Values  []Value
	M       map[Metric]Measure
	figures *Figures // where all calls were read
}

// None is the row of a group without calls, of so many in all.
func None(values []Value, of int) Row { return exact(values, new(Figures), of) }

// Rest adds up other rows, out of so many calls in all. What cannot be added up
// without the calls, such as a median, is known where all of them were read.
func Rest(rows []Row, of int) Row {
	all := new(Figures)
	for _, r := range rows {
		if r.figures == nil {
			return sum(rows, of)
		}
		all.Merge(r.figures)
	}
	return exact(nil, all, of)
}

// sum adds up rows of counts: what is known of each is known of all.
func sum(rows []Row, of int) Row {
	m := map[Metric]Measure{}
	for _, name := range []Metric{Calls, Answered, NoAnswer, Busy, Failed, Open} {
		total := Measure{Known: true}
		for _, r := range rows {
			total.Value += r.M[name].Value
			total.Known = total.Known && r.M[name].Known
		}
		if total.Known {
			m[name] = total
		}
	}
	rates(m, of)
	return Row{M: m}
}

// rates puts in what follows from counts, where they are known and none of the
// answered calls is open.
func rates(m map[Metric]Measure, of int) {
	m[Share] = Measure{ratio(int(m[Calls].Value), of), m[Calls].Known && of > 0}
	final := int(m[Calls].Value - m[Open].Value)
	m[AnswerRate] = Measure{ratio(int(m[Answered].Value), final), m[Answered].Known && m[Open].Known && final > 0}
}

// exact is the row of figures of calls that were all read.
func exact(values []Value, f *Figures, of int) Row {
	m := map[Metric]Measure{}
	set := func(name Metric, v float64, known bool) { m[name] = Measure{v, known} }
	set(Calls, float64(f.Calls), true)
	set(Share, ratio(f.Calls, of), of > 0)
	set(Answered, float64(f.Answered), true)
	set(AnswerRate, f.AnswerRate(), f.Final() > 0)
	set(NoAnswer, float64(f.NoAnswer), true)
	set(Busy, float64(f.Busy), true)
	set(Failed, float64(f.Failed), true)
	set(Open, float64(f.Open), true)
	set(TalkSeconds, float64(f.Talk), true)
	set(MeanSeconds, f.Mean(), f.Answered > 0)
	set(MedianSeconds, float64(f.Quantile(0.5)), f.Answered > 0)
	set(P95Seconds, float64(f.Quantile(0.95)), f.Answered > 0)
	return Row{values, m, f}
}

// SortRows sorts rows as [Sort] sorts groups.
func SortRows(rows []Row, by []Dimension) {
	groups := make([]*Group, len(rows))
	of := make(map[*Group]Row, len(rows))
	for i, r := range rows {
		groups[i] = &Group{Values: r.Values, Figures: Figures{Calls: int(math.Round(r.M[Calls].Value))}}
		of[groups[i]] = r
	}
	Sort(groups, by)
	for i, g := range groups {
		rows[i] = of[g]
	}
}
