package config_test

import (
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/internal/config"
)

func TestHostsAreKnownByWhatTheySayOfThemselves(t *testing.T) {
	for client, want := range map[string]string{
		"claude-ai": "claude", "Claude Code": "claude-code", "claude-code": "claude-code", "claude-ai (via mcp-remote 0.1.37)": "claude",
		"cursor-vscode": "cursor", "Visual Studio Code": "vscode", "Visual Studio Code - Insiders": "vscode", "codex-mcp-client": "codex",
		"gemini-cli-mcp-client": "gemini", "gemini-cli-mcp-client-talkover": "gemini", "openai-mcp": "chatgpt", "mcp-inspector": "inspector",
		"": "", "not claude": "", "talq_0123": "", "\u202eclaude": "", strings.Repeat("claude", 100): "",
	} {
		got := config.HostOf(client)
		if got.Word != want || (got.Name == "") != (want == "") {
			t.Errorf("%q is %+v, want %q", client, got, want)
		}
	}
}
