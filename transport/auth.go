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

// A Gate knows who may come in. There are two: [Tokens] and [OIDC].
type Gate interface {
	// Identify names the caller that a bearer token belongs to. The name is no
	// secret, and no other caller has it. The error is for the caller to read.
	Identify(ctx context.Context, bearer string) (name string, err error)
	// Challenge is what WWW-Authenticate says to one whom err keeps out;
	// errNoBearer is of one who brought nothing.
	Challenge(err error) string
	// Open is what anybody may GET, to learn how to get in: JSON by its path.
	Open() map[string][]byte
}

var (
	errNoBearer = errors.New("a bearer token is needed, in the header Authorization")
	errUnknown  = errors.New("this bearer token is not accepted here")
	// The MCP specification forbids to pass a caller's token on to another API.
	errPassthrough = errors.New("a Talkover token opens no door here; where callers bring their own, it goes into the header " + tokenHeader)
	errScope       = errors.New("this bearer token lacks a scope that is needed")
)

// leastToken is the shortest token that may guard the door, in characters.
const leastToken = 32

// Tokens is a gate for those who know one of a list of tokens. It keeps their
// hashes alone.
type Tokens [][sha256.Size]byte

// NewTokens makes a gate of tokens of at least 32 visible characters each. The
// error tells which one is at fault by its position, from 1.
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

// Identify implements [Gate]. It takes the same time whichever token it is, and
// however much of one is right.
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

// caller is who sends a request.
type caller struct {
	name  string          // by the gate; empty without one
	token talkover.Secret // of Talkover; none where the server has its own
}

// callerKey is the context key of a caller.
type callerKey struct{}

// TalkoverToken is the Talkover token that a request brought in X-Talkover-Token,
// where requests are to bring one. It is zero where there was none.
func TalkoverToken(ctx context.Context) talkover.Secret {
	return callerOf(ctx).token
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// mark tells callers apart without holding their secrets.
func (c caller) mark() [sha256.Size]byte {
	return sha256.Sum256([]byte(c.name + "\x00" + c.token.Reveal()))
}

// asker finds out who is asking.
type asker struct {
	gate         Gate
	clientTokens bool
}

// identified lets only those through whom the gate knows, and takes their
// secrets out of the request: nothing behind it needs them.
func (a asker) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c caller
		bearer, err := bearerOf(r.Header)
		switch {
		case isTalkover(bearer):
			err = errPassthrough
		case a.gate == nil:
			err = nil // whatever it is, it is not for us
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

// refuse keeps a request out: 401, or 403 where the caller is known but may not.
func (a asker) refuse(w http.ResponseWriter, r *http.Request, err error) {
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

// bearerOf is the one bearer token of a request. It is looked for in the header
// alone: an address ends up in logs and histories.
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

// talkoverToken is the Talkover token that a request brings, if it does.
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
