package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tiktoken-go/tokenizer"
)

// counter counts tokens of o200k.
func counter(t *testing.T) func(string) int {
	t.Helper()
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	return func(s string) int {
		t.Helper()
		n, err := codec.Count(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// Hosts pay for the list of tools in each conversation: what models read of the
// read tools takes at most 2,200 tokens, and the list as a whole 4,500, make_call
// included.
func TestTheListOfToolsIsSmall(t *testing.T) {
	tokens := counter(t)
	list, err := connect(t, account.Transport(), calling).ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, tool := range list.Tools {
		raw, err := json.Marshal(tool)
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Name, Description string
			InputSchema       json.RawMessage
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		n := tokens(m.Name) + tokens(m.Description) + tokens(string(m.InputSchema))
		t.Logf("%s: %d tokens", m.Name, n)
		if m.Name != "make_call" {
			read += n
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	whole := tokens(string(raw))
	t.Logf("read by models %d, whole %d", read, whole)
	if read > 2200 || whole > 4500 {
		t.Errorf("models read %d tokens (at most 2,200) of a list of %d (at most 4,500)", read, whole)
	}
}

// Each half of a page of 100 agents takes at most 4,000 tokens, with the id and
// name of each, however long the rows are that the API sends.
func TestAPageOfAgentsIsSmall(t *testing.T) {
	tokens := counter(t)
	long := strings.Repeat("a long prompt ", 500)
	r := rand.New(rand.NewPCG(1, 2))
	for name, label := range map[string]string{"words": "Customer Support %d", "long": strings.Repeat("långt namn 姓名 ", 8) + "%d"} {
		rows := make([]map[string]any, 100)
		for i := range rows {
			rows[i] = map[string]any{
				"id": fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48)), "name": fmt.Sprintf("Agent %d", i), "label": fmt.Sprintf(label, i),
				"direction": "outbound", "current_status": "published", "language": "en", "prompt": long,
				"phone_numbers": []any{map[string]any{"number": fmt.Sprintf("+120255501%02d", i)}},
			}
		}
		body, _ := json.Marshal(map[string]any{"success": true, "data": rows, "meta": map[string]int{"current_page": 1, "per_page": 100, "total": 100, "last_page": 1}})
		text, structure := connect(t, answering(200, string(body))).call("list_agents", `{"per_page":100}`)
		encoded, _ := json.Marshal(structure)
		t.Logf("%s: text %d tokens, structure %d tokens, columns %v", name, tokens(text), tokens(string(encoded)), structure["columns"])
		if a, b := tokens(text), tokens(string(encoded)); a > 4000 || b > 4000 {
			t.Errorf("%s: %d and %d tokens, want at most 4,000", name, a, b)
		}
		if n := len(structure["rows"].([]any)); name == "words" && n != 100 {
			t.Errorf("%d agents, want 100", n)
		}
	}
}
