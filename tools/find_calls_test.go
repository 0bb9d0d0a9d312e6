package tools_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/tools"
)

// However calls are sorted, fifty of them take no more tokens than they may as text, and
// both halves show the same ones.
func TestFindAnswersAreSmallAndWhole(t *testing.T) {
	tokens := counter(t)
	s := connect(t, account.Transport())
	schema := compiled(t, s)["find_calls"]
	for _, sort := range []string{"newest", "oldest", "longest", "shortest"} {
		for _, more := range []string{``, `,"min_seconds":1`, `,"only":"repeat_contacts"`, `,"weekdays":["Sat","Sun"],"timezone":"Asia/Kolkata"`} {
			args := fmt.Sprintf(`{"sort":%q,"limit":50%s}`, sort, more)
			text, structure := s.call("find_calls", args)
			n := tokens(text)
			rows := structure["rows"].([]any)
			if n > tools.FindTokens || len(rows) < 40 {
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
			if len(rows) < 50 && !strings.Contains(text, "are left out, for an answer has no room for more") {
				t.Errorf("%s: %d rows are cut without a word", args, 50-len(rows))
			}
		}
	}
}

func TestBadSearchesNeverReachTheAPI(t *testing.T) {
	for args, want := range map[string]string{
		`{"status":["lost"]}`:                               "is none of",
		`{"status":"open,gone"}`:                            `"gone" is none of`,
		`{"hour_to":24}`:                                    "0 to 23",
		`{"hour_from":-1}`:                                  "0 to 23",
		`{"limit":51}`:                                      "1 to 50",
		`{"weekdays":["Someday"]}`:                          "Mon, Tue",
		`{"sort":"loudest"}`:                                "newest, oldest, longest, shortest",
		`{"only":"missed"}`:                                 "unreturned_missed",
		`{"timezone":"Mars/Base"}`:                          "IANA time zone",
		`{"min_seconds":9,"max_seconds":3}`:                 "swap them",
		`{"page":2}`:                                        "no such argument",
		`{"longer_than":60}`:                                "did you mean min_seconds?",
		`{"date_from":"2026-11-31"}`:                        "no day of the calendar",
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
	text, structure := connect(t, answering(http.StatusUnauthorized, `{"message":"Unauthorized"}`)).call("find_calls", `{"sort":"longest"}`)
	if structure != nil || !strings.Contains(text, "TALKOVER_TOKEN") {
		t.Error(text)
	}
}
