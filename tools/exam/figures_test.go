package exam_test

import (
	"math"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/tools/exam"
)

// The definitions are those of docs/numbers.md, written down once more.

// known: the other party does not hide its number.
func known(c *call) bool { return !c.withheld() }

// status returns the status of a call, however it is spelled.
func (c *call) status() string { return strings.ReplaceAll(c.Status, "_", "-") }

// is tells calls apart.
type is func(*call) bool

func inbound(c *call) bool  { return c.Direction == "inbound" }
func outbound(c *call) bool { return c.Direction == "outbound" }
func test(c *call) bool     { return c.Test }
func genuine(c *call) bool  { return !c.Test }

// open: initiated, ringing, or answered with no duration yet.
func open(c *call) bool {
	return c.status() == "initiated" || c.status() == "ringing" || c.status() == "answered" && c.Duration == 0
}

// answered: completed, or answered and over.
func answered(c *call) bool {
	return c.status() == "completed" || c.status() == "answered" && c.Duration > 0
}

// unanswered: no answer, busy or failed.
func unanswered(c *call) bool { return status("no-answer", "busy", "failed")(c) }

// missed: inbound and unanswered.
func missed(c *call) bool { return inbound(c) && unanswered(c) }

// stranger: in a status that is not documented.
func stranger(c *call) bool { return !open(c) && !answered(c) && !unanswered(c) }

func status(any ...string) is { return func(c *call) bool { return slices.Contains(any, c.status()) } }

func agent(label string) is { return func(c *call) bool { return c.label == label } }

func agentName(name string) is {
	return func(c *call) bool { return c.Agent != nil && c.Agent.Name == name }
}

func contact(beginning string) is {
	return func(c *call) bool { return strings.HasPrefix(c.other(), beginning) }
}

func longerThan(seconds int) is { return func(c *call) bool { return c.Duration > seconds } }

func shorterThan(seconds int) is { return func(c *call) bool { return c.Duration < seconds } }

// hours: the clocks of a zone show an hour from one to another, both included.
func hours(z zone, from, to int) is {
	return func(c *call) bool { h := c.at.hour(z); return h >= from && h <= to }
}

// onAny: it is one of these weekdays.
func onAny(z zone, names ...string) is {
	return func(c *call) bool { return slices.Contains(names, weekdays[c.at.day(z).weekday()]) }
}

// where returns the calls of which all is true.
func (cs calls) where(all ...is) calls {
	var some calls
	for _, c := range cs {
		if c.fits(all) {
			some = append(some, c)
		}
	}
	return some
}

// fits reports whether all is true of a call.
func (c *call) fits(all []is) bool {
	for _, is := range all {
		if !is(c) {
			return false
		}
	}
	return true
}

// days returns the calls of the days from one to another, both included.
func (cs calls) days(z zone, from, to string) calls {
	return cs.where(func(c *call) bool { d := c.at.day(z); return d >= on(from) && d <= on(to) })
}

// between returns the calls from a moment on, and before another.
func (cs calls) between(from, to moment) calls {
	return cs.where(func(c *call) bool { return c.at >= from && c.at < to })
}

// count returns how many calls there are of which all is true.
func (cs calls) count(all ...is) float64 {
	n := 0
	for _, c := range cs {
		if c.fits(all) {
			n++
		}
	}
	return float64(n)
}

// durations returns those of answered calls, the shortest first.
func (cs calls) durations() []int {
	var ds []int
	for _, c := range cs.where(answered) {
		ds = append(ds, c.Duration)
	}
	slices.Sort(ds)
	return ds
}

// quantile returns the shortest duration that a share of the answered calls does not exceed.
func (cs calls) quantile(percent int) float64 {
	ds := cs.durations()
	return float64(ds[(percent*len(ds)+99)/100-1])
}

// talk returns the seconds of answered calls.
func (cs calls) talk() (sum float64) {
	for _, d := range cs.durations() {
		sum += float64(d)
	}
	return sum
}

// over returns how many calls are over.
func (cs calls) over() float64 { return cs.count() - cs.count(open) }

// rounded rounds to some digits.
func rounded(x float64, digits int) float64 {
	p := math.Pow(10, float64(digits))
	return math.Round(x*p) / p
}

// rate returns the share of the calls that are over of which something is true.
func (cs calls) rate(what is) float64 { return rounded(cs.count(what)/cs.over(), 4) }

// mean returns the seconds of an answered call.
func (cs calls) mean() float64 { return rounded(cs.talk()/cs.count(answered), 1) }

// people returns how often each number of the other party occurs.
func (cs calls) people() map[string]int {
	n := map[string]int{}
	for _, c := range cs {
		if !c.withheld() {
			n[c.other()]++
		}
	}
	return n
}

// repeat returns the calls with numbers that occur twice or more.
func (cs calls) repeat() calls {
	n := cs.people()
	return cs.where(func(c *call) bool { return n[c.other()] > 1 })
}

// later returns the calls with the other party of c that began after it. Its number must
// not be withheld.
func (l *callLog) later(c *call) calls {
	return l.with[c.other()].where(func(o *call) bool { return o.at > c.at })
}

// unreturned returns the missed calls after which no call with that number was answered.
func (l *callLog) unreturned(cs calls) calls {
	return cs.where(missed, func(c *call) bool { return !c.withheld() && l.later(c).count(answered) == 0 })
}

// notCalledBack returns those of them after which we did not call that number, and inVain those after
// which we did.
func (l *callLog) notCalledBack(cs calls) calls {
	return l.unreturned(cs).where(func(c *call) bool { return l.later(c).count(outbound) == 0 })
}

func (l *callLog) inVain(cs calls) calls {
	return l.unreturned(cs).where(func(c *call) bool { return l.later(c).count(outbound) > 0 })
}

