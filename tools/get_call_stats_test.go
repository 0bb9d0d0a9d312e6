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
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// statsDimensions lists what calls can be grouped by.
var statsDimensions = []string{"status", "direction", "agent", "day", "week", "month", "weekday", "hour", "contact", "line"}

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
			return []string{"(deleted)", ""}
		}
		return []string{c.Agent.Label, c.Agent.ID}
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
	f := map[string]float64{"calls": float64(len(calls)), "answered": 0, "no_answer": 0, "busy": 0, "failed": 0, "open": 0, "talk_seconds": 0}
	var durations []int
	for _, c := range calls {
		if c.Status == "initiated" || c.Status == "ringing" || c.Status == "answered" && c.Duration == 0 {
			f["open"]++
			continue
		}
		switch c.Status {
		case "answered", "completed":
			f["answered"]++
			f["talk_seconds"] += float64(c.Duration)
			durations = append(durations, c.Duration)
		case "no-answer":
			f["no_answer"]++
		case "busy", "failed":
			f[c.Status]++
		}
	}
	rounded := func(name string, a, b, scale float64) {
		if b > 0 {
			f[name] = math.Round(a/b*scale) / scale
		}
	}
	rounded("share", f["calls"], float64(of), 10_000)
	rounded("answer_rate", f["answered"], f["calls"]-f["open"], 10_000)
	rounded("mean_seconds", f["talk_seconds"], f["answered"], 10)
	slices.Sort(durations)
	if n := len(durations); n > 0 {
		f["median_seconds"], f["p95_seconds"] = float64(durations[(n+1)/2-1]), float64(durations[(95*n+99)/100-1])
	}
	return f
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
		{"agent", "status"}, {"hour", "weekday"}, {"day", "direction"}, {"status", "day"}, {"contact", "status"}, {"agent", "contact"},
		{"line", "agent"}, {"week", "agent"}, {"month", "hour"}, {"day", "hour"}, {"direction", "line"}, {"weekday", "contact"},
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
			{`"exclude_test_calls":true,"direction":"inbound","date_from":"2026-10-20","timezone":"Asia/Kolkata"`, zone, func(c sandbox.Call) bool {
				return !c.IsTesting && c.Direction == "inbound" && c.CreatedAt.In(zone).Format(time.DateOnly) >= "2026-10-20"
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
				if coverage["method"] != "read" || coverage["exact"] != true {
					t.Fatalf("%s: %v", what, coverage)
				}
				want := statsFigures(calls, len(calls))
				delete(want, "share")
				totals := numbersOf(structure["totals"])
				for _, name := range []string{"contacts", "repeat_contacts", "short_calls", "unreturned_missed", "peak_concurrent"} {
					delete(totals, name)
				}
				if diff := cmp.Diff(want, totals); diff != "" {
					t.Errorf("%s: totals %s", what, diff)
				}
				groups := map[string][]sandbox.Call{}
				for _, c := range calls {
					var key []string
					for _, d := range by {
						key = append(key, statsPlace(d, c, test.zone)...)
					}
					groups[strings.Join(key, "|")] = append(groups[strings.Join(key, "|")], c)
				}
				checkStatsRows(t, what, by, structure, groups, len(calls))
			}
		}
	}
}

