package transport_test

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

const (
	goodToken  = "0123456789abcdef0123456789abcdef"
	otherToken = "fedcba9876543210fedcba9876543210"
)

func gateOf(t *testing.T, tokens ...string) auth.Gate {
	t.Helper()
	gate, err := auth.NewTokens(tokens...)
	if err != nil {
		t.Fatal(err)
	}
	return gate
}

// ask sends a request to a handler as a client on this machine would; headers
// come in pairs.
func ask(h http.Handler, method, target, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost"
	if body != "" {
		r.Header.Set("Content-Type", jsonType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestTokensAreLongAndNotTalkovers(t *testing.T) {
	for _, tokens := range [][]string{nil, {""}, {"short"}, {goodToken, goodToken[1:]}, {"talq_" + goodToken},
		{goodToken + " ann read more"}, {goodToken + " ann look"}, {goodToken + " ann read,"}, {goodToken + " \u00e4nn"}, {goodToken + " " + strings.Repeat("a", 65)}} {
		if _, err := auth.NewTokens(tokens...); err == nil || strings.Contains(err.Error(), goodToken[1:]) {
			t.Errorf("%q: %v", tokens, err)
		}
	}
}

func TestGate(t *testing.T) {
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gateOf(t, otherToken, goodToken)})
	for _, test := range []struct {
		name, target string
		headers      []string
		want         int
	}{
		{"good", "/mcp", []string{"Authorization", "Bearer " + goodToken}, 200},
		{"another good one", "/mcp", []string{"Authorization", "bearer " + otherToken}, 200},
		{"none", "/mcp", nil, 401},
		{"wrong", "/mcp", []string{"Authorization", "Bearer " + goodToken[1:] + "x"}, 401},
		{"longer", "/mcp", []string{"Authorization", "Bearer " + goodToken + "x"}, 401},
		{"shorter", "/mcp", []string{"Authorization", "Bearer " + goodToken[1:]}, 401},
		{"empty", "/mcp", []string{"Authorization", "Bearer "}, 401},
		{"nothing", "/mcp", []string{"Authorization", ""}, 401},
		{"no scheme", "/mcp", []string{"Authorization", goodToken}, 401},
		{"Basic", "/mcp", []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+goodToken))}, 401},
		{"Basic of the token", "/mcp", []string{"Authorization", "Basic " + goodToken}, 401},
		{"two", "/mcp", []string{"Authorization", "Bearer " + goodToken, "Authorization", "Bearer " + otherToken}, 401},
		{"both in one", "/mcp", []string{"Authorization", "Bearer " + goodToken + "," + otherToken}, 401},
		{"in the query", "/mcp?access_token=" + goodToken + "&token=" + goodToken, nil, 401},
		{"in another header", "/mcp", []string{"X-Api-Key", goodToken}, 401},
		{"in a cookie", "/mcp", []string{"Cookie", "access_token=" + goodToken}, 401},
		{"of Talkover", "/mcp", []string{"Authorization", "Bearer talq_0123456789abcdef0123456789abcdef"}, 401},
		{"a message without", "/message?sessionId=1", nil, 401},
		{"a message with", "/message?sessionId=1", []string{"Authorization", "Bearer " + goodToken}, 404},
	} {
		res := ask(h, "POST", test.target, list, test.headers...)
		if res.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", test.name, res.StatusCode, test.want)
		}
		if res.StatusCode == 401 && res.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: challenge %q", test.name, res.Header.Get("WWW-Authenticate"))
		}
		if body, _ := io.ReadAll(res.Body); strings.Contains(string(body), goodToken) {
			t.Errorf("%s: the token is in %s", test.name, body)
		}
	}
	for target, want := range map[string]int{"/sse": 401, "/sse/": 401, "/mcp": 401, "/mcp/": 401, "/message": 401, "/healthz": 200, "/readyz": 200} {
		if res := ask(h, "GET", target, ""); res.StatusCode != want {
			t.Errorf("%s is %d, want %d", target, res.StatusCode, want)
		}
	}
	if res := ask(h, "GET", "/mcp", "", "Authorization", "Bearer "+goodToken); res.StatusCode != 405 || res.Header.Get("Allow") != "POST" {
		t.Errorf("a stream where there is none: %d %v", res.StatusCode, res.Header)
	}
	// Who may not come in does not learn more than that.
	if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+goodToken, "Origin", "https://evil.example"); res.StatusCode != 403 {
		t.Errorf("a foreign page with a good token: %d", res.StatusCode)
	}
}

