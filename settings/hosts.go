package settings

import "strings"

// Host is a program that starts this server, or connects to it, for its user.
type Host struct {
	Word string // for metrics; empty for a host that is not known
	Name string // for people
}

// hosts lists the hosts that are known, by how the name begins that each gives itself
// (clientInfo of MCP), in lower case and without spaces and dashes. The first that fits
// counts.
var hosts = []struct {
	begins string
	Host
}{
	{"claudecode", Host{"claude-code", "Claude Code"}},
	{"claude", Host{"claude", "Claude Desktop"}}, // claude-ai
	{"cursor", Host{"cursor", "Cursor"}},         // cursor-vscode
	{"visualstudiocode", Host{"vscode", "VS Code"}},
	{"vscode", Host{"vscode", "VS Code"}},
	{"codex", Host{"codex", "Codex"}},    // codex-mcp-client
	{"gemini", Host{"gemini", "Gemini"}}, // gemini-cli-mcp-client
	{"openaimcp", Host{"chatgpt", "ChatGPT"}},
	{"chatgpt", Host{"chatgpt", "ChatGPT"}},
	{"windsurf", Host{"windsurf", "Windsurf"}},
	{"zed", Host{"zed", "Zed"}},
	{"cline", Host{"cline", "Cline"}},
	{"goose", Host{"goose", "Goose"}},
	{"mcpremote", Host{"mcp-remote", "mcp-remote"}},
	{"mcpinspector", Host{"inspector", "MCP Inspector"}},
	{"inspector", Host{"inspector", "MCP Inspector"}},
}

// HostOf returns the host with a name that a client gives itself; the zero Host if none is
// known. The name is a stranger's, and nothing of it is returned.
func HostOf(client string) Host {
	if len(client) > 128 {
		return Host{}
	}
	plain := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(client))
	for _, h := range hosts {
		if strings.HasPrefix(plain, h.begins) {
			return h.Host
		}
	}
	return Host{}
}
