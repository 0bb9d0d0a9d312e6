package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/tools"
)

const templatePath = "deploy/bundle/manifest.template.json"

// manifest is the manifest.json of an MCP bundle, version 0.3 of the form: the
// newest one that is not experimental. The template has what is alike in every
// release; the rest comes of the code and the target.
type manifest struct {
	ManifestVersion  string           `json:"manifest_version"`
	Name             string           `json:"name"`
	DisplayName      string           `json:"display_name"`
	Version          string           `json:"version"`
	Description      string           `json:"description"`
	LongDescription  string           `json:"long_description"`
	Author           author           `json:"author"`
	Repository       sourceRepository `json:"repository"`
	Homepage         string           `json:"homepage"`
	Documentation    string           `json:"documentation"`
	Support          string           `json:"support"`
	Icon             string           `json:"icon"`
	Server           server           `json:"server"`
	Tools            []declaredTool   `json:"tools"`
	ToolsGenerated   bool             `json:"tools_generated"`
	Prompts          []declaredPrompt `json:"prompts"`
	PromptsGenerated bool             `json:"prompts_generated"`
	Keywords         []string         `json:"keywords"`
	License          string           `json:"license"`
	Privacy          []string         `json:"privacy_policies"`
	Compatibility    compatibility    `json:"compatibility"`
	UserConfig       json.RawMessage  `json:"user_config"` // hosts show it in this order; see options
}

type author struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type sourceRepository struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type server struct {
	Type       string    `json:"type"`
	EntryPoint string    `json:"entry_point"`
	Config     mcpConfig `json:"mcp_config"`
}

type mcpConfig struct {
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
}

type declaredTool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

type declaredPrompt struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Arguments   []string `json:"arguments,omitempty"`
	Text        string   `json:"text"`
}

type compatibility struct {
	ClaudeDesktop string   `json:"claude_desktop"`
	Platforms     []string `json:"platforms"`
}

// option is a setting that a host asks the user for. None is required, since the
// demo needs no token, and each has a default, be it empty: Claude Desktop hands
// over a setting that is blank and has none as the literal "${user_config.KEY}"
// (modelcontextprotocol/mcpb issue 250).
type option struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Default     any    `json:"default"`
	Sensitive   bool   `json:"sensitive"`
}

// readTemplate reads what all manifests have in common.
func readTemplate(root fs.FS) (manifest, error) {
	var m manifest
	b, err := fs.ReadFile(root, templatePath)
	if err != nil {
		return m, atRoot(err)
	}
	return m, decode(b, &m)
}

// atRoot says where a file of the repository would have been found.
func atRoot(err error) error {
	return fmt.Errorf("run this at the root of the repository: %w", err)
}

// decode refuses names that the type does not have: they would be lost.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", templatePath, err)
	}
	return nil
}

// options are the settings of the manifest by their keys.
func (m manifest) options() (map[string]option, error) {
	var all map[string]option
	return all, decode(m.UserConfig, &all)
}

// optionOf is the key of the setting that a value of env stands for, if it does.
func optionOf(value string) (key string, ok bool) {
	rest, opened := strings.CutPrefix(value, "${user_config.")
	key, closed := strings.CutSuffix(rest, "}")
	return key, opened && closed
}

// declare lists the tools and prompts of the server, as a client gets them.
func (m *manifest) declare(ctx context.Context) error {
	s, err := tools.New(tools.Config{Version: m.Version})
	if err != nil {
		return err
	}
	c, err := client.NewInProcessClient(s)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Initialize(ctx, mcp.InitializeRequest{}); err != nil {
		return err
	}
	offered, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return err
	}
	for _, t := range offered.Tools {
		m.Tools = append(m.Tools, declaredTool{t.Name, t.Description})
	}
	prompts, err := c.ListPrompts(ctx, mcp.ListPromptsRequest{})
	if err != nil {
		return err
	}
	for _, p := range prompts.Prompts {
		m.Prompts = append(m.Prompts, declarePrompt(p))
	}
	return nil
}

// declarePrompt declares a prompt with a text that stands in for the server's own:
// manifests need one, and the server's names dates, so it is written on request.
func declarePrompt(p mcp.Prompt) declaredPrompt {
	d := declaredPrompt{Name: p.Name, Description: p.Description, Text: p.Title + ": " + p.Description}
	for _, a := range p.Arguments {
		d.Arguments = append(d.Arguments, a.Name)
		d.Text += fmt.Sprintf("\n%s: ${arguments.%s}", a.Name, a.Name)
	}
	return d
}

// marshal writes JSON for people and programs.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
