package exam_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// examiner holds one half of an answer against the raw log.
type examiner struct {
	t   *testing.T
	log *callLog
	a   asked
	z   zone // of days and hours
	now moment
	h   half

	looked map[span][]calls // what goes on at which moments of windows
}

// errorf reports what is wrong, and in which half.
func (e *examiner) errorf(format string, args ...any) {
	e.t.Helper()
	e.t.Errorf("%s %s: %s", e.a.tool, e.h.name, fmt.Sprintf(format, args...))
}

// part returns the window that the figures are about: that which was asked, or the part of
// it that the answer names.
func (e *examiner) part() span {
	w := e.a.window(e.now.day(e.z)).span(e.z)
	if e.a.Compare != "" && !e.h.coverage.part {
		w, _, _ = e.a.compared(e.z, e.now)
	}
	if c := e.h.coverage; c.part {
		if c.from != "" {
			w.from = max(w.from, read(e.z, c.from))
		}
		if c.to != "" {
			if to := read(e.z, c.to); w.to == 0 || to < w.to {
				w.to = to
			}
		}
	}
	return w
}

// set holds calls, and what their figures need beside.
type set struct {
	calls
	of     float64 // calls of all groups
	window span
	days   func(date) bool // the days that a figure a day is about
	holds  is              // which calls are of its place, whenever they are; nil for all
}

// figure computes a figure; it is not known where ok is false.
func (e *examiner) figure(name string, s set) (x float64, ok bool) {
	switch name {
	case "share":
		return s.count() / s.of, s.of > 0
	case "answer_rate":
		return s.count(answered) / s.over(), s.over() > 0
	case "unanswered_rate":
		return s.count(unanswered) / s.over(), s.over() > 0
	case "no_answer_rate":
		return s.count(status("no-answer")) / s.over(), s.over() > 0
	case "mean_seconds":
		return s.talk() / s.count(answered), s.count(answered) > 0
	case "median_seconds", "p95_seconds":
		if s.count(answered) == 0 {
			return 0, false
		}
	case "per_day":
		return e.perDay(s)
	case "withheld":
		return s.count((*call).withheld), true
	case "withheld_missed":
		return s.count(missed, (*call).withheld), true
	case "not_called_back":
		return float64(len(e.universe().notCalledBack(s.calls))), true
	case "called_back_no_answer":
		return float64(len(e.universe().inVain(s.calls))), true
	case "unreturned":
		return float64(len(e.universe().notCalledBack(s.calls)) + len(e.universe().inVain(s.calls))), true
	case "unreturned_contacts":
		return float64(len(e.universe().unreturned(s.calls).people())), true
	case "waiting_hours":
		waiting := e.universe().unreturned(s.calls)
		if len(waiting) == 0 {
			return 0, false
		}
		first := slices.MinFunc(waiting, func(x, y *call) int { return int(x.at - y.at) })
		return float64(e.now-first.at) / 3600, true
	case "called_back":
		return float64(len(e.universe().waits(s.calls))), true
	case "minutes_to_call_back":
		waits := e.universe().waits(s.calls)
		if len(waits) == 0 {
			return 0, false
		}
		return float64(waits[(len(waits)-1)/2]) / 60, true
	case "called_back_in_1h":
		return e.universe().soon(s.calls, 3600), s.count(missed, known) > 0
	case "called_back_in_24h":
		return e.universe().soon(s.calls, 86400), s.count(missed, known) > 0
	case "talk_minutes":
		return s.talk() / 60, true
	case "peak_concurrent":
		most, _ := e.peak(s)
		return most, true
	case "busy_hour":
		most := 0.0
		for h := range 24 {
			if n := s.count(hours(e.z, h, h)); n > most {
				x, most = float64(h), n
			}
		}
		return x, most > 0
	}
	if !slices.Contains(named, name) {
		e.errorf("nobody knows what %s is", name)
		return 0, false
	}
	return s.figure(name), true
}

