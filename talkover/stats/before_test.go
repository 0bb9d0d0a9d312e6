package stats_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// ordinal is which day, week or month of the days from one on a place is, by walking there
// day by day; of other dimensions the place's own name.
func ordinal(d stats.Dimension, from string, v stats.Value) string {
	n := 0
	for day := from; ; day = next(day) {
		noon, _ := time.Parse("2006-01-02 15", day+" 12")
		key, _ := placed(d, talkover.Call{CreatedAt: noon}, time.UTC)
		if d != stats.ByDay && d != stats.ByWeek && d != stats.ByMonth {
			return v.Key
		}
		if key == v.Key {
			return strconv.Itoa(n)
		}
		tomorrow, _ := placed(d, talkover.Call{CreatedAt: noon.Add(24 * time.Hour)}, time.UTC)
		if tomorrow != key {
			n++
		}
		if n > 100 {
			return "?"
		}
	}
}

func ordinals(by []stats.Dimension, from string, values []stats.Value) string {
	var all []string
	for i, d := range by {
		all = append(all, ordinal(d, from, values[i]))
	}
	return strings.Join(all, "|")
}

// Windows that are compared: each figure of either side is that of its window, cut at the
// same point, and rows stand beside those of the same place.
func TestComparisonsAgainstGoingThroughAllCalls(t *testing.T) {
	log := oddLog(generate(15, 2500, 120*24*time.Hour))
	all := log.rows
	r := rand.New(rand.NewPCG(15, 12))
	cuts, beyond, missing, rows := 0, 0, 0, 0
	for i := range *questions {
		q := stats.Question{Filter: anyFilter(t, r, 30), Now: frozen}
		q.Filter.Days.Until = time.Time{}
		from := now.AddDate(0, 0, -r.IntN(40))
		to := from.AddDate(0, 0, []int{0, 1, 6, r.IntN(20)}[r.IntN(4)])
		if r.IntN(3) == 0 {
			from = time.Date(2026, time.Month(9+r.IntN(3)), 1, 0, 0, 0, 0, time.UTC)
			to = from.AddDate(0, 1, -1)
		}
		q.Filter.Days = stats.Days{From: from.Format("2006-01-02"), To: to.Format("2006-01-02")}
		q.Compare = []stats.Compare{stats.PreviousPeriod, stats.WeekBefore, stats.MonthBefore, stats.YearBefore}[r.IntN(4)]
		q.By = [][]stats.Dimension{nil, {stats.ByDay}, {stats.ByWeek}, {stats.ByMonth}, {stats.ByWeekday}, {stats.ByAgent}, {stats.ByDay, stats.ByDirection}, {stats.ByWeekday, stats.ByHour}}[r.IntN(8)]
		report := ask(t, log, q)
		what := fmt.Sprintf("%d: %s of %+v by %v", i, q.Compare, q.Filter, q.By)
		first, last, cut := calendar{q.Filter.Zone}.before(q.Compare, q.Filter.Days.From, q.Filter.Days.To, now)
		b := report.Before
		if b.Reason != "" || b.Days.From != first || b.Days.To != last || !b.Days.Until.Equal(cut) {
			t.Fatalf("%s: %+v, want %s to %s, cut %s", what, b, first, last, cut)
		}
		if !cut.IsZero() {
			cuts++
		}
		is := askedFor(q.Filter, all)
		then := q.Filter
		then.Days = stats.Days{From: first, To: last, Until: cut}
		was := askedFor(then, all)
		names := append(slices.Clone(plain), stats.PerDay, stats.Contacts)
		if len(q.By) > 0 {
			names = names[:len(names)-1]
		}
		sameMeasures(t, what, names, report.Totals.M, whole(q.Filter, nil, nil, is, nil, len(is)))
		sameMeasures(t, what+": before", names, b.Totals.M, whole(then, nil, nil, was, nil, len(was)))
		if len(q.By) == 0 {
			continue
		}
		here, there := map[string][]talkover.Call{}, map[string][]talkover.Call{}
		for into, side := range map[*map[string][]talkover.Call]struct {
			calls []talkover.Call
			from  string
		}{&here: {is, q.Filter.Days.From}, &there: {was, first}} {
			for _, c := range side.calls {
				values := make([]stats.Value, len(q.By))
				for i, d := range q.By {
					values[i].Key, values[i].Name = placed(d, c, q.Filter.Zone)
				}
				k := ordinals(q.By, side.from, values)
				(*into)[k] = append((*into)[k], c)
			}
		}
		met := map[string]bool{}
		for i, row := range report.Rows {
			rows++
			k := ordinals(q.By, q.Filter.Days.From, row.Values)
			met[k] = true
			sameMeasures(t, fmt.Sprint(what, row.Values), plain, row.M, truth(here[k], len(is)))
			held := func(from, to string, end time.Time) (n int) {
				for day := from; day <= to; day = next(day) {
					noon, _ := time.Parse("2006-01-02 15", day+" 12")
					if !end.IsZero() && !(calendar{q.Filter.Zone}).reach(day, "00:00:00").Before(end) {
						break
					}
					is := true
					for j, d := range q.By {
						if slices.Contains([]stats.Dimension{stats.ByDay, stats.ByWeek, stats.ByMonth, stats.ByWeekday}, d) {
							key, name := placed(d, talkover.Call{CreatedAt: noon}, time.UTC)
							is = is && ordinal(d, from, stats.Value{Key: key, Name: name}) == strings.Split(k, "|")[j]
						}
					}
					if is {
						n++
					}
				}
				return n
			}
			days := q.By[0] != stats.ByAgent
			if want := [2]int{held(q.Filter.Days.From, q.Filter.Days.To, b.Until), held(first, last, cut)}; days && b.HeldDays[i] != want {
				t.Errorf("%s: %v holds %v days, want %v", what, row.Values, b.HeldDays[i], want)
			}
			exists := !days || q.By[0] == stats.ByWeekday || held(first, last, cut) > 0
			if exists != (b.Rows[i].M != nil) {
				t.Errorf("%s: %v has the row %v before, where its place is there: %v", what, row.Values, b.Rows[i].M, exists)
			}
			if !exists { // a day that the other window does not have, or is not compared
				missing++
				continue
			}
			sameMeasures(t, fmt.Sprint(what, row.Values, ": before"), plain, b.Rows[i].M, truth(there[k], len(was)))
		}
		for _, row := range b.Beyond {
			beyond++
			k := ordinals(q.By, first, row.Values)
			met[k] = true
			if len(here[k]) > 0 {
				t.Errorf("%s: %v is beyond, and its place has calls", what, row.Values)
			}
			sameMeasures(t, fmt.Sprint(what, row.Values, ": beyond"), plain, row.M, truth(there[k], len(was)))
		}
		for _, side := range []map[string][]talkover.Call{here, there} {
			for k := range side {
				if !met[k] {
					t.Errorf("%s: place %s is not there", what, k)
				}
			}
		}
		isSorted(t, what, q, report)
	}
	if cuts < *questions/10 || beyond == 0 || missing == 0 || rows < *questions {
		t.Errorf("%d were cut, %d rows were beyond, %d had no like, of %d: too few to show anything", cuts, beyond, missing, rows)
	}
}

