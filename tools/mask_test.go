package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/tools"
)

// No number of the account's or of the question's is in an answer.
func TestMaskedNumbersLeaveNowhere(t *testing.T) {
	s := connect(t, account.Transport(), masked)
	whole := regexp.MustCompile(`\+\d{7,}|\d{10,}`)
	for _, args := range []string{
		`{"per_page":100}`, `{"search":"+12025550103","per_page":5}`, `{"search":"+1 (202) 555-0103"}`,
		`{"search":"12025550103","page":99}`, `{"agent_id":"+12025550103"}`, `{"status":"+12025550103"}`,
		`{"per_page":12025550103}`,
	} {
		text, structure := s.call("list_calls", args)
		encoded, _ := json.Marshal(structure)
		for _, half := range []string{text, string(encoded)} {
			// A SID is no number, and stays whole: it finds the call again.
			if found := whole.FindString(regexp.MustCompile(`CA[0-9a-f]{32}`).ReplaceAllString(half, "")); found != "" {
				t.Errorf("%s: %s is in\n%.500s", args, found, half)
			}
		}
	}
}

func TestMaskedRowKeepsTheLastFourDigits(t *testing.T) {
	_, structure := connect(t, account.Transport(), masked).call("list_calls", `{"search":"+12025550103","per_page":1}`)
	cells := structure["rows"].([]any)[0].([]any)
	if got := fmt.Sprint(cells[2:4]); !strings.Contains(got, "********0103") {
		t.Errorf("numbers are %s", got)
	}
	if got := fmt.Sprint(structure["filters"], structure["next"]); strings.Count(got, "********0103") != 2 {
		t.Errorf("echoes are %s", got)
	}
	if got := fmt.Sprint(structure["notes"]); !strings.Contains(got, "masked") {
		t.Errorf("notes are %s", got)
	}
}

