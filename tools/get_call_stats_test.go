package tools_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// statsDimensions lists what calls can be grouped by.
var statsDimensions = []string{
	"status", "direction", "agent", "day", "week", "month", "weekday", "hour", "contact", "line",
}

// statsGroupings lists all groupings: none, each dimension, and each two in both orders.
func statsGroupings() [][]string {
	all := [][]string{nil}
	for _, d := range statsDimensions {
		all = append(all, []string{d})
		for _, e := range statsDimensions {
			if d != e {
				all = append(all, []string{d, e})
			}
		}
	}
	return all
}

// statsArgs writes arguments as JSON; more adds some.
func statsArgs(by []string, more string) string {
	b, _ := json.Marshal(by)
	if by == nil {
		b = []byte("[]")
	}
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"group_by":%s%s}`, b, more)
}

// statsPlace returns the cells of a row that say where a call stands in a dimension.
func statsPlace(d string, c sandbox.Call, zone *time.Location) []string {
	at := c.CreatedAt.In(zone)
	theirs, ours := c.From, c.To
	if c.Direction == "outbound" {
		theirs, ours = ours, theirs
	}
	switch d {
	case "status":
		return []string{c.Status}
	case "direction":
		return []string{c.Direction}
	case "agent":
		if c.Agent == nil {
			return []string{"(deleted)"}
		}
		return []string{c.Agent.Label}
	case "day":
		return []string{at.Format("2006-01-02")}
	case "week":
		return []string{at.Add(-time.Duration((at.Weekday()+6)%7) * 24 * time.Hour).Format("2006-01-02")}
	case "month":
		return []string{at.Format("2006-01")}
	case "weekday":
		return []string{at.Format("Mon")}
	case "hour":
		return []string{at.Format("15")}
	case "contact":
		return []string{theirs}
	}
	return []string{ours}
}

// statsFigures computes the figures of some calls out of so many, as answers round them;
// what cannot be told is missing.
func statsFigures(calls []sandbox.Call, of int) map[string]float64 {
	f := map[string]float64{
		"calls": float64(len(calls)), "answered": 0, "unanswered": 0, "missed": 0, "no_answer": 0, "busy": 0,
		"failed": 0, "open": 0, "other": 0, "talk_seconds": 0, "short_calls": 0,
	}
	var durations []int
	contacts := map[string]int{}
	for _, c := range calls {
		contacts[statsPlace("contact", c, time.UTC)[0]]++
		switch {
		case c.Status == "initiated" || c.Status == "ringing" || c.Status == "answered" && c.Duration == 0:
			f["open"]++
		case c.Status == "answered" || c.Status == "completed":
			f["answered"]++
			f["talk_seconds"] += float64(c.Duration)
			durations = append(durations, c.Duration)
			if c.Duration <= 6 {
				f["short_calls"]++
			}
		case c.Status == "no-answer" || c.Status == "busy" || c.Status == "failed":
			f[strings.ReplaceAll(c.Status, "-", "_")]++
			if f["unanswered"]++; c.Direction == "inbound" {
				f["missed"]++
			}
		default:
			f["other"]++
		}
	}
	rounded := func(name string, a, b, scale float64) {
		if b > 0 {
			f[name] = math.Round(a/b*scale) / scale
		}
	}
	final := f["calls"] - f["open"]
	rounded("share", f["calls"], float64(of), 10_000)
	rounded("answer_rate", f["answered"], final, 10_000)
	rounded("unanswered_rate", f["unanswered"], final, 10_000)
	rounded("no_answer_rate", f["no_answer"], final, 10_000)
	rounded("mean_seconds", f["talk_seconds"], f["answered"], 10)
	slices.Sort(durations)
	if n := len(durations); n > 0 {
		f["median_seconds"], f["p95_seconds"] = float64(durations[(n+1)/2-1]), float64(durations[(95*n+99)/100-1])
	}
	f["contacts"] = float64(len(contacts))
	for _, n := range contacts {
		if n > 1 {
			f["repeat_contacts"]++
		}
	}
	return f
}

// only keeps the figures that are among others by name.
func only(figures map[string]float64, names map[string]float64) map[string]float64 {
	kept := map[string]float64{}
	for name := range names {
		if v, ok := figures[name]; ok {
			kept[name] = v
		}
	}
	return kept
}

// statsRows returns the rows of a structure by their columns.
func statsRows(structure map[string]any) (rows []map[string]any) {
	for _, r := range structure["rows"].([]any) {
		row := map[string]any{}
		for i, column := range structure["columns"].([]any) {
			row[column.(string)] = r.([]any)[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func numbersOf(v any) map[string]float64 {
	all := map[string]float64{}
	for name, n := range v.(map[string]any) {
		all[name] = n.(float64)
	}
	return all
}

// Every figure of every group is that of the account's calls, the rows that are
// left out are added up in one, and all rows add up to the totals.
func TestStatsAreThoseOfTheCalls(t *testing.T) {
	pairs := [][]string{
		{"agent", "status"}, {"hour", "weekday"}, {"day", "direction"}, {"status", "day"}, {"contact", "status"},
		{"agent", "contact"},
		{"line", "agent"}, {"week", "agent"}, {"month", "hour"}, {"day", "hour"}, {"direction", "line"},
		{"weekday", "contact"},
	}
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*sandbox.Account{"the demo": account, "4,000 calls": busyAccount(4000, 40)} {
		for _, test := range []struct {
			more string
			zone *time.Location
			keep func(sandbox.Call) bool
		}{
			{"", time.UTC, func(sandbox.Call) bool { return true }},
			{`"test_calls":"exclude","direction":"inbound","date_from":"2026-10-20","timezone":"Asia/Kolkata"`, zone,
				func(c sandbox.Call) bool {
					return !c.IsTesting && c.Direction == "inbound" &&
						c.CreatedAt.In(zone).Format(time.DateOnly) >= "2026-10-20"
				}},
		} {
			var calls []sandbox.Call
			for _, c := range a.Calls {
				if test.keep(c) {
					calls = append(calls, c)
				}
			}
			s := connect(t, remember(a))
			askings := append(slices.Clone(pairs), nil)
			for _, d := range statsDimensions {
				askings = append(askings, []string{d})
			}
			for _, by := range askings {
				what := fmt.Sprint(name, " ", by, " ", test.more)
				_, structure := s.call("get_call_stats", statsArgs(by, test.more))
				coverage := structure["coverage"].(map[string]any)
				if coverage["method"] == "counts" || coverage["exact"] != true {
					t.Fatalf("%s: %v", what, coverage)
				}
				want := statsFigures(calls, len(calls))
				delete(want, "share")
				totals := numbersOf(structure["totals"])
				for _, name := range []string{"unreturned", "not_called_back", "called_back_no_answer", "per_day", "peak_concurrent", "busy_hour"} {
					delete(totals, name) // see package stats
				}
				if diff := cmp.Diff(only(want, totals), totals); diff != "" || by == nil && len(totals) < 15 {
					t.Errorf("%s: %d totals %s", what, len(totals), diff)
				}
				by = toldBy(by, structure)
				groups := map[string][]sandbox.Call{}
				for _, c := range calls {
					var key []string
					for _, d := range by {
						key = append(key, statsPlace(d, c, test.zone)...)
					}
					groups[strings.Join(key, "|")] = append(groups[strings.Join(key, "|")], c)
				}
				if structure["matrix"] != nil {
					checkMatrix(t, what, structure, groups)
					continue
				}
				checkStatsRows(t, what, by, structure, groups, len(calls))
			}
		}
	}
}

// toldBy returns the dimensions of an answer: it tells a long time by week or month in place of day.
func toldBy(by []string, structure map[string]any) []string {
	by = slices.Clone(by)
	for i, d := range by {
		for _, coarse := range []string{"week", "month"} {
			if strings.Contains(fmt.Sprint(structure["notes"]), "By "+coarse+" in place of "+d+":") {
				by[i] = coarse
			}
		}
	}
	return by
}

// A long time that has no room for each day is told by week or by month, whole, and says so.
// A ranking of days, and a time that is not long, keep their days.
func TestALongTimeIsToldByWeekOrMonth(t *testing.T) {
	s := connect(t, remember(account))
	for question, want := range map[string]string{
		`{"period":"last_30_days","group_by":["day"]}`:                                                "day",
		`{"period":"last_90_days","group_by":["day"]}`:                                                "week",
		`{"period":"last_90_days","group_by":["day"],"compare":"previous_period"}`:                    "week",
		`{"period":"last_90_days","group_by":["day"],"order":"calls"}`:                                "day",
		`{"period":"last_90_days","group_by":["day"],"top":5}`:                                        "day",
		`{"date_from":"2024-11-01","date_to":"2026-11-04","group_by":["week"]}`:                       "week",
		`{"date_from":"2026-08-01","date_to":"2026-11-04","group_by":["agent","day"]}`:                "month",
		`{"date_from":"2026-08-01","date_to":"2026-11-04","group_by":["day"],"metrics":["answered"]}`: "week",
	} {
		text, structure := s.call("get_call_stats", question)
		columns := fmt.Sprint(structure["columns"])
		if !strings.Contains(columns, want) {
			t.Errorf("%s: the columns are %s, want %s among them", question, columns, want)
		}
		folded := strings.Contains(text, "By "+want+" in place of day: ")
		if told := !strings.Contains(question, `"`+want+`"`); folded != told {
			t.Errorf("%s: folded and said so: %v, want %v\n%s", question, folded, told, text)
		}
		if _, left := structure["others"]; folded && left {
			t.Errorf("%s: there is room for each %s, yet some are left out\n%s", question, want, text)
		}
	}
}

// checkStatsRows holds rows against the calls of their groups.
func checkStatsRows(t *testing.T, what string, by []string, structure map[string]any, groups map[string][]sandbox.Call,
	of int) {
	t.Helper()
	sum, least := map[string]float64{}, math.Inf(1)
	rows := statsRows(structure)
	if len(rows) > 51 || len(by) == 0 && len(rows) > 0 {
		t.Errorf("%s: %d rows", what, len(rows))
	}
	for _, row := range rows {
		var key []string
		for _, column := range by {
			key = append(key, row[column].(string))
		}
		k, rest := strings.Join(key, "|"), key[0] == "(rest)"
		theirs, ok := groups[k]
		if rest {
			for _, more := range groups { // those that had no row of their own
				theirs = append(theirs, more...)
				ok = true
			}
			clear(groups)
		}
		delete(groups, k)
		want, got := statsFigures(theirs, of), map[string]float64{}
		for column, v := range row {
			if n, ok := v.(float64); ok {
				got[column] = n
				sum[column] += n
			}
		}
		if !rest {
			least = min(least, got["calls"])
		}
		if !ok && by[0] == "agent" && len(by) == 1 && got["calls"] == 0 {
			continue // an agent without calls
		}
		if diff := cmp.Diff(only(want, got), got); diff != "" || !ok || len(got) < 2 {
			t.Errorf("%s: row %v (of a group: %v): %s", what, key, ok, diff)
		}
	}
	if len(by) == 0 {
		return
	}
	if len(groups) > 0 {
		t.Errorf("%s: %d groups have no row", what, len(groups))
	}
	totals := numbersOf(structure["totals"])
	for _, name := range []string{"calls", "answered", "unanswered", "missed", "open"} {
		if _, there := totals[name]; there && sum[name] != totals[name] {
			t.Errorf("%s: %s of rows add up to %v of %v", what, name, sum[name], totals[name])
		}
	}
	if _, there := sum["share"]; there && math.Abs(sum["share"]-1) > 0.00005*float64(len(rows)) {
		t.Errorf("%s: shares add up to %v", what, sum["share"])
	}
}

// checkMatrix holds each cell of a matrix, and the sum of each row, against the calls of the
// groups, and that none is missing.
func checkMatrix(t *testing.T, what string, structure map[string]any, groups map[string][]sandbox.Call) {
	t.Helper()
	m := structure["matrix"].(map[string]any)
	sum, swapped := 0.0, false
	for _, row := range statsRows(structure) {
		across := 0.0
		down := row[m["rows"].(string)].(string)
		for column, v := range row {
			if column == m["rows"] || column == "all" {
				continue
			}
			n := v.(float64)
			theirs := groups[down+"|"+column]
			if theirs == nil && groups[column+"|"+down] != nil {
				theirs, swapped = groups[column+"|"+down], true
			}
			if n != float64(len(theirs)) {
				t.Errorf("%s: %v calls at %s, %s, want %d (swapped %v)", what, n, down, column, len(theirs), swapped)
			}
			across += n
		}
		if row["all"] != across {
			t.Errorf("%s: %v calls in all of %s, want %v", what, row["all"], down, across)
		}
		sum += across
	}
	if totals := numbersOf(structure["totals"]); sum != totals["calls"] && structure["others"] == nil {
		t.Errorf("%s: the matrix has %v of %v calls", what, sum, totals["calls"])
	}
}

// areLargest checks that the rows that are shown are the largest, where they have
// no order of their own, and come in their order else.
func areLargest(t *testing.T, what string, by []string, structure map[string]any) {
	t.Helper()
	inOrder := !slices.ContainsFunc(by, func(d string) bool {
		return !slices.Contains([]string{"day", "week", "month", "weekday", "hour"}, d)
	})
	rows := statsRows(structure)
	if structure["matrix"] != nil {
		return
	}
	for i, row := range rows[:max(len(rows)-1, 0)] {
		next := rows[i+1]
		switch {
		case row[by[0]] == "(rest)":
			t.Errorf("%s: the rest is row %d of %d", what, i, len(rows))
		case next[by[0]] == "(rest)":
			n := structure["others"].(float64)
			if mean := next["calls"].(float64) / n; !inOrder && row["calls"].(float64) < math.Floor(mean) {
				t.Errorf("%s: a row of %v calls is shown, while rows of %.1f on average are not", what, row["calls"],
					mean)
			}
		case !inOrder && row["calls"].(float64) < next["calls"].(float64):
			t.Errorf("%s: a row of %v calls is before one of %v", what, row["calls"], next["calls"])
		case inOrder && by[0] != "weekday" && fmt.Sprint(row[by[0]]) > fmt.Sprint(next[by[0]]):
			t.Errorf("%s: %v is before %v", what, row[by[0]], next[by[0]])
		}
	}
}

// sameHalves holds the text of an answer against its structure.
func sameHalves(t *testing.T, what, text string, structure map[string]any) {
	t.Helper()
	percent := func(column string) bool {
		return column == "share" || strings.Contains(column, "_rate")
	}
	// near reports whether a number of the text is one of the structure.
	near := func(column, s string, v float64) bool {
		n, err := strconv.ParseFloat(s, 64)
		if percent(column) {
			return err == nil && math.Abs(n/100-v) < 0.00051
		}
		return err == nil && math.Abs(n-v) < 1e-9
	}
	compare, _ := structure["compare"].(map[string]any)
	for line, part := range map[string]any{"\nTotals: ": structure["totals"], "\nBefore ": compare["totals"], "\nChange: ": compare["change"]} {
		if part == nil {
			if strings.Contains(text, line) {
				t.Errorf("%s: the text alone has %q", what, line)
			}
			continue
		}
		_, words, _ := strings.Cut(text, line)
		words, _, _ = strings.Cut(words, "\n")
		for name, v := range numbersOf(part) {
			m := regexp.MustCompile(`(?:^|[ :])` + name +
				` ([-+]?\d+(?:\.\d+)?)( %| points)?`).FindStringSubmatch(words)
			if m == nil || !near(name, m[1], v) || percent(name) != (m[2] != "") {
				t.Errorf("%s: the structure's %s has %s %v, the text %q", what, line, name, v, m)
			}
		}
	}
	for _, note := range structure["notes"].([]any) {
		if !strings.Contains(text, "Note: "+note.(string)+"\n") {
			t.Errorf("%s: the text lacks %q", what, note)
		}
	}
	coverage, window := structure["coverage"].(map[string]any), structure["window"].(map[string]any)
	for _, v := range []any{
		coverage["calls"], coverage["requests"], coverage["reason"],
		strings.TrimPrefix(coverage["as_of"].(string), "2026-11-05 "), coverage["from"],
		coverage["calls_left"], coverage["ask_again_in_seconds"], window["timezone"], window["from"], structure["now"],
		structure["order"], structure["legend"],
	} {
		if v != nil && !strings.Contains(text, fmt.Sprint(v)) {
			t.Errorf("%s: the text does not say %v", what, v)
		}
	}
	columns := structure["columns"].([]any)
	if len(columns) == 0 {
		return
	}
	header := columns[0].(string)
	for _, c := range columns[1:] {
		header += "," + c.(string)
	}
	_, lines, ok := strings.Cut(text, "\n"+header+"\n")
	if !ok {
		if len(structure["rows"].([]any)) > 0 {
			t.Errorf("%s: no table in\n%s", what, text)
		}
		return
	}
	if legend, _ := structure["legend"].(string); legend != "" {
		lines = lines[:strings.Index(lines, "\n"+legend)+1]
	} else {
		lines = lines[:strings.LastIndex(lines, "\n")+1]
	}
	written, err := csv.NewReader(strings.NewReader(lines)).ReadAll()
	rows := structure["rows"].([]any)
	if err != nil || len(written) != len(rows) {
		t.Errorf("%s: %d rows in the text and %d in the structure, %v", what, len(written), len(rows), err)
		return
	}
	for i, r := range rows {
		for j, v := range r.([]any) {
			column, cell := columns[j].(string), written[i][j]
			n, isNumber := v.(float64)
			if isNumber && !near(column, cell, n) || !isNumber && cell != fmt.Sprint(v) {
				t.Errorf("%s: %s of row %d is %v in the structure and %q in the text", what, column, i, v, cell)
			}
		}
	}
}

// Both halves of every answer say the same, fit their schema, show the largest
// groups, and take no more tokens than they may: of a log that is read, compared, and too
// large to read.
func TestStatsAnswersAreSmallAndWhole(t *testing.T) {
	skipRaced(t)
	tokens := counter(t)
	synctest.Test(t, func(t *testing.T) { smallAndWhole(t, tokens) })
}

func smallAndWhole(t *testing.T, tokens func(string) int) {
	api := remember(busyAccount(2600, 40))
	schema := compiled(t, connect(t, api))["get_call_stats"]
	all := statsGroupings()
	few := slices.DeleteFunc(slices.Clone(all), func(by []string) bool {
		return len(by) == 2 && slices.Index(statsDimensions, by[1]) != slices.Index(statsDimensions, by[0])+1
	})
	once := slices.DeleteFunc(slices.Clone(all), func(by []string) bool { // in one order
		return len(by) == 2 && slices.Index(statsDimensions, by[1]) < slices.Index(statsDimensions, by[0])
	})
	most, fewest, parts := map[string]int{}, map[string]int{}, 0
	for _, test := range []struct {
		name, more string
		by         [][]string
		tight      bool // the plan lets a part through
	}{
		{"read", ``, all, false},
		{
			"read and compared", `"date_from":"2026-10-25","date_to":"2026-11-01","compare":"previous_period",` +
				`"timezone":"America/New_York"`, once, false,
		},
		{"too large", `"timezone":"America/New_York"`, few, true},
		{"too large and compared", `"date_from":"2026-10-10","compare":"previous_period"`, few[:10], true},
		{"too large, less tests", `"test_calls":"exclude","date_to":"2026-11-01"`, few[10:], true},
	} {
		s := connect(t, api)
		for _, by := range test.by {
			if test.tight { // a plan that was asked before has read more
				s = connect(t, api, limited(t, api))
			}
			what := fmt.Sprint(test.name, " ", by)
			text, structure := s.call("get_call_stats", statsArgs(by, test.more))
			if structure == nil {
				t.Fatalf("%s: %s", what, text)
			}
			if err := schema.Validate(structure); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			sameHalves(t, what, text, structure)
			areLargest(t, what, toldBy(by, structure), structure)
			encoded, _ := json.Marshal(structure)
			for half, s := range map[string]string{"text": text, "structure": string(encoded)} {
				n := tokens(s)
				if n > tools.StatsTokens {
					t.Errorf("%s: the %s takes %d tokens", what, half, n)
				}
				most[test.name+", "+half] = max(most[test.name+", "+half], n)
			}
			coverage := structure["coverage"].(map[string]any)
			if coverage["calls_left"] != nil {
				parts++
			}
			if n := len(structure["rows"].([]any)) - 1; strings.Contains(text, "\n(rest),") &&
				(n < fewest[test.name] || fewest[test.name] == 0) {
				fewest[test.name] = n
			}
		}
	}
	t.Logf("most tokens: %v; fewest rows before the rest: %v", most, fewest)
	if parts < len(few)/2 {
		t.Errorf("%d answers are about a part: the test asks too little", parts)
	}
}

// The calls behind the first row are those that next finds, by the very filters of the
// question: their number is that of the row.
func TestNextOfStatsFindsTheCallsOfTheFirstRow(t *testing.T) {
	s := connect(t, remember(account))
	for _, args := range []string{
		`{"group_by":["agent"],"date_from":"2026-11-04"}`, `{"group_by":["agent","status"],"period":"last_month",` +
			`"direction":"outbound"}`,
		`{"group_by":["agent"],"order":"value","period":"last_30_days"}`,
		`{"group_by":["contact"],"period":"last_week","timezone":"Asia/Kolkata"}`,
		`{"group_by":["day"],"period":"last_7_days","timezone":"America/New_York","weekdays":["Mon","Tue"]}`,
		`{"group_by":["week"],"date_from":"2026-10-07","date_to":"2026-10-21"}`,
		`{"group_by":["month"],"date_from":"2026-09-10","status":["missed"]}`,
		`{"group_by":["weekday"],"period":"last_30_days","hours":"8-12"}`,
		`{"group_by":["hour"],"period":"last_30_days","order":"calls","timezone":"Pacific/Auckland"}`,
		`{"group_by":["hour","weekday"],"period":"last_week","top":5}`,
		`{"group_by":["direction"],"min_seconds":60,"period":"last_week","test_calls":"exclude"}`,
		`{"group_by":["status"],"agent":"sales","period":"last_month"}`,
		`{"period":"yesterday","status":["open","missed"]}`, `{"group_by":["weekday","hour"],"metrics":["missed"],` +
			`"period":"last_30_days"}`, `{"group_by":["day","hour"],"period":"last_week"}`,
		`{"status":["missed"],"group_by":["status"],"period":"last_30_days"}`,
		`{"status":["open"],"group_by":["status"],"period":"today"}`,
		`{"status":["missed","failed"],"group_by":["status","agent"],"period":"last_30_days"}`,
		`{"status":["failed"],"period":"last_month","line":"+1202"}`, `{"group_by":["line"],"period":"last_week"}`,
	} {
		_, structure := s.call("get_call_stats", args)
		next, ok := structure["next"].(map[string]any)
		if !ok || next["tool"] != "find_calls" {
			t.Errorf("%s: next %v", args, structure["next"])
			continue
		}
		of := numbersOf(structure["totals"])["calls"] // of all, where there is no filter for the first row
		if rows := statsRows(structure); structure["matrix"] != nil {
			of = rows[0]["all"].(float64)
		} else if len(rows) > 0 {
			of = rows[0]["calls"].(float64)
		}
		asked := next["arguments"].(map[string]any)
		asked["sort"] = "longest" // reads all
		more, _ := json.Marshal(asked)
		text, found := s.call("find_calls", string(more))
		if found == nil || found["found"] != of || of == 0 {
			t.Errorf("%s: %v calls in the first row, but find_calls %s: %.200s", args, of, more, text)
		}
	}
}

// The windows that are compared are told, with what has changed: in numbers, per cent and
// points.
func TestComparison(t *testing.T) {
	s := connect(t, remember(account))
	for _, w := range []struct{ args, with, from, to string }{
		{`"period":"yesterday"`, "previous_period", "2026-11-03 00:00", "2026-11-03 24:00"},
		{`"period":"yesterday"`, "week_before", "2026-10-28 00:00", "2026-10-28 24:00"},
		{`"period":"last_week"`, "previous_period", "2026-10-19 00:00", "2026-10-25 24:00"},
		{`"period":"this_week"`, "previous_period", "2026-10-26 00:00", "2026-10-29 18:00"},
		{`"period":"this_month"`, "month_before", "2026-10-01 00:00", "2026-10-05 18:00"},
		{`"period":"last_month"`, "previous_period", "2026-09-01 00:00", "2026-09-30 24:00"},
		{`"period":"today"`, "week_before", "2026-10-29 00:00", "2026-10-29 18:00"},
	} {
		text, structure := s.call("get_call_stats", `{"group_by":["agent"],"compare":"`+w.with+`",`+w.args+`}`)
		compare, _ := structure["compare"].(map[string]any)
		cut := !strings.HasSuffix(w.to, "24:00")
		if compare["from"] != w.from || compare["to"] != w.to || compare["with"] != w.with || compare["cut"] != cut ||
			strings.Contains(text, "; cut at the same point, ") != cut {
			t.Errorf("%s %s: %v\n%s", w.args, w.with, compare, text)
			continue
		}
		is, was, change, percent := numbersOf(structure["totals"]), numbersOf(compare["totals"]),
			numbersOf(compare["change"]), numbersOf(compare["percent"])
		for name := range was {
			if math.Abs(change[name]-(is[name]-was[name])) > 1e-9 {
				t.Errorf("%s: %s changed by %v from %v to %v", w.args, name, change[name], was[name], is[name])
			}
			want := math.Round(1000*(is[name]-was[name])/was[name]) / 10
			if got, ok := percent[name]; ok != (was[name] > 0 && !strings.HasSuffix(name, "_rate")) || ok &&
				got != want {
				t.Errorf("%s: %s changed by %v %%, want %v", w.args, name, got, want)
			}
		}
		calls := 0.0
		for _, c := range account.Calls {
			if at := c.CreatedAt.Format("2006-01-02 15:04"); at >= w.from && at < w.to {
				calls++
			}
		}
		if was["calls"] != calls || !strings.Contains(text, " points") {
			t.Errorf("%s: %v calls before, want %v, in\n%s", w.args, was["calls"], calls, text)
		}
		for _, row := range statsRows(structure) {
			a, b, c := row["calls"], row["calls_before"], row["calls_change"]
			if b, ok := b.(float64); ok && c != a.(float64)-b {
				t.Errorf("%s: %v: %v less %v is %v", w.args, row["agent"], a, b, c)
			}
		}
	}
}

// Days are paired with the days in the same place of the other window, and both are named.
func TestDaysArePairedByTheirPlace(t *testing.T) {
	_, structure := connect(t, remember(account)).call("get_call_stats", `{"group_by":["day"],"period":"this_week",`+
		`"compare":"week_before"}`)
	var got []string
	for _, row := range statsRows(structure) {
		got = append(got, fmt.Sprint(row["day"], "/", row["day_before"]))
	}
	want := []string{"2026-11-02/2026-10-26", "2026-11-03/2026-10-27", "2026-11-04/2026-10-28", "2026-11-05/2026-10-29"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

// A window is over when it is over in the zone of the question: at 18:00 UTC, the 5th is
// so since seven hours in Auckland, and is not yet in New York.
func TestAWindowEndsInTheZoneOfTheQuestion(t *testing.T) {
	s := connect(t, remember(account))
	for zone, test := range map[string]struct {
		now  string
		over bool
	}{
		"Pacific/Auckland": {"Fri 2026-11-06 07:00", true},
		"UTC":              {"Thu 2026-11-05 18:00", false},
		"America/New_York": {"Thu 2026-11-05 13:00", false},
	} {
		text, structure := s.call("get_call_stats", `{"date_from":"2026-11-05","date_to":"2026-11-05",`+
			`"compare":"previous_period","timezone":"`+zone+`"}`)
		if over := !strings.Contains(text, " so far of Thu 2026-11-05 00:00 - 24:00 "+zone); over != test.over ||
			structure["compare"].(map[string]any)["cut"] == over {
			t.Errorf("%s: over %t, want %t:\n%s", zone, over, test.over, text)
		}
		if structure["now"] != test.now || structure["timezone"] != zone || !strings.Contains(text, "now "+test.now) {
			t.Errorf("%s: now %v, %v, in\n%s", zone, structure["now"], structure["timezone"], text)
		}
	}
}

// Parts of periods that are too large to read are not compared, and both are told of.
func TestComparisonOfALargeLog(t *testing.T) {
	api := remember(busyAccount(6000, 40))
	text, structure := connect(t, api, limited(t, api)).call("get_call_stats", `{"group_by":["hour"],`+
		`"date_from":"2026-10-17","compare":"previous_period"}`)
	coverage := structure["coverage"].(map[string]any)
	if structure["compare"] != nil || coverage["exact"] != true || coverage["calls_left"] == nil ||
		!strings.Contains(text, "Exact for ") || !strings.Contains(text, "Nothing is compared: ") {
		t.Errorf("%s\n%v", text, coverage)
	}
	for _, row := range statsRows(structure) {
		if row["calls_before"] != nil {
			t.Errorf("%v is compared with %v", row["hour"], row["calls_before"])
		}
	}
}

// What one question read, the next ones have: of statistics, of a search and of the
// sheet. Nothing of it reaches another token.
func TestDaysAreReadOnce(t *testing.T) {
	kept := calls.New(calls.Options{Calls: 100_000, Now: account.Now})
	defer kept.Close()
	r := &recorder{api: busyAccount(2000, 40).Transport()}
	s := connect(t, r, func(c *tools.Config) { c.Logs = kept })
	asked := func(tool, args string) (string, map[string]any, int) {
		before := len(r.requests)
		text, structure := s.call(tool, args)
		return text, structure, len(r.requests) - before
	}
	_, one, requests := asked("get_call_stats", `{"date_from":"2026-10-10","group_by":["agent"]}`)
	if requests < 15 || one["coverage"].(map[string]any)["complete"] != true {
		t.Fatalf("%d requests: %v", requests, one["coverage"])
	}
	text, two, requests := asked("get_call_stats", `{"date_from":"2026-10-10","group_by":["hour"],`+
		`"timezone":"America/New_York"}`)
	if requests > 4 || !strings.Contains(text, "Exact: all") || two["coverage"].(map[string]any)["read_at"] == nil {
		t.Errorf("%d requests: %.300s", requests, text)
	}
	if text, _, requests := asked("find_calls", `{"date_from":"2026-10-10","sort":"longest"}`); requests > 0 ||
		!strings.Contains(text, "Exact, looked through: all") {
		t.Errorf("%d requests: %.300s", requests, text)
	}
	before := len(r.requests)
	sheet, err := resource(t, s, "talkover://calls.csv?date_from=2026-10-12&date_to=2026-11-05&status=completed")
	if err != nil || !strings.HasPrefix(sheet, "# all ") || len(r.requests) > before {
		t.Errorf("%d requests: %.300s, %v", len(r.requests)-before, sheet, err)
	}
	other,
		err := talkover.New(talkover.Config{
		Token:     talkover.NewSecret("talq_another"),
		Transport: answering(http.StatusUnauthorized, `{"message":"Unauthorized"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	text, structure := connect(t, r, func(c *tools.Config) {
		c.Logs, c.Client = kept, other
	}).call("get_call_stats", `{"date_from":"2026-10-10"}`)
	if structure != nil {
		t.Errorf("another token is answered: %s", text)
	}
}

