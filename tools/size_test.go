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

	"github.com/talkover/talkover-mcp/tools"
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

// What the list of tools may cost, in tokens of o200k: hosts pay for it in each
// conversation. go test -v tells what each tool takes, and what is left.
const (
	mostRead   = 2800 // names, descriptions and input schemas of the tools that read
	mostListed = 6300 // tools/list as a whole, make_call included
)

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
	t.Logf("read by models %d of %d, whole %d of %d", read, mostRead, whole, mostListed)
	if read > mostRead || whole > mostListed {
		t.Errorf("models read %d tokens (at most %d) of a list of %d (at most %d): write the longest descriptions "+
			"shorter, those of arguments too", read, mostRead, whole, mostListed)
	}
}

// Each half of a page of 100 agents takes no more tokens than it may, with the id and
// name of each, however long the rows are that the API sends.
func TestAPageOfAgentsIsSmall(t *testing.T) {
	tokens := counter(t)
	long := strings.Repeat("a long prompt ", 500)
	r := rand.New(rand.NewPCG(1, 2))
	for name, label := range map[string]string{"words": "Customer Support %d", "long": strings.Repeat("långt namn 姓名 ", 8) + "%d"} {
		rows := make([]map[string]any, 100)
		for i := range rows {
			rows[i] = map[string]any{
				"id": fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12),
					r.IntN(1<<12), r.Int64N(1<<48)), "name": fmt.Sprintf("Agent %d", i), "label": fmt.Sprintf(label, i),
				"direction": "outbound", "current_status": "published", "language": "en", "prompt": long,
				"phone_numbers": []any{map[string]any{"number": fmt.Sprintf("+120255501%02d", i)}},
			}
		}
		body,
			_ := json.Marshal(map[string]any{
			"success": true, "data": rows,
			"meta": map[string]int{"current_page": 1, "per_page": 100, "total": 100, "last_page": 1},
		})
		text, structure := connect(t, answering(200, string(body))).call("list_agents", `{"per_page":100}`)
		encoded, _ := json.Marshal(structure)
		t.Logf("%s: text %d tokens, structure %d tokens, columns %v", name, tokens(text), tokens(string(encoded)),
			structure["columns"])
		if a, b := tokens(text), tokens(string(encoded)); a > tools.ListingTokens || b > tools.ListingTokens {
			t.Errorf("%s: %d and %d tokens, want at most %d", name, a, b, tools.ListingTokens)
		}
		if n := len(structure["rows"].([]any)); name == "words" && n != 100 {
			t.Errorf("%d agents, want 100", n)
		}
	}
}
