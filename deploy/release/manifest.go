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

// manifest holds the manifest.json of an MCP bundle in version 0.3, the newest one that is not experimental. The template has
// what all releases share; the rest comes from the code and the target.
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
	Screenshots      []string         `json:"screenshots"`
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

// option describes a setting that a host asks the user for. None is required, because the demo needs no token. Each has a
// default, even if it is empty: Claude Desktop passes a blank setting without a default as the text "${user_config.KEY}"
// (modelcontextprotocol/mcpb issue 250).
type option struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Default     any    `json:"default"`
	Sensitive   bool   `json:"sensitive"`
}

// readTemplate reads the part that all manifests share.
func readTemplate(root fs.FS) (manifest, error) {
	var m manifest
	b, err := fs.ReadFile(root, templatePath)
	if err != nil {
		return m, notAtRoot(err)
	}
	return m, decode(b, &m)
}

// notAtRoot explains why a file of the repository was not found.
func notAtRoot(err error) error {
	return fmt.Errorf("run this at the root of the repository: %w", err)
}

// decode reads JSON of the template. It refuses a name that the type does not have, because its value would be lost.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", templatePath, err)
	}
	return nil
}

// options returns the settings of the manifest by their keys.
func (m manifest) options() (map[string]option, error) {
	var all map[string]option
	return all, decode(m.UserConfig, &all)
}

// optionOf returns the key of the setting that a value of env refers to, and whether it refers to one.
func optionOf(value string) (key string, ok bool) {
	rest, opened := strings.CutPrefix(value, "${user_config.")
	key, closed := strings.CutSuffix(rest, "}")
	return key, opened && closed
}

// declare adds the tools and prompts of the server, as a client gets them.
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

// declarePrompt declares a prompt. A manifest needs a text for it, but the server writes its own text on request, with the
// dates of that day. So the manifest's text repeats the prompt's title, description and arguments.
func declarePrompt(p mcp.Prompt) declaredPrompt {
	d := declaredPrompt{Name: p.Name, Description: p.Description, Text: p.Title + ": " + p.Description}
	for _, a := range p.Arguments {
		d.Arguments = append(d.Arguments, a.Name)
		d.Text += fmt.Sprintf("\n%s: ${arguments.%s}", a.Name, a.Name)
	}
	return d
}

// marshal returns indented JSON, without HTML's escapes.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
