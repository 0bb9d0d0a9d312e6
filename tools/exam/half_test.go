package exam_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// half holds one half of an answer, the text or the structure, in the terms of the structure.
type half struct {
	name     string
	coverage coverage
	window   [2]string // as shown; "" where there is no bound
	totals   map[string]float64

	with    string    // what it is compared with
	before  [2]string // the other window, if two are compared
	cut     bool
	was     map[string]float64
	changed map[string]float64
	percent map[string]float64 // the same, in per cent of what was

	columns []string
	rows    [][]any // float64, string or bool
	matrix  [3]string
	order   string
	ranked  int    // groups of min_calls or more; -1 where it is not told
	peakAt  string // when peak_concurrent was, on the clocks of the zone

	cost map[string]float64 // the estimate: by currency, by group and currency, and calls by what is known of them

	found       int
	foundExact  bool
	first, last int

	tests    int // test calls
	legend   string
	notes    []string
	next     string // JSON
	nextTool string
	now      string
	zone     string
}

// coverage holds what an answer rests on.
type coverage struct {
	exact    bool
	part     bool // of what was asked
	counted  bool // by Talkover
	calls    int
	from, to string // of the part
	left     int    // -1 if not told
	again    int    // seconds
	asOf     string
	requests int
}

// again returns in how many seconds to ask again: for the rest, or for the other window. It
// returns 0 where nothing says so.
func (h half) again() int {
	seconds := h.coverage.again
	for _, note := range h.notes {
		if m := askAgain.FindStringSubmatch(note); m != nil {
			seconds = max(seconds, number(m[1]))
		}
	}
	return seconds
}

// isRate reports whether a figure is a fraction of 1, which text shows in per cent.
func isRate(name string) bool {
	name = strings.TrimSuffix(strings.TrimSuffix(name, "_before"), "_change")
	return strings.HasSuffix(name, "_rate") || name == "share" || name == "called_back_in_24h"
}

// near reports whether a figure is shown as what it is, to the digits that it has.
func (h half) near(name string, have, want float64) bool {
	tolerance := 1e-9
	switch base := strings.TrimSuffix(strings.TrimSuffix(name, "_before"), "_change"); {
	case isRate(base) && h.name == "text":
		tolerance = 0.00051
	case isRate(base):
		tolerance = 0.000051
	case base == "mean_seconds" || base == "per_day" || slices.Contains([]string{"minutes_to_call_back", "waiting_hours", "talk_minutes"}, base):
		tolerance = 0.051
	}
	if strings.HasSuffix(name, "_change") {
		tolerance *= 2 // of two rounded figures
	}
	return math.Abs(have-want) <= tolerance
}

// same holds that both halves of an answer say the same.
func same(t *testing.T, a answer) {
	t.Helper()
	x, y := a.text, a.structure
	if len(y.rows) == 0 { // text has no table then, and no tally of one
		x.columns, x.order = y.columns, y.order
		if x.totals == nil && y.totals["talk_seconds"] == 0 {
			x.totals = y.totals
		}
	}
	check := func(what string, text, structure any) {
		if diff := cmp.Diff(text, structure, cmpopts.EquateEmpty(), cmp.AllowUnexported(coverage{})); diff != "" {
			t.Errorf("%s: %s: text less, structure more:\n%s", a.call, what, diff)
		}
	}
	check("coverage", x.coverage, y.coverage)
	check("window", x.window, y.window)
	check("other window", x.before, y.before)
	check("cut", x.cut, y.cut)
	check("columns", x.columns, y.columns)
	check("matrix", x.matrix, y.matrix)
	check("order", x.order, y.order)
	if x.ranked >= 0 { // text tells it where it is not all rows
		check("ranked", x.ranked, y.ranked)
	}
	check("moment of the peak", x.peakAt, y.peakAt)
	check("found", []any{x.found, x.foundExact, x.first, x.last}, []any{y.found, y.foundExact, y.first, y.last})
	if !strings.Contains(a.call, `"test_calls":"only"`) {
		check("test calls", x.tests, y.tests)
	}
	check("legend", x.legend, y.legend)
	check("tool to go on with", x.nextTool, y.nextTool)
	check("compared with", x.with, y.with)
	check("per cent", x.percent, y.percent)
	check("notes", x.notes, y.notes)
	check("now", x.now, y.now)
	check("zone", x.zone, y.zone)
	check("next", decoded(t, x.next), decoded(t, y.next))
	figures := func(what string, text, structure map[string]float64) {
		if len(text) != len(structure) {
			t.Errorf("%s: %s: %v in text, %v in the structure", a.call, what, text, structure)
		}
		for name, v := range structure {
			if have, ok := text[name]; !ok || !x.near(name, have, v) {
				t.Errorf("%s: %s: %s is %v in text (there: %v), %v in the structure", a.call, what, name, have, ok, v)
			}
		}
	}
	figures("totals", x.totals, y.totals)
	figures("before", x.was, y.was)
	figures("change", x.changed, y.changed)
	figures("cost", x.cost, y.cost)
	if len(x.rows) != len(y.rows) {
		t.Errorf("%s: %d rows in text, %d in the structure", a.call, len(x.rows), len(y.rows))
		return
	}
	for i := range y.rows {
		for k, name := range y.columns {
			have, want := x.rows[i][k], y.rows[i][k]
			a, is := have.(float64)
			b, ok := want.(float64)
			if y.matrix[0] != "" && k > 0 {
				name = y.matrix[2]
			}
			if is && ok && x.near(name, a, b) || have == want {
				continue
			}
			t.Errorf("row %d, %s: %v in text, %v in the structure", i+1, name, have, want)
		}
	}
}
