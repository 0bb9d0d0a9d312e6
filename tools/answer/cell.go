package answer

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

// Cell is one value of a table. It knows both its forms: the structure of an answer has it
// as [json.Marshal] writes it, and the text as csv does, without quotes.
type Cell interface{ CSV() string }

// Unknown stands for a figure that cannot be told, in both halves of an answer: a row can
// leave no place out, and a null is not taken by all hosts.
type Unknown struct{}

func (Unknown) CSV() string { return "?" }

// MarshalText implements [encoding.TextMarshaler].
func (Unknown) MarshalText() ([]byte, error) { return []byte("?"), nil }

// ForeignText holds other people's text.
type ForeignText string

func (w ForeignText) CSV() string { return guarded(string(w)) }
func (p Phone) CSV() string       { return guarded(string(p)) }
func (o SafeText) CSV() string    { return string(o) }
func (h OpaqueID) CSV() string    { return guarded(string(h)) }

// Phones holds several phone numbers in one cell.
type Phones []Phone

// NewPhones makes one cell of phone numbers.
func NewPhones(numbers []string) Phones {
	p := make(Phones, len(numbers))
	for i, n := range numbers {
		p[i] = Phone(n)
	}
	return p
}

// String writes the numbers with spaces between them.
func (p Phones) String() string {
	var b strings.Builder
	for i, n := range p {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(n))
	}
	return b.String()
}

func (p Phones) CSV() string { return guarded(p.String()) }

// MarshalText implements [encoding.TextMarshaler].
func (p Phones) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

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
	if strings.ContainsRune(formulas+"\t\r", first) && !IsE164(strings.ReplaceAll(s, " ", "")) {
		s = "'" + s
	}
	if strings.ContainsAny(s, ";|") {
		s = innerFormula.ReplaceAllString(s, "$1'$2")
	}
	return s
}

// foreign reports whether a cell holds other people's words, which could pass for words
// of ours at the beginning of a line. A number cannot.
func foreign(c Cell) bool {
	switch c := c.(type) {
	case ForeignText:
		return c != ""
	case Phone:
		return strings.Trim(string(c), "+*0123456789") != ""
	}
	return false
}

// Count holds a whole number.
type Count int

func (n Count) CSV() string { return strconv.Itoa(int(n)) }

// Seconds holds a duration. Text leaves 0 blank, which nearly every second call has.
type Seconds int

func (s Seconds) CSV() string {
	if s == 0 {
		return ""
	}
	return strconv.Itoa(int(s))
}

// TestMark marks test calls.
type TestMark bool

func (t TestMark) CSV() string {
	if t {
		return "test"
	}
	return ""
}

// Decimal shows a number of Talkover's in all its digits.
type Decimal float64

func (d Decimal) CSV() string { return strconv.FormatFloat(float64(d), 'g', -1, 64) }

// Figure holds a number, and says to how many digits it is worth. Text shows rates in per
// cent.
type Figure struct {
	Value   float64
	digits  int // after the point, in text
	percent bool
}

// rounded returns the number as the structure has it: a rate with the digits of its per cent
// and one more.
func (f Figure) rounded() float64 {
	digits := f.digits
	if f.percent {
		digits += 3
	}
	scale := math.Pow10(digits)
	return math.Round(f.Value*scale) / scale
}

// MarshalJSON implements [json.Marshaler].
func (f Figure) MarshalJSON() ([]byte, error) { return json.Marshal(f.rounded()) }

// JSONSchema implements the hook of invopop/jsonschema.
func (Figure) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "number"} }

func (f Figure) CSV() string {
	v := f.Value
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

// Moment is a moment, as answers write it; it is blank if there is none.
type Moment struct {
	time.Time
	text SafeText
}

// Minute shows a moment in a zone to the minute.
func Minute(t time.Time, zone *time.Location) Moment { return momentIn(t, zone, MinuteForm) }

// Second shows a moment in a zone to the second.
func Second(t time.Time, zone *time.Location) Moment { return momentIn(t, zone, secondForm) }

func momentIn(t time.Time, zone *time.Location, form string) Moment {
	t = InZone(t, zone)
	return Moment{t, SafeText(Formed(t, form))}
}

// The forms of moments and days in answers.
const (
	MinuteForm = "2006-01-02 15:04"
	secondForm = "2006-01-02 15:04:05"
	NowForm    = "Mon 2006-01-02 15:04"
	dayForm    = "Mon 2006-01-02"
	clockForm  = "15:04"
)

func (m Moment) CSV() string { return string(m.text) }

// MarshalJSON implements [json.Marshaler].
func (m Moment) MarshalJSON() ([]byte, error) { return json.Marshal(m.text) }

// JSONSchema implements the hook of invopop/jsonschema.
func (Moment) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Formed writes a moment in a form; none is blank.
func Formed(t time.Time, form string) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(form)
}