// universe returns the log without the calls that do not count.
func (e *examiner) universe() *callLog {
	tests := e.a.tests()
	if tests == nil {
		return e.log
	}
	u := &callLog{with: map[string]calls{}}
	for number, cs := range e.log.with {
		u.with[number] = cs.where(tests...)
	}
	return u
}

// perDay returns the calls of the days that are over, by the number of these days.
func (e *examiner) perDay(s set) (float64, bool) {
	if s.window.from == 0 {
		return 0, false
	}
	end := e.now
	if s.window.to != 0 {
		end = min(end, s.window.to)
	}
	n, over := 0, map[date]bool{}
	for d := s.window.from.day(e.z); (d + 1).start(e.z) <= end; d++ {
		if weekday := weekdays[d.weekday()]; d.start(e.z) >= s.window.from && s.days(d) &&
			(e.a.Weekdays == nil || slices.Contains(list(e.a.Weekdays), weekday)) {
			over[d], n = true, n+1
		}
	}
	return s.count(func(c *call) bool { return over[c.at.day(e.z)] }) / float64(n), n > 0
}

// peak counts the calls of a set that go on at each moment at which one of the log begins or a quarter
// of an hour does, and returns the most, and when
// they went on first. A call counts from its begin for as long as it took, or up
// to now while it is open, and so does one that began up to a day before the window.
func (e *examiner) peak(s set) (most float64, at moment) {
	for _, look := range e.looks(s.window) {
		n := 0.0
		for _, c := range look {
			if s.holds == nil || s.holds(c) {
				n++
			}
		}
		if n > most {
			most, at = n, look[0].at
		}
	}
	return most, at
}

// looks returns the calls that go on at each such moment, as if they began then, in the order of
// the moments.
func (e *examiner) looks(w span) []calls {
	if w.to == 0 || w.to > e.now {
		w.to = e.now
	}
	if all, ok := e.looked[w]; ok {
		return all
	}
	early := w
	if w.from != 0 {
		early.from -= daySeconds
	}
	going := e.log.in(early).where(e.a.fits(e.log, e.z)...)
	at := map[moment]calls{}
	over := func(c *call) moment {
		if open(c) {
			return e.now
		}
		return c.at + moment(c.Duration)
	}
	for _, first := range going {
		for m := max(first.at, w.from); m < min(over(first), w.to); m = m/900*900 + 900 {
			if at[m] != nil {
				continue
			}
			for _, c := range going {
				if c.at <= m && m < over(c) {
					then := *c
					then.at = m
					at[m] = append(at[m], &then)
				}
			}
		}
	}
	var all []calls
	for _, m := range slices.Sorted(maps.Keys(at)) {
		all = append(all, at[m])
	}
	if e.looked == nil {
		e.looked = map[span][]calls{}
	}
	e.looked[w] = all
	return all
}

