package config

import (
	"cmp"
	"strings"
)

// Host is a program that starts this server, or connects to it, for its user.
type Host struct {
	Word string // for metrics; empty for a host that is not known
	Name string // for people

	token string // where its user sets the token, in words; empty where that is like everywhere
}

// hosts lists the hosts that are known, by how the name begins that each gives itself
// (clientInfo of MCP), in lower case and without spaces and dashes. The first that fits
// counts.
var hosts = []struct {
	begins string
	Host
}{
	{"claudecode", Host{"claude-code", "Claude Code", "run claude mcp remove talkover, and then " +
		"claude mcp add talkover --env TALKOVER_TOKEN=... -- talkover-mcp; or, if .mcp.json has it, set " +
		"TALKOVER_TOKEN there. Then start Claude Code again"}},
	{"claude", Host{"claude", "Claude Desktop", "for an extension, in Settings > Extensions > Talkover; " +
		"else in Settings > Developer > Edit Config, " +
		`as "TALKOVER_TOKEN" under "env" of this server. Then quit Claude Desktop and start it again`}}, // claude-ai
	{"cursor", Host{"cursor", "Cursor",
		`in ~/.cursor/mcp.json, or .cursor/mcp.json of the project, as "TALKOVER_TOKEN" under "env" of this server. ` +
			"Then turn the server off and on in Cursor's settings, at MCP"}}, // cursor-vscode
	{"visualstudiocode", vscode},
	{"vscode", vscode},
	// codex-mcp-client
	{"codex", Host{"codex", "Codex",
		`in ~/.codex/config.toml, as TALKOVER_TOKEN = "..." under [mcp_servers.talkover.env]. Then start Codex again`}},
	// gemini-cli-mcp-client
	{"gemini", Host{"gemini", "Gemini CLI",
		`in ~/.gemini/settings.json, as "TALKOVER_TOKEN" under "env" of this server in "mcpServers". ` +
			"Then start Gemini CLI again"}},
	{"openaimcp", Host{Word: "chatgpt", Name: "ChatGPT"}},
	{"chatgpt", Host{Word: "chatgpt", Name: "ChatGPT"}},
	{"windsurf", Host{Word: "windsurf", Name: "Windsurf"}},
	{"zed", Host{Word: "zed", Name: "Zed"}},
	{"cline", Host{Word: "cline", Name: "Cline"}},
	{"goose", Host{Word: "goose", Name: "Goose"}},
	{"mcpremote", Host{Word: "mcp-remote", Name: "mcp-remote"}},
	{"mcpinspector", Host{Word: "inspector", Name: "MCP Inspector"}},
	{"inspector", Host{Word: "inspector", Name: "MCP Inspector"}},
}

var vscode = Host{"vscode", "VS Code", "in .vscode/mcp.json of the workspace, or by the command MCP: Open User " +
	"Configuration, " +
	`as "TALKOVER_TOKEN" under "env" of this server. Then run the command MCP: List Servers and restart it`}

// HowToSetToken tells a model what its user must do, so that a server that has no token
// gets one. The zero Host has words that fit any.
func (h Host) HowToSetToken() string {
	where := "in " + cmp.Or(h.Name, "the program that starts this server") +
		`, where this server is configured, as the environment variable TALKOVER_TOKEN. Then start it again`
	if h.token != "" {
		where = "in " + h.Name + ": " + h.token
	}
	return "this server has no Talkover token yet. Trying again will not help. Tell the user to make an API token " +
		"in Talkover and to set it " +
		where + ". The token belongs there alone, and never in a conversation. " +
		"To try without an account, set TALKOVER_DEMO to true in its place: every call of the demo is invented."
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
