package transport_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

// forged signs a JWT of exactly this header and these claims, with the issuer's RSA key.
func (i *issuer) forged(t *testing.T, header, claims string) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(header)) + "." + b64([]byte(claims))
	hash := crypto.SHA256.New()
	hash.Write([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, i.rsa, crypto.SHA256, hash.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64(signature)
}

// Each of these is signed by the issuer for this server, and yet says something else to
// whoever reads it by the letter.
func TestJWTIsReadByTheLetter(t *testing.T) {
	i := newIssuer(t)
	h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: i.gate(t.Context(), t)})
	const header, claims = `{"alg":"RS256","kid":"rsa"}`, `{"iss":"` + issuerURL + `","aud":"` + resourceURL + `","sub":"ann","scope":"` + scope + `","exp":4102444800}`
	typ := func(s string) string { return strings.Replace(header, "{", `{"typ":"`+s+`",`, 1) }
	swap := func(old, other string) string {
		if !strings.Contains(claims, old) {
			t.Fatal(old)
		}
		return strings.Replace(claims, old, other, 1)
	}
	for _, test := range []struct {
		name, header, claims string
		want                 int
	}{
		{"as it should be", header, claims, 200},
		{"typ JWT", typ("JWT"), claims, 200},
		{"typ at+jwt", typ("at+jwt"), claims, 200},
		{"typ in full", typ("application/AT+JWT"), claims, 200},
		{"a claim that we do not know", header, swap(`{`, `{"Name":"Ann","name":"ann",`), 200},

		{"SUB", header, swap(`"sub"`, `"SUB"`), 401},
		{"Exp", header, swap(`"exp"`, `"Exp"`), 401},
		{"Aud", header, swap(`"aud"`, `"Aud"`), 401},
		{"ISS", header, swap(`"iss"`, `"ISS"`), 401},
		{"Scope", header, swap(`"scope"`, `"Scope"`), 403},
		{"two subjects", header, swap(`"sub":"ann"`, `"sub":"bob","sub":"ann"`), 401},
		{"two expiries", header, swap(`"exp"`, `"exp":1,"exp"`), 401},
		{"two of a claim that we do not know", header, swap(`{`, `{"x":1,"x":2,`), 401},
		{"two algorithms", strings.Replace(header, `"alg"`, `"alg":"none","alg"`, 1), claims, 401},
		{"two keys", strings.Replace(header, `"kid"`, `"kid":"ec","kid"`, 1), claims, 401},
		{"Alg", strings.Replace(header, "alg", "Alg", 1), claims, 401},
		{"crit", strings.Replace(header, "{", `{"crit":["x"],"x":1,`, 1), claims, 401},
		{"an empty crit", strings.Replace(header, "{", `{"crit":[],`, 1), claims, 401},
		{"typ of a logout", typ("logout+jwt"), claims, 401},
		{"typ of a proof", typ("dpop+jwt"), claims, 401},
		{"typ that is no string", strings.Replace(header, "{", `{"typ":1,`, 1), claims, 401},
		{"bound to a key", header, swap(`{`, `{"cnf":{"jkt":"x"},`), 401},
		{"bound to a certificate", header, swap(`{`, `{"cnf":{"x5t#S256":"x"},`), 401},
		{"text after the claims", header, claims + `{}`, 401},
	} {
		if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+i.forged(t, test.header, test.claims)); res.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", test.name, res.StatusCode, test.want)
		}
	}
	// The last character of a signature has bits that mean nothing.
	good := i.forged(t, header, claims)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	other := alphabet[strings.IndexByte(alphabet, good[len(good)-1])^1]
	if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+good[:len(good)-1]+string(other)); res.StatusCode != 401 {
		t.Errorf("another spelling of the signature: %d", res.StatusCode)
	}
}

// keySet makes the keys of an issuer: an RSA key, with more members of its JWK.
func keySet(t *testing.T, key *rsa.PublicKey, id string, more map[string]any) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{"kty": "RSA", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
	if id != "" {
		jwk["kid"] = id
	}
	for name, value := range more {
		jwk[name] = value
	}
	b, err := json.Marshal(map[string]any{"keys": []any{jwk}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const metadata = `{"issuer":"` + issuerURL + `","jwks_uri":"` + issuerURL + `/keys"}`

// A key must be made to check signatures, and not be too weak; also where the token does
// not name it.
func TestKeysOfTheIssuerAreFit(t *testing.T) {
	i := newIssuer(t)
	t.Setenv("GODEBUG", "rsa1024min=0")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		key  *rsa.PrivateKey
		more map[string]any
		want int
	}{
		{"a key", i.rsa, nil, 200},
		{"to sign", i.rsa, map[string]any{"use": "sig"}, 200},
		{"to verify", i.rsa, map[string]any{"key_ops": []string{"verify"}}, 200},
		{"to encrypt", i.rsa, map[string]any{"use": "enc"}, 401},
		{"to wrap keys", i.rsa, map[string]any{"key_ops": []string{"wrapKey"}}, 401},
		{"of 1,024 bits", weak, nil, 401},
	} {
		for _, id := range []string{"k", ""} {
			gate, err := auth.NewOIDC(t.Context(), auth.OIDCConfig{
				Issuer: issuerURL, Resource: resourceURL, Log: quiet, Transport: answers{metadata, keySet(t, &test.key.PublicKey, id, test.more)},
			})
			if err != nil {
				t.Fatal(test.name, err)
			}
			h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gate})
			named := any(nil)
			if id != "" {
				named = id
			}
			token := i.token(t, jwt.SigningMethodRS256, test.key, named, nil)
			if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+token); res.StatusCode != test.want {
				t.Errorf("%s, id %q: %d, want %d", test.name, id, res.StatusCode, test.want)
			}
		}
	}
}