// stats examines an answer of get_call_stats.
func (e *examiner) stats() {
	w := e.part()
	fits := e.a.fits(e.log, e.z)
	is := e.log.in(w).where(fits...)
	e.fold(is)
	if !e.h.coverage.counted && e.h.coverage.exact && e.h.coverage.calls != len(is) && e.a.TestCalls == "" {
		e.errorf("the coverage is of %d calls, want %d", e.h.coverage.calls, len(is))
	}
	either := e.a
	either.TestCalls = ""
	tests := len(e.log.in(w).where(either.fits(e.log, e.z)...).where(test))
	// where all are, text does not say so
	if only := e.a.TestCalls == "only" && e.h.name == "text"; e.h.tests != tests && !e.h.coverage.counted && !only {
		e.errorf("%d test calls, want %d", e.h.tests, tests)
	}
	anyDay := func(date) bool { return true }
	whole := set{is, float64(len(is)), w, anyDay, nil}
	e.figures("totals", e.h.totals, whole)
	if e.h.totals["peak_concurrent"] > 0 {
		if _, at := e.peak(whole); at.show(e.z, false) != e.h.peakAt {
			e.errorf("the peak was at %s, want %s", e.h.peakAt, at.show(e.z, false))
		}
	}
	var was calls
	var wasWindow span
	nothing := slices.ContainsFunc(e.h.notes, func(note string) bool {
		return strings.HasPrefix(note, "Nothing is compared: ")
	})
	switch {
	case nothing && e.h.again() == 0:
		e.errorf("nothing is compared, and asking again is not said to help: %v", e.h.notes)
	case nothing:
	case e.a.Compare != "":
		var cut bool
		_, wasWindow, cut = e.a.compared(e.z, e.now)
		was = e.log.in(wasWindow).where(fits...).where(func(c *call) bool { return c.at < e.now })
		e.compare(w, wasWindow, cut)
		if e.h.was != nil {
			e.figures("before", e.h.was, set{was, float64(len(was)), wasWindow, anyDay, nil})
		}
		for name, x := range e.h.changed {
			if is, was := e.h.totals[name], e.h.was[name]; !e.h.near(name+"_change", x, is-was) {
				e.errorf("the change of %s is %v, want %v", name, x, is-was)
			}
		}
		for name, x := range e.h.percent {
			if was := e.h.was[name]; math.Abs(x-100*e.h.changed[name]/was) > 0.051 {
				e.errorf("the change of %s is %v %% of %v, want %v", name, x, was, 100*e.h.changed[name]/was)
			}
		}
		if e.h.with != e.a.Compare {
			e.errorf("compared with %s, want %s", e.h.with, e.a.Compare)
		}
	}
	if strings.Contains(fmt.Sprint(e.a.Metrics), "cost_estimate") {
		e.costs(is)
	}
	e.next(fits)
	switch by := list(e.a.GroupBy); {
	case len(by) == 0:
		if len(e.h.rows) > 0 {
			e.errorf("%d rows without group_by", len(e.h.rows))
		}
	case e.h.matrix[0] != "":
		e.matrix(by, is)
	default:
		e.table(by, whole, was, wasWindow)
	}
}

// costs examines what calls are said to cost: the minutes of answered calls that are no tests, each
// agent's at its price.
func (e *examiner) costs(all calls) {
	want := map[string]float64{"priced": 0, "of": 0, "deleted": 0, "unpriced": 0}
	groups := list(e.a.GroupBy)
	for _, c := range all {
		if !answered(c) || c.Test {
			continue
		}
		want["of"]++
		if c.Agent == nil {
			want["deleted"]++
			continue
		}
		var price struct {
			Data struct {
				Currency string
				Cost     *float64 `json:"estimated_cost_per_minute"`
			}
		}
		get(e.t, accounts["demo"](), "/agents/"+c.Agent.ID+"/pricing/summary", &price)
		if price.Data.Cost == nil {
			want["unpriced"]++
			continue
		}
		amount := float64(c.Duration) / 60 * *price.Data.Cost
		want["priced"]++
		want[price.Data.Currency] += amount
		switch {
		case slices.Contains(groups, "agent"):
			want[c.label+" "+price.Data.Currency] += amount
		case slices.Contains(groups, "day"):
			want[c.at.day(e.z).String()+" "+price.Data.Currency] += amount
		}
	}
	if len(want) != len(e.h.cost) {
		e.errorf("the cost is %v, want %v", e.h.cost, want)
	}
	for name, x := range want {
		if have, ok := e.h.cost[name]; !ok || math.Abs(have-x) > 0.0051 {
			e.errorf("the cost of %s is %v, want %v", name, have, x)
		}
	}
}

