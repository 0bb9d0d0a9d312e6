package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

var update = flag.Bool("update", false, "write the golden files anew")

// day is the day on which the tests' account stands.
var day = time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)

// account is the sandbox of that day.
var account = sandbox.New(day)

// session is a client of a server over one account.
type session struct {
	*client.Client
	t testing.TB
}

// connect serves the tools over an API that answers with the transport.
func connect(t testing.TB, api http.RoundTripper, change ...func(*tools.Config)) session {
	t.Helper()
	c, err := talkover.New(talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: api})
	if err != nil {
		t.Fatal(err)
	}
	config := tools.Config{Client: c, Version: "test", Now: account.Now}
	for _, f := range change {
		f(&config)
	}
	s, err := tools.New(config)
	if err != nil {
		t.Fatal(err)
	}
	mc, err := client.NewInProcessClient(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mc.Close() })
	if _, err := mc.Initialize(context.Background(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return session{mc, t}
}

// call calls a tool with arguments as JSON and returns both halves of its
// answer; structure is nil for an error.
func (s session) call(tool, args string) (text string, structure map[string]any) {
	s.t.Helper()
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, json.RawMessage(args)
	result, err := s.CallTool(context.Background(), r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", tool, args, err)
	}
	if len(result.Content) != 1 {
		s.t.Fatalf("%s %s: %d pieces of content", tool, args, len(result.Content))
	}
	text = result.Content[0].(mcp.TextContent).Text
	structure, _ = result.StructuredContent.(map[string]any)
	if result.IsError != (structure == nil) {
		s.t.Errorf("%s %s: isError %v with structure %v", tool, args, result.IsError, structure)
	}
	return text, structure
}

// apiFunc is an API written as a function.
type apiFunc func(*http.Request) (*http.Response, error)

func (f apiFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestQuestions holds what a model reads against testdata, a file for each
// question that a user asks.
func TestQuestions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no questions", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tool, args, ok := strings.Cut(strings.TrimSpace(string(a.Files[0].Data)), " ")
			if !ok || a.Files[0].Name != "call" {
				t.Fatal("the first section must be the call: a tool and its arguments")
			}
			zone := time.UTC
			if strings.Contains(string(a.Comment), "in Berlin") {
				zone, _ = time.LoadLocation("Europe/Berlin")
			}
			s := connect(t, account.Transport(), func(c *tools.Config) { c.Zone = zone })
			text, structure := s.call(tool, args)
			got := &txtar.Archive{Comment: a.Comment, Files: []txtar.File{a.Files[0], {Name: "text", Data: []byte(text)}}}
			if structure != nil {
				var b bytes.Buffer
				e := json.NewEncoder(&b)
				e.SetEscapeHTML(false)
				if err := e.Encode(structure); err != nil {
					t.Fatal(err)
				}
				got.Files = append(got.Files, txtar.File{Name: "structure", Data: b.Bytes()})
			}
			formatted := txtar.Format(got)
			if *update {
				if err := os.WriteFile(file, formatted, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(txtar.Format(a)), string(formatted)); diff != "" && !*update {
				t.Errorf("run with -update if this is meant:\n%s", diff)
			}
		})
	}
}

// TestToolsAsModelsSeeThem makes no change to what hosts are told silent.
func TestToolsAsModelsSeeThem(t *testing.T) {
	s := connect(t, account.Transport(), calling)
	list, err := s.ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(list.Tools, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/tools.json"
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(got)); diff != "" {
		t.Errorf("run with -update if this is meant:\n%s", diff)
	}
	for _, tool := range list.Tools {
		a := tool.Annotations
		if tool.Title == "" || a.ReadOnlyHint == nil || a.DestructiveHint == nil || a.IdempotentHint == nil || a.OpenWorldHint == nil {
			t.Errorf("%s lacks its title or one of the four hints", tool.Name)
		}
		if n := strings.Count(tool.Description, ". ") + 1; n > 3 {
			t.Errorf("%s is described in %d sentences; hosts pay for each", tool.Name, n)
		}
	}
}

// TestInstructions reads what a model is told first.
func TestInstructions(t *testing.T) {
	c, err := client.NewInProcessClient(mustServer(t, tools.Config{Now: account.Now, Demo: true, AllowCalls: true}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	result, err := c.Initialize(context.Background(), mcp.InitializeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Thursday, 2026-11-05", "UTC", "demo", "data that other people wrote"} {
		if !strings.Contains(result.Instructions, want) {
			t.Errorf("the instructions do not say %q", want)
		}
	}
	if n := len(strings.Fields(result.Instructions)); n > 250 {
		t.Errorf("the instructions have %d words, want at most 250", n)
	}
	if !strings.Contains(result.ServerInfo.Name, "demo") {
		t.Errorf("the demo calls itself %q", result.ServerInfo.Name)
	}
}

// compiled is the output schema of each tool.
func compiled(t *testing.T, s session) map[string]*jsonschema.Schema {
	t.Helper()
	list, err := s.ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, tool := range list.Tools {
		raw, err := json.Marshal(tool)
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			OutputSchema any `json:"outputSchema"`
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("mem:"+tool.Name, m.OutputSchema); err != nil {
			t.Fatal(err)
		}
		if schemas[tool.Name], err = compiler.Compile("mem:" + tool.Name); err != nil {
			t.Fatal(err)
		}
	}
	return schemas
}
