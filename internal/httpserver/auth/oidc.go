package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
	"github.com/mark3labs/mcp-go/server"
	"golang.org/x/time/rate"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	keyTime     = 5 * time.Second // to fetch the issuer's keys
	keyInterval = 5 * time.Minute // between two fetches for unknown keys
	keyAge      = time.Hour       // after which keys are fetched again
	maxKeys     = 1 << 20         // bytes of an answer of the issuer
	clockSkew   = 10 * time.Second
)

// algorithms lists the accepted signatures, all with a public key. HS256 is not among
// them: whoever could check such a token could make one. Nor is "none".
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// OIDCConfig configures an [OIDC] gate. Issuer and Resource are required. The URLs are
// https, or http on a loopback host.
type OIDCConfig struct {
	Issuer   string       // the exact iss of tokens
	Resource string       // the URL by which clients know this server, or /mcp or /sse of it
	Audience string       // the aud of tokens; if empty, Resource, and the URL of the path that is called
	Scope    string       // scopes that tokens need, separated by spaces; none if empty
	KeysURL  string       // the issuer's JWKS; taken from the issuer's metadata if empty
	Roles    bool         // whether the scopes read, export and place say what a caller may do
	Log      *slog.Logger // for fetches that fail

	Fetched func(ok bool) // hears of each fetch of the issuer's keys; may be nil

	Transport http.RoundTripper // reaches the issuer; the network if nil
}

// OIDC lets callers in by a JWT that one issuer made for this server. It is an OAuth 2.0
// resource server as the MCP specification describes it.
type OIDC struct {
	OIDCConfig
	scopes    []string // that a token needs
	asked     []string // that clients are told to ask for
	keys      *issuerKeys
	resources map[string]resource // by path
	metadata  map[string]Page
}

// resource is a path of this server as OAuth clients know it (RFC 9728).
type resource struct {
	id       string // its URL, to the letter
	metadata string // the URL of its metadata
	parser   *jwt.Parser
	claims   *jwt.Validator // checks what the parser checks, before keys are fetched
}

// NewOIDC fetches the issuer's keys. It fetches them again each hour until ctx is done,
// and when a token names an unknown key: the first time at once, and then at most once in
// five minutes. The error does not quote the issuer's answer.
func NewOIDC(ctx context.Context, c OIDCConfig) (*OIDC, error) {
	configured, err := url.Parse(c.Resource)
	if err != nil || !isSafe(configured) {
		return nil, errors.New("oidc: the resource takes an https URL")
	}
	if c.Transport == nil {
		c.Transport = talkover.NewTransport()
	}
	client := &http.Client{
		Transport:     bounded{c.Transport, func(bool) {}},
		Timeout:       keyTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	o := &OIDC{
		OIDCConfig: c, scopes: strings.Fields(c.Scope), resources: map[string]resource{}, metadata: map[string]Page{},
	}
	o.asked = slices.Clone(o.scopes)
	if c.KeysURL == "" {
		about, err := discover(ctx, client, c.Issuer)
		if err != nil {
			return nil, err
		}
		c.KeysURL = about.Keys
		// A refresh token spares users a login an hour. It is asked for beside other scopes
		// alone: clients that are told none ask for their own.
		if len(o.asked) > 0 && slices.Contains(about.Scopes, offline) && !slices.Contains(o.asked, offline) {
			o.asked = append(o.asked, offline)
		}
	}
	if o.keys, err = fetchKeys(ctx, *client, c); err != nil {
		return nil, err
	}
	o.metadata[server.WellKnownProtectedResourcePath], err = o.document(c.Resource) // for clients that had no challenge
	for at, name := range endpoints {
		r := resourceOf(configured, name)
		audience := []string{c.Audience}
		if c.Audience == "" {
			audience = []string{c.Resource, r.id}
		}
		takes := []jwt.ParserOption{
			jwt.WithValidMethods(algorithms), jwt.WithIssuer(c.Issuer), jwt.WithAudience(audience...),
			jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew), jwt.WithStrictDecoding(),
		}
		r.parser, r.claims = jwt.NewParser(takes...), jwt.NewValidator(takes...)
		o.resources[at] = r
		if err == nil {
			o.metadata[server.ProtectedResourceMetadataPath(r.id)], err = o.document(r.id)
		}
	}
	return o, err
}

// offline is the scope of a refresh token (OpenID Connect Core 1.0, 11).
const offline = "offline_access"

// endpoints has the paths that take a login, by the last part of the URL that their clients
// are configured with. Clients of /sse learn the other path from it.
var endpoints = map[string]string{"/mcp": "mcp", "/sse": "sse", "/message": "sse"}

// resourceOf returns the resource of an endpoint. Clients compare the resource of the
// metadata with the URL that they call: the one must be the other, or lead to it. So where
// the configured URL is that of /mcp, /sse has one of its own beside it, and the other way
// round. Any other URL, such as the origin, stands for both.
func resourceOf(configured *url.URL, name string) resource {
	u := *configured
	if base, last := path.Split(strings.TrimSuffix(u.Path, "/")); last != name && (last == "mcp" || last == "sse") {
		u.Path, u.RawPath = base+name, ""
	}
	where := url.URL{Scheme: u.Scheme, Host: u.Host, Path: server.ProtectedResourceMetadataPath(u.String())}
	return resource{id: u.String(), metadata: where.String()}
}

// document writes the metadata of a resource.
func (o *OIDC) document(id string) (Page, error) {
	b, err := json.Marshal(server.ProtectedResourceMetadataConfig{
		Resource:               id,
		AuthorizationServers:   []string{o.Issuer},
		ScopesSupported:        o.asked,
		BearerMethodsSupported: []string{"header"},
		ResourceName:           "Talkover call log",
	})
	return Page{http.MethodGet, http.StatusOK, b}, err
}

