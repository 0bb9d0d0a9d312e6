package cache

import (
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

// Prefix finds the numbers of contacts that begin with certain digits, without unpacking
// them. The zero value finds all.
type Prefix struct {
	text      string // looked for at the beginning of contacts that are no numbers, if there are no digits
	digits    string
	low, high [mostDigits + 1]uint64 // bounds of the packed numbers with so many digits; high is out
}

// NewPrefix returns the prefix of a number as people write it: only its digits count. A text
// without digits finds contacts that are no numbers, such as anonymous, in either case.
func NewPrefix(s string) Prefix {
	p := Prefix{digits: talkover.Digits(s)}
	if p.digits == "" {
		p.text = strings.ToLower(strings.TrimSpace(s))
		return p
	}
	if len(p.digits) > mostDigits {
		return p
	}
	first := uint64(1)
	for i := range len(p.digits) {
		first = 10*first + uint64(p.digits[i]-'0')
	}
	scale := uint64(1)
	for n := len(p.digits); n <= mostDigits; n++ {
		p.low[n], p.high[n] = first*scale, (first+1)*scale
		scale *= 10
	}
	return p
}

// Begins reports whether a contact, as calls spell it, begins with the prefix.
func (p *Prefix) Begins(contact string) bool {
	switch {
	case p.digits != "":
		return strings.HasPrefix(talkover.Digits(contact), p.digits)
	case p.text != "":
		return strings.HasPrefix(strings.ToLower(contact), p.text)
	}
	return true
}

// ContactBegins reports whether the other party's number begins with a prefix.
func (r Row) ContactBegins(p *Prefix) bool {
	k, packed := r.ContactKey()
	if !packed || p.digits == "" {
		return p.digits == "" && p.text == "" || p.Begins(r.Contact())
	}
	n := k >> 1
	for i := len(p.digits); i <= mostDigits && p.low[i] != 0 && n >= p.low[i]; i++ {
		if n < p.high[i] {
			return true
		}
	}
	return false
}
