package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
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
	parsers   map[string]*jwt.Parser // by path: each knows the audience of its own
	resources map[string]resource    // by path
	keys      *issuerKeys
	issuer    string
	log       *slog.Logger
	scopes    []string // that a token needs
	asked     string   // the scopes that clients are told to ask for
	roles     bool
	metadata  map[string]Page
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
		Transport:     bounded{c.Transport},
		Timeout:       keyTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	o := &OIDC{
		issuer: c.Issuer, scopes: strings.Fields(c.Scope), roles: c.Roles, resources: resourcesOf(configured), log: c.Log,
	}
	asked := slices.Clone(o.scopes)
	if c.KeysURL == "" {
		about, err := discover(ctx, client, c.Issuer)
		if err != nil {
			return nil, err
		}
		c.KeysURL = about.Keys
		// A refresh token spares users a login an hour. It is asked for beside other scopes
		// alone: clients that are told none ask for their own.
		if len(asked) > 0 && slices.Contains(about.Scopes, offline) && !slices.Contains(asked, offline) {
			asked = append(asked, offline)
		}
	}
	o.asked = strings.Join(asked, " ")
	if o.keys, err = fetchKeys(ctx, client, c); err != nil {
		return nil, err
	}
	if o.metadata, err = documents(c.Resource, o.resources, c.Issuer, asked); err != nil {
		return nil, err
	}
	o.parsers = make(map[string]*jwt.Parser, len(o.resources))
	for at, r := range o.resources {
		audience := []string{c.Resource, r.id}
		if c.Audience != "" {
			audience = []string{c.Audience}
		}
		o.parsers[at] = jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithIssuer(c.Issuer), jwt.WithAudience(audience...),
			jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew), jwt.WithStrictDecoding())
	}
	return o, nil
}

// offline is the scope of a refresh token (OpenID Connect Core 1.0, 11).
const offline = "offline_access"

// fetchKeys fetches the issuer's keys, and keeps them fresh.
func fetchKeys(ctx context.Context, client *http.Client, c OIDCConfig) (*issuerKeys, error) {
	u, err := url.Parse(c.KeysURL)
	if err != nil || !isSafe(u) || u.Scheme != "https" && strings.HasPrefix(c.Issuer, "https:") {
		return nil, errors.New("oidc: the keys take an https URL")
	}
	if c.Fetched != nil {
		counted := *client
		counted.Transport = watched{client.Transport, c.Fetched}
		client = &counted
	}
	known := jwkset.NewMemoryStorage()
	fetched, err := jwkset.NewStorageFromHTTP(c.KeysURL, jwkset.HTTPClientStorageOptions{
		Client: client, Ctx: ctx, HTTPTimeout: keyTime, RefreshInterval: keyAge, Storage: fitKeys{known},
		RefreshErrorHandler: func(context.Context, error) { c.Log.Warn("oidc: the issuer's keys could not be fetched") },
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
	if err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	return &issuerKeys{known: known, find: find, fetching: make(chan struct{}, 1)}, nil
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return said, failed
	}
	res, err := client.Do(req)
	if err != nil {
		return said, failed
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || json.UnmarshalRead(res.Body, &said) != nil {
		return said, failed
	}
	if isSlashApart(said.Issuer, issuer) {
		return said, fmt.Errorf("oidc: the issuer calls itself %q, and not %q; mind the slash", said.Issuer, issuer)
	}
	if said.Issuer != issuer || said.Keys == "" {
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
	parser := o.parsers[path]
	if parser == nil {
		return Identity{}, errUnknown
	}
	header, _, _ := strings.Cut(bearer, ".")
	if b, err := parser.DecodeSegment(header); err != nil || checkHeader(b) != nil {
		return Identity{}, errUnknown
	}
	var said claims
	if _, err := parser.ParseWithClaims(bearer, &said, o.keys.key); err != nil {
		if errors.Is(err, jwt.ErrTokenInvalidIssuer) && isSlashApart(said.Issuer, o.issuer) { // its signature is good
			o.log.Warn("oidc: the iss of a token differs from MCP_OIDC_ISSUER by a slash",
				"iss", said.Issuer, "issuer", o.issuer)
		}
		return Identity{}, errUnknown
	}
	for _, scope := range o.scopes {
		if !slices.Contains(said.Scope, scope) && !slices.Contains(said.Scp, scope) {
			return Identity{}, errScope
		}
	}
	who := Identity{ID: said.Subject, Expires: said.ExpiresAt.Time}
	if o.roles {
		who.Roles = rolesAmong(slices.Concat(said.Scope, said.Scp))
	}
	return who, nil
}

// Refusal implements [Gate], by RFC 6750 and RFC 9728.
func (o *OIDC) Refusal(path string, err error) (challenge, advice string) {
	s := fmt.Sprintf("Bearer resource_metadata=%q", o.resources[path].metadata)
	if o.asked != "" {
		s += fmt.Sprintf(", scope=%q", o.asked)
	}
	switch {
	case errors.Is(err, errNoBearer):
	case errors.Is(err, errScope):
		s += `, error="insufficient_scope"`
	default:
		s += `, error="invalid_token"`
	}
	return s, "log in at the issuer that the metadata of WWW-Authenticate names"
}

// Open implements [Gate]. The metadata of RFC 9728 lead to the issuer.
func (o *OIDC) Open() map[string]Page { return o.metadata }

// isSafe reports whether nobody on the way can change the answer of a URL.
func isSafe(u *url.URL) bool { return u.User == nil && talkover.IsPrivate(u) }

// watched tells of each request whether it had an answer of status 200.
type watched struct {
	http.RoundTripper
	heard func(ok bool)
}

// RoundTrip implements [http.RoundTripper].
func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.RoundTripper.RoundTrip(r)
	w.heard(err == nil && res.StatusCode == http.StatusOK)
	return res, err
}

// bounded cuts each answer at maxKeys bytes.
type bounded struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxKeys), res.Body}
	}
	return res, err
}