// waits returns the seconds after which we called back, of the missed calls after which we did.
func (l *callLog) waits(cs calls) (seconds []int) {
	for _, c := range cs.where(missed, known) {
		if back := l.later(c).where(outbound); len(back) > 0 {
			seconds = append(seconds, int(back[len(back)-1].at-c.at))
		}
	}
	slices.Sort(seconds)
	return seconds
}

// soon returns the share of missed calls with a number after which we called within so many seconds.
func (l *callLog) soon(cs calls, most int) float64 {
	n := 0.0
	for _, s := range l.waits(cs) {
		if s <= most {
			n++
		}
	}
	return n / cs.count(missed, known)
}

// figures names the figures of calls that a fact may want.
func (cs calls) figures(names ...string) map[string]float64 {
	m := map[string]float64{}
	for _, name := range names {
		m[name] = cs.figure(name)
	}
	return m
}

// named lists the names that figure takes.
var named = []string{
	"calls", "answered", "unanswered", "missed", "open", "other", "no_answer", "busy", "failed", "answer_rate",
	"unanswered_rate",
	"no_answer_rate", "talk_seconds", "mean_seconds", "median_seconds", "p95_seconds", "short_calls", "contacts",
	"repeat_contacts",
	"test_calls",
}

// more lists those that need to know more than the calls.
var more = []string{
	"share", "per_day", "withheld", "withheld_missed", "unreturned", "not_called_back", "called_back_no_answer",
	"unreturned_contacts",
	"waiting_hours", "called_back", "minutes_to_call_back", "called_back_in_1h", "called_back_in_24h", "talk_minutes", "peak_concurrent",
	"busy_hour",
}

// isFigure reports whether figures have a name.
func isFigure(name string) bool { return slices.Contains(named, name) || slices.Contains(more, name) }

func (cs calls) figure(name string) float64 {
	switch name {
	case "calls":
		return cs.count()
	case "answered":
		return cs.count(answered)
	case "unanswered":
		return cs.count(unanswered)
	case "missed":
		return cs.count(missed)
	case "open":
		return cs.count(open)
	case "other":
		return cs.count(stranger)
	case "no_answer":
		return cs.count(status("no-answer"))
	case "busy", "failed":
		return cs.count(status(name))
	case "answer_rate":
		return cs.rate(answered)
	case "unanswered_rate":
		return cs.rate(unanswered)
	case "no_answer_rate":
		return cs.rate(status("no-answer"))
	case "talk_seconds":
		return cs.talk()
	case "mean_seconds":
		return cs.mean()
	case "median_seconds":
		return cs.quantile(50)
	case "p95_seconds":
		return cs.quantile(95)
	case "short_calls":
		return cs.count(answered, shorterThan(7))
	case "contacts":
		return float64(len(cs.people()))
	case "repeat_contacts":
		n := 0.0
		for _, k := range cs.people() {
			if k > 1 {
				n++
			}
		}
		return n
	case "test_calls":
		return cs.count(test)
	}
	panic("no figure " + name)
}

// difference returns figures less those of before.
func difference(is, was map[string]float64) map[string]float64 {
	m := map[string]float64{}
	for name, x := range is {
		m[name] = rounded(x-was[name], 4)
	}
	return m
}

// part holds the calls that have one value in common.
type part struct {
	value string
	calls
}

// by divides calls, the largest part first.
func (cs calls) by(value func(*call) string) []part {
	at := map[string]int{}
	var parts []part
	for _, c := range cs {
		v := value(c)
		i, ok := at[v]
		if !ok {
			i, parts = len(parts), append(parts, part{value: v})
			at[v] = i
		}
		parts[i].calls = append(parts[i].calls, c)
	}
	slices.SortStableFunc(parts, func(x, y part) int { return len(y.calls) - len(x.calls) })
	return parts
}

// The values that calls are divided by.
func byAgent(c *call) string   { return c.label }
func byStatus(c *call) string  { return c.status() }
func byContact(c *call) string { return c.other() }
func byLine(c *call) string    { return c.line() }

func byDay(z zone) func(*call) string { return func(c *call) string { return c.at.day(z).String() } }

func byHour(z zone) func(*call) string {
	return func(c *call) string { h := c.at.hour(z); return string([]byte{'0' + byte(h/10), '0' + byte(h%10)}) }
}

// inOrder puts parts in the order of their values.
func inOrder(parts []part) []part {
	slices.SortFunc(parts, func(x, y part) int { return strings.Compare(x.value, y.value) })
	return parts
}

// rows makes a row of each part.
func rows(column string, parts []part, names ...string) (all []exam.Row) {
	for _, p := range parts {
		r := exam.Row{column: p.value}
		for name, x := range p.figures(names...) {
			r[name] = x
		}
		all = append(all, r)
	}
	return all
}

// largest returns the first n parts. No part behind them may be as large as the last one.
func largest(parts []part, n int) []part {
	if len(parts) > n && len(parts[n].calls) == len(parts[n-1].calls) {
		panic("the order is not clear: " + parts[n-1].value + " and " + parts[n].value)
	}
	return parts[:n]
}

// longest returns the n longest calls, the longest first.
func (cs calls) longest(n int) calls {
	all := slices.Clone(cs)
	slices.SortStableFunc(all, func(x, y *call) int { return y.Duration - x.Duration })
	if len(all) > n && all[n].Duration == all[n-1].Duration {
		panic("the order is not clear")
	}
	return all[:n]
}

// sids makes a row of each call.
func sids(cs calls) (all []exam.Row) {
	for _, c := range cs {
		all = append(all, exam.Row{"time": c.at.clock(newYork), "sid": c.SID, "seconds": float64(c.Duration)})
	}
	return all
}