// An issuer on loopback may have its keys there; one that speaks https may not, whatever
// its metadata say.
func TestKeysOfAnIssuerByHTTPSAreByHTTPS(t *testing.T) {
	for _, test := range []struct {
		issuer, keys string
		in           bool
	}{
		{"http://127.0.0.1:1", "http://127.0.0.1:1/keys", true},
		{issuerURL, issuerURL + "/keys", true},
		{issuerURL, "http://127.0.0.1:1/keys", false},
		{issuerURL, "http://localhost/keys", false},
	} {
		said := `{"issuer":"` + test.issuer + `","jwks_uri":"` + test.keys + `"}`
		for _, given := range []string{"", test.keys} {
			_, err := auth.NewOIDC(t.Context(), auth.OIDCConfig{
				Issuer: test.issuer, Resource: resourceURL, KeysURL: given, Log: quiet, Transport: answers{said, `{"keys":[]}`},
			})
			if (err == nil) != test.in {
				t.Errorf("keys of %s at %s (set: %q): %v", test.issuer, test.keys, given, err)
			}
		}
	}
	// The metadata is read by the letter too.
	for _, said := range []string{strings.Replace(metadata, "jwks_uri", "JWKS_URI", 1), strings.Replace(metadata, "{", `{"issuer":"x",`, 1)} {
		if _, err := auth.NewOIDC(t.Context(), auth.OIDCConfig{
			Issuer: issuerURL, Resource: resourceURL, Log: quiet, Transport: answers{said, `{"keys":[]}`},
		}); err == nil {
			t.Errorf("taken: %s", said)
		}
	}
}

// slowKeys takes a second to tell the issuer's keys.
type slowKeys struct{ *issuer }

func (s slowKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second) // of virtual time
	return s.issuer.RoundTrip(r)
}

// A key that was rotated in a moment ago is found at once, by all that come with it.
func TestRotatedKeyIsFoundAtOnce(t *testing.T) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		gate, err := auth.NewOIDC(ctx, auth.OIDCConfig{
			Issuer: issuerURL, Resource: resourceURL, Scope: scope, Transport: slowKeys{i}, Log: quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gate})
		i.rotated.Store(true)
		rotated := i.token(t, jwt.SigningMethodRS256, i.rsa, "rotated", nil)
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+rotated); res.StatusCode != 200 {
					t.Errorf("%d: %d", n, res.StatusCode)
				}
			})
		}
		all.Wait()
		if got := i.fetches.Load(); got != 2 {
			t.Errorf("%d fetches", got)
		}
	})
}

// A stream ends when its token does.
func TestStreamsEndWithTheirToken(t *testing.T) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ln := pipes{make(chan net.Conn), make(chan struct{})}
		h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: i.gate(ctx, t)})
		ended := make(chan error)
		go func() { ended <- h.Serve(ctx, ln) }()
		c := ln.dial()
		token := i.token(t, jwt.SigningMethodRS256, i.rsa, "rsa", jwt.MapClaims{"exp": time.Now().Add(10 * time.Minute).Unix()})
		go func() {
			_, _ = io.WriteString(c, "GET /sse HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer "+token+"\r\n\r\n")
		}()
		start := time.Now()
		late := time.AfterFunc(time.Hour, func() { c.Close() })
		all, _ := io.ReadAll(c)
		late.Stop()
		if took := time.Since(start); took != 10*time.Minute || !strings.Contains(string(all), "200 OK") {
			t.Errorf("ended after %v: %s", took, all)
		}
		c.Close()
		cancel()
		<-ended
	})
}

