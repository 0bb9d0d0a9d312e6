package calls_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// span is from when till when something may have been looked at, in seconds since 1970.
type span struct{ first, last int64 }

const (
	proof  = 60     // seconds for which a proof holds
	minute = 2 * 60 // for which an open call is good: a minute, and the time of a question
)

// judge tells what is wrong with an answer. It knows what became of each call, so:
//   - A call that was listed all the time, from a minute before the question to its end, is there; one that
//     was not listed at any time is not. A call that came by the moment of the answer is there.
//   - The calls that came or went meanwhile are as at one moment for each stretch that may be a reading.
//   - Fields are as at any moment since the calls were read, and that is no longer ago than the TTL where
//     fields are called exact. There, a call that is going on is as in the last two minutes.
//   - Windows of one question agree about the calls that both have.
func (w *world) judge(a *answer, ttl time.Duration) (faults []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live()
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if a.err != nil {
		var e *talkover.Error
		early := w.limit == 0 && a.took() < 45*time.Second
		used := errors.As(a.err, &e) && e.Reason == talkover.RateLimited
		if e == nil || !used && e.Reason != talkover.Reading || e.Wait <= 0 || early {
			fault("error %v", a.err)
		} else if used && (w.limit == 0 || a.requests > 0 && w.over == 0 && w.others == 0) {
			fault("says that the limit is reached, which %d requests of %d do not: %v", a.requests, w.limit, a.err)
		}
		return faults
	}
	if late := a.AsOf.Sub(a.end); late > time.Second {
		fault("as of %s after its end", late)
	}
	if early := a.start.Sub(a.AsOf); early > proof*time.Second+time.Second {
		fault("as of %s before it was asked", early)
	}
	if len(a.Parts) != len(a.windows) {
		fault("%d parts of %d windows", len(a.Parts), len(a.windows))
	}
	for i := range a.Parts {
		told := map[string]bool{} // one of a kind is enough
		for _, f := range w.judgePart(a, i, ttl) {
			if kind, _, _ := strings.Cut(f, ":"); !told[kind] {
				told[kind] = true
				fault("window %d (%s): %s", i, a.Parts[i].Method, f)
			}
		}
	}
	if len(a.Parts) == 2 && a.Parts[0].Exact && a.Parts[1].Exact {
		if f := a.disagree(); f != "" {
			fault("the windows disagree: %s", f)
		}
	}
	return faults
}

// judgePart judges what is said of one window.
func (w *world) judgePart(a *answer, i int, ttl time.Duration) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	c, wanted := a.Parts[i].Coverage, a.windows[i]
	from := c.From.IsZero() || !c.From.After(wanted.From)
	to := c.To.IsZero() || !wanted.To.IsZero() && !c.To.Before(wanted.To)
	switch {
	case c.Complete && (!from || !to):
		fault("complete, but from %s to %s of %v", c.From, c.To, wanted)
	case (!c.Exact || !c.Complete) && c.Reason == "":
		fault("no reason why it is not all")
	case c.FieldsExact && a.end.Sub(c.ReadAt) > ttl+time.Hour && !c.ReadAt.IsZero():
		fault("fields of %s are called exact", a.end.Sub(c.ReadAt))
	}
	if !c.Exact {
		return faults
	}
	looked := span{a.start.Unix() - proof - w.lag - w.stale, a.end.Unix()}
	read := looked
	if !c.ReadAt.IsZero() {
		read.first = min(read.first, c.ReadAt.Unix()-w.lag-w.stale-1)
	}
	if c.Method == calls.ByCounts {
		return append(faults, w.judgeCounts(a, read, looked)...)
	}
	have := map[string]talkover.Call{}
	for _, call := range a.rows(i) {
		if _, twice := have[call.ID]; twice {
			fault("%s is there twice", call.ID)
		}
		have[call.ID] = call
	}
	moment := looked // of the stretch that is looked at
	pieces, dates := 1, 1
	var date int64
	for _, l := range w.between(c.From, c.To) {
		call, in := have[l.last().ID]
		delete(have, l.last().ID)
		always, ever := l.fitsDuring(a.question, read)
		there := l.during(looked)
		came := l.born <= a.AsOf.Unix()-w.lag-w.stale-1 // it is not too late for the answer
		if day := l.born / 86400; day != date {
			date, dates = day, dates+1
		}
		switch {
		case in && (!ever || there == never):
			fault("has a call too many: %s", l)
		case !in && always && (there == through || there == arrived && came):
			fault("lacks a call: %s", l)
		case in && !l.wasLike(call, read):
			fault("has a call as it never was since %s: %+v, of %s", c.ReadAt, call, l)
		case in && c.FieldsExact && talkover.IsOpen(call.Status, call.Duration) &&
			a.end.Sub(call.CreatedAt) < 48*time.Hour && !l.wasLike(call, span{looked.first + proof - minute, looked.last}):
			fault("has a call that was over long ago: %+v, of %s", call, l)
		}
		if there != through && there != never && always {
			if moment = moment.and(l, in); moment.first > moment.last {
				moment, pieces = looked.and(l, in), pieces+1
			}
		}
	}
	for id := range have {
		fault("has %s, which never was in that window", id)
	}
	if pieces > dates {
		fault("%d stretches of different moments in %d dates", pieces, dates)
	}
	return faults
}

