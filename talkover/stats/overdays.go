package stats

import (
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover/scan"
)

// overDays are the days of a window that were over at a moment, on which figures a day
// rest. Without a first day there are none.
type overDays struct {
	scan.Window
	by     []Dimension
	counts map[string]int // days by their places
	all    place          // all of them
}

// daysOver returns the days that lie wholly in a window, were over at a moment and have a
// weekday that the filter asks for.
func daysOver(w scan.Window, f *Filter, by []Dimension, at time.Time) overDays {
	o := overDays{by: by, counts: map[string]int{}}
	if w.From.IsZero() {
		return o
	}
	zone := zoneOf(f.Zone)
	if w.To.IsZero() || at.Before(w.To) {
		w.To = at
	}
	first, end := dayOf(w.From.In(zone)), dayOf(w.To.In(zone))
	if startOf(first, zone).Before(w.From) {
		first = first.AddDate(0, 0, 1)
	}
	if !first.Before(end) {
		return o
	}
	o.Window = scan.Window{From: startOf(first, zone), To: startOf(end, zone)}
	weekdays := clockTest{weekdays: f.Weekdays, zone: time.UTC, last: -1}
	for day := first; day.Before(end); day = day.AddDate(0, 0, 1) {
		if !weekdays.fits(day.UnixMicro()) {
			continue
		}
		o.all.days++
		values := make([]Value, len(by))
		for i, d := range by {
			values[i] = d.ofTime(day)
		}
		o.counts[o.key(values)]++
	}
	return o
}

// key tells places apart by the dimensions that divide days.
func (o *overDays) key(values []Value) string {
	var keys []string
	for i, d := range o.by {
		if d.dividesDays() {
			keys = append(keys, values[i].Key)
		}
	}
	return strings.Join(keys, " ")
}

// of returns the days that lie in the place of a row.
func (o *overDays) of(values []Value) place {
	k := o.key(values)
	return place{k, o.counts[k]}
}