func TestBadStatsArgumentsNeverReachTheAPI(t *testing.T) {
	for args, want := range map[string][]string{
		`{"group_by":["city"]}`:                          {"group_by", "city", "contact"},
		`{"group_by":["agents"]}`:                        {"group_by", "did you mean agent?"},
		`{"group_by":["day","hour","agent"]}`:            {"group_by", "2"},
		`{"group_by":["day","day"]}`:                     {"group_by", "twice"},
		`{"group_by":{"day":true}}`:                      {"group_by", "list"},
		`{"group_by":[1]}`:                               {"group_by"},
		`{"compare":"previous_period"}`:                  {"compare", "period or date_from"},
		`{"compare":"last_year","date_from":"2026-1-1"}`: {"compare", "previous_period", "date_from", "YYYY-MM-DD"},
		`{"timezone":"Berlin"}`:                          {"timezone", "Berlin"},
		`{"timezone":"../etc/passwd"}`:                   {"timezone"},
		`{"timezone":"Local"}`:                           {"timezone"},
		`{"exclude_test_calls":true}`:                    {"exclude_test_calls", "did you mean test_calls?"},
		`{"test_calls":"no"}`:                            {"test_calls", "include, exclude, only"},
		`{"metrics":["cost"]}`:                           {"metrics", "answer_rate"},
		`{"order":"name"}`:                               {"order", "none of value, calls"},
		`{"top":51}`:                                     {"top", "1 to 50"},
		`{"per_page":5}`:                                 {"per_page", "did you mean top?"},
		`{"only":"unreturned"}`:                          {"get_call_stats has no only; find_calls takes it"},
		`{"by":["day"]}`:                                 {"did you mean group_by?"},
		`{"date_from":"2026-11-05","date_to":"2026-11-04","compare":"previous_period"}`: {"after date_to"},
	} {
		r := &recorder{api: account.Transport()}
		text, structure := connect(t, r).call("get_call_stats", args)
		if len(r.requests) != 0 || structure != nil {
			t.Errorf("%s: %d requests and structure %v", args, len(r.requests), structure)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the error does not say %q:\n%s", args, w, text)
			}
		}
	}
	for _, args := range []string{`{"group_by":"day, hour"}`, `{"group_by":["day",""],"timezone":"","compare":null,` +
		`"test_calls":"EXCLUDE"}`, `{"group_by":[]}`} {
		if text, structure := connect(t, account.Transport()).call("get_call_stats", args); structure == nil {
			t.Errorf("%s is refused: %s", args, text)
		}
	}
}

