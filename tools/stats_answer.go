package tools

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// measures are figures by name; an estimate has its 95 % interval beside it, as
// name_low and name_high.
type measures map[string]float64

type callStatsOutput struct {
	Coverage  coverage       `json:"coverage"`
	Window    statsWindow    `json:"window"`
	Filters   appliedFilters `json:"filters"`
	Totals    measures       `json:"totals" jsonschema_description:"Rates are fractions of 1."`
	Previous  measures       `json:"previous,omitempty"`
	Change    measures       `json:"change,omitempty" jsonschema_description:"totals less previous."`
	Estimated []string       `json:"estimated" jsonschema_description:"Figures that are estimates; name_low and name_high are a 95 % interval."`
	Columns   []string       `json:"columns"`
	Rows      []row          `json:"rows"`
	Next      string         `json:"next" jsonschema_description:"How to see the calls behind the numbers."`
	frame

	texts []row // rows as text shows them
}

// total puts the totals in.
func (out *callStatsOutput) total(in callStatsInput, report, before *stats.Report) {
	out.Totals, out.Estimated = measures{}, []string{}
	for _, name := range stats.Metrics {
		out.put(out.Totals, name, report.Totals.M[name])
	}
	delete(out.Totals, string(stats.Share)) // of the totals it is 1
	if k := report.Contacts; k != nil {
		out.Totals["contacts"] = float64(k.Contacts)
		out.Totals["repeat_contacts"] = float64(k.Repeat)
		out.Totals["peak_concurrent"] = float64(k.PeakConcurrent)
		out.Totals["short_calls"] = float64(*report.Short)
		// These filters hide the very calls that may have returned others.
		if in.Status == "" && in.Direction == "" && in.AgentID == "" && in.Search == "" {
			out.Totals["unreturned_missed"] = float64(k.UnreturnedMissed)
		} else {
			out.note("unreturned_missed is told only without filters other than dates, which would hide the calls that returned others.")
		}
	}
	if before == nil {
		return
	}
	out.Previous, out.Change = measures{}, measures{}
	for _, name := range stats.Metrics {
		was, is := before.Totals.M[name], report.Totals.M[name]
		out.put(out.Previous, name, was)
		if was.Known && is.Known {
			out.Change[string(name)] = round(name, round(name, is.Value)-round(name, was.Value))
		}
	}
	delete(out.Previous, string(stats.Share))
	delete(out.Change, string(stats.Share))
}

// put adds a measure, if it is known, with its interval.
func (out *callStatsOutput) put(into measures, name stats.Metric, m stats.Measure) {
	if !m.Known {
		return
	}
	into[string(name)] = round(name, m.Value)
	if m.Estimate {
		into[string(name)+"_low"], into[string(name)+"_high"] = round(name, m.Low), round(name, m.High)
		if !slices.Contains(out.Estimated, string(name)) {
			out.Estimated = append(out.Estimated, string(name))
		}
	}
}

// round gives a figure the digits that it is worth.
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

// explain notes what to know of the numbers.
func (out *callStatsOutput) explain(in callStatsInput, report, before *stats.Report, zone *time.Location) {
	switch {
	case in.ExcludeTestCalls:
		out.note("Test calls are left out of the figures, and are part of matched.")
	case report.Tests == nil:
		out.note("Test calls are part of all figures: Talkover cannot count them.")
	}
	if report.Method != stats.Scan {
		out.note("Intervals are 95 %%, from the differences between the pages of the sample (ratio estimator; Wilson score for shares).")
		byDay := report.UTCDays && slices.ContainsFunc(in.GroupBy, func(d stats.Dimension) bool { return d.InOrder() && d != stats.ByHour })
		if zone.String() != "UTC" && (byDay || in.DateFrom != "" || in.DateTo != "") {
			out.note("Days are UTC days here, not those of %s, as far as Talkover cuts them: in date_from, date_to and counts.", zone)
		}
	}
	if report.Method == stats.Sample && len(in.GroupBy) > 0 {
		out.note("Groups without a call in the sample are missing. Narrow the dates for exact groups.")
	}
	if before != nil && (!before.Complete || before.Method != report.Method) {
		out.note("The previous period: %s.", newCoverage(before.Coverage, 0))
	}
	if before != nil && out.Window.DateTo >= out.today(zone) {
		out.note("The current period is not over yet.")
	}
}

// today is the day of the answer, in a zone.
func (out *callStatsOutput) today(zone *time.Location) string {
	t, err := time.ParseInLocation(nowForm, out.Now, zone)
	if err != nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

func (out *callStatsOutput) size() int { return len(out.Rows) }

// head is the text without its table.
func (out *callStatsOutput) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s); %s", out.Coverage, callFilters(out.Filters), plural(out.Coverage.Requests, "request", "requests"))
	if out.Coverage.TestCalls != nil {
		fmt.Fprintf(&b, "; %s", plural(*out.Coverage.TestCalls, "test call", "test calls"))
	}
	fmt.Fprintf(&b, "; days and hours in %s; now %s.\n", out.Window.Timezone, out.Now)
	fmt.Fprintf(&b, "Totals: %s.\n", out.Totals.words(out.Estimated))
	if out.Previous != nil {
		fmt.Fprintf(&b, "Previous period (%s to %s): %s.\n", out.Window.PreviousFrom, out.Window.PreviousTo, out.Previous.words(out.Estimated))
		fmt.Fprintf(&b, "Change: %s.\n", out.Change.words(nil))
	}
	out.writeNotes(&b)
	return b.String()
}

func (out *callStatsOutput) text() string {
	var b strings.Builder
	b.WriteString(out.head())
	if len(out.texts) > 0 {
		writeCSV(&b, out.Columns, out.texts, false)
	}
	b.WriteString(out.Next)
	return b.String()
}

// words says measures in the order of answers.
func (m measures) words(estimated []string) string {
	order := []string{}
	for _, name := range stats.Metrics {
		order = append(order, string(name))
	}
	order = append(order, "contacts", "repeat_contacts", "short_calls", "unreturned_missed", "peak_concurrent")
	var parts []string
	for _, name := range order {
		v, ok := m[name]
		if !ok {
			continue
		}
		s := fmt.Sprintf("%s %v", name, shown(stats.Metric(name), v, slices.Contains(estimated, name)))
		if name == string(stats.AnswerRate) {
			s += " %"
		}
		if low, ok := m[name+"_low"]; ok {
			s += fmt.Sprintf(" (%v to %v)", shown(stats.Metric(name), low, false), shown(stats.Metric(name), m[name+"_high"], false))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}
