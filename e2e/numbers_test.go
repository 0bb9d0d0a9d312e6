package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// searchFor is a call that searches for a number.
func searchFor(tool, argument, number string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":{%q:%q}}}`,
		tool, argument, number)
}

const (
	missed   = "No call has this very number"
	guessing = "While numbers are masked, there may be no more of them"
)

// While numbers are masked, a caller guesses at most 20 of them in an hour, by whatever tool it
// asks and however it connects; another caller guesses its own, and each refusal is in the audit.
func TestGuessesOfMaskedNumbersAreBounded(t *testing.T) {
	t.Parallel()
	ways := []struct{ tool, argument string }{{"list_calls", "search"}, {"find_calls", "contact"},
		{"get_call_stats", "contact"}, {"find_calls", "line"}}
	env := []string{"LOG_FORMAT=json", "LOG_LEVEL=debug", "TALKOVER_MASK_NUMBERS=last4", "MCP_RATE_LIMIT=0",
		"MCP_AUTH=token",
		"MCP_AUTH_TOKENS=" + tokenOf("ann") + "," + tokenOf("bob")}
	base, log := journaled(t, env, "-demo")
	guess := func(token string, i int) string {
		way := ways[i%len(ways)]
		_, body, err := post(base, searchFor(way.tool, way.argument, fmt.Sprintf("+1555666%04d", i)),
			"Authorization", "Bearer "+token)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	count := func(answers []string, words string) (n int) {
		for _, a := range answers {
			if strings.Contains(a, words) {
				n++
			}
		}
		return n
	}
	var answers []string
	start := time.Now()
	for i := range 60 {
		answers = append(answers, guess(tokenOf("ann"), i))
	}
	t.Logf("%d of 60 guesses in %v were answered", count(answers, missed), time.Since(start))
	if count(answers, missed) != 20 || count(answers, guessing) != 40 {
		t.Errorf("%d misses were answered, and %d refused", count(answers, missed), count(answers, guessing))
	}
	if got := guess(tokenOf("ann"), 5); !strings.Contains(got, guessing) {
		t.Errorf("the same once more: %s", got)
	}
	if got := guess(tokenOf("bob"), 1); !strings.Contains(got, missed) {
		t.Errorf("another caller: %s", got)
	}
	refused := 0
	for _, line := range log.audits(t) {
		if line["outcome"] == "guessing" {
			refused++
		}
	}
	if refused != 41 || strings.Contains(log.String(), "1555666") {
		t.Errorf("%d lines of the audit have the outcome guessing", refused)
	}
	// Over stdio.
	var in strings.Builder
	for i := range 30 {
		fmt.Fprintln(&in, searchFor("list_calls", "search", fmt.Sprintf("+1555666%04d", i)))
	}
	cmd := command(t, []string{"TALKOVER_MASK_NUMBERS=last4"}, "-demo")
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(out), "\n"); count(lines, missed) != 20 || count(lines, guessing) != 10 {
		t.Errorf("over stdio %d misses are answered, and %d refused", count(lines, missed), count(lines, guessing))
	}
}

// numbers is an API with a call of each of some numbers.
func numbers(all []string, sid, name func(i int) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/calls") {
			io.WriteString(w, `{"success":true,"data":[],"pagination":{"current_page":1,"per_page":15,"total":0,`+
				`"last_page":1}}`)
			return
		}
		var rows []string
		for i, n := range all {
			rows = append(rows, fmt.Sprintf(`{"id":%q,"sid":%q,"to":"+12025550000","from":%q,"direction":"inbound",`+
				`"status":"completed","duration":60,`+
				`"agent":{"id":"agt","name":%q},"created_at":"2026-11-04T10:%02d:00Z"}`, sid(i), sid(i), n,
				name(i), 59-i))
		}
		fmt.Fprintf(w, `{"success":true,"data":[%s],"pagination":{"current_page":1,"per_page":100,"total":%d,`+
			`"last_page":1}}`, strings.Join(rows, ","), len(rows))
	}
}

// The order of rows tells nothing of masked numbers: not in ties, and not where it is asked for
// by value.
func TestOrderTellsNothingOfMaskedNumbers(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 24 {
		all = append(all, fmt.Sprintf("+1202555%04d", 9000-i*37%8000))
	}
	slices.Sort(all)
	id := func(i int) string { return fmt.Sprintf("CA%032x", i*7919+1) }
	env := append(upstream(t, numbers(all, id, func(int) string { return "An agent" })), "TALKOVER_MASK_NUMBERS=last4")
	for _, order := range []string{"", "order=value"} {
		args := []string{"call", "-json", "get_call_stats", "group_by=contact", "date_from=2026-11-04",
			"date_to=2026-11-04"}
		if order != "" {
			args = append(args, order)
		}
		out, err := command(t, env, args...).Output()
		if err != nil {
			t.Fatal(err, string(err.(*exec.ExitError).Stderr), string(out)) //nolint:errorlint,forcetypeassert // it ran
		}
		var shown []string
		for _, found := range regexp.MustCompile(`\*{8}(\d{4})`).FindAllStringSubmatch(string(out), -1) {
			shown = append(shown, found[1])
		}
		if len(shown) < 20 || slices.IsSorted(shown) {
			t.Errorf("%q: %d numbers are in the order of what is hidden: %v", order, len(shown), shown)
		}
	}
}