// fold takes the weeks or months that an answer says it has in place of days. It may have them
// only where the calls are of more than 31 days, or weeks.
func (e *examiner) fold(is calls) {
	by := list(e.a.GroupBy)
	for _, note := range e.h.notes {
		var coarse, fine string
		if n, _ := fmt.Sscanf(strings.Replace(note, ":", " ", 1), "By %s in place of %s", &coarse, &fine); n < 2 {
			continue
		}
		times := map[string]bool{}
		for _, c := range is {
			times[e.a.dimension(fine, e.z)(c)] = true
		}
		i := slices.Index(by, fine)
		if i < 0 || len(times) <= 31 || coarse != "week" && coarse != "month" {
			e.errorf("%q, of %d %ss", note, len(times), fine)
			continue
		}
		by[i] = coarse
	}
	if len(by) > 0 {
		all := make([]any, len(by))
		for i, d := range by {
			all[i] = d
		}
		e.a.GroupBy = all
	}
}

// next examines what an answer says to go on with: it finds the calls of the first row or,
// where there is none or no filter for it, all calls.
func (e *examiner) next(fits []is) {
	if e.h.next == "" {
		return
	}
	_, _, then := parseCall(e.t, e.h.nextTool+" "+e.h.next)
	want := e.log.in(e.a.window(e.now.day(e.z)).span(e.z)).where(fits...)
	for i, d := range list(e.a.GroupBy) {
		if len(e.h.rows) == 0 {
			break
		}
		if e.h.matrix[0] != "" {
			if d != e.h.matrix[0] {
				continue
			}
			i = 0
		}
		i = max(i, slices.Index(e.h.columns, d))
		want = want.where(func(c *call) bool { return e.a.dimension(d, e.z)(c) == e.h.rows[0][i] })
	}
	have := e.log.in(then.window(e.now.day(e.z)).span(e.z)).where(then.fits(e.log, e.z)...)
	counted := e.h.matrix[2]
	if metrics := list(e.a.Metrics); len(metrics) == 1 && len(list(e.a.GroupBy)) == 0 && len(list(e.a.Status)) == 0 {
		counted = metrics[0]
	}
	if counts, ok := countedBy[counted]; ok { // what is counted is what it goes on to
		want = want.where(counts)
	}
	if !slices.EqualFunc(have, want, func(x, y *call) bool { return x.SID == y.SID }) {
		e.errorf("%s %s finds %d calls, want the %d of the first row", e.h.nextTool, e.h.next, len(have), len(want))
	}
}

// countedBy tells which calls a metric counts.
var countedBy = map[string]is{
	"unanswered": unanswered, "missed": missed, "open": open, "other": stranger,
	"no_answer": status("no-answer"), "busy": status("busy"), "failed": status("failed"),
}

// compare examines the two windows of a comparison.
func (e *examiner) compare(is, was span, cut bool) {
	want := [2]string{was.from.show(e.z, false), was.to.show(e.z, true)}
	if e.h.before != want || e.h.cut != cut {
		e.errorf("compared with %v, cut %v; want %v, %v", e.h.before, e.h.cut, want, cut)
	}
}

// sinceThen lists the figures that depend on calls after the window. An answer may leave them
// out where it says to ask again.
var sinceThen = map[string]bool{"unreturned": true, "not_called_back": true, "called_back_no_answer": true,
	"withheld_missed":     true,
	"unreturned_contacts": true, "waiting_hours": true, "called_back": true, "minutes_to_call_back": true,
	"called_back_in_1h": true, "called_back_in_24h": true}

// figures examines figures of one set by their names.
func (e *examiner) figures(what string, have map[string]float64, s set) {
	if asked := list(e.a.Metrics); len(have) == 0 {
		for _, name := range asked {
			if _, known := e.figure(name, s); known && name != "share" && !(e.h.again() > 0 && sinceThen[name]) {
				e.errorf("no %s", what)
			}
		}
		if asked == nil {
			e.errorf("no %s", what)
		}
	}
	for name, x := range have {
		want, ok := e.figure(name, s)
		if !ok || !e.h.near(name, x, want) {
			e.errorf("%s of %s: %v, want %v (known: %v)", what, name, x, want, ok)
		}
	}
}
