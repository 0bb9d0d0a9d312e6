package stats

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// keypad lists what the letters of ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE
// dial, which some carriers send for the number of a caller who withholds it.
var keypad = map[string]bool{"266696687": true, "7378742833": true, "2562533": true, "8656696": true, "86282452253": true}

// IsWithheld reports whether the number of a contact tells nobody from anybody: it is empty,
// a word such as anonymous or restricted, or what such a word dials.
func IsWithheld(contact string) bool {
	d := talkover.Digits(contact)
	return d == "" && !strings.Contains(contact, "@") || keypad[d]
}

// contact is what is known of the calls with one number.
type contact struct {
	calls    int32 // that were asked for
	withheld bool
	latest   int64 // of all calls that are known, in microseconds; 0 for none
	answered int64 // likewise, of those that were answered
}

// missedCall is a call that may not have been returned.
type missedCall struct {
	contact uint32
	at      int64
	group   *Figures // nil for none
}

// follower follows the calls of each number.
type follower struct {
	numbers  map[uint64]uint32 // to contacts, by packed number
	texts    map[string]uint32 // likewise, of those that have no packed form
	contacts []contact
	missed   []missedCall
	perGroup map[groupContact]int32 // calls of each group with each number; nil if nobody asked
	spans    []span
}

type groupContact struct {
	group   *Figures
	contact uint32
}

// contact returns the number of the contact of a call.
func (f *follower) contact(r cache.Row) uint32 {
	if f.numbers == nil {
		f.numbers, f.texts = map[uint64]uint32{}, map[string]uint32{}
	}
	key, packed := r.ContactKey()
	if packed {
		if n, ok := f.numbers[key]; ok {
			return n
		}
	} else if n, ok := f.texts[r.Contact()]; ok {
		return n
	}
	n, number := uint32(len(f.contacts)), r.Contact()
	f.contacts = append(f.contacts, contact{withheld: IsWithheld(number)})
	if packed {
		f.numbers[key] = n
	} else {
		f.texts[number] = n
	}
	return n
}

// became tells what became of a missed call at a moment: [OnlyNeverCalledBack],
// [OnlyNotReached], or "" where it was returned.
func (k *contact) became(at int64) Only {
	switch {
	case k.latest <= at:
		return OnlyNeverCalledBack
	case k.answered <= at:
		return OnlyNotReached
	}
	return ""
}

// follow takes note of calls, whether they were asked for or not, but for test calls as the
// filter says.
func (f *follower) follow(c *cache.Columns, filter *Filter) {
	outcomes := make([]outcome, len(c.Statuses()))
	for i, s := range c.Statuses() {
		outcomes[i] = outcomeOf(s)
	}
	for r := range c.Rows() {
		if filter.counts(r.IsTesting()) {
			f.of(r).meet(r.Created(), outcomes[r.Status()].isAnswered(r.Seconds()))
		}
	}
}

// take takes in a call that was asked for.
func (f *follower) take(n uint32, at int64, seconds int, missed bool, group *Figures) {
	f.contacts[n].calls++
	if seconds > 0 {
		f.spans = append(f.spans, span{at, at + int64(seconds)*1_000_000})
	}
	if missed {
		f.missed = append(f.missed, missedCall{n, at, group})
	}
	if f.perGroup != nil && group != nil {
		f.perGroup[groupContact{group, n}]++
	}
}

// of returns the contact of a call, until another is met.
func (f *follower) of(r cache.Row) *contact {
	n := f.contact(r)
	return &f.contacts[n]
}

// meet takes in when a call was, whether it was asked for or not.
func (k *contact) meet(at int64, answered bool) {
	k.latest = max(k.latest, at)
	if answered {
		k.answered = max(k.answered, at)
	}
}

// firstMissed returns when the first call was that may not have been returned; zero where
// there is none.
func (f *follower) firstMissed() time.Time {
	if len(f.missed) == 0 {
		return time.Time{}
	}
	first := slices.MinFunc(f.missed, func(x, y missedCall) int { return cmp.Compare(x.at, y.at) })
	return time.UnixMicro(first.at).UTC()
}

// unreturned adds to the figures of missed calls what became of them, by all calls since
// that were met.
func (f *follower) unreturned(all *Figures) {
	for _, m := range f.missed {
		into := []*Figures{all}
		if m.group != nil {
			into = append(into, m.group)
		}
		k := &f.contacts[m.contact]
		for _, figures := range into {
			switch became := k.became(m.at); {
			case k.withheld:
				figures.withheldMissed++
			case became == OnlyNeverCalledBack:
				figures.neverCalledBack++
			case became == OnlyNotReached:
				figures.notReached++
			}
		}
	}
	f.missed = nil
}

// count adds up the contacts, in all and of each group.
func (f *follower) count(all *Figures) {
	for _, k := range f.contacts {
		all.take(k.withheld, int(k.calls))
	}
	for key, calls := range f.perGroup {
		key.group.take(f.contacts[key.contact].withheld, int(calls))
	}
}
