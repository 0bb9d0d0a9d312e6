package transport_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

// doorAt is a server behind an issuer, which clients know by a URL.
func doorAt(t *testing.T, i *issuer, c auth.OIDCConfig) *httpserver.Server {
	t.Helper()
	c.Issuer, c.Log = issuerURL, quiet
	if c.Transport == nil {
		c.Transport = i
	}
	gate, err := auth.NewOIDC(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gate})
}

// However the server's URL is configured, the challenge at each path leads to metadata of a
// resource that is the URL that was called, or leads to it: clients compare the two.
func TestEachPathHasMetadataOfItsOwn(t *testing.T) {
	const root = "https://calls.example.com"
	i := newIssuer(t)
	challenge := regexp.MustCompile(`resource_metadata="([^"]+)"`)
	for _, test := range []struct{ configured, mcp, sse string }{ // and the resource at each path
		{root + "/mcp", root + "/mcp", root + "/sse"},
		{root + "/sse", root + "/mcp", root + "/sse"},
		{root + "/mcp/", root + "/mcp/", root + "/sse"},
		{root + "/calls/mcp", root + "/calls/mcp", root + "/calls/sse"},
		{root, root, root},
		{root + "/", root + "/", root + "/"},
		{root + "/calls", root + "/calls", root + "/calls"},
	} {
		h := doorAt(t, i, auth.OIDCConfig{Resource: test.configured})
		for target, want := range map[string]string{"POST /mcp": test.mcp, "POST /mcp/": test.mcp, "GET /mcp": test.mcp, "GET /sse": test.sse, "POST /message?sessionId=x": test.sse} {
			method, path, _ := strings.Cut(target, " ")
			res := ask(h, method, path, map[string]string{"POST": list}[method])
			found := challenge.FindStringSubmatch(res.Header.Get("WWW-Authenticate"))
			if res.StatusCode != 401 || found == nil {
				t.Fatalf("%s at %s: %d %v", target, test.configured, res.StatusCode, res.Header)
			}
			where, err := url.Parse(found[1])
			if err != nil || where.Scheme+"://"+where.Host != root {
				t.Fatal(found[1], err)
			}
			var got struct{ Resource string }
			if err := json.NewDecoder(ask(h, "GET", where.Path, "").Body).Decode(&got); err != nil || got.Resource != want {
				t.Errorf("%s at %s: %s is of %q, want %q: %v", target, test.configured, where, got.Resource, want, err)
			}
		}
	}
}

// A token is taken at the path that it is made for, and everywhere only where it is made for
// the configured URL or audience.
func TestTokensOfOnePathOpenNoOther(t *testing.T) {
	const root = "https://calls.example.com"
	i := newIssuer(t)
	for _, test := range []struct {
		configured, audience, of string
		mcp, sse                 int // the status of POST /mcp, and of POST /message, where there is no such session
	}{
		{root + "/mcp", "", root + "/mcp", 200, 404},
		{root + "/mcp", "", root + "/sse", 401, 404},
		{root + "/sse", "", root + "/mcp", 200, 401},
		{root + "/sse", "", root + "/sse", 200, 404},
		{root, "", root, 200, 404},
		{root, "", root + "/mcp", 401, 401},
		{root + "/mcp", "", root, 401, 401},
		{root + "/mcp", "", root + "/message", 401, 401},
		{root + "/mcp", "calls", root + "/mcp", 401, 401},
		{root + "/mcp", "calls", root + "/sse", 401, 401},
		{root + "/mcp", "calls", "calls", 200, 404},
	} {
		h := doorAt(t, i, auth.OIDCConfig{Resource: test.configured, Audience: test.audience})
		bearer := "Bearer " + i.token(t, jwt.SigningMethodRS256, i.rsa, "rsa", jwt.MapClaims{"aud": test.of})
		mcp := ask(h, "POST", "/mcp", list, "Authorization", bearer).StatusCode
		sse := ask(h, "POST", "/message?sessionId=x", list, "Authorization", bearer).StatusCode
		if mcp != test.mcp || sse != test.sse {
			t.Errorf("%+v: /mcp is %d, /message is %d", test, mcp, sse)
		}
	}
}

// Clients are told to ask for a refresh token where the issuer has any, beside the scopes
// that they need. A token need not have that scope.
func TestRefreshTokensAreAskedForWhereThereAreAny(t *testing.T) {
	i := newIssuer(t)
	keys := keySet(t, &i.rsa.PublicKey, "rsa", nil)
	offers := func(scopes string) answers {
		return answers{`{"issuer":"` + issuerURL + `","jwks_uri":"` + issuerURL + `/keys","scopes_supported":` + scopes + `}`, keys}
	}
	for _, test := range []struct {
		name  string
		c     auth.OIDCConfig
		asked string
	}{
		{"offered", auth.OIDCConfig{Scope: scope, Transport: offers(`["openid","offline_access"]`)}, scope + " offline_access"},
		{"offered and needed", auth.OIDCConfig{Scope: "offline_access " + scope, Transport: offers(`["offline_access"]`)}, "offline_access " + scope},
		{"not offered", auth.OIDCConfig{Scope: scope, Transport: offers(`["openid"]`)}, scope},
		{"not told", auth.OIDCConfig{Scope: scope, Transport: answers{metadata, keys}}, scope},
		{"no other scope", auth.OIDCConfig{Transport: offers(`["offline_access"]`)}, ""},
	} {
		test.c.Resource = resourceURL
		h := doorAt(t, i, test.c)
		_, said, _ := strings.Cut(ask(h, "POST", "/mcp", list).Header.Get("WWW-Authenticate"), ", ")
		want := ""
		if test.asked != "" {
			want = `scope="` + test.asked + `"`
		}
		var document struct {
			Scopes []string `json:"scopes_supported"`
		}
		if err := json.NewDecoder(ask(h, "GET", "/.well-known/oauth-protected-resource/mcp", "").Body).Decode(&document); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(document.Scopes, " "); said != want || got != test.asked {
			t.Errorf("%s: the challenge says %q, the metadata %q", test.name, said, got)
		}
		if test.name == "offered" {
			bearer := "Bearer " + i.token(t, jwt.SigningMethodRS256, i.rsa, "rsa", nil)
			if res := ask(h, "POST", "/mcp", list, "Authorization", bearer); res.StatusCode != 200 {
				t.Errorf("a token without it: %d", res.StatusCode)
			}
		}
	}
}