// checkStatsRows holds rows against the calls of their groups.
func checkStatsRows(t *testing.T, what string, by []string, structure map[string]any, groups map[string][]sandbox.Call, of int) {
	t.Helper()
	columns := []string{}
	for _, d := range by {
		columns = append(columns, d)
		if d == "agent" {
			columns = append(columns, "agent_id")
		}
	}
	width := len(columns)
	sum, least := map[string]float64{}, math.Inf(1)
	rows := statsRows(structure)
	if len(rows) > 51 || len(by) == 0 && len(rows) > 0 {
		t.Errorf("%s: %d rows", what, len(rows))
	}
	for _, row := range rows {
		var key []string
		for _, column := range columns[:width] {
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
		if diff := cmp.Diff(want, got); diff != "" || !ok {
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
	for _, name := range []string{"calls", "answered", "no_answer", "busy", "failed", "open", "talk_seconds"} {
		if sum[name] != totals[name] {
			t.Errorf("%s: %s of rows add up to %v of %v", what, name, sum[name], totals[name])
		}
	}
	if math.Abs(sum["share"]-1) > 0.00005*float64(len(rows)) {
		t.Errorf("%s: shares add up to %v", what, sum["share"])
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
	for i, row := range rows[:max(len(rows)-1, 0)] {
		next := rows[i+1]
		switch {
		case row[by[0]] == "(rest)":
			t.Errorf("%s: the rest is row %d of %d", what, i, len(rows))
		case next[by[0]] == "(rest)":
			n, _ := strconv.ParseFloat(regexp.MustCompile(`adds up (\d+) more`).FindStringSubmatch(fmt.Sprint(structure["notes"]))[1], 64)
			if mean := next["calls"].(float64) / n; !inOrder && row["calls"].(float64) < math.Floor(mean) {
				t.Errorf("%s: a row of %v calls is shown, while rows of %.1f on average are not", what, row["calls"], mean)
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
		return strings.HasPrefix(column, "share") || strings.HasPrefix(column, "answer_rate")
	}
	// near reports whether a number of the text is one of the structure.
	near := func(column, s string, v float64) bool {
		n, err := strconv.ParseFloat(s, 64)
		if percent(column) {
			return err == nil && math.Abs(n/100-v) < 0.00051
		}
		return err == nil && math.Abs(n-v) < 1e-9
	}
	for line, part := range map[string]string{"\nTotals: ": "totals", "\nPrevious period ": "previous", "\nChange: ": "change"} {
		if structure[part] == nil {
			if strings.Contains(text, line) {
				t.Errorf("%s: the text alone has %q", what, line)
			}
			continue
		}
		_, words, _ := strings.Cut(text, line)
		words, _, _ = strings.Cut(words, "\n")
		for name, v := range numbersOf(structure[part]) {
			m := regexp.MustCompile(`\b` + name + ` (-?\d+(?:\.\d+)?)( %)?`).FindStringSubmatch(words)
			if m == nil || !near(name, m[1], v) || percent(name) != (m[2] != "") {
				t.Errorf("%s: the structure's %s have %s %v, the text %q", what, part, name, v, m)
			}
		}
	}
	for _, note := range structure["notes"].([]any) {
		if !strings.Contains(text, "Note: "+note.(string)+"\n") {
			t.Errorf("%s: the text lacks %q", what, note)
		}
	}
	coverage, window := structure["coverage"].(map[string]any), structure["window"].(map[string]any)
	for _, v := range []any{coverage["calls"], coverage["requests"], coverage["test_calls"], coverage["reason"], strings.TrimPrefix(coverage["as_of"].(string), "2026-11-05 "), coverage["from"], coverage["to"], coverage["calls_left"], coverage["ask_again_in_seconds"], window["timezone"], window["date_from"], structure["now"]} {
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
	lines = lines[:strings.LastIndex(lines, "\n")+1]
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
	roomy, tight := connect(t, api), connect(t, api, limited(t, api))
	schema := compiled(t, roomy)["get_call_stats"]
	most, fewest, methods := map[string]int{}, map[string]int{}, map[string]int{}
	for _, test := range []struct {
		name, more string
		session
	}{
		{"read", ``, roomy},
		{"read and compared", `"date_from":"2026-10-25","date_to":"2026-11-01","compare":"previous_period","timezone":"America/New_York"`, roomy},
		{"too large", `"timezone":"America/New_York"`, tight},
		{"too large and compared", `"date_from":"2026-10-10","compare":"previous_period"`, tight},
		{"too large, less tests", `"exclude_test_calls":true,"date_to":"2026-11-01"`, tight},
	} {
		for _, by := range statsGroupings() {
			time.Sleep(2 * time.Minute) // of the bubble: the limit of a plan holds for one
			s := test.session
			what := fmt.Sprint(test.name, " ", by)
			text, structure := s.call("get_call_stats", statsArgs(by, test.more))
			if structure == nil {
				t.Fatalf("%s: %s", what, text)
			}
			if err := schema.Validate(structure); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			sameHalves(t, what, text, structure)
			areLargest(t, what, by, structure)
			encoded, _ := json.Marshal(structure)
			for half, s := range map[string]string{"text": text, "structure": string(encoded)} {
				n := tokens(s)
				if n > tools.StatsTokens {
					t.Errorf("%s: the %s takes %d tokens", what, half, n)
				}
				most[test.name+", "+half] = max(most[test.name+", "+half], n)
			}
			coverage := structure["coverage"].(map[string]any)
			methods[fmt.Sprint(test.name, ", ", coverage["method"])]++
			if requests := coverage["requests"].(float64); s == tight && requests > 28 {
				t.Errorf("%s: %v requests, where 28 are allowed", what, requests)
			}
			if n := len(structure["rows"].([]any)) - 1; strings.Contains(text, "\n(rest),") && (n < fewest[test.name] || fewest[test.name] == 0) {
				fewest[test.name] = n
			}
		}
	}
	t.Logf("most tokens: %v", most)
	t.Logf("methods: %v; fewest rows before the rest: %v", methods, fewest)
}

// What to ask next stands in the structure too, which some hosts show alone.
func TestNextStepOfStatsStandsInBothHalves(t *testing.T) {
	s := connect(t, remember(account))
	for args, want := range map[string]string{
		`{"group_by":["agent"],"date_from":"2026-11-04"}`: `list_calls {"agent_id":`,
		`{"status":"failed"}`:                             `list_calls {"status":"failed"}`,
		`{"search":"nobody"}`:                             "search for a shorter part",
	} {
		text, structure := s.call("get_call_stats", args)
		encoded, _ := json.Marshal(structure)
		if !strings.Contains(text, want) || !strings.Contains(strings.ReplaceAll(string(encoded), `\"`, `"`), want) {
			t.Errorf("%s: no %q in both of\n%s\n%.300s", args, want, text, encoded)
		}
	}
}

// The period before is the equal window just before, and changes are differences.
func TestComparison(t *testing.T) {
	s := connect(t, remember(account))
	within := func(from, to string, agent string) (calls []sandbox.Call) {
		for _, c := range account.Calls {
			label := "(deleted)"
			if c.Agent != nil {
				label = c.Agent.Label
			}
			if d := c.CreatedAt.Format(time.DateOnly); d >= from && d <= to && (agent == "" || label == agent) {
				calls = append(calls, c)
			}
		}
		return calls
	}
	for _, w := range []struct{ args, from, to, previousFrom, previousTo string }{
		{`"date_from":"2026-11-04","date_to":"2026-11-04"`, "2026-11-04", "2026-11-04", "2026-11-03", "2026-11-03"},
		{`"date_from":"2026-10-26","date_to":"2026-11-01"`, "2026-10-26", "2026-11-01", "2026-10-19", "2026-10-25"},
		{`"date_from":"2026-11-02"`, "2026-11-02", "2026-11-05", "2026-10-29", "2026-11-01"},
		{`"date_from":"2026-10-01","date_to":"2026-10-31"`, "2026-10-01", "2026-10-31", "2026-08-31", "2026-09-30"},
	} {
		_, structure := s.call("get_call_stats", `{"group_by":["agent"],"compare":"previous_period",`+w.args+`}`)
		window := structure["window"].(map[string]any)
		if window["date_from"] != w.from || window["date_to"] != w.to && window["date_to"] != nil || window["previous_from"] != w.previousFrom || window["previous_to"] != w.previousTo {
			t.Errorf("%s: %v", w.args, window)
		}
		is, was := statsFigures(within(w.from, w.to, ""), 1), statsFigures(within(w.previousFrom, w.previousTo, ""), 1)
		delete(was, "share")
		if diff := cmp.Diff(was, numbersOf(structure["previous"])); diff != "" {
			t.Errorf("%s: previous %s", w.args, diff)
		}
		for name, change := range numbersOf(structure["change"]) {
			if math.Abs(change-(is[name]-was[name])) > 1e-9 {
				t.Errorf("%s: %s changed by %v from %v to %v", w.args, name, change, was[name], is[name])
			}
		}
		if len(structure["change"].(map[string]any)) != len(was) {
			t.Errorf("%s: change %v, previous %v", w.args, structure["change"], was)
		}
		for _, row := range statsRows(structure) {
			agent := row["agent"].(string)
			is, was := statsFigures(within(w.from, w.to, agent), 1), statsFigures(within(w.previousFrom, w.previousTo, agent), 1)
			if row["previous_calls"] != was["calls"] || row["calls_change"] != is["calls"]-was["calls"] {
				t.Errorf("%s: %s has %v calls, %v before, change %v; want %v, %v", w.args, agent, row["calls"], row["previous_calls"], row["calls_change"], is["calls"], was["calls"])
			}
			rate, rateWas := is["answer_rate"], was["answer_rate"]
			if got, ok := row["answer_rate_change"].(float64); ok && math.Abs(got-(rate-rateWas)) > 1e-9 || !ok && is["answered"] > 0 && was["answered"] > 0 {
				t.Errorf("%s: answer rate of %s went from %v to %v by %v", w.args, agent, rateWas, rate, row["answer_rate_change"])
			}
		}
	}
}

// Days are compared with the days that many days before, and hours stay in order
// though some had calls before alone.
func TestComparisonOfDaysAndHours(t *testing.T) {
	at := func(day, hour int) sandbox.Call {
		return sandbox.Call{ID: fmt.Sprint(day, hour), SID: fmt.Sprint("CA", day, hour), Direction: "inbound", Status: "completed", Duration: 9,
			CreatedAt: time.Date(2026, 10, day, hour, 0, 0, 0, time.UTC)}
	}
	a := &sandbox.Account{Calls: []sandbox.Call{at(9, 15), at(9, 10), at(8, 12), at(7, 23), at(6, 11), at(6, 10), at(6, 3), at(5, 12)}}
	s := connect(t, a.Transport())
	for by, want := range map[string]string{
		"day":  "[2026-10-07 1 0] [2026-10-08 1 1] [2026-10-09 2 3]",
		"hour": "[03 0 1] [10 1 1] [11 0 1] [12 1 1] [15 1 0] [23 1 0]",
	} {
		_, structure := s.call("get_call_stats", `{"group_by":["`+by+`"],"date_from":"2026-10-07","date_to":"2026-10-09","compare":"previous_period"}`)
		var got []string
		for _, row := range statsRows(structure) {
			got = append(got, fmt.Sprint([]any{row[by], row["calls"], row["previous_calls"]}))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("by %s: %s, want %s", by, strings.Join(got, " "), want)
		}
	}
}

// A day is over when it is over in the zone of the question: at 18:00 UTC, the 5th is
// so since seven hours in Auckland, and is not yet in New York.
func TestAPeriodEndsInTheZoneOfTheQuestion(t *testing.T) {
	s := connect(t, remember(account))
	for zone, test := range map[string]struct {
		now  string
		over bool
	}{
		"Pacific/Auckland": {"Fri 2026-11-06 07:00", true},
		"UTC":              {"Thu 2026-11-05 18:00", false},
		"America/New_York": {"Thu 2026-11-05 13:00", false},
	} {
		text, structure := s.call("get_call_stats", `{"date_from":"2026-11-05","date_to":"2026-11-05","compare":"previous_period","timezone":"`+zone+`"}`)
		if over := !strings.Contains(text, "The current period is not over yet."); over != test.over {
			t.Errorf("%s: over %t, want %t:\n%s", zone, over, test.over, text)
		}
		if structure["now"] != test.now || structure["timezone"] != zone || !strings.Contains(text, "hours in "+zone+"; now "+test.now) {
			t.Errorf("%s: now %v, %v, in\n%s", zone, structure["now"], structure["timezone"], text)
		}
	}
}

// A period without an end is not over either.
func TestAPeriodWithoutAnEndIsNotOver(t *testing.T) {
	for args, over := range map[string]bool{
		`{"date_from":"2026-11-02","compare":"previous_period"}`:                        false,
		`{"date_from":"2026-11-02","date_to":"2026-11-04","compare":"previous_period"}`: true,
		`{"date_from":"2026-11-02"}`:                                                    true, // nothing is compared
	} {
		text, structure := connect(t, account.Transport()).call("get_call_stats", args)
		const note = "The current period is not over yet."
		if strings.Contains(text, note) == over || strings.Contains(fmt.Sprint(structure["notes"]), note) == over {
			t.Errorf("%s: over %t, notes %v", args, over, structure["notes"])
		}
	}
}

// Parts of periods that are too large to read are not compared, and both are told of.
func TestComparisonOfALargeLog(t *testing.T) {
	api := remember(busyAccount(6000, 40))
	text, structure := connect(t, api, limited(t, api)).call("get_call_stats", `{"group_by":["hour"],"date_from":"2026-10-17","compare":"previous_period"}`)
	coverage := structure["coverage"].(map[string]any)
	if structure["previous"] != nil || structure["change"] != nil || coverage["exact"] != true || coverage["calls_left"] == nil || !strings.Contains(text, "Exact for ") || !strings.Contains(text, "previous period") {
		t.Errorf("%s\n%v", text, coverage)
	}
	for _, row := range statsRows(structure) {
		if row["previous_calls"] != nil {
			t.Errorf("%v is compared with %v", row["hour"], row["previous_calls"])
		}
	}
}

// What one question read, the next ones have: of statistics, of a search and of the
// sheet. Nothing of it reaches another token.
func TestDaysAreReadOnce(t *testing.T) {
	kept := cache.New(cache.Options{Calls: 100_000})
	defer kept.Close()
	r := &recorder{api: busyAccount(2000, 40).Transport()}
	s := connect(t, r, func(c *tools.Config) { c.Cache = kept })
	asked := func(tool, args string) (string, map[string]any, int) {
		before := len(r.requests)
		text, structure := s.call(tool, args)
		return text, structure, len(r.requests) - before
	}
	_, one, requests := asked("get_call_stats", `{"date_from":"2026-10-10","group_by":["agent"]}`)
	if requests < 15 || one["coverage"].(map[string]any)["cached"] != nil {
		t.Fatalf("%d requests: %v", requests, one["coverage"])
	}
	text, two, requests := asked("get_call_stats", `{"date_from":"2026-10-10","group_by":["hour"],"timezone":"America/New_York"}`)
	if requests > 4 || !strings.Contains(text, "of them cached, validated by Talkover's count") || two["coverage"].(map[string]any)["read_at"] == nil {
		t.Errorf("%d requests: %.300s", requests, text)
	}
	if text, _, requests := asked("find_calls", `{"date_from":"2026-10-10","sort":"longest"}`); requests > 0 || !strings.Contains(text, "Exact: all") {
		t.Errorf("%d requests: %.300s", requests, text)
	}
	before := len(r.requests)
	sheet, err := resource(t, s, "talkover://calls.csv?date_from=2026-10-12&date_to=2026-11-05&status=completed")
	if err != nil || !strings.HasPrefix(sheet, "# all ") || len(r.requests) > before {
		t.Errorf("%d requests: %.300s, %v", len(r.requests)-before, sheet, err)
	}
	other, err := talkover.New(talkover.Config{Token: talkover.NewSecret("talq_another"), Transport: answering(http.StatusUnauthorized, `{"message":"Unauthorized"}`)})
	if err != nil {
		t.Fatal(err)
	}
	text, structure := connect(t, r, func(c *tools.Config) { c.Cache, c.Client = kept, other }).call("get_call_stats", `{"date_from":"2026-10-10"}`)
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
		`{"compare":"previous_period"}`:                  {"compare", "date_from"},
		`{"compare":"last_year","date_from":"2026-1-1"}`: {"compare", "previous_period", "date_from", "YYYY-MM-DD"},
		`{"timezone":"Berlin"}`:                          {"timezone", "Berlin"},
		`{"timezone":"../etc/passwd"}`:                   {"timezone"},
		`{"timezone":"Local"}`:                           {"timezone"},
		`{"exclude_test_calls":"maybe"}`:                 {"exclude_test_calls", "true or false"},
		`{"per_page":5}`:                                 {"per_page", "no such argument"},
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
	for _, args := range []string{`{"group_by":"day, hour"}`, `{"group_by":["day",""],"timezone":"","compare":null,"exclude_test_calls":"true"}`, `{"group_by":[]}`} {
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
		for _, args := range []string{`{"group_by":["contact"]}`, `{"group_by":["line","contact"]}`, `{"group_by":["agent","line"],"search":"+12025550103"}`} {
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
		r.Params.Name, r.Params.Arguments = "get_call_stats", map[string]any{"group_by": []string{"hour"}, "date_from": "2026-10-20", "compare": "previous_period"}
		if token != nil {
			r.Params.Meta = &mcp.Meta{ProgressToken: token}
		}
		if result, err := c.CallTool(t.Context(), r); err != nil || result.IsError {
			t.Fatal(result, err)
		}
	}
	ask(nil)
	ask("p-1")
	last := told{}
	for n := 0; !strings.Contains(last.Message, "previous period") || last.Progress < last.Total-2; n++ {
		p := <-heard
		if p.Token != "p-1" || p.Progress <= last.Progress || p.Progress > p.Total || !strings.Contains(p.Message, "page") {
			t.Fatalf("%+v after %+v", p, last)
		}
		last = p
	}
	t.Logf("the last is %+v", last)
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
	if b, ok := debug.ReadBuildInfo(); ok && slices.Contains(b.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
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
