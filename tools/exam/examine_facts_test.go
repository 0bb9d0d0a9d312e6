package exam_test

import (
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/tools/exam"
)

// facts looks for the facts of a question in the half of an answer.
func (e *examiner) facts(f exam.Facts) {
	if w := f.Windows; w != nil {
		before := [2]string{w["previous_from"], midnight(w["previous_to"])}
		if e.h.before != before {
			e.errorf("compared with %v, want %v", e.h.before, before)
		}
	}
	for _, m := range []struct {
		what       string
		have, want map[string]float64
		suffix     string
	}{
		{"totals", e.h.totals, f.Totals, ""}, {"before", e.h.was, f.Previous, ""},
		{"change", e.h.changed, f.Change, "_change"},
	} {
		for name, want := range m.want {
			if have, ok := m.have[name]; !ok || !e.h.near(name+m.suffix, have, want) {
				e.errorf("%s of %s: %v (there: %v), want %v", m.what, name, have, ok, want)
			}
		}
	}
	if f.Found != nil && (e.h.found != *f.Found || !e.h.foundExact) {
		e.errorf("found %d (exact: %v), want %d", e.h.found, e.h.foundExact, *f.Found)
	}
	have := e.asRows()
	for i, want := range f.Rows {
		at := slices.IndexFunc(have, func(r exam.Row) bool { return e.same(r, want) })
		if at < 0 {
			e.errorf("no row has %v", want)
		} else if f.Ordered && at != i {
			e.errorf("%v is row %d, want %d", want, at+1, i+1)
		}
	}
	if f.Whole && len(have) != len(f.Rows) {
		e.errorf("%d rows, want %d", len(have), len(f.Rows))
	}
}

// midnight writes the first moment of a day as the end of the day before.
func midnight(s string) string {
	if day, ok := strings.CutSuffix(s, " 00:00"); ok {
		return (on(day) - 1).String() + " 24:00"
	}
	return s
}

// asRows returns the rows by column; of a matrix one for each cell that is not zero.
func (e *examiner) asRows() (all []exam.Row) {
	for _, row := range e.h.rows {
		r := exam.Row{}
		for i, name := range e.h.columns {
			if e.h.matrix[0] == "" {
				r[name] = row[i]
			} else if i > 0 && name != "all" && row[0] != "all" && row[i] != 0.0 && row[i] != "" {
				all = append(all, exam.Row{e.h.matrix[0]: row[0], e.h.matrix[1]: name, e.h.matrix[2]: row[i]})
			}
		}
		if e.h.matrix[0] == "" {
			all = append(all, r)
		}
	}
	return all
}

// same reports whether a row has all cells of another.
func (e *examiner) same(have, want exam.Row) bool {
	for name, w := range want {
		x, ok := w.(float64)
		if n, is := w.(int); is {
			x, ok = float64(n), true
		}
		h, number := have[name].(float64)
		if ok && (!number || !e.h.near(name, h, x)) || !ok && have[name] != w {
			return false
		}
	}
	return true
}