// presence says when a call was listed in a span.
type presence int

const (
	never presence = iota
	through
	arrived // and stayed
	left
)

// during says when the call was listed in a span.
func (l *life) during(s span) presence {
	switch goes := l.gone != 0 && l.gone <= s.last; {
	case l.born > s.last, goes && l.gone <= s.first:
		return never
	case goes:
		return left
	case l.born > s.first:
		return arrived
	}
	return through
}

// fitsDuring reports whether the call fitted a question as it was at each moment of a span, and at any.
func (l *life) fitsDuring(q question, s span) (always, ever bool) {
	always = true
	for i := range l.versions {
		if l.valid(i, s) {
			fits := q.fits(&l.versions[i].call)
			always, ever = always && fits, ever || fits
		}
	}
	return always, ever
}

// valid reports whether a version was the call at any moment of a span.
func (l *life) valid(i int, s span) bool {
	return (i == 0 || l.versions[i].since <= s.last) && (i == len(l.versions)-1 || l.versions[i+1].since > s.first)
}

// wasLike reports whether the call was just like that at any moment of a span.
func (l *life) wasLike(c talkover.Call, s span) bool {
	for i, v := range l.versions {
		if l.valid(i, s) && same(v.call, c) {
			return true
		}
	}
	return false
}

// same reports whether two calls are the same in all that the log keeps.
func same(x, y talkover.Call) bool {
	return x.ID == y.ID && x.SID == y.SID && x.From == y.From && x.To == y.To && x.IsTesting == y.IsTesting &&
		x.Direction == y.Direction && x.Status == y.Status && x.Duration == y.Duration && x.Agent == y.Agent &&
		x.CreatedAt.Equal(y.CreatedAt)
}

// String tells the story of a call.
func (l *life) String() string {
	created := l.last().CreatedAt.Format(time.DateTime)
	s := fmt.Sprintf("%s, created %s, listed from %d to %d", l.last().ID, created, l.born, l.gone)
	for _, v := range l.versions {
		c := &v.call
		s += fmt.Sprintf("; %d %s %s %d s %t", v.since, c.Direction, c.Status, c.Duration, c.IsTesting)
	}
	return s
}

// and narrows moments to those at which a call was listed, or was not.
func (s span) and(l *life, in bool) span {
	gone := l.gone
	if gone == 0 {
		gone = s.last + 1
	}
	switch {
	case in:
		s.first, s.last = max(s.first, l.born), min(s.last, gone-1)
	case gone <= s.last:
		s.first = max(s.first, gone)
	default:
		s.last = min(s.last, l.born-1)
	}
	return s
}

// judgeCounts judges totals: each lies between the calls that fitted all the time and those that ever
// did.
func (w *world) judgeCounts(a *answer, read, looked span) (faults []string) {
	for _, tally := range a.Counted {
		q := a.question
		if tally.Direction != "" {
			q.direction = tally.Direction
		}
		if q.direction != "" && a.direction != "" && q.direction != a.direction {
			continue
		}
		got, least, most := tally.Calls, 0, 0
		for _, c := range a.rows(0) {
			if q.fits(&c) {
				got++
			}
		}
		for _, l := range w.between(a.windows[0].From, a.windows[0].To) {
			always, ever := l.fitsDuring(q, read)
			if there := l.during(looked); ever && there != never {
				most++
				if always && there == through {
					least++
				}
			}
		}
		if got < least || got > most {
			f := fmt.Sprintf("counts %d calls of %+v, where there were %d to %d", got, tally.Kind, least, most)
			faults = append(faults, f)
		}
	}
	return faults
}

// disagree tells what two windows say otherwise of the calls that both have.
func (a *answer) disagree() string {
	one, other := a.Parts[0], a.Parts[1]
	in := func(p calls.Part, c *talkover.Call) bool {
		return calls.Window{From: p.From, To: p.To}.Holds(c.CreatedAt)
	}
	both := map[string]talkover.Call{}
	for _, c := range a.rows(0) {
		if in(other, &c) {
			both[c.ID] = c
		}
	}
	for _, c := range a.rows(1) {
		if in(one, &c) {
			if !same(both[c.ID], c) {
				return fmt.Sprintf("%+v and %+v", both[c.ID], c)
			}
			delete(both, c.ID)
		}
	}
	for _, c := range both {
		return fmt.Sprintf("%+v is in one of them", c)
	}
	return ""
}
