package tools_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/tools/chart"
)

const chartURI = "ui://talkover/calls.html"

// plain takes the charts away.
func plain(c *tools.Config) { c.Charts = false }

// chartsOf returns what a server tells hosts of charts: its extension, the links of its
// tools, and its page in the list of resources.
func chartsOf(t *testing.T, charts bool) (extension any, links map[string]any, page *mcp.Resource) {
	t.Helper()
	ctx := context.Background()
	c,
		err := client.NewInProcessClient(mustServer(t,
		tools.Config{Client: mustClient(t, account.Transport()), Now: account.Now, Charts: charts}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	greeting, err := c.Initialize(ctx, mcp.InitializeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	resources, err := c.ListResources(ctx, mcp.ListResourcesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	links = map[string]any{}
	for _, tool := range list.Tools {
		if tool.Meta != nil {
			links[tool.Name] = tool.Meta.AdditionalFields["ui"]
		}
	}
	for _, r := range resources.Resources {
		if r.URI == chartURI {
			page = &r
		}
	}
	return greeting.Capabilities.Extensions["io.modelcontextprotocol/ui"], links, page
}

// The three tools that have a picture link to it, as SEP-1865 has it.
func TestToolsLinkToTheirChart(t *testing.T) {
	extension, links, page := chartsOf(t, true)
	link := map[string]any{"resourceUri": chartURI}
	if diff := cmp.Diff(map[string]any{"find_calls": link, "get_call_stats": link, "list_calls": link},
		links); diff != "" {
		t.Errorf("links (-want +got)\n%s", diff)
	}
	told, _ := json.Marshal(extension)
	if want := `{"mimeTypes":["text/html;profile=mcp-app"]}`; string(told) != want {
		t.Errorf("the extension is %s, want %s", told, want)
	}
	if page == nil || page.MIMEType != "text/html;profile=mcp-app" {
		t.Errorf("the list of resources has %+v", page)
	}
}

// The page comes as one content, with the policy that lets it load nothing.
func TestTheChartIsAResource(t *testing.T) {
	var r mcp.ReadResourceRequest
	r.Params.URI = chartURI
	result, err := connect(t, account.Transport()).ReadResource(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := []mcp.ResourceContents{mcp.TextResourceContents{
		URI: chartURI, MIMEType: "text/html;profile=mcp-app", Text: chart.Page(),
		Meta: map[string]any{"ui": map[string]any{"prefersBorder": false, "csp": map[string]any{}}},
	}}
	if diff := cmp.Diff(want, result.Contents); diff != "" {
		t.Errorf("(-want +got)\n%.2000s", diff)
	}
}

// Without charts nothing of them is left, and the answers are the same.
func TestChartsCanBeTakenAway(t *testing.T) {
	if extension, links, page := chartsOf(t, false); extension != nil || len(links) != 0 || page != nil {
		t.Errorf("left: extension %v, links %v, page %v", extension, links, page)
	}
	var r mcp.ReadResourceRequest
	r.Params.URI = chartURI
	if _, err := connect(t, account.Transport(), plain).ReadResource(context.Background(), r); err == nil {
		t.Error("the page is still served")
	}
	const args = `{"date_from":"2026-11-04","date_to":"2026-11-04","group_by":["agent"]}`
	text, structure := connect(t, account.Transport()).call("get_call_stats", args)
	plainText, plainStructure := connect(t, account.Transport(), plain).call("get_call_stats", args)
	if text != plainText || !cmp.Equal(structure, plainStructure) {
		t.Errorf("charts change an answer:\n%s\n%s", text, plainText)
	}
}

// mostLinked bounds what the links may cost in the list of tools, in tokens of o200k.
const mostLinked = 200

func TestLinksToTheChartAreSmall(t *testing.T) {
	tokens := counter(t)
	size := func(change ...func(*tools.Config)) int {
		list, err := connect(t, account.Transport(), change...).ListTools(context.Background(), mcp.ListToolsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		return tokens(string(raw))
	}
	more := size() - size(plain)
	t.Logf("the links take %d tokens", more)
	if more <= 0 || more > mostLinked {
		t.Errorf("the links take %d tokens, want at most %d", more, mostLinked)
	}
}
