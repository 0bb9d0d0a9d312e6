package exam_test

import (
	"fmt"
	"slices"
	"strings"
)

// table examines each cell of each row, and that no group is left out.
func (e *examiner) table(by []string, whole set, was calls, wasWindow span) {
	keyOf := func(c *call, z zone) string {
		var k []string
		for _, d := range by {
			k = append(k, e.a.dimension(d, z)(c))
		}
		return strings.Join(k, "\x00")
	}
	key := func(cs calls, z zone) map[string]calls {
		groups := map[string]calls{}
		for _, c := range cs {
			groups[keyOf(c, z)] = append(groups[keyOf(c, z)], c)
		}
		return groups
	}
	holds := func(id string) is { return func(c *call) bool { return keyOf(c, e.z) == id } }
	groups, groupsBefore := key(whole.calls, e.z), key(was, e.z)
	if len(e.h.rows)+len(whole.calls)+len(was) == 0 { // text has no table then
		return
	}
	for i, d := range by {
		if i >= len(e.h.columns) || !slices.Contains(e.h.columns[:len(by)+1], d) {
			e.errorf("the columns are %v, want %v first", e.h.columns, by)
			return
		}
	}
	seen, seenBefore := map[string]bool{}, map[string]bool{}
	var rest []any
	for _, row := range e.h.rows {
		var k, before []string
		cells := map[string]any{}
		for i, name := range e.h.columns {
			cells[name] = row[i]
		}
		if s, ok := row[0].(string); ok && s == "(rest)" {
			rest = row
			continue
		}
		for _, d := range by {
			v := fmt.Sprint(cells[d])
			k = append(k, v)
			if b, ok := cells[d+"_before"]; ok {
				v = fmt.Sprint(b)
			}
			before = append(before, v)
		}
		id, idBefore := strings.Join(k, "\x00"), strings.Join(before, "\x00")
		if seen[id] {
			e.errorf("two rows of %v", k)
		}
		seen[id], seenBefore[idBefore] = true, true
		e.row(k, by, cells, set{groups[id], whole.of, whole.window, e.daysOf(by, k), holds(id)},
			set{groupsBefore[idBefore], float64(len(was)), wasWindow, e.daysOf(by, before), holds(idBefore)})
	}
	var left, leftBefore calls
	n := 0
	for id, cs := range groups {
		if !seen[id] {
			left, n = append(left, cs...), n+1
		}
	}
	for id, cs := range groupsBefore {
		if !seenBefore[id] {
			leftBefore = append(leftBefore, cs...)
		}
	}
	beyond := slices.ContainsFunc(e.h.notes, func(note string) bool {
		return strings.HasPrefix(note, "The other window has ")
	})
	switch {
	case rest == nil && (len(left) > 0 || len(leftBefore) > 0 && !beyond):
		e.errorf("%d groups with %d calls are in no row, and %d calls of the other window", n, len(left),
			len(leftBefore))
	case rest != nil:
		cells := map[string]any{}
		for i, name := range e.h.columns[1:] {
			if beyond && (strings.HasSuffix(name, "_before") || strings.HasSuffix(name, "_change")) {
				continue // the rest has none of those that are paired with nothing
			}
			cells[name] = rest[i+1]
		}
		others := func(seen map[string]bool) is { return func(c *call) bool { return !seen[keyOf(c, e.z)] } }
		e.row([]string{"(rest)"}, by, cells, set{left, whole.of, whole.window, nil, others(seen)},
			set{leftBefore, float64(len(was)), wasWindow, nil, others(seenBefore)})
	}
	e.ordered(by, func(row []any) calls { return groups[strings.Join(words(row[:len(by)]), "\x00")] }, groups)
}

// daysOf returns the days that a group is about.
func (e *examiner) daysOf(by, key []string) func(date) bool {
	return func(d date) bool {
		for i, dimension := range by {
			c := &call{at: d.at(e.z, daySeconds/2)}
			switch dimension {
			case "day", "week", "month", "weekday":
				if e.a.dimension(dimension, e.z)(c) != key[i] {
					return false
				}
			}
		}
		return true
	}
}

// row examines the figures of a row.
func (e *examiner) row(key, by []string, cells map[string]any, is, was set) {
	paired := true // the other window has such a place
	for _, d := range by {
		paired = paired && cells[d+"_before"] != "?"
	}
	for name, have := range cells {
		if slices.Contains(by, strings.TrimSuffix(name, "_before")) {
			continue
		}
		base := strings.TrimSuffix(strings.TrimSuffix(name, "_before"), "_change")
		s := is
		if strings.HasSuffix(name, "_before") {
			s = was
		}
		if base == "per_day" && s.days == nil { // of the rest
			continue
		}
		want, ok := e.figure(base, s)
		if strings.HasSuffix(name, "_before") {
			ok = ok && paired
		}
		if strings.HasSuffix(name, "_change") {
			before, known := e.figure(base, was)
			want, ok = want-before, ok && known && paired
		}
		x, number := have.(float64)
		switch {
		case ok && number && e.h.near(name, x, want):
		case have == "?" && (!ok || untold(base, key)):
		case name == "agent_id" || name == "contact" || name == "line":
		default:
			e.errorf("%s of %v: %v, want %v (known: %v)", name, key, have, want, ok)
		}
	}
}

