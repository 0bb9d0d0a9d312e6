package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// No number of the account's or of the question's is in an answer.
func TestMaskedNumbersLeaveNowhere(t *testing.T) {
	s := connect(t, account.Transport(), masked)
	whole := regexp.MustCompile(`\+\d{7,}|\d{10,}`)
	for _, args := range []string{
		`{"per_page":100}`, `{"search":"+12025550103","per_page":5}`, `{"search":"+1 (202) 555-0103"}`,
		`{"search":"12025550103","page":99}`, `{"agent_id":"+12025550103"}`, `{"status":"+12025550103"}`, `{"per_page":12025550103}`,
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
	const body = `{"message":"No agent answers +1 (202) 555-0103 since 2026-11-05 10:00.","errors":{"search":["12025550103 is no number, 911 is."]}}`
	text, _ := connect(t, answering(http.StatusUnprocessableEntity, body), masked).call("list_calls", `{}`)
	for _, want := range []string{"No agent answers ** (***) ***-0103 since 2026-11-05 10:00.", "*******0103 is no number, 911 is."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