func TestMaskedErrorsOfTheAPI(t *testing.T) {
	const body = `{"message":"No agent answers +1 (202) 555-0103 since 2026-11-05 10:00.",` +
		`"errors":{"search":["12025550103 is no number, 911 is."]}}`
	text, _ := connect(t, answering(http.StatusUnprocessableEntity, body), masked).call("list_calls", `{}`)
	for _, want := range []string{"No agent answers ** (***) ***-0103 since 2026-11-05 10:00.", "*******0103 is no number, 911 is."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// While numbers are masked, nobody finds one out by its parts: each question about a part
// of a number that there is gets the answer that a part of no number gets.
func TestAMaskedNumberIsNotFoundByItsParts(t *testing.T) {
	s := connect(t, account.Transport(), masked)
	const there, nowhere = "+12025550103", "+15556667778"
	now := regexp.MustCompile(`\w{3} \d{4}-\d{2}-\d{2} \d{2}:\d{2}`)
	ask := func(tool, argument, part string) string {
		args, _ := json.Marshal(map[string]string{argument: part})
		text, structure := s.call(tool, string(args))
		if structure != nil {
			t.Errorf("%s %s is answered: %.300s", tool, args, text)
		}
		return now.ReplaceAllString(text, "")
	}
	asked := 0
	for _, tool := range []struct{ name, argument string }{
		{"list_calls", "search"}, {"find_calls", "contact"}, {"get_call_stats", "contact"}, {"get_call_stats", "line"},
		{"get_call", "sid"},
		{"find_calls", "contact"}, {"get_call_stats", "contact"},
	} {
		s = connect(t, account.Transport(), masked) // so many misses are not taken in an hour
		for from := range len(there) {
			for to := from + 1; to <= len(there); to++ {
				if there[from:to] == there {
					continue
				}
				got, want := ask(tool.name, tool.argument, there[from:to]),
					ask(tool.name, tool.argument, nowhere[from:to])
				if asked++; got != want {
					t.Errorf("%s %s: %s\nbut %s: %s", tool.name, there[from:to], got, nowhere[from:to], want)
				}
			}
		}
	}
	t.Logf("%d parts asked for", asked)
	s = connect(t, account.Transport(), masked)
	for _, uri := range []string{"talkover://calls.csv?search=%2B1202555010", "talkover://calls.csv?search=5550103"} {
		if text, err := resource(t, s, uri); err == nil {
			t.Errorf("%s: %.200s", uri, text)
		}
	}
	for tool, args := range map[string]string{"list_agents": `{"search":"555"}`, "list_campaigns": `{"search":"1"}`} {
		if text, structure := s.call(tool, args); structure != nil || !strings.Contains(text, "it takes no digits") {
			t.Errorf("%s %s: %.300s", tool, args, text)
		}
	}
	if got := complete(t, s, "agent", "5").Completion.Values; len(got) != 0 {
		t.Errorf("completions of a digit: %q", got)
	}
	// The whole number and a whole SID find their calls.
	text, structure := s.call("list_calls", `{"search":"`+there+`","per_page":1}`)
	if structure == nil {
		t.Fatal(text)
	}
	sid := regexp.MustCompile(`CA[0-9a-f]{32}`).FindString(text)
	for tool, args := range map[string]string{"get_call": `{"sid":"` + sid + `"}`, "list_calls": `{"search":"` + sid + `"}`} {
		if text, structure := s.call(tool, args); structure == nil {
			t.Errorf("%s %s: %s", tool, args, text)
		}
	}
}

// A phone number is hidden however people write it, in any script, and other figures are
// not.
func TestNumbersInWords(t *testing.T) {
	for text, want := range map[string]string{
		"Call +1 (202) 555-0103 now":      "Call ** (***) ***-0103 now",
		"tel 0171/1234567":                "tel ****/***4567",
		"49_171_1234567":                  "**_***_***4567",
		"＋４９　１７１　１２３４５６７":                 "***　***　***４５６７",
		"رقم ٠١٢٣٤٥٦٧٨٩":                  "رقم ******٦٧٨٩",
		"०१२३४५६७८९":                      "******६७८९",
		"1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣":        "*️⃣*️⃣*️⃣*️⃣5️⃣6️⃣7️⃣8️⃣",
		"𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖":                        "****𝟓𝟔𝟕𝟖",
		"12·34·56·78":                     "**·**·56·78",
		"+49–171–1234567":                 "***–***–***4567",
		"+49−171−1234567":                 "***−***−***4567",
		"2025-55-01 00":                   "****-**-01 00",
		"on 2026-11-05 10:00 and 2026-11": "on 2026-11-05 10:00 and 2026-11",
		"until 2026-11-05.":               "until 2026-11-05.",
		"9:00 to 17:00, line 24":          "9:00 to 17:00, line 24",
		"123456 calls":                    "123456 calls",
	} {
		if got := tools.MaskWords(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for id, want := range map[string]string{
		"+12025550103": "********0103", "12025550103": "*******0103", "4711": "4711",
		"CA0123456789abcdef0123456789abcdef":   "CA0123456789abcdef0123456789abcdef",
		"8e4f1d90-2c6b-4b1e-8a77-5c9d2e6f4b02": "8e4f1d90-2c6b-4b1e-8a77-5c9d2e6f4b02",
		"1234567890123456789":                  "1234567890123456789",
	} {
		if got := tools.MaskHandle(id); got != want {
			t.Errorf("the id %q becomes %q, want %q", id, got, want)
		}
	}
}

// Statuses that look the same once their numbers are hidden are counted together.
func TestMaskedCountsAddUp(t *testing.T) {
	const call = `{"sid":"CA%d","status":"rang %d","direction":"inbound","created_at":"2026-11-05T10:00:00Z"}`
	body := fmt.Sprintf(`{"data":[`+call+`,`+call+`],"pagination":{"total":2,"last_page":1}}`, 1, 6065550177, 2,
		6075550177)
	text, structure := connect(t, answering(200, body), masked).call("list_calls", `{}`)
	if got := fmt.Sprint(structure["tally"].(map[string]any)["status"]); got != "map[rang ******0177:2]" ||
		!strings.Contains(text, `2 "rang ******0177"`) {
		t.Errorf("the tally is %s in\n%s", got, text)
	}
}