// A client that is refused at a gate of tokens learns which header it lacks, and nothing
// that sends it to an OAuth server: hosts would say that registering there failed.
func TestGateOfTokensSaysWhichHeader(t *testing.T) {
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gateOf(t, goodToken)})
	for _, headers := range [][]string{nil, {"Authorization", "Bearer " + otherToken}, {"Authorization", goodToken}} {
		res := ask(h, "POST", "/mcp", list, headers...)
		body, _ := io.ReadAll(res.Body)
		for _, word := range []string{`header Authorization to "Bearer TOKEN"`, "MCP_AUTH_TOKENS", "no login by OAuth"} {
			if res.StatusCode != 401 || !strings.Contains(string(body), word) {
				t.Errorf("%v: %d, not %q: %s", headers, res.StatusCode, word, body)
			}
		}
	}
	for _, path := range []string{
		"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server",
		"/.well-known/oauth-authorization-server/mcp", "/.well-known/openid-configuration", "/authorize", "/token",
	} {
		if res := ask(h, "GET", path, ""); res.StatusCode != 404 {
			t.Errorf("%s is %d", path, res.StatusCode)
		}
	}
	// What a client that registers all the same is told, is what its user sees.
	res := ask(h, "POST", "/register", `{"client_name":"a host"}`)
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil || res.StatusCode != 400 || said.Error == "" || !strings.Contains(said.Description, "header Authorization") {
		t.Errorf("/register: %d %+v %v", res.StatusCode, said, err)
	}
}

// Without a gate too, a Talkover token is not taken from Authorization.
func TestTalkoverTokenIsNotPassedThrough(t *testing.T) {
	for _, o := range []httpserver.Options{{Streamable: true}, {Streamable: true, ClientTokens: true}} {
		h := httpserver.New(plain(), o)
		res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer talq_0123456789abcdef")
		if body, _ := io.ReadAll(res.Body); res.StatusCode != 401 || !strings.Contains(string(body), "X-Talkover-Token") {
			t.Errorf("%d %s", res.StatusCode, body)
		}
		if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer of somebody else"); res.StatusCode != 200 {
			t.Errorf("what is not for us: %d", res.StatusCode)
		}
	}
}

const (
	issuerURL   = "https://issuer.example"
	resourceURL = "https://calls.example.com/mcp"
	scope       = "calls:read"
)

// issuer signs tokens, and tells its keys over a transport in memory.
type issuer struct {
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	ed      ed25519.PrivateKey
	fetches atomic.Int32 // of keys
	rotated atomic.Bool  // the RSA key has another id
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	var err [3]error
	i.rsa, err[0] = rsa.GenerateKey(rand.Reader, 2048)
	i.ec, err[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, i.ed, err[2] = ed25519.GenerateKey(rand.Reader)
	if err != [3]error{} {
		t.Fatal(err)
	}
	return i
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	b64 := base64.RawURLEncoding.EncodeToString
	switch r.URL.String() {
	case issuerURL + "/.well-known/openid-configuration":
		io.WriteString(w, `{"issuer":"`+issuerURL+`","jwks_uri":"`+issuerURL+`/keys"}`)
	case issuerURL + "/keys":
		i.fetches.Add(1)
		point, _ := i.ec.PublicKey.Bytes()
		id := "rsa"
		if i.rotated.Load() {
			id = "rotated"
		}
		json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{
			{"kty": "RSA", "kid": id, "n": b64(i.rsa.N.Bytes()), "e": b64(big.NewInt(int64(i.rsa.E)).Bytes())},
			{"kty": "EC", "kid": "ec", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
			{"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": b64(i.ed.Public().(ed25519.PublicKey))},
		}})
	default:
		http.NotFound(w, r)
	}
	return w.Result(), nil
}

