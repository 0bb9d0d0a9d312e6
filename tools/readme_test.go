package tools_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rogpeppe/go-internal/txtar"
)

// section matches a part of the README that is made, with the name of what it shows.
var section = regexp.MustCompile(`(?s)<!-- made by go generate ./tools: (\w+) -->\n\n(.*?)\n<!-- end of (\w+) -->`)

// TestReadmeShowsWhatThereIs makes the README's tables of tools and prompts, and the
// answers to its questions, of what the server tells.
func TestReadmeShowsWhatThereIs(t *testing.T) {
	const file = "../README.md"
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := connect(t, account.Transport(), calling)
	sections := 0
	made := section.ReplaceAllFunc(readme, func(part []byte) []byte {
		sections++
		name := string(section.FindSubmatch(part)[1])
		return fmt.Appendf(nil, "<!-- made by go generate ./tools: %s -->\n\n%s\n<!-- end of %s -->", name, made(t, s, name), name)
	})
	if *update {
		if err := os.WriteFile(file, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readme), string(made)); diff != "" && !*update || sections < 5 {
		t.Errorf("%d sections; run go generate ./tools if this is meant:\n%s", sections, diff)
	}
}

// made makes a section of the README: the table of the tools or of the prompts, or a
// question of testdata with its answer.
func made(t *testing.T, s session, name string) string {
	t.Helper()
	var b strings.Builder
	switch name {
	case "tools":
		list, err := s.ListTools(context.Background(), mcp.ListToolsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("| tool | what it does |\n|---|---|\n")
		for _, tool := range list.Tools {
			fmt.Fprintf(&b, "| `%s` | %s |\n", tool.Name, tool.Description)
		}
	case "prompts":
		list, err := s.ListPrompts(context.Background(), mcp.ListPromptsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("| prompt | takes | what it asks for |\n|---|---|---|\n")
		for _, p := range list.Prompts {
			var names []string
			for _, a := range p.Arguments {
				names = append(names, "`"+a.Name+"`")
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, strings.Join(names, ", "), p.Description)
		}
	default:
		question, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "*%s*\n\n```\n%s```\n", bytes.TrimSpace(question.Comment), question.Files[1].Data)
	}
	return b.String()
}

// TestChangelogNamesTheTools keeps a new tool from being released without a word.
func TestChangelogNamesTheTools(t *testing.T) {
	changelog, err := os.ReadFile("../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range toolNames(t, connect(t, account.Transport(), calling)) {
		if !strings.Contains(string(changelog), "`"+name+"`") {
			t.Errorf("CHANGELOG.md does not name %s; add a line under Unreleased", name)
		}
	}
}