// What the API refuses half-way is an error, not a smaller answer.
func TestStatsOfARefusingAPI(t *testing.T) {
	n := 0
	api := apiFunc(func(r *http.Request) (*http.Response, error) {
		if n++; n == 9 {
			return answering(http.StatusUnauthorized, `{"success":false,"message":"Unauthorized"}`).RoundTrip(r)
		}
		return account.Transport().RoundTrip(r)
	})
	var mu sync.Mutex
	text, structure := connect(t, apiFunc(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		return api(r)
	})).call("get_call_stats", `{"group_by":["agent"]}`)
	if structure != nil || !strings.Contains(text, "token") {
		t.Errorf("%s\n%v", text, structure)
	}
}

func TestMaskedStats(t *testing.T) {
	whole := regexp.MustCompile(`\+\d{7,}|\b\d{10,}\b`)
	large := remember(busyAccount(4000, 20))
	for _, name := range []string{"read", "too large"} {
		for _, args := range []string{`{"group_by":["contact"]}`, `{"group_by":["line","contact"]}`, `{"group_by":["agent","line"],"contact":"+12025550103"}`} {
			s := connect(t, remember(account), masked)
			if name == "too large" {
				s = connect(t, large, limited(t, large), masked)
			}
			text, structure := s.call("get_call_stats", args)
			encoded, _ := json.Marshal(structure)
			for _, half := range []string{text, string(encoded)} {
				if found := whole.FindString(half); found != "" || !strings.Contains(half, "********") {
					t.Errorf("%s %s: %q is in\n%.600s", name, args, found, half)
				}
			}
		}
	}
}