// token signs claims that are good but for the changes; a nil takes one away.
func (i *issuer) token(t *testing.T, method jwt.SigningMethod, key crypto.PrivateKey, id any, changes jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": issuerURL, "aud": resourceURL, "sub": "ann", "scope": "openid " + scope,
		"exp": time.Now().Add(time.Hour).Unix(), "nbf": time.Now().Add(-time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	token := jwt.NewWithClaims(method, claims)
	if id != nil {
		token.Header["kid"] = id
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (i *issuer) gate(ctx context.Context, t *testing.T) auth.Gate {
	t.Helper()
	gate, err := auth.NewOIDC(ctx, auth.OIDCConfig{
		Issuer: issuerURL, Resource: resourceURL, Scope: scope, Transport: i, Log: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	return gate
}

func TestOIDC(t *testing.T) {
	i := newIssuer(t)
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: i.gate(t.Context(), t)})
	der, _ := x509.MarshalPKIXPublicKey(i.rsa.Public())
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	stranger := newIssuer(t)
	now := time.Now()
	with := func(changes jwt.MapClaims) string { return i.token(t, jwt.SigningMethodRS256, i.rsa, "rsa", changes) }
	good := with(nil)
	parts := strings.Split(good, ".")
	const invalid, insufficient = `, error="invalid_token"`, `, error="insufficient_scope"`
	for _, test := range []struct {
		name, authorization string
		want                int
		says                string // the challenge, at its end
	}{
		{"RS256", "Bearer " + good, 200, ""},
		{"PS256", "Bearer " + i.token(t, jwt.SigningMethodPS256, i.rsa, "rsa", nil), 200, ""},
		{"ES256", "Bearer " + i.token(t, jwt.SigningMethodES256, i.ec, "ec", nil), 200, ""},
		{"EdDSA", "Bearer " + i.token(t, jwt.SigningMethodEdDSA, i.ed, "ed", nil), 200, ""},
		{"no key id", "Bearer " + i.token(t, jwt.SigningMethodRS256, i.rsa, nil, nil), 200, ""},
		{"one of two audiences", "Bearer " + with(jwt.MapClaims{"aud": []string{"https://other.example", resourceURL}}), 200, ""},
		{"scopes as a list", "Bearer " + with(jwt.MapClaims{"scope": nil, "scp": []string{"x", scope}}), 200, ""},
		{"scopes as scp", "Bearer " + with(jwt.MapClaims{"scope": nil, "scp": "x " + scope}), 200, ""},
		{"expired within the skew", "Bearer " + with(jwt.MapClaims{"exp": now.Add(-time.Second).Unix()}), 200, ""},

		{"none", "", 401, ""},
		{"empty", "Bearer ", 401, ""},
		{"Basic", "Basic " + good, 401, ""},
		{"no JWT", "Bearer " + goodToken, 401, invalid},
		{"of Talkover", "Bearer talq_0123456789abcdef", 401, invalid},
		{"wrong issuer", "Bearer " + with(jwt.MapClaims{"iss": issuerURL + "/"}), 401, invalid},
		{"no issuer", "Bearer " + with(jwt.MapClaims{"iss": nil}), 401, invalid},
		{"wrong audience", "Bearer " + with(jwt.MapClaims{"aud": "https://other.example"}), 401, invalid},
		{"no audience", "Bearer " + with(jwt.MapClaims{"aud": nil}), 401, invalid},
		{"expired", "Bearer " + with(jwt.MapClaims{"exp": now.Add(-time.Minute).Unix()}), 401, invalid},
		{"no expiry", "Bearer " + with(jwt.MapClaims{"exp": nil}), 401, invalid},
		{"not yet valid", "Bearer " + with(jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()}), 401, invalid},
		{"no subject", "Bearer " + with(jwt.MapClaims{"sub": nil}), 401, invalid},
		{"algorithm none", "Bearer " + i.token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "rsa", nil), 401, invalid},
		{"HS256 with the public key", "Bearer " + i.token(t, jwt.SigningMethodHS256, public, "rsa", nil), 401, invalid},
		{"HS256 with the modulus", "Bearer " + i.token(t, jwt.SigningMethodHS256, i.rsa.N.Bytes(), "rsa", nil), 401, invalid},
		{"another's key", "Bearer " + stranger.token(t, jwt.SigningMethodRS256, stranger.rsa, "rsa", nil), 401, invalid},
		{"another's key, no id", "Bearer " + stranger.token(t, jwt.SigningMethodRS256, stranger.rsa, nil, nil), 401, invalid},
		{"a key of another kind", "Bearer " + i.token(t, jwt.SigningMethodRS256, i.rsa, "ec", nil), 401, invalid},
		{"unknown key", "Bearer " + i.token(t, jwt.SigningMethodRS256, i.rsa, "new", nil), 401, invalid},
		{"a key id that is no string", "Bearer " + i.token(t, jwt.SigningMethodRS256, i.rsa, 7, nil), 401, invalid},
		{"no signature", "Bearer " + parts[0] + "." + parts[1] + ".", 401, invalid},
		{"other claims", "Bearer " + parts[0] + "." + strings.Split(with(jwt.MapClaims{"sub": "bob"}), ".")[1] + "." + parts[2], 401, invalid},
		{"without the scope", "Bearer " + with(jwt.MapClaims{"scope": "openid"}), 403, insufficient},
		{"with half of the scope", "Bearer " + with(jwt.MapClaims{"scope": "calls"}), 403, insufficient},
	} {
		res := ask(h, "POST", "/mcp", list, "Authorization", test.authorization)
		challenge := ""
		if test.want != 200 {
			challenge = `Bearer resource_metadata="https://calls.example.com/.well-known/oauth-protected-resource/mcp", scope="` + scope + `"` + test.says
		}
		if got := res.Header.Get("WWW-Authenticate"); res.StatusCode != test.want || got != challenge {
			t.Errorf("%s: %d, challenge %q, want %d and %q", test.name, res.StatusCode, got, test.want, challenge)
		}
	}
	if res := ask(h, "POST", "/mcp?access_token="+good, list); res.StatusCode != 401 {
		t.Errorf("in the query: %d", res.StatusCode)
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"} {
		res := ask(h, "GET", path, "")
		var got map[string]any
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.Header.Get("Content-Type") != jsonType {
			t.Fatal(path, res.StatusCode, err)
		}
		want := map[string]any{
			"resource": resourceURL, "authorization_servers": []any{issuerURL}, "scopes_supported": []any{scope},
			"bearer_methods_supported": []any{"header"}, "resource_name": "Talkover call log",
		}
		if diff := gocmp.Diff(want, got); diff != "" || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v\n%s", path, res.Header, diff)
		}
	}
}

