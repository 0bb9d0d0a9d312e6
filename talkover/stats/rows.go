package stats

// Row is the measures of a set of calls; Values is empty for the totals. A metric that M
// does not hold is not known.
type Row struct {
	Values  []Value
	M       map[Metric]Measure
	figures *Figures // where all calls were read
	over    place    // the days that are over, as far as they lie in the place of the row
}

// place is one of the places that the dimensions of a report divide its days into.
type place struct {
	key  string // "" where they divide no days
	days int    // 0 where they are not known
}

// measures collects what is known.
type measures map[Metric]Measure

func (m measures) set(name Metric, v float64) { m[name] = Measure{v, true} }

func (m measures) count(name Metric, n int) { m.set(name, float64(n)) }

// share puts in a part of so many, if there are any.
func (m measures) share(name Metric, n, of int) {
	if of > 0 {
		m.set(name, float64(n)/float64(of))
	}
}

// exact returns the row of figures of calls that were all read, out of so many.
func exact(values []Value, f *Figures, of int, over place) Row {
	m := measures{}
	m.counts(&counted{f.Calls, f.Answered, f.Open, f.NoAnswer, f.Busy, f.Failed, f.Other}, of)
	m.count(Missed, f.Missed)
	m.count(TalkSeconds, f.Talk)
	m.count(ShortCalls, f.Short)
	if f.Answered > 0 {
		m.set(MeanSeconds, f.Mean())
		m.count(MedianSeconds, f.Quantile(0.5))
		m.count(P95Seconds, f.Quantile(0.95))
	}
	m.share(PerDay, f.ofDays, over.days)
	return Row{values, m, f, over}
}

// counted is what the API can count of a set of calls as well.
type counted struct{ calls, answered, open, noAnswer, busy, failed, other int }

// counts puts in what follows from counts.
func (m measures) counts(c *counted, of int) {
	unanswered, final := c.noAnswer+c.busy+c.failed, c.calls-c.open
	m.count(Calls, c.calls)
	m.share(Share, c.calls, of)
	m.count(Answered, c.answered)
	m.count(Open, c.open)
	m.count(Unanswered, unanswered)
	m.count(NoAnswer, c.noAnswer)
	m.count(Busy, c.busy)
	m.count(Failed, c.failed)
	m.count(OtherStatus, c.other)
	m.share(AnswerRate, c.answered, final)
	m.share(UnansweredRate, unanswered, final)
	m.share(NoAnswerRate, c.noAnswer, final)
}

// contacts puts in what is known of contacts.
func (m measures) contacts(f *Figures) {
	m.count(Contacts, f.contacts)
	m.count(Repeat, f.repeat)
	m.count(Withheld, f.withheld)
}

// unreturned puts in what became of missed calls.
func (m measures) unreturned(f *Figures) {
	m.count(Unreturned, f.neverCalledBack+f.notReached)
	m.count(NeverCalledBack, f.neverCalledBack)
	m.count(NotReached, f.notReached)
	m.count(WithheldMissed, f.withheldMissed)
}

// Rest adds up other rows, out of so many calls in all. What cannot be added up
// without the calls, such as a median, is known where all of them were read. Distinct
// contacts are not, nor calls a day of different days.
func Rest(rows []Row, of int) Row {
	all := new(Figures)
	var over place
	for i, r := range rows {
		if r.figures == nil {
			return sum(rows, of)
		}
		all.Merge(r.figures)
		if i == 0 {
			over = r.over
		} else if r.over.key != over.key {
			over.days = 0
		}
	}
	rest := exact(nil, all, of, over)
	if known(rows, Unreturned) {
		measures(rest.M).unreturned(all)
	}
	if known(rows, Withheld) {
		measures(rest.M).count(Withheld, all.withheld)
	}
	return rest
}

// known reports whether a metric is known of all rows.
func known(rows []Row, name Metric) bool {
	for _, r := range rows {
		if !r.M[name].Known {
			return false
		}
	}
	return len(rows) > 0
}

// sum adds up rows of counts: what is known of each is known of all.
func sum(rows []Row, of int) Row {
	total := map[Metric]int{}
	for _, r := range rows {
		for name, v := range r.M {
			total[name] += int(v.Value)
		}
	}
	m := measures{}
	if known(rows, Open) {
		m.counts(&counted{total[Calls], total[Answered], total[Open], total[NoAnswer], total[Busy], total[Failed], total[OtherStatus]}, of)
	} else {
		m.count(Calls, total[Calls])
		m.share(Share, total[Calls], of)
	}
	for _, name := range []Metric{Missed, TalkSeconds, ShortCalls} {
		if known(rows, name) {
			m.count(name, total[name])
		}
	}
	return Row{M: m}
}