// A client that asks for progress gets growing numbers and words, and no other.
func TestProgressOfStats(t *testing.T) {
	s := mustServer(t, tools.Config{Client: mustClient(t, busyAccount(3000, 40).Transport()), Now: account.Now})
	c, err := client.NewInProcessClient(s)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	type told struct {
		Token    any     `json:"progressToken"`
		Progress float64 `json:"progress"`
		Total    float64 `json:"total"`
		Message  string  `json:"message"`
	}
	heard := make(chan told, 500)
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method == "notifications/progress" {
			var p told
			b, _ := json.Marshal(n.Params)
			_ = json.Unmarshal(b, &p)
			heard <- p
		}
	})
	if _, err := c.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	ask := func(token mcp.ProgressToken) {
		var r mcp.CallToolRequest
		r.Params.Name, r.Params.Arguments = "get_call_stats",
			map[string]any{"group_by": []string{"hour"}, "date_from": "2026-10-20", "compare": "previous_period"}
		if token != nil {
			r.Params.Meta = &mcp.Meta{ProgressToken: token}
		}
		if result, err := c.CallTool(t.Context(), r); err != nil || result.IsError {
			t.Fatal(result, err)
		}
	}
	ask("p-1")
	ask(nil)
	last := told{}
	for range 5 {
		p := <-heard
		if p.Token != "p-1" || p.Progress <= last.Progress || p.Progress > p.Total || p.Message != "calls" {
			t.Fatalf("%+v after %+v", p, last)
		}
		last = p
	}
}

