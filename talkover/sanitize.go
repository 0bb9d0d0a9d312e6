package talkover

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The most runes that a cleaned string of each sort keeps.
const (
	maxName    = 120 // names and labels
	maxID      = 64  // ids and SIDs
	maxStatus  = 32  // statuses, directions, error codes
	maxNumber  = 40  // phone numbers, plain and formatted
	maxMessage = 300 // messages of the API
)

const (
	maxMarks = 4 // combining marks in a row that survive
	// Runs of marks are cut before normalization too: past 30 of them
	// [norm] would insert U+034F, which is one of the characters dropped here.
	maxRawMarks = 20
)

// invisible lists the characters that are dropped from a text: controls, format
// characters (bidi, zero width, tags), private use, surrogates, noncharacters,
// variation selectors and the other default-ignorables.
var invisible = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs,
	unicode.Noncharacter_Code_Point,
	unicode.Variation_Selector,
	unicode.Other_Default_Ignorable_Code_Point,
}

// Clean makes a stranger's string safe to show to a model: valid UTF-8
// (else U+FFFD), NFC, on one line, without characters that cannot be seen, with
// at most four combining marks in a row, trimmed, and at most limit runes long.
// Cleaning twice changes nothing.
func Clean(s string, limit int) string {
	if isPlain(s, limit) {
		return s
	}
	var b strings.Builder
	b.Grow(min(len(s), 4*limit))
	marks := 0
	last := rune(' ') // that was kept
	for i, r := range s {
		switch {
		case r == zeroWidthJoiner && joinsWith(last, s[i+len(string(r)):]):
			// The reader sees one sign in place of two.
		case unicode.IsSpace(r):
			r, marks = ' ', 0
		case r == '\u2800' || r == '\U0001D159' || unicode.In(r, invisible...):
			continue // U+2800 and U+1D159 are blanks that are no white space
		case joins(r):
			if marks++; marks > maxRawMarks {
				continue
			}
		default:
			marks = 0
		}
		b.WriteRune(r) // a broken byte comes as U+FFFD
		last = r
	}
	return clip(norm.NFC.String(b.String()), limit)
}

const zeroWidthJoiner = '\u200d'

// joinsWith reports whether a joiner between a character and the text behind it joins them: two
// pictures, such as those of a family, or a consonant without its vowel and the next one.
func joinsWith(before rune, behind string) bool {
	after, _ := utf8.DecodeRuneInString(behind)
	isTone := before >= 0x1F3FB && before <= 0x1F3FF
	if unicode.Is(unicode.So, after) && after != utf8.RuneError {
		return isTone || unicode.Is(unicode.So, before)
	}
	return norm.NFC.PropertiesString(string(before)).CCC() == virama && unicode.IsLetter(after)
}

// virama is the combining class of the signs that take the vowel from a consonant.
const virama = 9

// clip folds runs of spaces, cuts runs of combining marks, trims, and keeps the
// first limit runes.
func clip(s string, limit int) string {
	var b strings.Builder
	b.Grow(min(len(s), 4*limit))
	n, marks, space := 0, 0, true
	for _, r := range s {
		if r == ' ' {
			if space {
				continue
			}
			space, marks = true, 0
		} else {
			space = false
			if !joins(r) {
				marks = 0
			} else if marks++; marks > maxMarks {
				continue
			}
		}
		if n++; n > limit {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ")
}

// joins reports whether r joins the character before it: a combining mark, or a jamo
// vowel or final, which [norm] counts with the marks.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r >= 0x1160 && r <= 0x11FF || r >= 0xD7B0 && r <= 0xD7FF
}

// isPlain reports whether s is short printable ASCII with single inner spaces. Nearly
// every string is, and needs no work.
func isPlain(s string, limit int) bool {
	if len(s) > limit {
		return false
	}
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c == 0x7f || (c == ' ' && before == ' ') {
			return false
		}
		before = c
	}
	return len(s) == 0 || before != ' '
}
