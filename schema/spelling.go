package schema

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// nearest returns the option that a mistyped word most likely meant, or "" if more than
// a third of its letters would have to change.
func nearest(word string, options []string) string {
	best, at := "", math.MaxInt
	for _, o := range options {
		d := levenshtein.ComputeDistance(fold(shorten(word)), fold(o))
		if d < at && d <= len(o)/3 {
			best, at = o, d
		}
	}
	return best
}

// withoutBreaks removes what separates words in names.
var withoutBreaks = strings.NewReplacer("_", "", "-", "", " ", "")

// fold removes what models vary in names: case, spaces, - and _.
func fold(s string) string {
	return withoutBreaks.Replace(strings.ToLower(s))
}

// longestEcho bounds the runes of a wrong value that its error repeats.
const longestEcho = 40

// shorten cuts a wrong value to what an error repeats of it, as valid UTF-8.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= longestEcho {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return string([]rune(s)[:longestEcho]) + "..."
}

// quote shortens a wrong value and puts it in quotes, so that it reads as data.
func quote(s string) string { return strconv.Quote(shorten(s)) }
