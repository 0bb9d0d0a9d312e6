package tools

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/tools/answer"
)

// Roles of callers, as [Config.MayAs] knows them.
const (
	roleRead   = "read"   // asks about calls
	roleExport = "export" // takes the log away as calls.csv
	rolePlace  = "place"  // has calls placed
)

func (c Config) mayAs(ctx context.Context, role string) bool {
	return c.MayAs == nil || c.MayAs(ctx, role)
}

// roleOf returns the role that a tool needs.
func roleOf(t mcp.Tool) string {
	if reads := t.Annotations.ReadOnlyHint; reads == nil || !*reads {
		return rolePlace
	}
	return roleRead
}

// isSheet reports whether the address of a resource, or of a template, is that of the CSV.
func isSheet(uri string) bool {
	address, _, _ := strings.Cut(csvURI, "{")
	return strings.HasPrefix(uri, address)
}

// listed caches the lists of tools, prompts and templates for an hour. A list that
// depends on who asks is for nobody else.
func (c Config) listed() []server.ServerOption {
	scope := mcp.CacheScopePublic
	if c.MayAs != nil {
		scope = mcp.CacheScopePrivate
	}
	hour := time.Hour.Milliseconds()
	return []server.ServerOption{
		server.WithMethodCacheHints(mcp.MethodToolsList, hour, scope),
		server.WithMethodCacheHints(mcp.MethodPromptsList, hour, scope),
		server.WithMethodCacheHints(mcp.MethodResourcesList, hour, mcp.CacheScopePublic),
		server.WithMethodCacheHints(mcp.MethodResourcesTemplatesList, hour, scope),
	}
}

// byRole shows and serves to each caller what its roles allow. mcp-go asks a filter on
// calls as well as on lists: to others a tool does not exist.
func (qs *questions) byRole(hooks *server.Hooks) []server.ServerOption {
	if qs.MayAs == nil {
		return nil
	}
	hooks.AddAfterListResourceTemplates(func(ctx context.Context, _ any, _ *mcp.ListResourceTemplatesRequest,
		r *mcp.ListResourceTemplatesResult) {
		var allowed []mcp.ResourceTemplate
		for _, t := range r.ResourceTemplates {
			if qs.mayAs(ctx, roleExport) || !isSheet(t.URITemplate.Raw()) {
				allowed = append(allowed, t)
			}
		}
		r.ResourceTemplates = allowed
	})
	return []server.ServerOption{
		server.WithToolFilter(func(ctx context.Context, all []mcp.Tool) []mcp.Tool {
			var allowed []mcp.Tool
			for _, t := range all {
				if qs.mayAs(ctx, roleOf(t)) {
					allowed = append(allowed, t)
				}
			}
			return allowed
		}),
		server.WithPromptFilter(func(ctx context.Context, all []mcp.Prompt) []mcp.Prompt {
			if qs.mayAs(ctx, roleRead) {
				return all
			}
			return nil
		}),
		server.WithResourceHandlerMiddleware(func(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
			return func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				if isSheet(r.Params.URI) && !qs.mayAs(ctx, roleExport) {
					qs.audit(ctx, resourceRead, errNoExport, slog.String("resource", "calls.csv"))
					return nil, errNoExport
				}
				return next(ctx, r)
			}
		}),
	}
}

var errNoExport = answer.Refuse("forbidden", "calls.csv needs the role export, which your login does not have. "+
	"Trying again will not help: whoever runs this server gives roles; the tools may answer the question")
