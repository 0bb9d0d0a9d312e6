package answer

import (
	"encoding/csv"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

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
		name := prefix + ArgumentOf(v.Type().Field(i))
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
