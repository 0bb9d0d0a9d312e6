package transport

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
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
	errPassthrough = errors.New("a Talkover token is no login here; where callers bring their own, it goes into the header " + tokenHeader)
	errScope       = errors.New("this bearer token lacks a scope that is needed")
)

const tokenHeader = "X-Talkover-Token"

// caller is the sender of a request.
type caller struct {
	Identity                 // from the gate; zero without a gate
	token    talkover.Secret // the Talkover token of the request; zero where the server has its own
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
func CallerName(ctx context.Context) string { return callerOf(ctx).ID }

// MayAs reports whether the caller of a request has a role. Without a gate it has all.
func MayAs(ctx context.Context, role string) bool {
	roles := callerOf(ctx).Roles
	return roles == nil || slices.Contains(roles, role)
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// mark returns a hash that tells callers apart.
func (c caller) mark() [sha256.Size]byte {
	return sha256.Sum256([]byte(c.ID + "\x00" + c.token.Reveal()))
}

// isKnown reports whether callers are told apart.
func (c caller) isKnown() bool { return c.ID != "" || !c.token.IsZero() }

// lifetime returns the context of a stream of the caller, which ends with its token.
func (c caller) lifetime(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Expires.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, c.Expires)
}

// isGone reports whether the token of the caller was taken away.
func (c caller) isGone() bool { return c.Revoked != nil && c.Revoked() }

// authenticator finds out who sends a request.
type authenticator struct {
	gate         Gate
	clientTokens bool
	alias        func(id string) string // may be nil
	log          *slog.Logger
}

// named gives a caller a name for logs.
func (a authenticator) named(c caller) caller {
	switch {
	case c.Name != "" || a.alias == nil:
	case c.ID != "":
		c.Name = a.alias(c.ID)
	case !c.token.IsZero():
		c.Name = a.alias(c.token.Reveal())
	}
	return c
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
			c.Identity, err = a.gate.Identify(r.URL.Path, bearer)
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
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, a.named(c))))
	})
}

// refusals has a word for the log for each error of a login.
var refusals = map[error]string{
	errNoBearer: "no_login", errUnknown: "unknown", errPassthrough: "talkover_token", errScope: "no_scope",
}

// refuse answers 401, or 403 to a known caller that lacks a scope.
func (a authenticator) refuse(w http.ResponseWriter, r *http.Request, err error) {
	challenge, why, status := "Bearer", err.Error(), http.StatusUnauthorized
	if a.gate != nil {
		var advice string
		challenge, advice = a.gate.Refusal(r.URL.Path, err)
		why += "; " + advice
	}
	if errors.Is(err, errScope) {
		status = http.StatusForbidden
	}
	a.log.WarnContext(r.Context(), "login refused", "audit", true, "outcome", refusals[err])
	w.Header().Set("WWW-Authenticate", challenge)
	refuse(w, r, status, why)
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
