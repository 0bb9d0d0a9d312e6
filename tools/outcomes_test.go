package tools_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools"
)

// wordsOf returns the strings that functions and methods with a name return in the Go files
// of a folder, and those of its constants of a type.
func wordsOf(t *testing.T, folder, function, constType string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	add := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if word, err := strconv.Unquote(literal.Value); err == nil {
				all = append(all, word)
			}
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name != function {
					return false
				}
			case *ast.ReturnStmt:
				for _, e := range n.Results {
					add(e)
				}
			case *ast.ValueSpec:
				if name, ok := n.Type.(*ast.Ident); ok && name.Name == constType {
					for _, e := range n.Values {
						add(e)
					}
				}
			}
			return true
		})
	}
	return all
}

// Metrics start every outcome at zero, so the list must have each word that the code has.
func TestEveryOutcomeIsListed(t *testing.T) {
	words := append(wordsOf(t, ".", "outcome", ""), wordsOf(t, "../talkover", "", "Reason")...)
	if len(words) < 18 || !slices.Contains(words, "refused_here") || !slices.Contains(words, string(talkover.TooLarge)) {
		t.Fatalf("only %d words are found: %v", len(words), words)
	}
	listed := append(tools.Outcomes("make_call"), "unknown_tool")
	for _, word := range words {
		if !slices.Contains(listed, word) {
			t.Errorf("the outcome %s is not listed", word)
		}
	}
}

// The names that metrics start at zero are those that the server has.
func TestMeasuredNamesAreThoseOfTheServer(t *testing.T) {
	s := connect(t, account.Transport(), func(c *tools.Config) { c.AllowCalls = true })
	list, err := s.ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"calls.csv"}
	for _, tool := range list.Tools {
		want = append(want, tool.Name)
		if counts := strings.Contains(string(tool.RawOutputSchema), `"coverage"`) || tool.OutputSchema.Properties["coverage"] != nil; counts != slices.Contains(tools.CountingTools(), tool.Name) {
			t.Errorf("%s has a coverage: %v", tool.Name, counts)
		}
	}
	got := tools.MeasuredNames(tools.Config{AllowCalls: true})
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	resources, err := s.ListResources(context.Background(), mcp.ListResourcesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	templates, err := s.ListResourceTemplates(context.Background(), mcp.ListResourceTemplatesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range resources.Resources {
		names = append(names, r.Name)
	}
	for _, r := range templates.ResourceTemplates {
		names = append(names, r.Name)
	}
	if !slices.Equal(names, tools.ResourceNames()) {
		t.Errorf("resources %v", names)
	}
}
