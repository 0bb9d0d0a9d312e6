package tools_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/tools"
)

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
		if counts := strings.Contains(string(tool.RawOutputSchema), `"coverage"`) ||
			tool.OutputSchema.Properties["coverage"] != nil; counts != slices.Contains(tools.CountingTools(),
			tool.Name) {
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
