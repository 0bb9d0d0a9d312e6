package tools

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/talkover"
)

// callColumns are the columns of every table of calls. A row gives a sid, by
// which all that is left out here can be found.
var callColumns = []string{"time", "direction", "from", "to", "status", "seconds", "agent", "sid", "test"}

// row is a line of a table, its cells in the order of the columns.
type row []any

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
		at, call.Direction, m.number(call.From), m.number(call.To), call.Status, call.Duration,
		m.words(call.Agent.Display()), call.SID, call.IsTesting,
	}
}

// writeCSV writes rows as CSV (RFC 4180, with \n) under a header. Where the
// rows are in order of their time, which is the first column, the day stands
// once above its rows as "# Thu 2026-11-05". A zero and a false are blank.
func writeCSV(b *strings.Builder, columns []string, rows []row) {
	w := csv.NewWriter(b)
	_ = w.Write(columns) // a strings.Builder never fails
	cells := make([]string, len(columns))
	day := ""
	for _, r := range rows {
		for i, cell := range r {
			cells[i] = csvCell(cell)
		}
		if at, minute, ok := strings.Cut(cells[0], " "); ok {
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

// weekday is the name of a day, with a space after it.
func weekday(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.Format("Mon ")
}

// e164 is a strict international phone number.
var e164 = regexp.MustCompile(`^\+[1-9]\d{1,14}$`)

// csvCell writes one cell. What a spreadsheet would take for a formula gets a
// leading apostrophe, unless it is a phone number.
func csvCell(cell any) string {
	switch v := cell.(type) {
	case int:
		if v == 0 {
			return ""
		}
	case bool:
		if v {
			return "test"
		}
		return ""
	case string:
		if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) && !e164.MatchString(v) {
			return "'" + v
		}
		return v
	}
	return fmt.Sprint(cell)
}
