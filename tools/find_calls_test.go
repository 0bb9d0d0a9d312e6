package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/tools"
)

// However calls are sorted, fifty of them take no more tokens than they may as text, and
// both halves show the same ones.
func TestFindAnswersAreSmallAndWhole(t *testing.T) {
	tokens := counter(t)
	s := connect(t, account.Transport())
	schema := compiled(t, s)["find_calls"]
	for _, sort := range []string{"newest", "oldest", "longest", "shortest"} {
		for _, more := range []string{``, `,"min_seconds":1`, `,"only":"repeat_contacts"`, `,"weekdays":["Sat",` +
			`"Sun"],"timezone":"Asia/Kolkata"`} {
			args := fmt.Sprintf(`{"sort":%q,"limit":50%s}`, sort, more)
			text, structure := s.call("find_calls", args)
			encoded, _ := json.Marshal(structure)
			n := max(tokens(text), tokens(string(encoded)))
			rows := structure["rows"].([]any)
			if n > tools.FindTokens || len(rows) < 30 {
				t.Errorf("%s: %d rows in %d tokens", args, len(rows), n)
			}
			if err := schema.Validate(structure); err != nil {
				t.Errorf("%s: %v", args, err)
			}
			for _, r := range rows {
				if sid := r.([]any)[7].(string); strings.Count(text, sid) != 1 {
					t.Errorf("%s: %s is in the structure alone", args, sid)
				}
			}
			if full := strings.Contains(text, " shown, as many as an answer holds;"); full != (len(rows) < 50) {
				t.Errorf("%s: %d rows, full %v", args, len(rows), full)
			}
			if len(rows) < 50 && structure["next"] == nil {
				t.Errorf("%s: %d rows are cut, and nothing leads on to them", args, 50-len(rows))
			}
		}
	}
}

func TestBadSearchesNeverReachTheAPI(t *testing.T) {
	for args, want := range map[string]string{
		`{"status":["lost"]}`:                               "is none of",
		`{"status":"open,gone"}`:                            `"gone" is none of`,
		`{"hours":"9-25"}`:                                  "9-17",
		`{"hours":"business"}`:                              "TALKOVER_BUSINESS_HOURS",
		`{"limit":51}`:                                      "1 to 50",
		`{"weekdays":["Someday"]}`:                          "Mon, Tue",
		`{"sort":"loudest"}`:                                "newest, oldest, longest, shortest",
		`{"only":"missed"}`:                                 "not_called_back",
		`{"timezone":"Mars/Base"}`:                          "IANA time zone",
		`{"min_seconds":9,"max_seconds":3}`:                 "swap them",
		`{"page":"two"}`:                                    "neither a number nor what next gives",
		`{"page":0}`:                                        "from 1 to 200",
		`{"group_by":["day"]}`:                              "find_calls has no group_by; get_call_stats takes it",
		`{"longer_than":60}`:                                "did you mean min_seconds?",
		`{"date_from":"2026-11-31"}`:                        "not a day of the calendar",
		`{"date_from":"2026-11-02","date_to":"2026-11-01"}`: "after date_to",
	} {
		r := &recorder{api: account.Transport()}
		text, structure := connect(t, r).call("find_calls", args)
		if len(r.requests) != 0 || structure != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %d requests, %s", args, len(r.requests), text)
		}
	}
}

func TestFindSaysWhereTheAPIFails(t *testing.T) {
	text,
		structure := connect(t, answering(http.StatusUnauthorized, `{"message":"Unauthorized"}`)).call("find_calls",
		`{"sort":"longest"}`)
	if structure != nil || !strings.Contains(text, "TALKOVER_TOKEN") {
		t.Error(text)
	}
}

// The arguments of next lead through all calls, each once, in the order that was asked,
// also where an answer has room for fewer than the limit.
func TestNextLeadsThroughAllCalls(t *testing.T) {
	for _, sort := range []string{"newest", "oldest", "longest", "shortest"} {
		s := connect(t, account.Transport())
		want := map[string]bool{}
		for _, c := range account.Calls {
			if d := c.CreatedAt.Format(time.DateOnly); c.Direction == "outbound" && d >= "2026-10-26" &&
				d <= "2026-11-01" {
				want[c.SID] = true
			}
		}
		args := fmt.Sprintf(`{"direction":"outbound","date_from":"2026-10-26","date_to":"2026-11-01","sort":%q,`+
			`"limit":50}`, sort)
		last, answers := 0.0, 0
		for args != "" {
			text, structure := s.call("find_calls", args)
			answers++
			if structure["first"] != last+1 ||
				!strings.Contains(text, fmt.Sprintf("%v-%v shown", structure["first"], structure["last"])) {
				t.Fatalf("%s: the row %v follows %v in\n%.200s", args, structure["first"], last, text)
			}
			last = structure["last"].(float64)
			for _, row := range statsRows(structure) {
				if !want[row["sid"].(string)] {
					t.Fatalf("%s: %v comes twice, or was not asked for", args, row["sid"])
				}
				delete(want, row["sid"].(string))
			}
			args = ""
			if next, ok := structure["next"]; ok {
				encoded, _ := json.Marshal(next)
				args = string(encoded)
				if _, line, _ := strings.Cut(text, "\nNext: "); !sameJSON(line, args) {
					t.Errorf("next is %s in the text and %s in the structure", line, args)
				}
			}
		}
		if len(want) > 0 || answers < 3 {
			t.Errorf("%s: %d calls are on none of %d pages", sort, len(want), answers)
		}
	}
}

// A page may be asked for by its number, and one past the end names the last.
func TestPagesHaveNumbers(t *testing.T) {
	s := connect(t, account.Transport())
	const week = `"date_from":"2026-10-26","date_to":"2026-11-01","sort":"longest","limit":20`
	_, all := s.call("find_calls", `{`+week+`}`)
	seen := map[string]bool{}
	for page := 1; page <= 15; page++ {
		_, structure := s.call("find_calls", fmt.Sprintf(`{%s,"page":%d}`, week, page))
		if structure["first"] != float64(20*page-19) || structure["found"] != all["found"] {
			t.Errorf("page %d begins with %v of %v", page, structure["first"], structure["found"])
		}
		for _, row := range statsRows(structure) {
			seen[row["sid"].(string)] = true
		}
	}
	if float64(len(seen)) != all["found"] || len(seen) != 291 {
		t.Errorf("%d calls on 15 pages, of %v", len(seen), all["found"])
	}
	text, structure := s.call("find_calls", `{`+week+`,"page":"40"}`)
	if !strings.Contains(text, "Page 40 is past the end; the last is page 15.") ||
		structure["next"].(map[string]any)["page"] != "15" {
		t.Errorf("%s\n%v", text, structure["next"])
	}
}

// sameJSON reports whether two texts hold the same JSON.
func sameJSON(x, y string) bool {
	var a, b any
	return json.Unmarshal([]byte(x), &a) == nil && json.Unmarshal([]byte(y), &b) == nil && cmp.Equal(a, b)
}
