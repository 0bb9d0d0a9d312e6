package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// After an answer about a part, which used up the requests of the plan, each question is
// answered at once about what is proven, and with no other figures.
func TestNoQuestionFailsWhereAPartIsProven(t *testing.T) {
	t.Parallel()
	base, _ := served(t, upstream(t, limitedAPI()), "-transport", "http")
	var first struct{ Calls int }
	for i, question := range []struct{ tool, arguments string }{
		{"get_call_stats", `{"group_by":["hour"]}`},
		{"get_call_stats", `{"group_by":["hour"]}`},
		{"get_call_stats", `{"group_by":["agent"]}`},
		{"get_call_stats", `{}`},
		{"get_call_stats", `{"group_by":["status"],"direction":"inbound"}`},
		{"get_call_stats", `{"status":["failed"]}`},
		{"get_call_stats", `{"period":"last_7_days"}`},
		{"get_call_stats", `{"period":"last_7_days","compare":"previous_period"}`},
		{"get_call_stats", `{"contact":"+12025550017"}`},
		{"find_calls", `{"sort":"longest"}`},
		{"find_calls", `{"status":["failed"],"limit":3}`},
		{"find_calls", `{"min_seconds":600}`},
	} {
		text, structured := answerTo(t, base, question.tool, question.arguments)
		if structured == nil {
			t.Errorf("%v: %s", question, text)
			continue
		}
		var got struct {
			Coverage struct {
				Exact bool
				Calls int
			}
		}
		err := json.Unmarshal(structured, &got)
		c := got.Coverage
		if err != nil || !c.Exact || c.Calls == 0 || strings.Contains(text, " 0 calls are left") {
			t.Errorf("%v: %v %+v\n%.400s", question, err, got, text)
		}
		if i == 0 {
			first.Calls = got.Coverage.Calls
		}
	}
	if first.Calls < 3000 {
		t.Errorf("the first answer is about %d calls", first.Calls)
	}
}

// answerTo calls a tool over /mcp. The structured half is nil for an error.
func answerTo(t *testing.T, base, tool, arguments string) (text string, structured json.RawMessage) {
	t.Helper()
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`
	_, body, err := post(base, fmt.Sprintf(call, tool, arguments))
	if err != nil {
		t.Fatal(err)
	}
	if _, data, ok := strings.Cut(body, "data: "); ok {
		body = data
	}
	var answer struct {
		Result struct {
			Content           []struct{ Text string }
			IsError           bool
			StructuredContent json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Result.Content) == 0 {
		t.Fatalf("%v: %s", err, body)
	}
	if answer.Result.IsError {
		return answer.Result.Content[0].Text, nil
	}
	return answer.Result.Content[0].Text, answer.Result.StructuredContent
}
