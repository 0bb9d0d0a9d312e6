package stats

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// keypad lists what the letters of ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE
// dial, which some carriers send for the number of a caller who withholds it.
var keypad = []string{"266696687", "7378742833", "2562533", "8656696", "86282452253"}

// isWithheld reports whether the number of a contact tells nobody from anybody: it is empty,
// a word such as anonymous or restricted, or what such a word dials. A client id or another SIP
// address is a contact.
func isWithheld(contact string) bool {
	d := talkover.Digits(contact)
	_, name, _ := strings.Cut(strings.ToLower(contact), ":")                             // of a SIP address
	anonymous := strings.HasPrefix(cmp.Or(name, strings.ToLower(contact)), "anonymous@") // RFC 3323
	return anonymous || d == "" && !strings.ContainsAny(contact, "@:") || slices.Contains(keypad, d)
}

// Contact returns the other party's number.
func Contact(c talkover.Call) string {
	if c.Direction == talkover.Inbound {
		return c.From
	}
	return c.To
}

// contact is when calls with one person were, whether they were asked for or not.
type contact struct {
	rung     []int64 // when we called, newest first, in microseconds
	answered int64   // when a call was answered last, either way; 0 for never
	tries    int     // calls of theirs that we missed since then
	since    int64   // when the first of these was
}

// fate is what became of a missed call.
type fate struct {
	what   Only          // [OnlyNotCalledBack], [OnlyCalledBackNoAnswer], or "" where they talked since
	called bool          // we called since
	wait   time.Duration // until we did
}

// became tells what became of a missed call at a moment.
func (k *contact) became(at int64) (f fate) {
	if n, _ := slices.BinarySearchFunc(k.rung, at, func(x, at int64) int { return cmp.Compare(at, x) }); n > 0 {
		f.called, f.wait = true, time.Duration(k.rung[n-1]-at)*time.Microsecond
	}
	switch {
	case k.answered > at:
	case f.called:
		f.what = OnlyCalledBackNoAnswer
	default:
		f.what = OnlyNotCalledBack
	}
	return f
}

// follow tells when calls were with whom, but for test calls as the filter says. Runs are newest
// first.
func (f *Filter) follow(t *calls.Tables, runs [][]calls.Call) []contact {
	contacts, kinds, counts := make([]contact, len(t.Contacts)), kindsOf(t.Kinds), f.counts(t)
	person := people(t)
	for _, run := range runs {
		for i := range run {
			c := &run[i]
			if !counts(c) {
				continue
			}
			k, kind := &contacts[person[c.Contact]], kinds[c.Kind]
			switch {
			case kind.isAnswered(int(c.Seconds)):
				k.answered = max(k.answered, c.At)
			case kind.missed() && k.answered == 0:
				k.tries, k.since = k.tries+1, c.At
			}
			if !kind.inbound {
				k.rung = append(k.rung, c.At)
			}
		}
	}
	return contacts
}

// people tells for each number of a table the first one of the same person: with the same digits,
// whether they begin with + or 00, and of ten digits, where all our own lines are in North America.
func people(t *calls.Tables) []uint32 {
	plain := numbering(t)
	first, same := map[string]uint32{}, make([]uint32, len(t.Contacts))
	for i, number := range t.Contacts {
		key := plain(number)
		n, ok := first[key]
		if !ok {
			n = uint32(i)
		} else if strings.HasPrefix(number, "+") && !strings.HasPrefix(t.Contacts[n], "+") {
			n = uint32(i) // the form of E.164 is shown
		}
		first[key] = n
	}
	for i, number := range t.Contacts {
		same[i] = first[plain(number)]
	}
	return same
}

// numbering returns how the numbers of a table are written as they are told from others.
func numbering(t *calls.Tables) func(string) string {
	northAmerica := len(t.Lines) > 0 && !slices.ContainsFunc(t.Lines, func(line string) bool {
		return line != "" && !strings.HasPrefix(line, "+1")
	})
	return func(number string) string { return plainNumber(number, northAmerica) }
}

// plainNumber writes a number in international form without its plus. A number that is withheld
// is "".
func plainNumber(number string, northAmerica bool) string {
	digits := strings.Trim(number, "+0123456789 ()-./") == ""
	d := talkover.Digits(number)
	switch {
	case isWithheld(number):
		return ""
	case !digits:
		return number
	case strings.HasPrefix(d, "00"):
		return d[2:]
	case northAmerica && len(d) == 10 && !strings.HasPrefix(number, "+"):
		return "1" + d
	}
	return d
}
