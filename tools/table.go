package tools

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/talkover"
)

// column makes one column of a table that has a row for each T: its name, and the cell of
// a T.
type column[T any] struct {
	name string
	cell func(T) cell
}

// callColumns returns the columns of every table of calls, with times in zone and agents
// by their labels. A row has a sid, by which get_call finds what is left out here.
func callColumns(zone *time.Location, agents labels) []column[talkover.Call] {
	return []column[talkover.Call]{
		{"time", func(c talkover.Call) cell { return minute(inZone(c.CreatedAt, zone)) }},
		{"direction", func(c talkover.Call) cell { return words(c.Direction) }},
		{"from", func(c talkover.Call) cell { return phone(c.From) }},
		{"to", func(c talkover.Call) cell { return phone(c.To) }},
		{"status", func(c talkover.Call) cell { return words(c.Status) }},
		{"seconds", func(c talkover.Call) cell {
			if slices.Contains(c.Unread, "duration") {
				return unknown{}
			}
			return seconds(c.Duration)
		}},
		{"agent", func(c talkover.Call) cell {
			if c.Agent == (talkover.Agent{}) && slices.Contains(c.Unread, "agent") {
				return unknown{}
			}
			return words(agents.show(c.Agent))
		}},
		{"sid", func(c talkover.Call) cell { return handle(c.SID) }},
		{"test", func(c talkover.Call) cell { return testMark(c.IsTesting) }},
	}
}

// inZone moves a moment to a zone; none stays none.
func inZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// table holds rows under columns. Both halves of an answer show it.
type table struct {
	Columns []string `json:"columns"`
	Rows    []row    `json:"rows"`
}

// row holds the cells of a row, in the order of the columns.
type row []cell

// JSONSchema implements the hook of invopop/jsonschema. It leaves the cells open, since
// strings, numbers and booleans mix.
func (row) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "array"} }

// newTable makes a row of each thing.
func newTable[T any](columns []column[T], things []T) table {
	t := table{Columns: make([]string, len(columns)), Rows: make([]row, len(things))}
	for i, c := range columns {
		t.Columns[i] = c.name
	}
	cells := make(row, 0, len(things)*len(columns))
	for i, thing := range things {
		start := len(cells)
		cells = appendCells(cells, columns, thing)
		t.Rows[i] = cells[start:len(cells):len(cells)]
	}
	return t
}

// appendCells appends the cells of a thing to those of a row.
func appendCells[T any](cells row, columns []column[T], thing T) row {
	for _, c := range columns {
		cells = append(cells, c.cell(thing))
	}
	return cells
}

// fieldTable makes a row of each field of a struct, by its JSON name. The name of a field
// of a struct within follows that of the struct and a point.
func fieldTable(v any) table {
	t := table{Columns: []string{"field", "value"}}
	t.addFields("", reflect.ValueOf(v))
	return t
}

// addFields adds the rows of the fields of a struct.
func (t *table) addFields(prefix string, v reflect.Value) {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		name = prefix + name
		switch field := v.Field(i); {
		case field.Type().Implements(reflect.TypeFor[cell]()):
			t.Rows = append(t.Rows, row{ours(name), field.Interface().(cell)})
		case field.Kind() == reflect.Struct:
			t.addFields(name+".", field)
		default:
			t.Rows = append(t.Rows, row{ours(name), words(fmt.Sprint(field.Interface()))})
		}
	}
}

// size returns the number of rows.
func (t table) size() int { return len(t.Rows) }

// cut keeps the first n rows.
func (t *table) cut(n int) { t.Rows = t.Rows[:n] }

// cutColumn leaves out the last column.
func (t *table) cutColumn() {
	n := len(t.Columns) - 1
	t.Columns = t.Columns[:n]
	for i := range t.Rows {
		t.Rows[i] = t.Rows[i][:n]
	}
}

// text appends the cells of a row as text shows them, but for quotes. With byDay, the
// first cell is a moment of which it appends the time of the day alone.
func (r row) text(cells []string, byDay bool) []string {
	for i, c := range r {
		if at, ok := c.(minute); ok && i == 0 && byDay {
			cells = append(cells, formed(time.Time(at), clockForm))
			continue
		}
		cells = append(cells, c.csv())
	}
	return cells
}

// write writes the table as CSV (RFC 4180, with \n), if it has rows. Other people's words
// that begin a line stand in quotes, or they could pass for a note of ours. With byDay, the rows
// are in order of the moment in their first column, and each day stands once above its
// rows, as "# Thu 2026-11-05".
func (t table) write(b *strings.Builder, byDay bool) {
	if len(t.Rows) == 0 {
		return
	}
	lines := buffers.Get().(*bufio.Writer)
	lines.Reset(b)
	defer func() {
		lines.Reset(nil)
		buffers.Put(lines)
	}()
	w := csv.NewWriter(lines) // uses lines as its own buffer, which has the size that it wants
	_ = w.Write(t.Columns)    // a strings.Builder never fails
	year, dayOfYear := 0, 0
	var cells []string
	for _, r := range t.Rows {
		if at, ok := r[0].(minute); ok && byDay && !time.Time(at).IsZero() {
			if y, d := time.Time(at).Year(), time.Time(at).YearDay(); y != year || d != dayOfYear {
				year, dayOfYear = y, d
				w.Flush()
				b.WriteString("# " + time.Time(at).Format(dayForm) + "\n")
			}
		}
		cells = r.text(cells[:0], byDay)
		if foreign(r[0]) { // encoding/csv quotes only what needs it
			w.Flush()
			b.WriteString(`"` + strings.ReplaceAll(cells[0], `"`, `""`) + `",`)
			cells = cells[1:]
		}
		_ = w.Write(cells)
	}
	w.Flush()
}

// buffers keeps buffers of the size that a [csv.Writer] wants, so that it makes none.
var buffers = sync.Pool{New: func() any { return bufio.NewWriter(nil) }}
