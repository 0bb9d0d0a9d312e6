package tools

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"
)

const maskNote = "Numbers are masked. Repeat your own search rather than a masked one."

// A string of an answer tells by its type what masking does to it. A plain string
// holds somebody's words: what looks like a phone number in it is hidden. So a type
// that was forgotten hides too much, and never too little.
type (
	phone  string // a phone number: all but its last four digits is hidden
	handle string // a SID or an id: it finds a thing again, and stays whole
	needle string // what a caller looked for: a number is hidden, a SID or id stays
	ours   string // words of our own, whose digits are counts; see say
)

// hide masks all that v points to: fields, elements, keys of maps, and values in
// interfaces. Everything that leaves passes it, and text is made of what it left.
func hide(v any) { hideValue(reflect.ValueOf(v).Elem()) }

func hideValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hidden(v))
	case reflect.Pointer:
		if !v.IsNil() {
			hideValue(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(hiddenCopy(v.Elem()))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			hideValue(v.Index(i))
		}
	case reflect.Map:
		hideMap(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				hideValue(v.Field(i))
			}
		}
	}
}

// hidden returns a string as its type lets it leave.
func hidden(v reflect.Value) string {
	switch s := v.String(); v.Type() {
	case reflect.TypeFor[phone]():
		return maskNumber(s)
	case reflect.TypeFor[needle]():
		return maskNeedle(s)
	case reflect.TypeFor[handle](), reflect.TypeFor[ours]():
		return s
	default:
		return maskWords(s)
	}
}

// hiddenCopy returns a masked copy of a value that cannot be set where it is.
func hiddenCopy(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	hideValue(c)
	return c
}

// hideMap masks keys and values. Counts whose keys become the same are added up.
func hideMap(v reflect.Value) {
	if v.IsNil() {
		return
	}
	masked := reflect.MakeMapWithSize(v.Type(), v.Len())
	for entries := v.MapRange(); entries.Next(); {
		key, value := hiddenCopy(entries.Key()), hiddenCopy(entries.Value())
		if same := masked.MapIndex(key); same.IsValid() && value.CanInt() {
			value.SetInt(value.Int() + same.Int())
		}
		masked.SetMapIndex(key, value)
	}
	v.Set(masked)
}

// outOfReach returns an error if a type has an unexported field with text in it,
// which hide cannot set.
func outOfReach(t reflect.Type) error {
	switch {
	case t.ConvertibleTo(reflect.TypeFor[time.Time]()):
		return nil // it is written in digits of our own
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice, t.Kind() == reflect.Array:
		return outOfReach(t.Elem())
	case t.Kind() != reflect.Struct:
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.IsExported() || f.Anonymous {
			if err := outOfReach(f.Type); err != nil {
				return err
			}
			continue
		}
		if f.Type != reflect.TypeFor[ours]() && f.Type.Kind() >= reflect.Array { // kinds before it are numbers
			return fmt.Errorf("masking does not reach %s of %s", f.Name, t)
		}
	}
	return nil
}

// say makes a sentence of ours. Its arguments are other people's text, numbers of
// ours and answers that tell themselves; with masked, each is masked by its type.
func say(masked bool, format string, args ...any) ours {
	if masked {
		args = append([]any(nil), args...)
		hide(&args)
	}
	return ours(fmt.Sprintf(format, args...))
}

// leaving returns the words of an error as they may leave.
func leaving(masked bool, words string) string {
	if masked {
		return maskWords(words)
	}
	return words
}

// maskNumber hides all digits of a phone number but the last four.
func maskNumber(s string) string {
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

// leastDigits is the fewest digits that words are taken for a phone number with.
const leastDigits = 7

var (
	// numberInText finds what may be a phone number, or a date, within words.
	numberInText = regexp.MustCompile(`\+?\(?\d[\d ().-]{5,}\d`)
	date         = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}( \d{2})?$`)
	onlyNumber   = regexp.MustCompile(`^[\d +().-]+$`)
)

// maskWords hides the phone numbers in a text.
func maskWords(s string) string {
	return numberInText.ReplaceAllStringFunc(s, func(n string) string {
		if date.MatchString(n) || countDigits(n) < leastDigits {
			return n
		}
		return maskNumber(n)
	})
}

// maskNeedle hides a search for a number, and leaves one for a SID or an id.
func maskNeedle(s string) string {
	if onlyNumber.MatchString(s) {
		return maskNumber(s)
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
