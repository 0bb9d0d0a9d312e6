package transport

import (
	"encoding/json"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// Nobody can tell from a message how it was written.
func TestMessagesAreWrittenAsTheLibraryWritesThem(t *testing.T) {
	rows := struct {
		Rows []any          `json:"rows"`
		None map[string]int `json:"none,omitempty"`
	}{Rows: []any{"<b>\u2028", 1, 2.5, true, nil}}
	told := mcp.NewToolResultText("told")
	told.Meta = mcp.NewMetaFromMap(map[string]any{"cost": 1})
	raw := mcp.NewToolResultText("raw")
	raw.RawStructuredContent = json.RawMessage(`{"a":1}`)
	asked := &mcp.CallToolResult{Content: []mcp.Content{}}
	asked.RequestState = "x"
	modern := mcp.NewToolResultText("modern")
	modern.ResultType = mcp.ResultTypeComplete
	for _, result := range []any{
		mcp.NewToolResultStructured(rows, "text & \"<more>\""), *mcp.NewToolResultStructured(rows, "value"), mcp.NewToolResultText("text"),
		mcp.NewToolResultError("no"), told, raw, asked, modern, &mcp.CallToolResult{}, (*mcp.CallToolResult)(nil), mcp.EmptyResult{}, nil,
	} {
		for _, id := range []any{1, "a\"<b>", -1.5e3, nil} {
			message := mcp.NewJSONRPCResultResponse(mcp.NewRequestId(id), result)
			want, err := json.Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := encode(message, func(line []byte) { got = string(line) }); err != nil || got != string(want)+"\n" {
				t.Errorf("%s\nbut the library writes\n%s (%v)", got, want, err)
			}
		}
	}
}
