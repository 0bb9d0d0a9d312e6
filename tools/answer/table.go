package answer

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

// Columns tells the columns of a table that has a row for each T: it adds the name and the cell
// of each in turn, the same names for every T.
type Columns[T any] func(thing T, add func(name string, c Cell))

// names lists the names of the columns.
func (c Columns[T]) names() []string {
	names := []string{}
	var thing T
	c(thing, func(name string, _ Cell) { names = append(names, name) })
	return names
}

// Cells appends the cells of a thing to those of a row.
func (c Columns[T]) Cells(r Row, thing T) Row {
	c(thing, func(_ string, c Cell) { r = append(r, c) })
	return r
}

// CallColumns returns the columns of every table of calls, with times in zone and agents
// by their labels. A row has a sid, by which get_call finds what is left out here.
func CallColumns(zone *time.Location, agents Labels) Columns[talkover.Call] {
	return func(c talkover.Call, add func(string, Cell)) {
		unread := func(field string) bool { return slices.Contains(c.Unread, field) }
		add("time", Minute(c.CreatedAt, zone))
		add("direction", ForeignText(c.Direction))
		add("from", Phone(c.From))
		add("to", Phone(c.To))
		add("status", ForeignText(c.Status))
		if unread("duration") {
			add("seconds", Unknown{})
		} else {
			add("seconds", Seconds(c.Duration))
		}
		if c.Agent == (talkover.Agent{}) && unread("agent") {
			add("agent", Unknown{})
		} else {
			add("agent", ForeignText(agents.Show(c.Agent)))
		}
		add("sid", OpaqueID(c.SID))
		add("test", TestMark(c.IsTesting))
	}
}

// InZone moves a moment to a zone; none stays none.
func InZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// Table holds rows under columns. Both halves of an answer show it.
type Table struct {
	Columns []string `json:"columns"`
	Rows    []Row    `json:"rows"`
}

// Row holds the cells of a row, in the order of the columns.
type Row []Cell

// JSONSchema implements the hook of invopop/jsonschema. It leaves the cells open, since
// strings, numbers and booleans mix.
func (Row) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "array"} }

// NewTable makes a row of each thing.
func NewTable[T any](columns Columns[T], things []T) Table {
	t := Table{Columns: columns.names(), Rows: make([]Row, len(things))}
	cells := make(Row, 0, len(things)*len(t.Columns))
	for i, thing := range things {
		start := len(cells)
		cells = columns.Cells(cells, thing)
		t.Rows[i] = cells[start:len(cells):len(cells)]
	}
	return t
}

// FieldTable makes a row of each field of a struct, by its JSON name. The name of a field
// of a struct within follows that of the struct and a point.
func FieldTable(v any) Table {
	t := Table{Columns: []string{"field", "value"}}
	t.addFields("", reflect.ValueOf(v))
	return t
}

// addFields adds the rows of the fields of a struct.
func (t *Table) addFields(prefix string, v reflect.Value) {
	for i := range v.NumField() {
		name := prefix + schema.NameOf(v.Type().Field(i))
		switch field := v.Field(i); {
		case field.Type().Implements(reflect.TypeFor[Cell]()):
			t.Rows = append(t.Rows, Row{SafeText(name), field.Interface().(Cell)})
		case field.Kind() == reflect.Struct:
			t.addFields(name+".", field)
		default:
			t.Rows = append(t.Rows, Row{SafeText(name), ForeignText(fmt.Sprint(field.Interface()))})
		}
	}
}

// Size returns the number of rows.
func (t Table) Size() int { return len(t.Rows) }

// Cut keeps the first n rows.
func (t *Table) Cut(n int) { t.Rows = t.Rows[:n] }

// cutColumn leaves out the last column.
func (t *Table) cutColumn() {
	n := len(t.Columns) - 1
	t.Columns = t.Columns[:n]
	for i := range t.Rows {
		t.Rows[i] = t.Rows[i][:n]
	}
}

// Text appends the cells of a row as text shows them, but for quotes. With byDay, the
// first cell is a moment of which it appends the time of the day alone.
func (r Row) Text(cells []string, byDay bool) []string {
	for i, c := range r {
		if at, ok := c.(Moment); ok && i == 0 && byDay {
			cells = append(cells, Formed(at.Time, clockForm))
			continue
		}
		cells = append(cells, c.CSV())
	}
	return cells
}

// Write writes the table as CSV (RFC 4180, with \n), if it has rows. Other people's words
// that begin a line stand in quotes, or they could pass for a note of ours. With byDay, the rows
// are in order of the moment in their first column, and each day stands once above its
// rows, as "# Thu 2026-11-05".
func (t Table) Write(b *strings.Builder, byDay bool) {
	if len(t.Rows) > 0 {
		t.WriteAll(b, byDay)
	}
}

// WriteAll writes the table, also one without rows.
func (t Table) WriteAll(b *strings.Builder, byDay bool) {
	w := csv.NewWriter(b)
	_ = w.Write(t.Columns) // a strings.Builder never fails
	day := ""
	var cells []string
	for _, r := range t.Rows {
		if at, ok := r[0].(Moment); ok && byDay && !at.IsZero() && at.Format(dayForm) != day {
			day = at.Format(dayForm)
			w.Flush()
			b.WriteString("# " + day + "\n")
		}
		cells = r.Text(cells[:0], byDay)
		if foreign(r[0]) { // encoding/csv quotes only what needs it
			w.Flush()
			b.WriteString(`"` + strings.ReplaceAll(cells[0], `"`, `""`) + `",`)
			cells = cells[1:]
		}
		_ = w.Write(cells)
	}
	w.Flush()
}

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
