package tools

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// withInterval are the figures whose interval a row has beside them.
var withInterval = []stats.Metric{stats.Calls, stats.AnswerRate, stats.MeanSeconds}

// groupTable makes the rows of an answer of groups and, where there is one, of
// the period before.
type groupTable struct {
	by      []stats.Dimension
	columns []string
	rows    []stats.Row
	was     map[[2]string]stats.Row // in the period before, by place; nil without one
	calls   int                     // of which shares are
	mask    mask
}

// table lays the groups out: their columns, and which figures are estimates.
func (out *callStatsOutput) table(in callStatsInput, report, before *stats.Report, shift int, m mask) *groupTable {
	t := &groupTable{by: in.GroupBy, columns: []string{}, rows: report.Rows, calls: int(report.Totals.M[stats.Calls].Value), mask: m}
	if len(in.GroupBy) == 0 {
		return t
	}
	if before != nil {
		t.compare(before, shift)
	}
	estimated := map[stats.Metric]bool{}
	for _, r := range t.rows {
		for name, v := range r.M {
			estimated[name] = estimated[name] || v.Known && v.Estimate
		}
	}
	for _, d := range t.by {
		t.columns = append(t.columns, string(d))
		if d == stats.ByAgent {
			t.columns = append(t.columns, "agent_id")
		}
	}
	for _, name := range stats.Metrics {
		if report.Method != stats.Scan && (name == stats.MedianSeconds || name == stats.P95Seconds) {
			continue // a sample of pages says too little of them
		}
		t.columns = append(t.columns, string(name))
		if estimated[name] {
			if slices.Contains(withInterval, name) {
				t.columns = append(t.columns, string(name)+"_low", string(name)+"_high")
			}
			if !slices.Contains(out.Estimated, string(name)) {
				out.Estimated = append(out.Estimated, string(name))
			}
		}
	}
	if before != nil {
		t.columns = append(t.columns, "previous_calls", "calls_change", "answer_rate_change")
	}
	return t
}

// compare finds what each group was in the period before, and adds the groups
// that are no more.
func (t *groupTable) compare(before *stats.Report, shift int) {
	t.rows, t.was = slices.Clone(t.rows), map[[2]string]stats.Row{}
	have := map[[2]string]bool{}
	for _, r := range t.rows {
		have[placeOf(r)] = true
	}
	for _, r := range before.Rows {
		r = shifted(r, t.by, shift)
		t.was[placeOf(r)] = r
		if !have[placeOf(r)] {
			t.rows = append(t.rows, stats.None(r.Values, t.calls))
		}
	}
	stats.SortRows(t.rows, t.by)
}

// line writes a row: the values of the structure, and what the text shows.
func (t *groupTable) line(r stats.Row) (values, texts row) {
	for i, d := range t.by {
		name, id := "", ""
		if i < len(r.Values) {
			name, id = r.Values[i].Name, r.Values[i].Key
		}
		if d == stats.ByContact || d == stats.ByLine {
			name = t.mask.number(name)
		} else {
			name = t.mask.words(name)
		}
		values, texts = append(values, name), append(texts, name)
		if d == stats.ByAgent {
			values, texts = append(values, id), append(texts, id)
		}
	}
	then, compared := t.was[placeOf(r)]
	for _, column := range t.columns[len(values):] {
		name, low := strings.CutSuffix(column, "_low")
		name, high := strings.CutSuffix(name, "_high")
		metric := stats.Metric(name)
		v := r.M[metric]
		switch {
		case low:
			v = stats.Measure{Value: v.Low, Known: v.Known && v.Estimate}
		case high:
			v = stats.Measure{Value: v.High, Known: v.Known && v.Estimate}
		case column == "previous_calls":
			metric = stats.Calls
			if v = then.M[stats.Calls]; !compared {
				v = stats.Measure{Known: true}
			}
		case column == "calls_change":
			metric, v = stats.Calls, change(stats.Calls, r, then)
			v.Known = true
		case column == "answer_rate_change":
			metric, v = stats.AnswerRate, change(stats.AnswerRate, r, then)
		}
		if !v.Known {
			values, texts = append(values, ""), append(texts, "")
			continue
		}
		values, texts = append(values, round(metric, v.Value)), append(texts, shown(metric, v.Value, v.Estimate))
	}
	return values, texts
}

