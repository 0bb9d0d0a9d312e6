package tools

import (
	"regexp"
	"strings"
)

// mask says whether phone numbers are hidden but for their last four digits,
// wherever they leave: in rows, in echoes of search, in errors.
type mask bool

const maskNote = "Numbers are masked. Repeat your own search rather than a masked one."

// number hides what is known to be a phone number.
func (m mask) number(s string) string {
	if !m {
		return s
	}
	keep := 4
	if digits := countDigits(s); digits <= keep {
		keep = 0
	}
	hide := countDigits(s) - keep
	return strings.Map(func(r rune) rune {
		switch {
		case r == '+':
			return '*'
		case isDigit(r) && hide > 0:
			hide--
			return '*'
		}
		return r
	}, s)
}

var (
	// numberInText is what may be a phone number, or a date, within words.
	numberInText = regexp.MustCompile(`\+?\(?\d[\d ().-]{5,}\d`)
	date         = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}( \d{2})?$`)
	onlyNumber   = regexp.MustCompile(`^[\d +().-]+$`)
)

// words hides phone numbers in a text.
func (m mask) words(s string) string {
	if !m {
		return s
	}
	return numberInText.ReplaceAllStringFunc(s, func(n string) string {
		if date.MatchString(n) || countDigits(n) < 7 {
			return n
		}
		return m.number(n)
	})
}

// search hides a search for a number, and leaves one for a SID.
func (m mask) search(s string) string {
	if onlyNumber.MatchString(s) {
		return m.number(s)
	}
	return s
}

// isE164 reports whether s is a strict international phone number. It is asked of
// each cell that begins with +, so it is no regular expression.
func isE164(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 2 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func countDigits(s string) int {
	n := 0
	for _, r := range s {
		if isDigit(r) {
			n++
		}
	}
	return n
}
