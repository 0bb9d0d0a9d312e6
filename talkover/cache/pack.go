package cache

import (
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

const hexDigits = "0123456789abcdef"

// packHex packs lower-case hexadecimal digits, two a byte. It reports false for
// anything else.
func packHex(into []byte, digits string) bool {
	if len(digits) != 2*len(into) {
		return false
	}
	for i := range into {
		high, low := hexDigit(digits[2*i]), hexDigit(digits[2*i+1])
		if high < 0 || low < 0 {
			return false
		}
		into[i] = byte(high<<4 | low)
	}
	return true
}

func hexDigit(c byte) int { return strings.IndexByte(hexDigits, c) }

func appendHex(to, packed []byte) []byte {
	for _, b := range packed {
		to = append(to, hexDigits[b>>4], hexDigits[b&15])
	}
	return to
}

// The lengths of the groups of a UUID, in bytes.
var uuidGroups = [...]int{4, 2, 2, 2, 6}

func packUUID(into []byte, id string) bool {
	if len(id) != 36 {
		return false
	}
	for i, n := range uuidGroups {
		if i > 0 {
			if id[0] != '-' {
				return false
			}
			id = id[1:]
		}
		if !packHex(into[:n], id[:2*n]) {
			return false
		}
		into, id = into[n:], id[2*n:]
	}
	return true
}

func unpackUUID(b []byte) string {
	var id [36]byte
	s := id[:0]
	for i, n := range uuidGroups {
		if i > 0 {
			s = append(s, '-')
		}
		s, b = appendHex(s, b[:n]), b[n:]
	}
	return string(s)
}

func unpackSID(b []byte) string {
	var digits [32]byte
	return string(appendHex(digits[:0], b[:16]))
}

// mostDigits bounds the digits of a packed number: with a 1 before them, which
// keeps zeros at the front, they fit 62 bits. E.164 has 15 at most.
const mostDigits = 17

// packNumber packs digits, with or without a + before them.
func packNumber(s string) (uint64, bool) {
	digits, plus := strings.CutPrefix(s, "+")
	if len(digits) > mostDigits {
		return 0, false
	}
	n := uint64(1)
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = 10*n + uint64(digits[i]-'0')
	}
	n <<= 1
	if plus {
		n |= 1
	}
	return n, true
}

func unpackNumber(n uint64) string {
	var digits [mostDigits + 2]byte
	i := len(digits)
	for d := n >> 1; d > 1; d /= 10 {
		i--
		digits[i] = byte('0' + d%10)
	}
	if n&1 != 0 {
		i--
		digits[i] = '+'
	}
	return string(digits[i:])
}

// A form tells how a formatted number follows from the number: each # is a digit,
// and all together are the last digits of the number. Where it does not follow, a
// form is = and the formatted number itself.
func formOf(plain, formatted string) string {
	digits := talkover.Digits(formatted)
	if digits != "" && strings.HasSuffix(talkover.Digits(plain), digits) && !strings.ContainsAny(formatted, "#") && formatted[0] != '=' {
		return strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return '#'
			}
			return r
		}, formatted)
	}
	return "=" + formatted
}

func applyForm(form, plain string) string {
	if s, ok := strings.CutPrefix(form, "="); ok {
		return s
	}
	digits := talkover.Digits(plain)
	digits = digits[len(digits)-strings.Count(form, "#"):]
	return strings.Map(func(r rune) rune {
		if r == '#' {
			d := digits[0]
			digits = digits[1:]
			return rune(d)
		}
		return r
	}, form)
}
