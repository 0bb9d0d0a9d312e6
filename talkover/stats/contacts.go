package stats

import (
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// keypad lists what the letters of ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE
// dial, which some carriers send for the number of a caller who withholds it.
var keypad = []string{"266696687", "7378742833", "2562533", "8656696", "86282452253"}

// isWithheld reports whether the number of a contact tells nobody from anybody: it is empty,
// a word such as anonymous or restricted, or what such a word dials.
func isWithheld(contact string) bool {
	d := talkover.Digits(contact)
	return d == "" && !strings.Contains(contact, "@") || slices.Contains(keypad, d)
}

// Contact returns the other party's number.
func Contact(c talkover.Call) string {
	if c.Direction == talkover.Inbound {
		return c.From
	}
	return c.To
}

// contact is when calls with one number were, whether they were asked for or not.
type contact struct {
	latest   int64 // in microseconds; 0 for never
	answered int64 // likewise, of those that were answered
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

// follow tells by their numbers when calls were, but for test calls as the filter says.
func (f *Filter) follow(t *calls.Tables, runs [][]calls.Call) []contact {
	contacts, kinds, counts := make([]contact, len(t.Contacts)), kindsOf(t.Kinds), f.counts(t)
	for _, run := range runs {
		for i := range run {
			c := &run[i]
			if !counts(c) {
				continue
			}
			k := &contacts[c.Contact]
			k.latest = max(k.latest, c.At)
			if kinds[c.Kind].isAnswered(int(c.Seconds)) {
				k.answered = max(k.answered, c.At)
			}
		}
	}
	return contacts
}