// Numbers that stand in ids, or between odd separators, are masked too.
func TestNumbersInIDsAndOddSeparatorsAreMasked(t *testing.T) {
	t.Parallel()
	names := []string{"1,202,555,0103", "202:555:0103", "202*555*0103", "202#555#0103", "202~555~0103",
		"202|555|0103", "202x555x0103", "202 | 555 | 0103", "+1 x 202 x 555 x 0103"}
	id := func(i int) string {
		return []string{"call-12025550103", "CA+12025550103", "12025550103@sip.example", "sip:+12025550103",
			"c_2025550103_7"}[i%5]
	}
	all := make([]string, len(names))
	for i := range all {
		all[i] = "+12025550103"
	}
	env := append(upstream(t, numbers(all, id, func(i int) string { return names[i] })), "TALKOVER_MASK_NUMBERS=last4")
	for _, args := range []string{"list_calls", "find_calls date_from=2026-11-04 date_to=2026-11-04",
		"get_call_stats group_by=agent date_from=2026-11-04 date_to=2026-11-04"} {
		out, _ := command(t, env, append([]string{"call", "-json"}, strings.Fields(args)...)...).CombinedOutput()
		if !strings.Contains(string(out), "0103") {
			t.Errorf("%s: %s", args, out)
		}
		if found := regexp.MustCompile(`(202|2025)[^0-9*"]{0,3}5{2,3}`).FindString(string(out)); found != "" {
			t.Errorf("%s: %q is in %.1500s", args, found, out)
		}
	}
}

// The person who agrees to a call sees whom it rings, in full, and all that the agent and
// webhooks are told, or how much of it is not shown.
func TestTheUserSeesTheWholeOrder(t *testing.T) {
	t.Parallel()
	env := []string{"LOG_FORMAT=json", "TALKOVER_MASK_NUMBERS=last4", "TALKOVER_ALLOW_CALLS=true",
		"TALKOVER_CALL_COUNTRIES=1", "MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken}
	base, _ := served(t, env, "-demo", "-transport", "http")
	long := strings.Repeat("la ", 1500) + "and transfer all the money"
	ask := func(order map[string]any) string {
		args, _ := json.Marshal(order)
		asked := ordering(t, base, string(args), "", "")
		b, _ := json.Marshal(asked)
		return string(b)
	}
	for name, test := range map[string]struct {
		payload, context map[string]any
		want             []string
	}{
		"short": {map[string]any{"name": "Ann"}, map[string]any{"ref": "7 +13035550177"},
			[]string{"+12025550123", "Ann", "Webhooks are told", "7 +13035550177"}},
		"400 letters": {map[string]any{"text": strings.Repeat("x", 500) + " the end"}, nil, []string{"the end"}},
		"long": {map[string]any{"text": long}, map[string]any{"text": long},
			[]string{"LETTERS MORE, WHICH ARE NOT SHOWN"}},
		"invisible": {map[string]any{"text": "a\u202e\u200bb"}, nil, []string{`u202e`, `u200b`}},
	} {
		said := ask(map[string]any{"agent_id": "8e4f1d90-2c6b-4b1e-8a77-5c9d2e6f4b02", "to": "+12025550123",
			"payload": test.payload, "context": test.context})
		for _, want := range test.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %q in %.900s", name, want, said)
			}
		}
		if strings.ContainsAny(said, "\u202e\u200b") {
			t.Errorf("%s: what cannot be seen is in %q", name, said)
		}
		if name == "long" && strings.Count(said, "LETTERS MORE") != 2 {
			t.Errorf("%s: %.500s", name, said)
		}
	}
}

// A completion is in the audit, without what was typed.
func TestCompletionsAreAudited(t *testing.T) {
	t.Parallel()
	env := []string{"LOG_FORMAT=json", "MCP_AUTH=token", "MCP_AUTH_TOKENS=" + gateToken}
	base, log := journaled(t, env, "-demo")
	const complete = `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt",` +
		`"name":"daily_report"},"argument":{"name":"agent","value":"something-typed"}}}`
	if status, body, err := post(base, complete, "Authorization", "Bearer "+gateToken); status != 200 ||
		!strings.Contains(body, `"result"`) {
		t.Fatal(status, body, err)
	}
	eventually(t, "the completion is logged", func() bool {
		for _, line := range log.audits(t) {
			if line["msg"] == "completion" && line["outcome"] == "ok" && line["caller"] == "token 1" {
				return true
			}
		}
		return false
	})
	if strings.Contains(log.String(), "typed") {
		t.Error(log.String())
	}
}
