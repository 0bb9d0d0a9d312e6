package tools

import (
	"fmt"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// measures holds figures by name.
type measures map[string]figure

// busyHour is a total that is no metric: the hour of the day with most calls.
const busyHour = "busy_hour"

// isRate reports whether text shows a metric in per cent.
func isRate(name stats.Metric) bool { return name.Unit() == stats.Rate }

// newFigure makes a figure of a metric. Each half of an answer rounds it once, to the digits
// that it is worth.
func newFigure(name stats.Metric, v float64) figure {
	f := figure{value: v, percent: isRate(name)}
	if name.Unit() != stats.Whole {
		f.digits = 1
	}
	return f
}

// measureCell shows a measure, also one that is not known.
func measureCell(name stats.Metric, m stats.Measure) cell {
	if !m.Known {
		return unknown{}
	}
	return newFigure(name, m.Value)
}

// measuresOf takes those metrics out of a row that are known.
func measuresOf(names []stats.Metric, r stats.Row) measures {
	m := measures{}
	for _, name := range names {
		if v := r.M[name]; v.Known {
			m[string(name)] = newFigure(name, v.Value)
		}
	}
	return m
}

// changed returns a figure less what it was, by the digits of the structure.
func (f figure) changed(was figure) figure {
	f.value = f.rounded() - was.rounded()
	return f
}

// less returns the measures less those of before, where both are known.
func (m measures) less(before measures) measures {
	change := measures{}
	for name, is := range m {
		if was, ok := before[name]; ok {
			change[name] = is.changed(was)
		}
	}
	return change
}

// percentOf returns changes in per cent of what was before, to a tenth. Rates have none,
// since theirs would pass for points.
func (m measures) percentOf(before measures) measures {
	percent := measures{}
	for name, change := range m {
		if was := before[name].rounded(); was > 0 && !change.percent {
			percent[name] = figure{value: 100 * change.value / was, digits: 1}
		}
	}
	return percent
}

// names lists the measures in the order of all answers.
func (m measures) names() []stats.Metric {
	var names []stats.Metric
	for _, name := range append(slices.Clone(stats.AllMetrics), busyHour) {
		if _, ok := m[string(name)]; ok {
			names = append(names, name)
		}
	}
	return names
}

// missing writes the metrics that are not among the measures, as not known.
func (m measures) missing(names []stats.Metric) ours {
	var parts []string
	for _, name := range names {
		if _, ok := m[string(name)]; !ok && name != stats.Share {
			parts = append(parts, string(name)+" ?")
		}
	}
	return ours(strings.Join(parts, ", "))
}

// words writes the measures, such as "calls 56, answer_rate 78.6 %", and those not known.
func (m measures) words(unknown ours) string {
	var parts []string
	for _, name := range m.names() {
		s := string(name) + " " + m[string(name)].csv()
		if isRate(name) {
			s += " %"
		}
		parts = append(parts, s)
	}
	if unknown != "" {
		parts = append(parts, string(unknown))
	}
	return strings.Join(parts, ", ")
}

// changes writes changes, such as "calls +6 (+12 %), answer_rate -0.5 points".
func (m measures) changes(percent measures) string {
	var parts []string
	for _, name := range m.names() {
		s := string(name) + " " + signed(m[string(name)].csv())
		if isRate(name) {
			s += " points"
		}
		if p, ok := percent[string(name)]; ok {
			s += fmt.Sprintf(" (%s %%)", signed(p.csv()))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// signed writes a plus before a number that rises.
func signed(number string) string {
	if strings.HasPrefix(number, "-") || strings.Trim(number, "0.") == "" {
		return number
	}
	return "+" + number
}
