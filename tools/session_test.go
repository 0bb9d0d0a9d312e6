package tools_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// day is the day of the tests' account.
var day = time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)

// account is the demo on that day.
var account = sandbox.New(day)

// session is a client of a server over one account.
type session struct {
	*client.Client
	t testing.TB
}

// connect serves the tools to a client, over an API that answers through a transport.
func connect(t testing.TB, api http.RoundTripper, change ...func(*tools.Config)) session {
	t.Helper()
	c, err := talkover.New(talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: api})
	if err != nil {
		t.Fatal(err)
	}
	config := tools.Config{Client: c, Version: "test", Now: account.Now, Charts: true}
	for _, f := range change {
		f(&config)
	}
	if config.Logs == nil {
		config.Logs = calls.New(calls.Options{Now: config.Now, Calls: calls.DefaultCalls})
		t.Cleanup(config.Logs.Close)
	}
	mc, err := client.NewInProcessClient(mustServer(t, config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mc.Close() })
	if _, err := mc.Initialize(context.Background(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return session{mc, t}
}

// listed holds every outcome of every test to the list of them: metrics start each at zero, so that its first
// failure shows.
func listed(t testing.TB) func(name string) func(outcome string) {
	return func(name string) func(string) {
		return func(outcome string) {
			if all := append(tools.Outcomes(name), "unknown_tool"); !slices.Contains(all, outcome) {
				t.Errorf("%s ended as %q, which tools.Outcomes does not list", name, outcome)
			}
		}
	}
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

// mustServer makes a server, or fails the test.
func mustServer(t testing.TB, c tools.Config) *server.MCPServer {
	t.Helper()
	c.Observe = listed(t)
	s := tools.New(c)
	return s
}

// mustClient makes a client of an API, or fails the test.
func mustClient(t testing.TB, api http.RoundTripper) *talkover.Client {
	t.Helper()
	c, err := talkover.New(talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: api})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// support is an agent of the account, and salesAgent another.
const support = "8e4f1d90-2c6b-4b1e-8a77-5c9d2e6f4b02"

const salesAgent = "c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03"

// calling lets the tools place calls.
func calling(c *tools.Config) { c.AllowCalls, c.MaxCallsPerHour = true, 20 }

// masked hides phone numbers.
func masked(c *tools.Config) { c.MaskNumbers = true }

// toolNames lists the tools of a session.
func toolNames(t *testing.T, s session) (names []string) {
	t.Helper()
	list, err := s.ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names
}

// compiled returns the output schema of each tool.
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

// resource reads a resource.
func resource(t *testing.T, s session, uri string) (string, error) {
	t.Helper()
	var r mcp.ReadResourceRequest
	r.Params.URI = uri
	result, err := s.ReadResource(context.Background(), r)
	if err != nil {
		return "", err
	}
	if len(result.Contents) != 1 {
		t.Fatalf("%s: %d contents", uri, len(result.Contents))
	}
	return result.Contents[0].(mcp.TextResourceContents).Text, nil
}

// complete asks for the completions of an argument.
func complete(t *testing.T, s session, name, typed string) *mcp.CompleteResult {
	t.Helper()
	var r mcp.CompleteRequest
	r.Params.Ref = mcp.PromptReference{Type: "ref/prompt", Name: "daily_report"}
	r.Params.Argument = mcp.CompleteArgument{Name: name, Value: typed}
	result, err := s.Complete(context.Background(), r)
	if err != nil {
		t.Fatalf("%s %q: %v", name, typed, err)
	}
	return result
}

// prompted gets the text of a prompt.
func prompted(t *testing.T, s session, name string, args map[string]string) (string, error) {
	t.Helper()
	var r mcp.GetPromptRequest
	r.Params.Name, r.Params.Arguments = name, args
	result, err := s.GetPrompt(context.Background(), r)
	if err != nil {
		return "", err
	}
	if len(result.Messages) != 1 || result.Messages[0].Role != mcp.RoleUser {
		t.Fatalf("%s: %d messages", name, len(result.Messages))
	}
	return result.Messages[0].Content.(mcp.TextContent).Text, nil
}