// The requests of a call are in its answer and in the log.
func TestRequestsOfStatsAreCounted(t *testing.T) {
	var b strings.Builder
	r := &countingAPI{api: account.Transport()}
	_, structure := connect(t, r, func(c *tools.Config) { c.Log = slog.New(slog.NewJSONHandler(&b, nil)) }).
		call("get_call_stats", `{"date_from":"2026-10-20","compare":"previous_period"}`)
	said := structure["coverage"].(map[string]any)["requests"]
	if said != float64(r.n) || !strings.Contains(b.String(), fmt.Sprintf(`"requests":%d,`, r.n)) {
		t.Errorf("%d requests, in the answer %v, in the log %s", r.n, said, b.String())
	}
}

// skipRaced skips a test of figures alone, which the race detector makes no truer
// and ten times as slow.
func skipRaced(t *testing.T) {
	t.Helper()
	if b, ok := debug.ReadBuildInfo(); ok &&
		slices.Contains(b.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector has nothing to find here")
	}
}

// BenchmarkStats reads 4,000 calls through the whole server in process, over an
// API that answers at once from memory.
func BenchmarkStats(b *testing.B) {
	s := connect(b, remember(busyAccount(4000, 40)))
	b.ReportAllocs()
	for b.Loop() {
		s.call("get_call_stats", `{"group_by":["agent","status"]}`)
	}
}
