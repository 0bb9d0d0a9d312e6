package e2e

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/internal/cli"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// A rule holds, does not, or cannot be told; cron sees which by the exit code.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string // with | between them
		code int
		says []string
	}{
		{"check|-demo|calls>0|answer_rate>=50|period=yesterday", 0, []string{"ok    calls>0  it is ",
			"ok    answer_rate>=50  it is ", "\nExact: all "}},
		{"check|-demo|calls > 0|answer_rate < 50 %|period=yesterday", 1, []string{"ok    calls > 0",
			"FAIL  answer_rate < 50 %  it is "}},
		{"check|-demo|answer_rate>=1|period=yesterday|contact=zzzz", 2,
			[]string{"?     answer_rate>=1  cannot be told: there is no such figure"}},
		{"check|-demo|-json|calls==0|period=yesterday|contact=zzzz", 0, []string{`"holds": true`, `"value": 0`}},
		{"check|-demo|calls>1|period=tomorow", 2, []string{"none of today, yesterday"}},
		{"check|-demo|callz>1", 2, []string{`"callz" is not a metric; there are calls, `}},
		{"check|-demo|calls>many", 2, []string{`"calls>many" is neither a rule`}},
		{"check|-demo|period=today", 2, []string{"check: which rule?"}},
	} {
		code, stdout, stderr := try(t, nil, strings.Split(test.args, "|")...)
		for _, want := range test.says {
			if code != test.code || !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s: exit %d, want %d and %q; stderr %q, stdout:\n%s", test.args, code, test.code, want,
					stderr, stdout)
			}
		}
	}
}

// settings makes a map of an environment.
func settings(env []string, more ...string) map[string]string {
	all := map[string]string{}
	for _, pair := range slices.Concat(env, more) {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

// A figure that is not exact tells nothing, and neither does an API that does not answer.
func TestACheckTellsNothingWhereNothingIsExact(t *testing.T) {
	t.Parallel()
	noTotals := settings(upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"success":true,"data":[{"id":"1","sid":"CA1","from":"+12025550100","to":"+12025550101",`+
			`"direction":"inbound","status":"completed","duration":9,"created_at":"2026-11-05T10:00:00Z"}]}`)
	}))
	code, stdout, stderr := try(t, noTotals, "check", "calls>=0")
	if code != cli.Misconfigured || strings.Contains(stdout, "ok ") {
		t.Errorf("without totals: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	away := settings(upstream(t, func(w http.ResponseWriter,
		_ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	if code, stdout, stderr := try(t, away, "check", "calls>=0"); code != cli.Misconfigured || stdout != "" ||
		!strings.Contains(stderr, "token") {
		t.Errorf("refused: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// A check every minute leaves the plan's requests to others.
func TestAChecksRequests(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	api := sandbox.New(time.Now()).Transport()
	env := settings(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		passOn(api, w, r)
	}), "TALKOVER_CACHE_DIR="+t.TempDir())
	for n := range 5 {
		before := requests.Load()
		code, stdout, stderr := try(t, env, "check", "calls>=0", "answer_rate>=0", "period=last_7_days")
		cost := requests.Load() - before
		if t.Logf("check %d: %d requests", n+1, cost); code != cli.Success || n > 0 && cost > 4 {
			t.Errorf("exit %d after %d requests, stderr %q, stdout:\n%s", code, cost, stderr, stdout)
		}
	}
}

// A sheet has all pages, each call once, and says in its first line and its exit code whether that is all.
func TestCSV(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"list_calls|status=failed", "find_calls|period=last_30_days",
		"find_calls|sort=longest|min_seconds=300"} {
		code, stdout, stderr := try(t, nil, append([]string{"csv", "-demo"}, strings.Split(args, "|")...)...)
		head, rest, _ := strings.Cut(stdout, "\n")
		rows, err := csv.NewReader(strings.NewReader(rest)).ReadAll()
		if code != 0 || stderr != "" || err != nil ||
			!strings.HasPrefix(head, fmt.Sprintf("# all %d calls that fit (", len(rows)-1)) || len(rows) < 60 {
			t.Errorf("%s: exit %d, stderr %q, %v, %d rows: %s", args, code, stderr, err, len(rows), head)
		}
		seen := map[string]bool{}
		for _, row := range rows {
			seen[row[slices.Index(rows[0], "sid")]] = true
		}
		if len(seen) != len(rows) {
			t.Errorf("%s: %d rows, %d different", args, len(rows), len(seen))
		}
	}
	masked := map[string]string{"TALKOVER_MASK_NUMBERS": "last4"}
	if code, stdout, _ := try(t, masked, "csv", "-demo", "list_calls", "per_page=7", "status=busy"); code != 0 ||
		strings.Contains(stdout, "+1") || strings.Contains(stdout, "+44") {
		t.Errorf("masked: exit %d, stdout:\n%s", code, stdout)
	}
	for args, want := range map[string]string{
		"csv -demo get_call_stats":       `"get_call_stats" is neither find_calls nor list_calls`,
		"csv -demo":                      "csv: which tool?",
		"csv -demo list_calls limitt=5":  "limitt",
		"csv -demo find_calls period=no": "none of today",
	} {
		if code, stdout, stderr := try(t, nil, strings.Fields(args)...); code == 0 || stdout != "" ||
			!strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

// Strangers' words begin no formula, and calls that come while pages are read are told.
func TestCSVOfHostileRows(t *testing.T) {
	t.Parallel()
	row := func(n int) string {
		return fmt.Sprintf(`{"id":"%[1]d","sid":"CA%032[1]d","from":"+12025550100","to":"+12025550101","direction":"inbound","status":"completed","duration":9,
			"agent":{"id":"a","name":"=HYPERLINK(1)","label":"=HYPERLINK(1)"},"created_at":"2026-11-05T10:00:00Z"}`, n)
	}
	total := 60
	env := settings(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		first, last := 0, 50
		page := 1
		if r.URL.Query().Get("page") == "2" {
			first, last, page = 50, total, 2
		}
		var rows []string
		for i := first; i < last; i++ {
			rows = append(rows, row(i))
		}
		fmt.Fprintf(w, `{"success":true,"data":[%s],"pagination":{"current_page":%d,"last_page":2,"per_page":50,`+
			`"total":60}}`, strings.Join(rows, ","), page)
	}))
	code, stdout, stderr := try(t, env, "csv", "list_calls")
	if code != 0 || !strings.Contains(stdout, ",'=HYPERLINK(1),") || strings.Contains(stdout, ",=HYPERLINK") {
		t.Errorf("exit %d, stderr %q, stdout:\n%.600s", code, stderr, stdout)
	}
	total = 55
	code, stdout, stderr = try(t, env, "csv", "list_calls")
	if code != cli.Failed || !strings.HasPrefix(stdout, "# NOT PROVEN TO BE ALL: 55 calls") ||
		!strings.Contains(stderr, "55 are here, and 60 fit") {
		t.Errorf("exit %d, stderr %q, stdout:\n%.600s", code, stderr, stdout)
	}
}
