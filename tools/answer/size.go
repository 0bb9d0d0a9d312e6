package answer

import "unicode"

// size bounds each half of an answer, in tokens of o200k. An answer is fitted by an
// estimate, since counting needs a table of all tokens; the tests count them.
type size struct {
	Most     int // what it may take
	Estimate int // what tokens may make of it
}

// The sizes of answers. Estimates run high for rows of names, and low for rows of
// figures.
var (
	ListingSize = size{Most: 4000, Estimate: 4100}
	FindSize    = size{Most: 2500, Estimate: 2600}
	StatsSize   = size{Most: 1500, Estimate: 1400}
)

// Fitting returns how many of n rows fit into so many tokens, by what each costs.
func Fitting(n, room int, cost func(i int) int) int {
	for i := range n {
		if room -= cost(i); room < 0 {
			return i
		}
	}
	return n
}

// Tokens estimates, rather high, how many tokens of o200k a text takes: one for three
// digits or signs, one for four letters.
func Tokens(s string) int {
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
		case r >= '0' && r <= '9':
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
