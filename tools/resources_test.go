package tools_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// parsedCSV returns the first line and the records of calls.csv, by column.
func parsedCSV(t *testing.T, text string) (first string, rows []map[string]string) {
	t.Helper()
	first, table, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := csv.NewReader(strings.NewReader(table)).ReadAll(); err != nil || len(again) != len(all) {
		t.Fatalf("a row is taken for a comment: %d and %d records, %v", len(again), len(all), err)
	}
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return first, rows
}

// csvRow returns a call of the API as calls.csv should have it.
func csvRow(c sandbox.Call) map[string]string {
	agent := sandbox.Agent{}
	if c.Agent != nil {
		agent = *c.Agent
	}
	return map[string]string{
		"created_at": c.CreatedAt.Format(time.RFC3339Nano), "updated_at": c.UpdatedAt.Format(time.RFC3339Nano),
		"id": c.ID, "sid": c.SID,
		"direction": c.Direction, "status": c.Status, "duration": strconv.Itoa(c.Duration),
		"from": c.From, "from_formatted": c.FromFormatted, "to": c.To, "to_formatted": c.ToFormatted,
		"agent_id": agent.ID, "agent_name": agent.Name, "agent_label": agent.Label,
		"is_testing": strconv.FormatBool(c.IsTesting),
	}
}

// calls.csv reads back, with encoding/csv, to the API's own values.
func TestCSVReadsBackToTheAPIsOwnValues(t *testing.T) {
	s := connect(t, account.Transport())
	for query, keep := range map[string]func(sandbox.Call) bool{
		"":               func(sandbox.Call) bool { return true },
		"?status=failed": func(c sandbox.Call) bool { return c.Status == "failed" },
		"?date_from=2026-11-04&direction=inbound&status=": func(c sandbox.Call) bool {
			return c.Direction == "inbound" && !c.CreatedAt.Before(time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
		},
		"?search=" + url.QueryEscape("+12025550103"): func(c sandbox.Call) bool {
			return c.From == "+12025550103" || c.To == "+12025550103"
		},
	} {
		var want []map[string]string
		for _, c := range account.Calls {
			if keep(c) {
				want = append(want, csvRow(c))
			}
		}
		text, err := resource(t, s, "talkover://calls.csv"+query)
		if err != nil {
			t.Fatal(query, err)
		}
		first, got := parsedCSV(t, text)
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%s: (-want +got)\n%.2000s", query, diff)
		}
		if start := fmt.Sprintf("# all %d calls that match", len(want)); !strings.HasPrefix(first, start) {
			t.Errorf("%s: first line %s", query, first)
		}
	}
}

// hostileCalls makes a page of a call for each value, with that value for every text.
func hostileCalls(values []string) http.RoundTripper {
	rows := make([]map[string]any, len(values))
	for i, v := range values {
		rows[i] = map[string]any{
			"id": v, "sid": v, "to": v, "to_formatted": v, "from": v, "from_formatted": v, "direction": v, "status": v,
			"agent":      map[string]string{"id": v, "name": v, "label": v},
			"created_at": fmt.Sprintf("2026-11-05T10:00:%02dZ", len(values)-i),
		}
	}
	body,
		_ := json.Marshal(map[string]any{
		"data": rows, "pagination": map[string]int{"total": len(rows), "last_page": 1},
	})
	return answering(200, string(body))
}

