package tools

import (
	"context"
	"log/slog"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/tools/chart"
)

// chartURI names the page that draws answers in hosts of MCP Apps (SEP-1865, revision
// 2026-01-26). Other hosts ignore it.
const chartURI = "ui://talkover/calls.html"

const chartMIME = "text/html;profile=mcp-app"

// charts tells hosts that this server has pictures.
func (c Config) charts() []server.ServerOption {
	if !c.Charts {
		return nil
	}
	return []server.ServerOption{server.WithExtensions(map[string]any{
		"io.modelcontextprotocol/ui": map[string]any{"mimeTypes": []string{chartMIME}},
	})}
}

// addChart adds the page that draws answers. The page loads nothing, so it asks for no
// domain. It names none of its own either: Claude shows nothing where that is wrong.
func addChart(s *server.MCPServer, qs *questions) {
	if !qs.Charts {
		return
	}
	ui := map[string]any{"ui": map[string]any{"prefersBorder": false, "csp": map[string]any{}}}
	page := mcp.NewResource(chartURI, "calls.html",
		mcp.WithResourceTitle("Charts of calls"),
		mcp.WithResourceDescription("The page with which hosts draw the answers of the tools."),
		mcp.WithMIMEType(chartMIME),
	)
	page.Meta = mcp.NewMetaFromMap(ui)
	s.AddResource(page, func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		qs.audit(ctx, resourceRead, nil, slog.String("resource", "calls.html"))
		return []mcp.ResourceContents{mcp.TextResourceContents{
			URI: r.Params.URI, MIMEType: chartMIME, Text: chart.Page(), Meta: ui,
		}}, nil
	})
}
