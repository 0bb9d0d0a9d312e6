// Package auth finds out who asks over HTTP: by a token of a list, by a JWT of an issuer,
// and by the Talkover token that a request brings.
package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// A Gate decides who may use the server. [Tokens], [ChangingTokens] and [OIDC] implement it.
type Gate interface {
	// Identify returns whose a bearer token is, for a request to a path. The error is for
	// the caller to read.
	Identify(path, bearer string) (Identity, error)
	// Refusal returns the WWW-Authenticate header for a refused request to a path, and what
	// its sender must do, in words. err says why: errNoBearer means that it had no bearer
	// token.
	Refusal(path string, err error) (challenge, advice string)
	// Open returns by path what tells anybody how to log in.
	Open() map[string]Page
}

// Page is a JSON document that anybody gets.
type Page struct {
	Method string // that the path takes
	Status int
	JSON   []byte
}

// ServeHTTP implements [http.Handler].
func (p Page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(p.JSON)
}

// Identity says whose a bearer token is.
type Identity struct {
	ID      string      // unique among the callers of a gate; it may name a person
	Name    string      // for logs; empty where the ID is not for them
	Roles   Roles       // what the caller may do
	Expires time.Time   // when the token ends; zero for never
	Revoked func() bool // whether the token was taken away since; nil if none ever is
}

var (
	errNoBearer = errors.New("a bearer token is needed, in the header Authorization")
	errUnknown  = errors.New("this bearer token is not accepted here")
	// The MCP specification forbids passing a caller's token on to another API.
	errPassthrough = errors.New("a Talkover token is no login here; where callers bring their own, " +
		"it goes into the header " + TokenHeader)
	errScope = errors.New("this bearer token lacks a scope that is needed")
)

// refusals has a word for the log for each error of a login.
var refusals = map[error]string{
	errNoBearer: "no_login", errUnknown: "unknown", errPassthrough: "talkover_token", errScope: "no_scope",
}

// The headers of a request that this package reads and writes.
const (
	TokenHeader = "X-Talkover-Token"
	IDHeader    = "X-Request-Id" // the id of a request, both ways
)

// Caller is the sender of a request.
type Caller struct {
	Identity                 // from the gate; zero without a gate
	token    talkover.Secret // the Talkover token of the request; zero where the server has its own
}

// callerKey is the context key of a Caller.
type callerKey struct{}

// CallerOf returns the caller of a request.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// TalkoverToken returns the Talkover token that a request brought in X-Talkover-Token.
// It is zero where the request brought none, or [Checker.ClientTokens] is off.
func TalkoverToken(ctx context.Context) talkover.Secret { return CallerOf(ctx).token }

// CallerName returns the name of who sent a request, as the gate knows it; "" without a
// gate.
func CallerName(ctx context.Context) string { return CallerOf(ctx).ID }

// MayAs reports whether the caller of a request has a role. Without a gate it has all.
func MayAs(ctx context.Context, role string) bool {
	roles := CallerOf(ctx).Roles
	return roles == nil || slices.Contains(roles, role)
}

// Mark returns a hash that tells callers and their accounts apart.
func (c Caller) Mark() [sha256.Size]byte {
	return sha256.Sum256([]byte(c.ID + "\x00" + c.token.Reveal()))
}

// IsKnown reports whether callers are told apart.
func (c Caller) IsKnown() bool { return c.ID != "" || !c.token.IsZero() }

// Lifetime returns the context of a stream of the caller, which ends with its token.
func (c Caller) Lifetime(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Expires.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, c.Expires)
}

// IsGone reports whether the token of the caller was taken away.
func (c Caller) IsGone() bool { return c.Revoked != nil && c.Revoked() }

// Checker finds out who sends a request.
type Checker struct {
	Gate         Gate                                  // nil lets anybody in
	ClientTokens bool                                  // each request brings a Talkover token
	Alias        func(id string) string                // what logs show in place of an ID; nil for nothing
	Refused      func(r *http.Request, outcome string) // hears of each refused login
}

// Check returns a request with its caller and without the secrets of the caller, which
// nobody needs any more. Where it refuses, it returns the status and the reason.
func (c Checker) Check(w http.ResponseWriter, r *http.Request) (in *http.Request, status int, why string) {
	var by Caller
	bearer, err := bearerOf(r.Header)
	switch {
	case isTalkover(bearer):
		err = errPassthrough
	case c.Gate == nil:
		err = nil // without a gate the header means nothing
	case err == nil:
		by.Identity, err = c.Gate.Identify(r.URL.Path, bearer)
	}
	if err != nil {
		status, why = c.refusal(w, r, err)
		return r, status, why
	}
	if c.ClientTokens {
		if by.token, err = talkoverToken(r.Header); err != nil {
			return r, http.StatusBadRequest, err.Error()
		}
	}
	if name := by.ID; by.Name == "" && by.IsKnown() && c.Alias != nil {
		if name == "" {
			name = by.token.Reveal()
		}
		by.Name = c.Alias(name)
	}
	r.Header.Del("Authorization")
	r.Header.Del(TokenHeader)
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, by)), 0, ""
}

// refusal is 401, or 403 for a known caller that lacks a scope.
func (c Checker) refusal(w http.ResponseWriter, r *http.Request, err error) (status int, why string) {
	challenge, why := "Bearer", err.Error()
	if c.Gate != nil {
		var advice string
		challenge, advice = c.Gate.Refusal(r.URL.Path, err)
		why += "; " + advice
	}
	c.Refused(r, refusals[err])
	w.Header().Set("WWW-Authenticate", challenge)
	if errors.Is(err, errScope) {
		return http.StatusForbidden, why
	}
	return http.StatusUnauthorized, why
}

// Refuse answers a request with an error and the id that logs have for it.
func Refuse(w http.ResponseWriter, status int, why string) {
	if id := w.Header().Get(IDHeader); id != "" {
		why += " (request " + id + ")"
	}
	http.Error(w, why, status)
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
	values := h.Values(TokenHeader)
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return talkover.Secret{}, nil
	case len(values) > 1 || len(values[0]) > 512 || strings.ContainsFunc(values[0], isInvisible):
		return talkover.Secret{}, errors.New(TokenHeader +
			" takes one Talkover token alone, without spaces or \"Bearer\"")
	}
	return talkover.NewSecret(values[0]), nil
}

func isTalkover(token string) bool { return strings.HasPrefix(strings.ToLower(token), "talq_") }

func isInvisible(r rune) bool { return r <= ' ' || r > '~' }
