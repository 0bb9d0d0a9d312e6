package tools

import "unicode"

// tokens estimates, rather high, how many tokens of o200k a text takes: digits and
// signs go by threes, letters by fours.
func tokens(s string) int {
	const (
		space = iota
		digit
		letter
		sign
	)
	n, run, kind := 0, 0, space
	flush := func() {
		switch kind {
		case digit, sign:
			n += (run + 2) / 3
		case letter:
			n += (run + 3) / 4
		}
		run = 0
	}
	for _, r := range s {
		is := sign
		switch {
		case isDigit(r):
			is = digit
		case unicode.IsLetter(r):
			is = letter
		case r == ' ':
			is = space
		}
		if is != kind {
			flush()
			kind = is
		}
		if run++; is == letter && r > unicode.MaxASCII {
			run += 5 // more than a token of its own, now and then
		}
	}
	flush()
	return n
}
