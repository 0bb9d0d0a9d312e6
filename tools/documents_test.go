package tools_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/tools/query"
)

// section matches a part of a document that is made, with the name of what it shows.
var section = regexp.MustCompile(`(?s)<!-- made by go generate ./tools: (\w+) -->\n\n(.*?)\n<!-- end of (\w+) -->`)

// TestDocumentsShowWhatThereIs makes the tables of tools, prompts and causes, and the answers
// to questions, in README.md and docs/ of what the server tells.
func TestDocumentsShowWhatThereIs(t *testing.T) {
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	s := connect(t, account.Transport(), calling)
	where := map[string][]string{}
	for _, file := range append(documents, "../README.md") {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		made := section.ReplaceAllFunc(document, func(part []byte) []byte {
			name := string(section.FindSubmatch(part)[1])
			where[name] = append(where[name], filepath.Base(file))
			return fmt.Appendf(nil, "<!-- made by go generate ./tools: %s -->\n\n%s\n<!-- end of %s -->", name,
				made(t, s, name), name)
		})
		if bytes.Equal(document, made) {
			continue
		}
		if *update {
			if err := os.WriteFile(file, made, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s: run go generate ./tools if this is meant:\n%s", file, gocmp.Diff(string(document), string(made)))
	}
	for _, name := range []string{"tools", "filters", "prompts"} {
		if want := []string{"tools.md"}; !slices.Equal(where[name], want) {
			t.Errorf("the table of %s is in %v, want %v", name, where[name], want)
		}
	}
	if want := []string{"troubleshooting.md"}; !slices.Equal(where["causes"], want) {
		t.Errorf("the table of causes is in %v, want %v", where["causes"], want)
	}
	if answers := len(where) - 5; answers < 3 {
		t.Errorf("the documents show %d answers", answers)
	}
}

// made makes a section: the table of the tools, prompts or causes, or a question of
// testdata with its answer.
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
	case "filters":
		b.WriteString("| argument | which calls | takes |\n|---|---|---|\n")
		for _, a := range schema.NewInput[query.Filters]().Arguments() {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.Name, a.Description, strings.Join(a.Options, ", "))
		}
	case "host_arguments":
		b.WriteString("| argument | who adds it |\n|---|---|\n")
		for _, name := range slices.Sorted(maps.Keys(tools.HostArguments)) {
			fmt.Fprintf(&b, "| `%s` | %s |\n", name, tools.HostArguments[name])
		}
	case "causes":
		b.WriteString("| `cause` | what it is | what to do |\n|---|---|---|\n")
		for _, c := range talkover.Causes() {
			what := cmp.Or(c.What, (&talkover.Error{Reason: talkover.Reason(c.Name)}).Explain("Talkover"))
			fmt.Fprintf(&b, "| `%s` | %s%s | %s |\n", c.Name, strings.ToUpper(what[:1]), what[1:], c.Do)
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