// change is what became of a figure, to the digits that answers show.
func change(name stats.Metric, is, was stats.Row) stats.Measure {
	a, b := is.M[name], was.M[name]
	return stats.Measure{
		Value: round(name, a.Value) - round(name, b.Value),
		Known: a.Known && b.Known, Estimate: a.Estimate || b.Estimate,
	}
}

// placeOf is the key of a row.
func placeOf(r stats.Row) (key [2]string) {
	for i, v := range r.Values {
		key[i] = v.Key
	}
	return key
}

// shifted moves the days and weeks of a row of the previous period to those that
// it is compared with.
func shifted(r stats.Row, by []stats.Dimension, days int) stats.Row {
	r.Values = slices.Clone(r.Values)
	for i, d := range by {
		t, err := time.Parse(time.DateOnly, r.Values[i].Key)
		if err == nil && (d == stats.ByDay || d == stats.ByWeek && days%7 == 0) {
			s := t.AddDate(0, 0, days).Format(time.DateOnly)
			r.Values[i] = stats.Value{Key: s, Name: s}
		}
	}
	return r
}

// shown writes a figure as text does: rates in per cent, estimates with a ~.
func shown(name stats.Metric, v float64, estimate bool) any {
	v = round(name, v)
	digits := 0
	switch name {
	case stats.Share, stats.AnswerRate:
		v, digits = 100*v, 1
	case stats.MeanSeconds:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimSuffix(s, ".0")
	}
	if estimate {
		return "~" + s
	}
	return figure(s)
}

// figure is a number in its text form; it is no formula, though it may begin
// with a minus.
type figure string

// Bounds on the size of an answer.
const (
	mostGroups  = 50
	statsTokens = 1400
)

// fit puts in as many rows as an answer may take, and a row that adds up the
// rest: the first rows stay, or of days and weeks the last.
func (out *callStatsOutput) fit(t *groupTable) {
	out.Columns = t.columns
	latest := len(t.by) > 0 && (t.by[0] == stats.ByDay || t.by[0] == stats.ByWeek) && t.by[len(t.by)-1].InOrder()
	rows := slices.Clone(t.rows)
	if latest {
		slices.Reverse(rows)
	}
	bare, _ := json.Marshal(out)
	spent, keep := max(tokens(out.text()), tokens(string(bare))), 0
	for ; keep < min(len(rows), mostGroups); keep++ {
		values, texts := t.line(rows[keep])
		b, _ := json.Marshal(values)
		if spent += max(tokens(string(b)), tokens(strings.Join(texts.csv(nil), ",")+"\n")); spent > statsTokens {
			break
		}
		out.Rows, out.texts = append(out.Rows, values), append(out.texts, texts)
	}
	if latest {
		slices.Reverse(out.Rows)
		slices.Reverse(out.texts)
	}
	cut := rows[keep:]
	if len(cut) == 0 {
		return
	}
	rest := stats.Rest(cut, t.calls)
	rest.Values = []stats.Value{{Key: "(rest)", Name: "(rest)"}}
	if t.was != nil {
		var then []stats.Row
		for _, r := range cut {
			if w, ok := t.was[placeOf(r)]; ok {
				then = append(then, w)
			}
		}
		t.was[placeOf(rest)] = stats.Rest(then, 0)
	}
	values, texts := t.line(rest)
	for i, d := range t.by[:1] {
		if d == stats.ByAgent {
			values[i+1], texts[i+1] = "", "" // it has no id
		}
	}
	out.Rows, out.texts = append(out.Rows, values), append(out.texts, texts)
	out.note("The row (rest) adds up %d more groups; filter or narrow the dates to see them.", len(cut))
}
