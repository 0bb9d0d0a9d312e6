package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/talkover/talkover-mcp/tools"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestQuestions holds what a model reads against testdata, a file for each
// question that a user asks.
func TestQuestions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no questions", err)
	}
	// Apart stand those that the exam does not examine: of another account, or in words.
	apart, _ := filepath.Glob("testdata/apart/*.txtar")
	files = append(files, apart...)
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
			api := account
			if strings.Contains(string(a.Comment), "two agents with that label") {
				api = alike
			}
			s := connect(t, api.Transport(), func(c *tools.Config) { c.Zone = zone })
			text, structure := s.call(tool, args)
			got := &txtar.Archive{
				Comment: a.Comment, Files: []txtar.File{a.Files[0], {Name: "text", Data: []byte(text)}},
			}
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
		if tool.Title == "" || a.ReadOnlyHint == nil || a.DestructiveHint == nil || a.IdempotentHint == nil ||
			a.OpenWorldHint == nil {
			t.Errorf("%s lacks its title or one of the four hints", tool.Name)
		}
		if n := strings.Count(tool.Description, ". ") + 1; n > 3 {
			t.Errorf("%s is described in %d sentences; hosts pay for each", tool.Name, n)
		}
	}
}

// mostInstructed bounds the words of instructions.md, which hosts send along with each
// conversation. They say what holds of all tools, so a new tool needs none.
const mostInstructed = 250

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
	if n := len(strings.Fields(result.Instructions)); n > mostInstructed {
		t.Errorf("the instructions have %d words, want at most %d: a tool says in its own description what it is for",
			n, mostInstructed)
	}
	if !strings.Contains(result.ServerInfo.Name, "demo") {
		t.Errorf("the demo calls itself %q", result.ServerInfo.Name)
	}
}