// Scopes say what a caller may do where they are asked to, and nothing where they are not.
func TestScopesAreRolesWhereTheyShallBe(t *testing.T) {
	i := newIssuer(t)
	for _, test := range []struct {
		roles  bool
		claims jwt.MapClaims
		want   auth.Roles
	}{
		{false, jwt.MapClaims{"scope": "read"}, nil},
		{true, jwt.MapClaims{"scope": "openid read place"}, auth.Roles{"read", "place"}},
		{true, jwt.MapClaims{"scope": nil, "scp": []string{"export"}}, auth.Roles{"export"}},
		{true, jwt.MapClaims{"scope": "openid Read read:calls"}, auth.Roles{}},
		{true, jwt.MapClaims{"scope": nil}, auth.Roles{}},
	} {
		gate, err := auth.NewOIDC(t.Context(), auth.OIDCConfig{Issuer: issuerURL, Resource: resourceURL, Roles: test.roles, Transport: i, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		who, err := gate.Identify("/mcp", i.token(t, jwt.SigningMethodRS256, i.rsa, "rsa", test.claims))
		if err != nil || !cmp.Equal(test.want, who.Roles) {
			t.Errorf("%v, %t: %#v %v", test.claims, test.roles, who.Roles, err)
		}
	}
}

// vastKey returns a key of so many bits with which a signature that it returns too is
// good for a text. The key is a made-up one: whoever may choose the modulus chooses the
// signature s first, and then N = s^3 - (the text as PKCS #1 pads it).
func vastKey(text string, bits int) (key *rsa.PublicKey, signature []byte) {
	hash := sha256.Sum256([]byte(text))
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	size := (bits + 7) / 8
	padded := slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-3-len(prefix)-len(hash)), []byte{0}, prefix, hash[:])
	message := new(big.Int).SetBytes(padded)
	s := new(big.Int).Lsh(big.NewInt(1), uint(bits-1)/3+1)
	for n := new(big.Int); ; s.Div(s.Mul(s, big.NewInt(99)), big.NewInt(100)) {
		n.Sub(n.Exp(s, big.NewInt(3), nil), message)
		if n.BitLen() == bits {
			if n.Bit(0) == 0 {
				s.Add(s, big.NewInt(1))
				n.Sub(n.Exp(s, big.NewInt(3), nil), message)
			}
			return &rsa.PublicKey{N: n, E: 3}, s.FillBytes(make([]byte, size))
		}
	}
}

// The time to check a signature grows with the key, so that a vast one is not taken.
func TestVastKeysAreNotTaken(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + b64([]byte(`{"iss":"`+issuerURL+`","aud":"`+resourceURL+`","sub":"ann","exp":4102444800}`))
	for bits, want := range map[int]int{4096: 200, 8192: 200, 8193: 401, 16384: 401} {
		key, signature := vastKey(text, bits)
		gate, err := auth.NewOIDC(t.Context(), auth.OIDCConfig{
			Issuer: issuerURL, Resource: resourceURL, Log: quiet, Transport: answers{metadata, keySet(t, key, "k", nil)},
		})
		if err != nil {
			t.Fatal(err)
		}
		h := httpserver.New(plain(), httpserver.Options{Streamable: true, Gate: gate})
		if res := ask(h, "POST", "/mcp", list, "Authorization", "Bearer "+text+"."+b64(signature)); res.StatusCode != want {
			t.Errorf("%d bits: %d, want %d", bits, res.StatusCode, want)
		}
	}
}

// The subject of a login may name a person, so that logs have an alias of it, and of the
// Talkover token of a caller whom no gate knows.
func TestLogsNameCallersByAnAlias(t *testing.T) {
	i := newIssuer(t)
	for name, test := range map[string]struct {
		gate  auth.Gate
		token string
		want  string
	}{
		"a subject":        {i.gate(t.Context(), t), i.token(t, jwt.SigningMethodRS256, i.rsa, "rsa", nil), "alias of 3 characters"},
		"a gate token":     {gateOf(t, otherToken, goodToken), goodToken, "token 2"},
		"a Talkover token": {nil, "", "alias of 13 characters"},
	} {
		var log strings.Builder
		logger := slog.New(httpserver.LogRequests(slog.NewJSONHandler(&log, nil)))
		s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
		s.AddTool(mcp.NewToolWithRawSchema("wait", "logs", []byte(`{"type":"object"}`)),
			func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				logger.InfoContext(ctx, "called")
				return mcp.NewToolResultText("done"), nil
			})
		h := httpserver.New(s, httpserver.Options{
			Streamable: true, Gate: test.gate, ClientTokens: true, Log: logger,
			Alias: func(id string) string { return fmt.Sprintf("alias of %d characters", len(id)) },
		})
		call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`
		_ = ask(h, "POST", "/mcp", call, "Authorization", "Bearer "+test.token, "X-Talkover-Token", "talq_12345678")
		if !strings.Contains(log.String(), `"caller":"`+test.want+`"`) || strings.Contains(log.String(), "ann") || strings.Contains(log.String(), "talq_") {
			t.Errorf("%s: %s", name, log.String())
		}
	}
}
