package tools

import (
	"math"
	"strings"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// measures holds figures by name.
type measures map[string]float64

// newFigure makes a figure of a metric.
func newFigure(name stats.Metric, v float64) figure {
	f := figure{value: round(name, v)}
	switch name {
	case stats.Share, stats.AnswerRate:
		f.digits, f.percent = 1, true
	case stats.MeanSeconds:
		f.digits = 1
	}
	return f
}

// measureCell shows a measure. It is blank if that cannot be told.
func measureCell(name stats.Metric, m stats.Measure) cell {
	if !m.Known {
		return words("")
	}
	return newFigure(name, m.Value)
}

// round rounds a metric to the digits that it is worth.
func round(name stats.Metric, v float64) float64 {
	scale := 1.0
	switch name {
	case stats.Share, stats.AnswerRate:
		scale = 10_000
	case stats.MeanSeconds:
		scale = 10
	}
	return math.Round(v*scale) / scale
}

// These measures follow stats.Metrics, if all calls were read.
const (
	contactsMeasure   = "contacts"
	repeatMeasure     = "repeat_contacts"
	shortMeasure      = "short_calls"
	unreturnedMeasure = "unreturned_missed"
	peakMeasure       = "peak_concurrent"
)

// words writes the measures, in the order of all answers.
func (m measures) words() string {
	order := []string{}
	for _, name := range stats.Metrics {
		order = append(order, string(name))
	}
	order = append(order, contactsMeasure, repeatMeasure, shortMeasure, unreturnedMeasure, peakMeasure)
	var parts []string
	for _, name := range order {
		v, ok := m[name]
		if !ok {
			continue
		}
		metric := stats.Metric(name)
		s := name + " " + newFigure(metric, v).csv()
		if metric == stats.AnswerRate {
			s += " %"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}
