package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/mark3labs/mcp-go/server"
)

// resource is this server as OAuth clients know it by one URL (RFC 9728).
type resource struct {
	id       string // that URL, to the letter
	metadata string // the URL of its metadata
}

// endpoints has the paths that take a login, by the last part of the URL that their clients
// are configured with. Clients of /sse learn the other path from it.
var endpoints = map[string]string{"/mcp": "mcp", "/sse": "sse", "/message": "sse"}

// resourcesOf returns the resource of each path that takes a login. Clients compare the
// resource of the metadata with the URL that they call: the one must be the other, or
// lead to it. So where the configured URL is that of /mcp, /sse has one of its own beside it,
// and the other way round. Any other URL, such as the origin, stands for both.
func resourcesOf(configured *url.URL) map[string]resource {
	all := make(map[string]resource, len(endpoints))
	for at, name := range endpoints {
		u := *configured
		if base, last := path.Split(strings.TrimSuffix(u.Path, "/")); last != name && (last == "mcp" || last == "sse") {
			u.Path, u.RawPath = base+name, ""
		}
		id := u.String()
		where := url.URL{Scheme: u.Scheme, Host: u.Host, Path: server.ProtectedResourceMetadataPath(id)}
		all[at] = resource{id, where.String()}
	}
	return all
}

// documents writes the metadata of resources, by path. Clients that had no challenge look at
// the root, where the configured one is.
func documents(configured string, all map[string]resource, issuer string, scopes []string) (map[string]Page, error) {
	written := map[string]Page{}
	write := func(at, id string) error {
		b, err := json.Marshal(server.ProtectedResourceMetadataConfig{
			Resource:               id,
			AuthorizationServers:   []string{issuer},
			ScopesSupported:        scopes,
			BearerMethodsSupported: []string{"header"},
			ResourceName:           "Talkover call log",
		})
		written[at] = Page{http.MethodGet, http.StatusOK, b}
		return err
	}
	if err := write(server.WellKnownProtectedResourcePath, configured); err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	for _, r := range all {
		if err := write(server.ProtectedResourceMetadataPath(r.id), r.id); err != nil {
			return nil, fmt.Errorf("oidc: %w", err)
		}
	}
	return written, nil
}