// A flood of tokens with keys nobody knows must not become a flood at the issuer;
// and a key that is new gets its chance, the first one at once.
func TestUnknownKeysAreFetchedOnceInFiveMinutes(t *testing.T) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		gate := i.gate(ctx, t)
		h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gate})
		start, most := time.Now(), int32(0)
		for n := range 600 {
			before := i.fetches.Load()
			for k := range 5 {
				unknown := i.token(t, jwt.SigningMethodES256, i.ec, rand.Text(), nil)
				if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+unknown); res.StatusCode != 401 {
					t.Fatalf("%d.%d: %d", n, k, res.StatusCode)
				}
			}
			most = max(most, i.fetches.Load()-before)
			time.Sleep(time.Second) // of virtual time
		}
		// One at the start, one at once, and then one in five minutes.
		if got := i.fetches.Load(); got > 2+int32(time.Since(start)/(5*time.Minute)) || got < 2 || most > 1 {
			t.Errorf("%d fetches in %v, %d at once", got, time.Since(start), most)
		}
		i.rotated.Store(true)
		time.Sleep(5 * time.Minute)
		rotated := i.token(t, jwt.SigningMethodRS256, i.rsa, "rotated", nil)
		if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+rotated); res.StatusCode != 200 {
			t.Errorf("a new key: %d", res.StatusCode)
		}
	})
}