// Parts of windows are not compared.
func TestPartsAreNotCompared(t *testing.T) {
	log := logOf(generate(15, 2000, 60*24*time.Hour))
	log.most = 1000
	q := stats.Question{Filter: stats.Filter{Days: stats.Days{From: "2026-10-01", To: "2026-10-31"}, MinSeconds: 1}, Compare: stats.PreviousPeriod}
	report := ask(t, log, q)
	if b := report.Before; b.Reason == "" || b.Totals.M != nil || b.Rows != nil {
		t.Errorf("%+v", b)
	}
}

// Two dimensions in order come as a matrix, each cell that of its calls.
func TestMatrices(t *testing.T) {
	log := logOf(generate(16, 600, 30*24*time.Hour))
	f := stats.Filter{Zone: zone(t, "America/New_York"), Days: stats.Days{From: "2026-10-12", To: "2026-11-02"}}
	want := askedFor(f, log.rows)
	for _, by := range [][]stats.Dimension{{stats.ByWeekday, stats.ByHour}, {stats.ByHour, stats.ByDay}, {stats.ByWeekday, stats.ByWeek}, {stats.ByMonth, stats.ByWeekday}} {
		report := ask(t, log, stats.Question{Filter: f, By: by})
		for _, name := range []stats.Metric{stats.Calls, stats.AnswerRate, stats.MedianSeconds} {
			m := report.Matrix(name)
			cell := func(row, column *stats.Value) stats.Measure {
				var theirs []talkover.Call
				for _, c := range want {
					r, _ := placed(m.By[0], c, f.Zone)
					k, _ := placed(m.By[1], c, f.Zone)
					if (row == nil || r == row.Key) && (column == nil || k == column.Key) {
						theirs = append(theirs, c)
					}
				}
				return truth(theirs, len(want))[name]
			}
			for i := range m.Rows {
				if got := m.RowTotals[i]; got != cell(&m.Rows[i], nil) {
					t.Errorf("%v: %s of %v is %v", by, name, m.Rows[i], got)
				}
				for j := range m.Columns {
					if got := m.Cells[i][j]; got != cell(&m.Rows[i], &m.Columns[j]) {
						t.Errorf("%v: %s of %v, %v is %v, want %v", by, name, m.Rows[i], m.Columns[j], got, cell(&m.Rows[i], &m.Columns[j]))
					}
				}
			}
			for j := range m.Columns {
				if got := m.ColumnTotals[j]; got != cell(nil, &m.Columns[j]) {
					t.Errorf("%v: %s of %v is %v", by, name, m.Columns[j], got)
				}
			}
		}
	}
	if m := ask(t, log, stats.Question{Filter: f, By: []stats.Dimension{stats.ByDay, stats.ByAgent}}).Matrix(stats.Calls); m != nil {
		t.Errorf("agents have no order: %+v", m)
	}
}

// Agents that are listed are rows even without a call.
func TestAgentsWithoutCalls(t *testing.T) {
	log := logOf(generate(16, 500, 10*24*time.Hour))
	idle := talkover.Agent{ID: "agent-9", Label: "Idle"}
	f := stats.Filter{Zone: time.UTC, Statuses: []string{stats.StatusMissed}}
	report := ask(t, log, stats.Question{Filter: f, By: []stats.Dimension{stats.ByAgent}, Agents: []talkover.Agent{idle, {ID: "agent-1", Label: "Agent 1"}}})
	last := report.Rows[len(report.Rows)-1]
	if last.Values[0] != (stats.Value{Key: "agent-9", Name: "Idle"}) || last.M[stats.Calls] != (stats.Measure{Known: true}) || last.M[stats.AnswerRate].Known || len(report.Rows) < 7 {
		t.Errorf("%+v", report.Rows)
	}
	f.AgentID = "agent-1"
	report = ask(t, log, stats.Question{Filter: f, By: []stats.Dimension{stats.ByAgent}, Agents: []talkover.Agent{idle}})
	if len(report.Rows) != 1 {
		t.Errorf("of one agent: %+v", report.Rows)
	}
}