// untold reports whether a figure is told of no group, or not of the rest.
func untold(name string, key []string) bool {
	switch name {
	case "busy_hour":
		return true
	case "peak_concurrent", "contacts", "repeat_contacts", "unreturned_contacts", "waiting_hours":
		return key[0] == "(rest)" || key[len(key)-1] == "all" // where numbers may occur in several
	}
	return false
}

// matrix examines a table of one metric by two dimensions.
func (e *examiner) matrix(by []string, all calls) {
	if len(e.h.rows)+len(all) == 0 { // text has no table then
		return
	}
	if e.h.matrix[0] == by[1] { // whichever fits better goes down
		by = []string{by[1], by[0]}
	}
	if e.h.matrix[0] != by[0] || e.h.matrix[1] != by[1] || e.h.columns[0] != by[0] {
		e.errorf("the matrix is of %v, with columns %v; want %v", e.h.matrix, e.h.columns, by)
		return
	}
	metric := e.h.matrix[2]
	first, second := e.a.dimension(by[0], e.z), e.a.dimension(by[1], e.z)
	w := e.part()
	shown := 0.0
	for _, row := range e.h.rows {
		for i, column := range e.h.columns[1:] {
			of := func(c *call) bool {
				return (row[0] == "all" || first(c) == row[0]) && (column == "all" || second(c) == column)
			}
			cs := all.where(of)
			want,
				ok := e.figure(metric, set{cs, all.count(), w, e.daysOf(by, []string{fmt.Sprint(row[0]), column}), of})
			x, number := row[i+1].(float64)
			unknown := row[i+1] == "?" && (!ok || untold(metric, []string{fmt.Sprint(row[0]), column}))
			if !(ok && number && e.h.near(metric, x, want)) && !unknown && !(len(cs) == 0 && row[i+1] == "") {
				e.errorf("%v %s: %v, want %v (known: %v)", row[0], column, row[i+1], want, ok)
			}
			if row[0] != "all" && column != "all" {
				shown += cs.count()
			}
		}
	}
	cut := slices.ContainsFunc(e.h.notes, func(note string) bool { return strings.Contains(note, "have no room") })
	if shown != all.count() && !cut {
		e.errorf("the matrix has %v calls, want %v", shown, all.count())
	}
}

// words writes values as text.
func words(values []any) (all []string) {
	for _, v := range values {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// fewest returns how many calls a group needs to rank.
func (e *examiner) fewest(by string) float64 {
	switch {
	case e.a.MinCalls != nil:
		return float64(*e.a.MinCalls)
	case slices.Contains([]string{"answer_rate", "unanswered_rate", "no_answer_rate", "mean_seconds", "median_seconds",
		"p95_seconds",
		"minutes_to_call_back", "called_back_in_1h", "called_back_in_24h"}, by):
		return 20
	}
	return 0
}

// ordered examines that the rows are in the order that the answer says, and how many rank.
func (e *examiner) ordered(by []string, of func([]any) calls, groups map[string]calls) {
	rows := e.h.rows
	if n := len(rows); n > 0 && rows[n-1][0] == "(rest)" {
		rows = rows[:n-1]
	}
	name, largestFirst := strings.CutSuffix(e.h.order, ", largest first")
	name, smallestFirst := strings.CutSuffix(name, ", smallest first")
	i := slices.Index(e.h.columns, name)
	ranking := largestFirst || smallestFirst
	if !ranking || i < 0 {
		i = 0
	}
	fewest := e.fewest(name)
	ranks := func(cs calls) bool {
		_, known := e.figure(name, set{calls: cs, of: 1})
		return cs.count() >= fewest && known
	}
	if ranking && fewest > 0 && e.a.Compare == "" {
		n := 0
		for _, cs := range groups {
			if ranks(cs) {
				n++
			}
		}
		if e.h.ranked != n && !(e.h.ranked < 0 && n == len(groups)) {
			e.errorf("%d groups are said to rank, and %d of %d do", e.h.ranked, n, len(groups))
		}
	}
	for k := 1; k < len(rows); k++ {
		switch x, y := rows[k-1][i], rows[k][i]; {
		case ranking && fewest > 0 && ranks(of(rows[k-1])) && !ranks(of(rows[k])):
		case ranking && fewest > 0 && ranks(of(rows[k])) && !ranks(of(rows[k-1])):
			e.errorf("row %d ranks, and the one before does not", k)
		case ranking:
			a, known := x.(float64)
			b, ok := y.(float64)
			if known && ok && a != b && a < b != smallestFirst || !known && ok {
				e.errorf("row %d is in no order of %q: %v before %v", k, e.h.order, x, y)
			}
		case e.h.columns[0] == "weekday":
			if slices.Index(weekdays, fmt.Sprint(x)) > slices.Index(weekdays, fmt.Sprint(y)) {
				e.errorf("row %d: %v before %v", k, x, y)
			}
		case fmt.Sprint(x) > fmt.Sprint(y):
			e.errorf("row %d: %v before %v", k, x, y)
		}
	}
}