func TestNoCellOfCSVBecomesAFormula(t *testing.T) {
	values := map[string]string{ // as they come, and as they stand in the sheet
		"=1+2": "'=1+2", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "-2+3": "'-2+3", "@SUM(A1)": "'@SUM(A1)",
		"+1-202-555":   "'+1-202-555",
		"+12025550123": "+12025550123", "+44 20 7946 0018": "+44 20 7946 0018", "#1": "#1",
		`say "hi", now`: `say "hi", now`, "plain": "plain",
		"＝1+2": "'＝1+2", "＠SUM(A1)": "'＠SUM(A1)", "a;=1+2": "a;'=1+2", "a; ＝1;-2": "a; '＝1;'-2", `a;"=1"`: `a;"'=1"`,
		"a|@b": "a|'@b", "a; b": "a; b",
	}
	var sent []string
	for v := range values {
		sent = append(sent, v)
	}
	text, err := resource(t, connect(t, hostileCalls(sent)), "talkover://calls.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, rows := parsedCSV(t, text)
	if len(rows) != len(sent) {
		t.Fatalf("%d rows, want %d", len(rows), len(sent))
	}
	of := map[string]string{} // values as they come, by how they stand in the sheet
	for v, stands := range values {
		of[stands] = v
	}
	for _, row := range rows { // in any order, for they are of one moment
		for _, column := range []string{"id", "sid", "to", "from_formatted", "direction", "status", "agent_name", "agent_label"} {
			if row[column] != row["id"] || of[row["id"]] == "" {
				t.Errorf("%s of %q is %q", column, of[row["id"]], row[column])
			}
		}
	}
}

// A log larger than the sheet is cut at 10,000 rows, and the first line says so.
func TestCSVSaysWhereItEnds(t *testing.T) {
	a := &sandbox.Account{}
	for i := range 10_050 {
		a.Calls = append(a.Calls,
			sandbox.Call{
				ID: fmt.Sprint(i), SID: fmt.Sprint("CA", i), Status: "completed", Direction: "inbound",
				CreatedAt: day.Add(-time.Duration(i) * time.Minute),
			})
	}
	text, err := resource(t, connect(t, a.Transport()), "talkover://calls.csv")
	if err != nil {
		t.Fatal(err)
	}
	first, rows := parsedCSV(t, text)
	if len(rows) != 10_000 || rows[9999]["id"] != "9999" || !strings.HasPrefix(first, "# NOT ALL: the newest 10000 "+
		"calls that match (no filters), newest first (10000 is the most") {
		t.Errorf("%d rows, first line %s", len(rows), first)
	}
	a.Calls = a.Calls[:10_000]
	if text, err = resource(t, connect(t, a.Transport()), "talkover://calls.csv"); err != nil ||
		!strings.HasPrefix(text, "# all 10000 calls") {
		t.Errorf("%v, %.100s", err, text)
	}
}

func TestCSVRefusesWhatToolsRefuse(t *testing.T) {
	r := &recorder{api: account.Transport()}
	s := connect(t, r)
	for query, want := range map[string]string{
		"?status=lost":  "is none of",
		"?state=failed": "did you mean status?",
		"?date_from=2026-11-05&date_to=2026-11-04": "swap them",
		"?status=failed&status=busy":               "given twice",
		"?page=2":                                  "no such argument",
	} {
		if text, err := resource(t, s, "talkover://calls.csv"+query); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %.100s", query, err, text)
		}
	}
	if len(r.requests) != 0 {
		t.Errorf("%d requests", len(r.requests))
	}
	_, err := resource(t, connect(t, refusing(401, "", `{"message":"Unauthorized"}`)), "talkover://calls.csv")
	if err == nil || !strings.Contains(err.Error(), "does not know the token") {
		t.Error(err)
	}
	plainWords(t, err.Error())
}

func TestMaskedCSV(t *testing.T) {
	text, err := resource(t, connect(t, account.Transport(), masked), "talkover://calls.csv?search=%2B12025550103")
	if err != nil {
		t.Fatal(err)
	}
	first, rows := parsedCSV(t, text)
	if strings.Contains(text, "2025550103") || strings.Contains(text, "555-0103") || len(rows) == 0 ||
		!strings.Contains(first, "masked") {
		t.Errorf("%d rows in %.500s", len(rows), text)
	}
}

func TestTheGlossaryDefinesTheMetrics(t *testing.T) {
	text, err := resource(t, connect(t, account.Transport()), "talkover://metrics")
	if err != nil {
		t.Fatal(err)
	}
	_, structure := connect(t, account.Transport()).call("get_call_stats", `{}`)
	for name := range structure["totals"].(map[string]any) {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not explained", name)
		}
	}
}

// An address of a megabyte is refused at once. Matching it against the template of
// calls.csv would take longer than anybody waits.
func TestLongAddressesAreRefused(t *testing.T) {
	s := connect(t, account.Transport())
	for _, filler := range []string{"a", "%2B", "é", "status=failed&", "{", "?"} {
		uri := "talkover://calls.csv?search=" + strings.Repeat(filler, 1<<20/len(filler))
		if _, err := resource(t, s, uri); err == nil || !strings.Contains(err.Error(), "at most 1024") {
			t.Errorf("a megabyte of %q: %v", filler, err)
		}
		// The longest one that is let in is looked at for its filters.
		uri = uri[:len("talkover://calls.csv?search=")] + strings.Repeat("a", 1<<10-len("talkover://calls.csv?search="))
		if _, err := resource(t, s, uri); err == nil || !strings.Contains(err.Error(), "at most 100") {
			t.Errorf("1 KB: %v", err)
		}
	}
}
