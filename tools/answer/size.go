package answer

import (
	"encoding/json"
	"strings"
	"unicode"
)

// size bounds each half of an answer, in tokens of o200k. An answer is fitted by an
// estimate, since counting needs a table of all tokens; the tests count them.
type size struct {
	Most     int // what it may take
	estimate int // what tokens may make of it
}

// The sizes of answers. Estimates run high for rows of names, and low for rows of
// figures.
var (
	ListingSize = size{Most: 4000, estimate: 4100}
	FindSize    = size{Most: 2500, estimate: 2600}
	StatsSize   = size{Most: 1500, estimate: 1400}
)

// room returns the tokens that are left for rows in an answer whose halves take those already.
func (s size) room(text string, structure any) int {
	raw, _ := json.Marshal(structure) // an answer marshals
	return s.estimate - max(Tokens(text), Tokens(string(raw)))
}

// Fit keeps the first rows of a table, as many as an answer has room for that holds the table and
// writes text around it. It returns how many it has left out.
func (s size) Fit(t *Table, byDay bool, text func() string, structure any) (out int) {
	rows := t.Rows
	t.Cut(0)
	left := s.room(text(), structure)
	for _, r := range rows {
		raw, _ := json.Marshal(r)
		if left -= max(Tokens(strings.Join(r.Text(nil, byDay), ",")+"\n"), Tokens(string(raw))); left < 0 {
			break
		}
		t.Rows = append(t.Rows, r)
	}
	return len(rows) - len(t.Rows)
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
