package tools_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/tools"
)

// A greeting has the icon and the website, in each revision, and no other answer has them.
func TestGreetingsHaveAnIcon(t *testing.T) {
	s := tools.New(tools.Config{Version: "1.2.3"})
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":{}}`
	answer := func(message string) string {
		b, err := json.Marshal(s.HandleMessage(t.Context(), json.RawMessage(message)))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"initialize": answer(`{"jsonrpc":"2.0","id":1,"method":"initialize",` +
			`"params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`),
		"server/discover": answer(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{` + meta + `}}`),
	} {
		var got struct {
			Result struct {
				ServerInfo mcp.Implementation
				Meta       map[string]mcp.Implementation `json:"_meta"`
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(name, err)
		}
		info := got.Result.ServerInfo
		if name == "server/discover" {
			info = got.Result.Meta["io.modelcontextprotocol/serverInfo"]
		}
		if info.Name != "talkover" || info.Title == "" || info.Version != "1.2.3" ||
			info.WebsiteURL != "https://github.com/talkover/talkover-mcp" || len(info.Icons) != 1 {
			t.Fatalf("%s: %+v", name, info)
		}
		encoded, isData := strings.CutPrefix(info.Icons[0].Src, "data:image/png;base64,")
		b, err := base64.StdEncoding.DecodeString(encoded)
		if !isData || err != nil || len(info.Icons[0].Src) > 1000 {
			t.Fatalf("%s: %d bytes of an icon: %v", name, len(info.Icons[0].Src), err)
		}
		picture, err := png.Decode(bytes.NewReader(b))
		if err != nil || picture.Bounds().Dx() != 64 || picture.Bounds().Dy() != 64 ||
			info.Icons[0].Sizes[0] != "64x64" {
			t.Errorf("%s: %v, %v", name, info.Icons[0].Sizes, err)
		}
	}
	if text := answer(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + meta + `}}`); strings.Contains(text,
		"image/png") || !strings.Contains(text, `"talkover"`) {
		t.Error("each answer has the icon")
	}
}
