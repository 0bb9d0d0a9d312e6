package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// claims holds the claims of a JWT that count here.
type claims struct {
	jwt.RegisteredClaims
	Scope words          `json:"scope"`
	Scp   words          `json:"scp"` // the name that Entra ID and Okta use
	Cnf   jsontext.Value `json:"cnf"` // a key of which the sender must prove that it holds it
}

// UnmarshalJSON implements [encoding/json.Unmarshaler]. Names match exactly, and none
// comes twice: encoding/json, which golang-jwt v5.3.1 uses, takes SUB for sub, and the
// last of two.
func (c *claims) UnmarshalJSON(b []byte) error {
	type plain claims
	return json.Unmarshal(b, (*plain)(c))
}

// Validate implements [jwt.ClaimsValidator].
func (c *claims) Validate() error {
	switch {
	case c.Subject == "":
		return errors.New("there is no subject")
	case c.Cnf != nil:
		return errors.New("the token is bound to a key, and there is no proof of it here")
	}
	return nil
}

// checkHeader refuses a JWT with a header that is not understood whole. A typ must say
// access token or plain JWT, so that no other kind of token of the issuer, such as a
// logout token, passes for one (RFC 8725, 3.11). It may be missing, as RFC 7519 allows
// and some issuers do; issuer and audience are checked all the same.
func checkHeader(b []byte) error {
	var header struct {
		Typ  string         `json:"typ"`
		Crit jsontext.Value `json:"crit"` // extensions that must be understood; none are
	}
	if err := json.Unmarshal(b, &header); err != nil {
		return err
	}
	typ := strings.TrimPrefix(strings.ToLower(header.Typ), "application/") // RFC 7515, 4.1.9
	if header.Crit != nil || !slices.Contains([]string{"", "jwt", "at+jwt"}, typ) {
		return errors.New("this kind of token is not taken")
	}
	return nil
}

// Bounds on RSA keys: RFC 7518 asks for at least 2,048 bits, and the time to check a
// signature grows with the square of the size.
const (
	leastRSA = 2048
	mostRSA  = 8192
)

// issuerKeys finds the key that a JWT names.
type issuerKeys struct {
	known    *jwkset.MemoryJWKSet
	find     keyfunc.Keyfunc // fetches keys again for one that is not known
	fetching chan struct{}   // holds a value while it does
}

// key returns the key of a token. Keys are fetched again for one whose claims are good alone,
// so that a token for another server costs the issuer nothing. It does not use the context of
// a request: a caller that leaves must not end a fetch that others wait for.
func (k *issuerKeys) key(token *jwt.Token, claims *jwt.Validator) (any, error) {
	if id, ok := token.Header[jwkset.HeaderKID].(string); ok {
		if _, err := k.known.KeyRead(context.Background(), id); err != nil {
			if err := claims.Validate(token.Claims); err != nil {
				return nil, err
			}
			// Of several requests with a new key, one fetches it and all find it.
			k.fetching <- struct{}{}
			defer func() { <-k.fetching }()
		}
	}
	return k.find.Keyfunc(token)
}

// fitKeys keeps those keys of an issuer that may sign tokens. The list of uses of
// keyfunc v3.9.1 is not heeded for tokens that name no key.
type fitKeys struct{ *jwkset.MemoryJWKSet }

// KeyReplaceAll implements [jwkset.Storage].
func (f fitKeys) KeyReplaceAll(ctx context.Context, keys []jwkset.JWK) error {
	return f.MemoryJWKSet.KeyReplaceAll(ctx, slices.DeleteFunc(keys, isUnfit))
}

func isUnfit(k jwkset.JWK) bool {
	said := k.Marshal()
	if said.USE != "" && said.USE != jwkset.UseSig ||
		len(said.KEYOPS) > 0 && !slices.Contains(said.KEYOPS, jwkset.KeyOpsVerify) {
		return true
	}
	key, isRSA := k.Key().(*rsa.PublicKey)
	return isRSA && (key.N.BitLen() < leastRSA || key.N.BitLen() > mostRSA)
}

// words decodes a claim that some issuers write as one string and some as a list.
type words []string

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (w *words) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = strings.Fields(one)
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}