// fetchKeys fetches the issuer's keys, and keeps them fresh.
func fetchKeys(ctx context.Context, client http.Client, c OIDCConfig) (*issuerKeys, error) {
	u, err := url.Parse(c.KeysURL)
	if err != nil || !isSafe(u) || u.Scheme != "https" && strings.HasPrefix(c.Issuer, "https:") {
		return nil, errors.New("oidc: the keys take an https URL")
	}
	if c.Fetched != nil {
		client.Transport = bounded{c.Transport, c.Fetched}
	}
	known := jwkset.NewMemoryStorage()
	fetched, err := jwkset.NewStorageFromHTTP(c.KeysURL, jwkset.HTTPClientStorageOptions{
		Client: &client, Ctx: ctx, HTTPTimeout: keyTime, RefreshInterval: keyAge, Storage: fitKeys{known},
		RefreshErrorHandler: func(context.Context, error) {
			c.Log.Warn("oidc: the issuer's keys could not be fetched")
		},
	})
	if err != nil {
		return nil, errors.New("oidc: the issuer's keys could not be fetched")
	}
	storage, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs:          map[string]jwkset.Storage{c.KeysURL: fetched},
		RateLimitWaitMax:  keyTime,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(keyInterval), 1),
	})
	if err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	find, err := keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: storage})
	return &issuerKeys{known: known, find: find, fetching: make(chan struct{}, 1)}, err
}

// aboutIssuer is what counts here of an issuer's metadata.
type aboutIssuer struct {
	Issuer string `json:"issuer"`
	Keys   string `json:"jwks_uri"`
	Scopes words  `json:"scopes_supported"`
}

// discover asks an issuer for its metadata (OpenID Connect Discovery 1.0).
func discover(ctx context.Context, client *http.Client, issuer string) (said aboutIssuer, err error) {
	u, err := url.Parse(issuer)
	if err != nil || !isSafe(u) {
		return said, errors.New("oidc: the issuer takes an https URL")
	}
	failed := errors.New("oidc: the issuer's /.well-known/openid-configuration could not be read")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet,
		strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return said, failed
	}
	res, err := client.Do(req)
	if err != nil {
		return said, failed
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode != http.StatusOK || json.UnmarshalRead(res.Body, &said) != nil:
		return said, failed
	case isSlashApart(said.Issuer, issuer):
		return said, fmt.Errorf("oidc: the issuer calls itself %q, and not %q; mind the slash", said.Issuer, issuer)
	case said.Issuer != issuer || said.Keys == "":
		return said, errors.New("oidc: the issuer's metadata names another issuer, or no keys")
	}
	return said, nil
}

// isSlashApart reports whether two issuers differ by a slash at the end alone.
func isSlashApart(a, b string) bool {
	return a != b && strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}

// Identify implements [Gate]. The ID of a caller is the subject of its token. A token for
// one path opens no other, unless it is for the configured URL.
func (o *OIDC) Identify(path, bearer string) (Identity, error) {
	at, isThere := o.resources[path]
	if !isThere {
		return Identity{}, errUnknown
	}
	header, _, _ := strings.Cut(bearer, ".")
	if b, err := at.parser.DecodeSegment(header); err != nil || checkHeader(b) != nil {
		return Identity{}, errUnknown
	}
	var said claims
	key := func(token *jwt.Token) (any, error) { return o.keys.key(token, at.claims) }
	if _, err := at.parser.ParseWithClaims(bearer, &said, key); err != nil {
		if errors.Is(err, jwt.ErrTokenInvalidIssuer) && isSlashApart(said.Issuer, o.Issuer) { // its signature is good
			o.Log.Warn("oidc: the iss of a token differs from MCP_OIDC_ISSUER by a slash",
				"iss", said.Issuer, "issuer", o.Issuer)
		}
		return Identity{}, errUnknown
	}
	has := append(said.Scope, said.Scp...)
	for _, scope := range o.scopes {
		if !slices.Contains(has, scope) {
			return Identity{}, errScope
		}
	}
	who := Identity{ID: said.Subject, Expires: said.ExpiresAt.Time}
	if o.Roles {
		who.Roles = slices.DeleteFunc(slices.Clone(knownRoles),
			func(role string) bool { return !slices.Contains(has, role) })
	}
	return who, nil
}

// Refusal implements [Gate], by RFC 6750 and RFC 9728.
func (o *OIDC) Refusal(path string, err error) (challenge, advice string) {
	challenge = fmt.Sprintf("Bearer resource_metadata=%q", o.resources[path].metadata)
	if len(o.asked) > 0 {
		challenge += fmt.Sprintf(", scope=%q", strings.Join(o.asked, " "))
	}
	switch {
	case errors.Is(err, errNoBearer):
	case errors.Is(err, errScope):
		challenge += `, error="insufficient_scope"`
	default:
		challenge += `, error="invalid_token"`
	}
	return challenge, "log in at the issuer that the metadata of WWW-Authenticate names"
}

// Open implements [Gate]. The metadata of RFC 9728 lead to the issuer.
func (o *OIDC) Open() map[string]Page { return o.metadata }

// isSafe reports whether nobody on the way can change the answer of a URL.
func isSafe(u *url.URL) bool { return u.User == nil && talkover.IsPrivate(u) }

// bounded cuts each answer at maxKeys bytes, and tells whether it had status 200.
type bounded struct {
	http.RoundTripper
	heard func(ok bool)
}

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	b.heard(err == nil && res.StatusCode == http.StatusOK)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxKeys), res.Body}
	}
	return res, err
}
