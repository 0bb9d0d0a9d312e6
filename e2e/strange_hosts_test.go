package e2e

import (
	"strings"
	"testing"
)

// n8n adds arguments, llama.cpp refuses classes in patterns, the TypeScript SDK throws over a list
// that is null, and people paste a plus into an address: each is asked of the real process.
func TestHostsThatSpeakInTheirOwnWay(t *testing.T) {
	t.Parallel()
	answers, _ := exchange(t, command(t, nil, "-demo"), hello+
		`{"jsonrpc":"2.0","id":"tools","method":"tools/list"}`+"\n"+
		`{"jsonrpc":"2.0","id":"n8n","method":"tools/call","params":{"name":"list_calls",`+
		`"arguments":{"per_page":1,"toolCallId":"c","sessionId":"s","action":"a","chatInput":"How many?",`+
		`"tool":"list_calls"}}}`+"\n"+
		`{"jsonrpc":"2.0","id":"empty","method":"tools/call","params":{"name":"get_call_stats",`+
		`"arguments":{"group_by":["weekday","hour"],"min_seconds":600000,"period":"last_week"}}}`+"\n"+
		`{"jsonrpc":"2.0","id":"plus","method":"resources/read",`+
		`"params":{"uri":"talkover://calls.csv?search=+12025550100"}}`+"\n")
	if plus := string(answers["plus"]); !strings.Contains(plus, "search='+12025550100'") {
		t.Errorf("a plus in an address: %.300s", plus)
	}
	if list := string(answers["tools"]); strings.Contains(list, `\\d`) || !strings.Contains(list, "[0-9]{4}") {
		t.Errorf("a pattern of the list has a class: %s", list)
	}
	if n8n := string(answers["n8n"]); strings.Contains(n8n, `"isError":true`) || !strings.Contains(n8n,
		"the host adds it") || strings.Contains(n8n, "How many") {
		t.Errorf("n8n: %s", n8n)
	}
	if empty := string(answers["empty"]); strings.Contains(empty, "null") || !strings.Contains(empty, `"rows":[]`) {
		t.Errorf("a table that finds nothing: %s", empty)
	}
}
