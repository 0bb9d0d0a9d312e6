package transport

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

// A Gate decides who may use the server. [Tokens] and [OIDC] implement it.
type Gate interface {
	// Identify returns the name of the caller that a bearer token belongs to. The name
	// is unique and not secret. The error is for the caller to read.
	Identify(ctx context.Context, bearer string) (name string, err error)
	// Challenge returns the WWW-Authenticate header for a refused request. err says why:
	// errNoBearer means that it had no bearer token.
	Challenge(err error) string
	// Open returns JSON documents by path, which anybody may GET to learn how to log in.
	Open() map[string][]byte
}

var (
	errNoBearer = errors.New("a bearer token is needed, in the header Authorization")
	errUnknown  = errors.New("this bearer token is not accepted here")
	// The MCP specification forbids passing a caller's token on to another API.
	errPassthrough = errors.New("a Talkover token is no login here; where callers bring their own, it goes into the header " + tokenHeader)
	errScope       = errors.New("this bearer token lacks a scope that is needed")
)

// leastToken is how many characters a token of MCP_AUTH_TOKENS has at least.
const leastToken = 32

// Tokens lets callers in by a list of tokens, of which it keeps only hashes.
type Tokens [][sha256.Size]byte

// NewTokens takes tokens of at least 32 visible characters each. The error names a bad
// token by its position, from 1.
func NewTokens(tokens ...string) (Tokens, error) {
	if len(tokens) == 0 {
		return nil, errors.New("there is no token")
	}
	var t Tokens
	for i, token := range tokens {
		switch {
		case len(token) < leastToken || strings.ContainsFunc(token, invisible):
			return nil, fmt.Errorf("token %d of %d has not %d visible characters", i+1, len(tokens), leastToken)
		case isTalkover(token):
			return nil, fmt.Errorf("token %d of %d is a Talkover token", i+1, len(tokens))
		}
		t = append(t, sha256.Sum256([]byte(token)))
	}
	return t, nil
}

// Identify implements [Gate]. It takes the same time for each token, right or wrong.
func (t Tokens) Identify(_ context.Context, bearer string) (string, error) {
	hash, found := sha256.Sum256([]byte(bearer)), -1
	for i := range t {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], t[i][:]), i, found)
	}
	if found < 0 {
		return "", errUnknown
	}
	return fmt.Sprintf("token %d", found+1), nil
}

// Challenge implements [Gate].
func (Tokens) Challenge(error) string { return "Bearer" }

// Open implements [Gate].
func (Tokens) Open() map[string][]byte { return nil }

const tokenHeader = "X-Talkover-Token"

// caller is the sender of a request.
type caller struct {
	name  string          // from the gate; empty without a gate
	token talkover.Secret // the Talkover token of the request; zero where the server has its own
}

// callerKey is the context key of a caller.
type callerKey struct{}

// TalkoverToken returns the Talkover token that a request brought in X-Talkover-Token.
// It is zero where the request brought none, or [Options.ClientTokens] is off.
func TalkoverToken(ctx context.Context) talkover.Secret {
	return callerOf(ctx).token
}

// CallerName returns the name of who sent a request, as the gate knows it; "" without a
// gate.
func CallerName(ctx context.Context) string { return callerOf(ctx).name }

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// mark returns a hash that tells callers apart.
func (c caller) mark() [sha256.Size]byte {
	return sha256.Sum256([]byte(c.name + "\x00" + c.token.Reveal()))
}

// authenticator finds out who sends a request.
type authenticator struct {
	gate         Gate
	clientTokens bool
}

// identified lets only known callers through. It removes their secrets from the request,
// since the next handlers do not need them.
func (a authenticator) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c caller
		bearer, err := bearerOf(r.Header)
		switch {
		case isTalkover(bearer):
			err = errPassthrough
		case a.gate == nil:
			err = nil // without a gate the header means nothing
		case err == nil:
			c.name, err = a.gate.Identify(r.Context(), bearer)
		}
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		if a.clientTokens {
			if c.token, err = talkoverToken(r.Header); err != nil {
				refuse(w, r, http.StatusBadRequest, err.Error())
				return
			}
		}
		r.Header.Del("Authorization")
		r.Header.Del(tokenHeader)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// refuse answers 401, or 403 to a known caller that lacks a scope.
func (a authenticator) refuse(w http.ResponseWriter, r *http.Request, err error) {
	challenge, status := "Bearer", http.StatusUnauthorized
	if a.gate != nil {
		challenge = a.gate.Challenge(err)
	}
	if errors.Is(err, errScope) {
		status = http.StatusForbidden
	}
	w.Header().Set("WWW-Authenticate", challenge)
	refuse(w, r, status, err.Error())
}

// bearerOf returns the bearer token of a request. It reads only the header: URLs end up
// in logs and histories.
func bearerOf(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", errNoBearer
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNoBearer
	}
	return token, nil
}

// talkoverToken returns the Talkover token of a request, or zero.
func talkoverToken(h http.Header) (talkover.Secret, error) {
	values := h.Values(tokenHeader)
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return talkover.Secret{}, nil
	case len(values) > 1 || len(values[0]) > 512 || strings.ContainsFunc(values[0], invisible):
		return talkover.Secret{}, errors.New(tokenHeader + " takes one Talkover token alone, without spaces or \"Bearer\"")
	}
	return talkover.NewSecret(values[0]), nil
}

func isTalkover(token string) bool { return strings.HasPrefix(strings.ToLower(token), "talq_") }

func invisible(r rune) bool { return r <= ' ' || r > '~' }
