package answer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Measures holds figures by name.
type Measures map[string]Figure

// BusyHour is a total that is no metric: the hour of the day with most calls.
const BusyHour = "busy_hour"

// IsRate reports whether text shows a metric in per cent.
func IsRate(name stats.Metric) bool { return name.Unit() == stats.Rate }

// NewFigure makes a figure of a metric. Each half of an answer rounds it once, to the digits
// that it is worth.
func NewFigure(name stats.Metric, v float64) Figure {
	f := Figure{Value: v, percent: IsRate(name)}
	if name.Unit() != stats.Whole {
		f.digits = 1
	}
	return f
}

// MeasureCell shows a measure, also one that is not known.
func MeasureCell(name stats.Metric, m stats.Measure) Cell {
	if !m.Known {
		return Unknown{}
	}
	return NewFigure(name, m.Value)
}

// MeasuresOf takes those metrics out of a row that are known.
func MeasuresOf(names []stats.Metric, r stats.Row) Measures {
	m := Measures{}
	for _, name := range names {
		if v := r.M[name]; v.Known {
			m[string(name)] = NewFigure(name, v.Value)
		}
	}
	return m
}

// Changed returns a figure less what it was, by the digits of the structure.
func (f Figure) Changed(was Figure) Figure {
	f.Value = f.rounded() - was.rounded()
	return f
}

// Less returns the measures less those of before, where both are known.
func (m Measures) Less(before Measures) Measures {
	change := Measures{}
	for name, is := range m {
		if was, ok := before[name]; ok {
			change[name] = is.Changed(was)
		}
	}
	return change
}

// PercentOf returns changes in per cent of what was before, to a tenth. Rates have none,
// since theirs would pass for points.
func (m Measures) PercentOf(before Measures) Measures {
	percent := Measures{}
	for name, change := range m {
		if was := before[name].rounded(); was > 0 && !change.percent {
			percent[name] = Figure{Value: 100 * change.Value / was, digits: 1}
		}
	}
	return percent
}

// Names lists the measures in the order of all answers.
func (m Measures) Names() []stats.Metric {
	var names []stats.Metric
	for _, name := range append(slices.Clone(stats.AllMetrics), BusyHour) {
		if _, ok := m[string(name)]; ok {
			names = append(names, name)
		}
	}
	return names
}

// Missing writes the metrics that are not among the measures, as not known.
func (m Measures) Missing(names []stats.Metric) SafeText {
	var parts []string
	for _, name := range names {
		if _, ok := m[string(name)]; !ok && name != stats.Share {
			parts = append(parts, string(name)+" ?")
		}
	}
	return SafeText(strings.Join(parts, ", "))
}

// ForeignText writes the measures, such as "calls 56, answer_rate 78.6 %", and those not known.
func (m Measures) Words(unknown SafeText) string {
	var parts []string
	for _, name := range m.Names() {
		s := string(name) + " " + m[string(name)].CSV()
		if IsRate(name) {
			s += " %"
		}
		parts = append(parts, s)
	}
	if unknown != "" {
		parts = append(parts, string(unknown))
	}
	return strings.Join(parts, ", ")
}

// Changes writes changes, such as "calls +6 (+12 %), answer_rate -0.5 points".
func (m Measures) Changes(percent Measures) string {
	var parts []string
	for _, name := range m.Names() {
		s := string(name) + " " + signed(m[string(name)].CSV())
		if IsRate(name) {
			s += " points"
		}
		if p, ok := percent[string(name)]; ok {
			s += fmt.Sprintf(" (%s %%)", signed(p.CSV()))
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
