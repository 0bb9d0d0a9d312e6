package tools

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/invopop/jsonschema"
)

// cell is one value of a table. It knows both its forms: the structure of an answer has it
// as [json.Marshal] writes it, and the text as csv does, without quotes.
type cell interface{ csv() string }

// unknown stands for a figure that cannot be told, in both halves of an answer: a row can
// leave no place out, and a null is not taken by all hosts.
type unknown struct{}

func (unknown) csv() string { return "?" }

// MarshalText implements [encoding.TextMarshaler].
func (unknown) MarshalText() ([]byte, error) { return []byte("?"), nil }

// words holds other people's text.
type words string

func (w words) csv() string  { return guarded(string(w)) }
func (p phone) csv() string  { return guarded(string(p)) }
func (o ours) csv() string   { return string(o) }
func (h handle) csv() string { return guarded(string(h)) }

// phones holds several phone numbers in one cell.
type phones []phone

// newPhones makes one cell of phone numbers.
func newPhones(numbers []string) phones {
	p := make(phones, len(numbers))
	for i, n := range numbers {
		p[i] = phone(n)
	}
	return p
}

// String writes the numbers with spaces between them.
func (p phones) String() string {
	var b strings.Builder
	for i, n := range p {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(n))
	}
	return b.String()
}

func (p phones) csv() string { return guarded(p.String()) }

// MarshalText implements [encoding.TextMarshaler].
func (p phones) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// formulas begin what a spreadsheet takes for a formula, in both widths.
const formulas = "=+-@＝＋－＠"

// innerFormula finds what begins a formula once a spreadsheet splits a cell, as those do
// that separate cells by semicolons.
var innerFormula = regexp.MustCompile(`([;|]\s*"?)([` + formulas + `])`)

// guarded puts an apostrophe before what a spreadsheet would take for a formula. A phone
// number in E.164, also with spaces in it, is no formula.
func guarded(s string) string {
	if s == "" {
		return s
	}
	first, _ := utf8.DecodeRuneInString(s)
	if strings.ContainsRune(formulas+"\t\r", first) && !isE164(strings.ReplaceAll(s, " ", "")) {
		s = "'" + s
	}
	if strings.ContainsAny(s, ";|") {
		s = innerFormula.ReplaceAllString(s, "$1'$2")
	}
	return s
}

// foreign reports whether a cell holds other people's words, which could pass for words
// of ours at the beginning of a line. A number cannot.
func foreign(c cell) bool {
	switch c := c.(type) {
	case words:
		return c != ""
	case phone:
		return strings.Trim(string(c), "+*0123456789") != ""
	}
	return false
}

// count holds a whole number.
type count int

func (n count) csv() string { return strconv.Itoa(int(n)) }

// seconds holds a duration. Text leaves 0 blank, which nearly every second call has.
type seconds int

func (s seconds) csv() string {
	if s == 0 {
		return ""
	}
	return strconv.Itoa(int(s))
}

// testMark marks test calls.
type testMark bool

func (t testMark) csv() string {
	if t {
		return "test"
	}
	return ""
}

// decimal shows a number of Talkover's in all its digits.
type decimal float64

func (d decimal) csv() string { return strconv.FormatFloat(float64(d), 'g', -1, 64) }

// figure holds a number, and says to how many digits it is worth. Text shows rates in per
// cent.
type figure struct {
	value   float64
	digits  int // after the point, in text
	percent bool
}

// rounded returns the number as the structure has it: a rate with the digits of its per cent
// and one more.
func (f figure) rounded() float64 {
	digits := f.digits
	if f.percent {
		digits += 3
	}
	scale := math.Pow10(digits)
	return math.Round(f.value*scale) / scale
}

// MarshalJSON implements [json.Marshaler].
func (f figure) MarshalJSON() ([]byte, error) { return json.Marshal(f.rounded()) }

// JSONSchema implements the hook of invopop/jsonschema.
func (figure) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "number"} }

func (f figure) csv() string {
	v := f.value
	if f.percent {
		v *= 100
	}
	scale := math.Pow10(f.digits) // FormatFloat alone would round 93.25 to the even 93.2
	s := strconv.FormatFloat(math.Round(v*scale)/scale, 'f', f.digits, 64)
	if f.digits > 0 {
		s = strings.TrimSuffix(s, ".0")
	}
	return s // a minus makes no formula of it
}

// A moment is blank if Talkover told none.
type (
	minute time.Time // to the minute
	second time.Time // to the second
)

// The forms of moments and days in answers.
const (
	minuteForm = "2006-01-02 15:04"
	secondForm = "2006-01-02 15:04:05"
	nowForm    = "Mon 2006-01-02 15:04"
	dayForm    = "Mon 2006-01-02"
	clockForm  = "15:04"
)

func (m minute) csv() string { return formed(time.Time(m), minuteForm) }
func (s second) csv() string { return formed(time.Time(s), secondForm) }

// formed writes a moment in a form; none is blank.
func formed(t time.Time, form string) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(form)
}

// MarshalText implements [encoding.TextMarshaler].
func (m minute) MarshalText() ([]byte, error) { return marshalled(time.Time(m), minuteForm), nil }

// MarshalText implements [encoding.TextMarshaler].
func (s second) MarshalText() ([]byte, error) { return marshalled(time.Time(s), secondForm), nil }

// marshalled writes a moment as formed does, in one allocation.
func marshalled(t time.Time, form string) []byte {
	if t.IsZero() {
		return nil
	}
	return t.AppendFormat(make([]byte, 0, len(form)), form)
}

// JSONSchema implements the hook of invopop/jsonschema.
func (minute) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// JSONSchema implements the hook of invopop/jsonschema.
func (second) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }
