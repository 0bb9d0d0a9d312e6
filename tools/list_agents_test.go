package tools_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// No phone number of an agent goes missing without a word, in either half.
func TestNumbersThatAreLeftOutAreCounted(t *testing.T) {
	agent := func(id string, n int) map[string]any {
		numbers := make([]string, n)
		for i := range numbers {
			numbers[i] = fmt.Sprintf("+120255501%02d", i)
		}
		return map[string]any{"id": id, "label": id, "phone_numbers": numbers}
	}
	for _, test := range []struct {
		agents []any
		shown  int
		want   string
	}{
		{[]any{agent("a", 20), agent("b", 3)}, 23, ""},
		{
			[]any{agent("a", 23), agent("b", 21), agent("c", 1)}, 41,
			"4 phone numbers are left out: of each agent the first 20 are here.",
		},
	} {
		body,
			_ := json.Marshal(map[string]any{
			"data": test.agents, "meta": map[string]int{"total": len(test.agents), "last_page": 1},
		})
		text, structure := connect(t, answering(200, string(body))).call("list_agents", `{}`)
		notes := fmt.Sprint(structure["notes"])
		if test.want == "" && notes != "[]" || !strings.Contains(text, test.want) ||
			!strings.Contains(notes, test.want) {
			t.Errorf("no %q in %s and\n%s", test.want, notes, text)
		}
		if n := strings.Count(text, "+1202"); n != test.shown {
			t.Errorf("%d numbers in\n%s", n, text)
		}
	}
}

// No list drops rows without a word where the API sends more than were asked for.
func TestRowsThatAreLeftOutAreCounted(t *testing.T) {
	rows := strings.TrimSuffix(strings.Repeat(`{"id":"1","name":"one"},`, 3), ",")
	for tool, things := range map[string]string{"list_calls": "calls", "list_agents": "agents", "list_campaigns": "campaigns"} {
		s := connect(t, answering(200, `{"data":[`+rows+`],"meta":{"total":3,"last_page":2,"per_page":2}}`))
		text, structure := s.call(tool, `{"per_page":2}`)
		want := "Talkover sent 3 " + things + " where 2 were asked for; the rest is left out."
		if !strings.Contains(text, want) || !strings.Contains(fmt.Sprint(structure["notes"]), want) ||
			len(structure["rows"].([]any)) != 2 {
			t.Errorf("%s: no %q in\n%s\n%v", tool, want, text, structure["notes"])
		}
	}
}
