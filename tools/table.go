package tools

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/talkover"
)

// callColumns are the columns of every table of calls. A row gives a sid, by
// which all that is left out here can be found.
var callColumns = []string{"time", "direction", "from", "to", "status", "seconds", "agent", "sid", "test"}

// row is a line of a table, its cells in the order of the columns.
type row []any

// seconds are blank in text where they are 0, as for nearly every second call.
type seconds int

// JSONSchema leaves the cells open: strings, numbers and booleans mix.
func (row) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "array"} }

// callRow is a call under callColumns.
func (c Config) callRow(call talkover.Call) row {
	at := ""
	if !call.CreatedAt.IsZero() {
		at = call.CreatedAt.In(c.Zone).Format(minuteForm)
	}
	m := mask(c.MaskNumbers)
	return row{
		at, call.Direction, m.number(call.From), m.number(call.To), call.Status, seconds(call.Duration),
		m.words(call.Agent.Display()), call.SID, call.IsTesting,
	}
}

// writeCSV writes rows as CSV (RFC 4180, with \n) under a header. With byDay, the
// rows are in order of their time, which is the first column, and the day stands
// once above its rows, as "# Thu 2026-11-05".
func writeCSV(b *strings.Builder, columns []string, rows []row, byDay bool) {
	lines := buffers.Get().(*bufio.Writer)
	lines.Reset(b)
	defer func() {
		lines.Reset(nil)
		buffers.Put(lines)
	}()
	w := csv.NewWriter(lines) // which writes to a buffer of this size itself
	_ = w.Write(columns)      // a strings.Builder never fails
	day := ""
	var cells []string
	for _, r := range rows {
		cells = r.csv(cells[:0])
		if at, minute, ok := strings.Cut(cells[0], " "); ok && byDay {
			if at != day {
				day = at
				w.Flush()
				b.WriteString("# " + weekday(day) + day + "\n")
			}
			cells[0] = minute
		}
		_ = w.Write(cells)
	}
	w.Flush()
}

// buffers are of the size that a [csv.Writer] wants, so that it makes none.
var buffers = sync.Pool{New: func() any { return bufio.NewWriter(nil) }}

// csv appends the cells of a row, yet without quotes, to cells.
func (r row) csv(cells []string) []string {
	for _, cell := range r {
		cells = append(cells, csvCell(cell))
	}
	return cells
}

// weekday is the name of a day, with a space after it.
func weekday(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.Format("Mon ")
}

// csvCell writes one cell. What a spreadsheet would take for a formula gets a
// leading apostrophe, unless it is a phone number, in E.164 or with spaces in it,
// which is no formula either.
func csvCell(cell any) string {
	switch v := cell.(type) {
	case seconds:
		if v == 0 {
			return ""
		}
		return strconv.Itoa(int(v))
	case bool:
		if v {
			return "test"
		}
		return ""
	case string:
		if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) && !isE164(strings.ReplaceAll(v, " ", "")) {
			return "'" + v
		}
		return v
	}
	return fmt.Sprint(cell)
}
