package answer

import (
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Measures holds figures by name.
type Measures map[stats.Metric]Figure

// BusyHour is a total that is no metric: the hour of the day with most calls.
const BusyHour stats.Metric = "busy_hour"

// NewFigure makes a figure of a metric. Each half of an answer rounds it once, to the digits
// that it is worth.
func NewFigure(name stats.Metric, v float64) Figure {
	f := Figure{Value: v, percent: name.Unit() == stats.Rate}
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

// MeasuresOf takes those metrics out of a row that are known, but for the share, which totals have
// none of.
func MeasuresOf(names []stats.Metric, r stats.Row) Measures {
	m := Measures{}
	for _, name := range names {
		if v := r.M[name]; v.Known && name != stats.Share {
			m[name] = NewFigure(name, v.Value)
		}
	}
	return m
}

// Changed returns a figure less what it was, by the digits of the structure.
func (f Figure) Changed(was Figure) Figure {
	f.Value = f.rounded() - was.rounded()
	return f
}

// ChangedFrom returns the measures less those of before, where both are known, and these changes in per
// cent of what was before, to a tenth. Rates have none, since theirs would pass for points.
func (m Measures) ChangedFrom(before Measures) (change, percent Measures) {
	change, percent = Measures{}, Measures{}
	for name, is := range m {
		was, ok := before[name]
		if !ok {
			continue
		}
		change[name] = is.Changed(was)
		if was := was.rounded(); was > 0 && !is.percent {
			percent[name] = Figure{Value: 100 * change[name].Value / was, digits: 1}
		}
	}
	return change, percent
}

// Names lists the measures in the order of all answers.
func (m Measures) Names() []stats.Metric {
	return slices.DeleteFunc(append(slices.Clone(stats.AllMetrics), BusyHour), func(name stats.Metric) bool {
		_, ok := m[name]
		return !ok
	})
}

// Missing writes the metrics that are not among the measures, as not known.
func (m Measures) Missing(names []stats.Metric) SafeText {
	var parts []string
	for _, name := range names {
		if _, ok := m[name]; !ok && name != stats.Share {
			parts = append(parts, string(name)+" ?")
		}
	}
	return SafeText(strings.Join(parts, ", "))
}

// Words writes the measures, such as "calls 56, answer_rate 78.6 %", and those not known.
func (m Measures) Words(unknown SafeText) string {
	s := m.list(func(name stats.Metric, f Figure) string { return f.CSV() + f.unit(" %") })
	return strings.Trim(s+", "+string(unknown), ", ")
}

// Changes writes changes, such as "calls +6 (+12 %), answer_rate -0.5 points".
func (m Measures) Changes(percent Measures) string {
	return m.list(func(name stats.Metric, f Figure) string {
		s := signed(f.CSV()) + f.unit(" points")
		if p, ok := percent[name]; ok {
			s += " (" + signed(p.CSV()) + " %)"
		}
		return s
	})
}

// list writes each measure after its name.
func (m Measures) list(write func(stats.Metric, Figure) string) string {
	var parts []string
	for _, name := range m.Names() {
		parts = append(parts, string(name)+" "+write(name, m[name]))
	}
	return strings.Join(parts, ", ")
}

// unit returns the unit of a rate, and nothing for any other figure.
func (f Figure) unit(words string) string {
	if f.percent {
		return words
	}
	return ""
}

// signed writes a plus before a number that rises.
func signed(number string) string {
	if strings.HasPrefix(number, "-") || strings.Trim(number, "0.") == "" {
		return number
	}
	return "+" + number
}