// answers is an issuer that says one thing.
type answers struct{ metadata, keys string }

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if strings.Contains(r.URL.Path, "well-known") {
		io.WriteString(w, a.metadata)
	} else if a.keys != "" {
		io.WriteString(w, a.keys)
	} else {
		http.Redirect(w, r, "https://evil.example/keys", http.StatusFound)
	}
	return w.Result(), nil
}

func TestIssuerThatCannotBeTrusted(t *testing.T) {
	const metadata = `{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/keys"}`
	for name, c := range map[string]auth.OIDCConfig{
		"a page":              {Transport: answers{"<html>", ""}},
		"another issuer":      {Transport: answers{strings.Replace(metadata, "issuer.", "evil.", 1), `{"keys":[]}`}},
		"no keys":             {Transport: answers{`{"issuer":"https://issuer.example"}`, ""}},
		"keys in the clear":   {Transport: answers{strings.Replace(metadata, "https://issuer.example/keys", "http://issuer.example/keys", 1), `{"keys":[]}`}},
		"a redirect":          {Transport: answers{metadata, ""}},
		"keys without an end": {Transport: answers{metadata, `{"keys":[` + strings.Repeat(" ", 2<<20) + `]}`}},
		"issuer in the clear": {Issuer: "http://issuer.example", Transport: answers{metadata, `{"keys":[]}`}},
		"no resource":         {Resource: "calls", Transport: answers{metadata, `{"keys":[]}`}},
	} {
		c.Issuer, c.Resource, c.Log = cmp.Or(c.Issuer, issuerURL), cmp.Or(c.Resource, resourceURL), quiet
		if _, err := auth.NewOIDC(t.Context(), c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Some issuers end their name with a slash, and others do not. Who sets the wrong one reads both.
func TestIssuersThatDifferByASlashAreBothNamed(t *testing.T) {
	const slash = issuerURL + "/"
	for _, test := range []struct{ set, said string }{{issuerURL, slash}, {slash, issuerURL}} {
		_, err := auth.NewOIDC(t.Context(), auth.OIDCConfig{
			Issuer: test.set, Resource: resourceURL, Log: quiet, Transport: answers{`{"issuer":"` + test.said + `","jwks_uri":"` + issuerURL + `/keys"}`, `{"keys":[]}`},
		})
		if err == nil || !strings.Contains(err.Error(), `"`+test.set+`"`) || !strings.Contains(err.Error(), `"`+test.said+`"`) {
			t.Errorf("%s is set, and %s it is: %v", test.set, test.said, err)
		}
	}
	// Where the address of the keys is set, nobody asks the issuer, and a token shows it.
	var log strings.Builder
	i := newIssuer(t)
	gate, err := auth.NewOIDC(t.Context(), auth.OIDCConfig{
		Issuer: slash, Resource: resourceURL, KeysURL: issuerURL + "/keys", Transport: i, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gate})
	knock := func(key crypto.PrivateKey, issuer string) {
		token := i.token(t, jwt.SigningMethodRS256, key, "rsa", jwt.MapClaims{"iss": issuer})
		if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+token); res.StatusCode != 401 {
			t.Errorf("%s: %d", issuer, res.StatusCode)
		}
	}
	knock(newIssuer(t).rsa, issuerURL) // signed by somebody else
	knock(i.rsa, "https://evil.example")
	if log.String() != "" {
		t.Errorf("the log quotes a stranger: %s", log.String())
	}
	knock(i.rsa, issuerURL)
	if !strings.Contains(log.String(), "iss="+issuerURL+" issuer="+slash) {
		t.Errorf("the log names not both: %s", log.String())
	}
}
