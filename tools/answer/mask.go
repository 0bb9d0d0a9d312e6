package answer

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/talkover/talkover-mcp/talkover"
)

const maskNote = "Numbers are masked. Repeat your own search rather than a masked one."

// The type of a string tells what masking does to it. A plain string holds somebody's
// words, and what looks like a phone number in it is hidden. So a string that nobody
// thought of hides too much, and never too little.
type (
	Phone      string // a phone number: all but its last four digits is hidden
	OpaqueID   string // a SID or an id, by which a thing is found again: it stays, but for a number
	SearchTerm string // what was searched for: a number is hidden, a SID or an id stays
	SafeText   string // ForeignText of our own, in which digits are counts: they stay; see say
)

// Hide masks every string in what v points to: in fields, elements, keys of maps, and
// values in interfaces. Every answer passes it, and its text is made of what hide left.
func Hide(v any) { hideValue(reflect.ValueOf(v).Elem()) }

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

// hidden masks a string as its type says.
func hidden(v reflect.Value) string {
	switch s := v.String(); v.Type() {
	case reflect.TypeFor[Phone]():
		return MaskNumber(s)
	case reflect.TypeFor[SearchTerm]():
		return maskSearch(s)
	case reflect.TypeFor[OpaqueID]():
		return MaskID(s)
	case reflect.TypeFor[SafeText]():
		return s
	default:
		return MaskWords(s)
	}
}

// hiddenCopy masks a copy of a value, where the value itself cannot be set.
func hiddenCopy(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	hideValue(c)
	return c
}

// hideMap masks keys and values. Where two keys become the same, it adds up their counts.
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

// Say makes a sentence of ours. If numbers are masked, it masks each argument as its type
// says before it formats it.
func Say(masked bool, format string, args ...any) SafeText {
	if masked {
		args = append([]any(nil), args...)
		Hide(&args)
	}
	return SafeText(fmt.Sprintf(format, args...))
}

// Leaving masks the words of an error, if numbers are masked.
func Leaving(masked bool, words string) string {
	if masked {
		return MaskWords(words)
	}
	return words
}

// MaskNumber hides all digits of a phone number but the last four.
func MaskNumber(s string) string {
	keep := 4
	if digits := CountDigits(s); digits <= keep {
		keep = 0
	}
	hide := CountDigits(s) - keep
	return strings.Map(func(r rune) rune {
		switch {
		case r == '+' || r == '＋':
			return '*'
		case unicode.IsNumber(r) && hide > 0:
			hide--
			return '*'
		}
		return r
	}, s)
}

// LeastDigits bounds the digits that make words look like a phone number from below.
const LeastDigits = 7

var (
	// numberInText finds what may be a phone number within words: digits of any script,
	// marked or not, with the separators that people put between them.
	numberInText = regexp.MustCompile(`[+＋]?[(（]?\p{N}(?:[\p{M}\p{Zs}\p{Pd}()（）./_·•−,:*#~|xX×]{0,6}\p{N}){5,}`)
	OnlyNumber   = regexp.MustCompile(`^[\p{N}\p{M}\p{Zs}\p{Pd}+＋()（）./_·•−]+$`)
	date         = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})([ T]\d{2}(:\d{2}){0,2})?$`) // it looks alike
	amount       = regexp.MustCompile(`^\d{1,3}(,\d{3}){1,2}$`)                         // and so does 1,234,567
)

// MaskWords hides the phone numbers in a text.
func MaskWords(s string) string {
	return numberInText.ReplaceAllStringFunc(s, func(n string) string {
		if isDate(n) || amount.MatchString(n) || CountDigits(n) < LeastDigits {
			return n
		}
		return MaskNumber(n)
	})
}

// isDate reports whether what looks like a number is a day, maybe with an hour.
func isDate(s string) bool {
	d := date.FindStringSubmatch(s)
	if d == nil {
		return false
	}
	_, err := time.Parse(time.DateOnly, d[1])
	return err == nil
}

// MaskID hides the phone numbers in a SID or an id: what has a plus, or 10 to 15 digits. Other
// ids have fewer digits in a row, or more, and one of the usual form has them by chance.
func MaskID(s string) string {
	if WholeSID.MatchString(s) {
		return s
	}
	return numberInText.ReplaceAllStringFunc(s, func(n string) string {
		if digits := CountDigits(n); strings.ContainsAny(n, "+＋") || 10 <= digits && digits <= 15 {
			return MaskNumber(n)
		}
		return n
	})
}

// maskSearch hides a search for a number, with whatever stands around it, such as whatsapp: or an
// extension, and leaves one for a SID or an id.
func maskSearch(s string) string {
	if WholeSID.MatchString(s) || !OnlyNumber.MatchString(s) && CountDigits(s) < LeastDigits {
		return s
	}
	return MaskNumber(s)
}

// WholeSID is the form of SIDs and ids: with a letter, and no part of one.
var WholeSID = regexp.MustCompile(`^(?i:[a-z]{2}[0-9a-z]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// LeastToRing is the fewest digits of a whole number, which may be rung: shorter ones are
// services, or mistyped.
const LeastToRing = 8

// mostCleaned bounds the characters of a search that are cleaned; more are refused anyway.
const mostCleaned = 1 << 10

// Spell implements [schema.Speller]. It undoes what comes along with a number or a SID that is
// pasted: marks that nobody sees, wide digits, tel: and %2B. It leaves names in other scripts.
func (SearchTerm) Spell(value string) string {
	plain, err := url.PathUnescape(value)
	if err != nil || strings.ContainsFunc(value, unicode.IsControl) {
		return value
	}
	plain = talkover.Clean(norm.NFKC.String(plain), mostCleaned)
	if scheme, rest, ok := strings.Cut(plain, ":"); ok && strings.EqualFold(scheme, "tel") {
		plain, _, _ = strings.Cut(strings.TrimSpace(rest), ";")
	}
	foreign := func(r rune) bool { return r > unicode.MaxASCII }
	if OnlyNumber.MatchString(plain) || !strings.ContainsFunc(plain, foreign) {
		return plain
	}
	return value
}

// Dialled writes a number without what people put between its digits, as the API has numbers; any
// other text stays as it is.
func (n SearchTerm) Dialled() string {
	s, digits := string(n), talkover.Digits(string(n))
	switch {
	case digits == "" || len(digits) < CountDigits(s) || !OnlyNumber.MatchString(s):
		return s
	case strings.HasPrefix(s, "+"):
		return "+" + digits
	}
	return digits
}

// IsE164 reports whether s is a strict international phone number. It is no regular
// expression, since it runs for each cell that begins with +.
func IsE164(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 2 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// CountDigits counts the digits of all scripts.
func CountDigits(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsNumber(r) {
			n++
		}
	}
	return n
}
