package tools

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/talkover"
)

// mostAccounts bounds how many callers' accounts have a client at once. A new one takes
// the place of the one that was idle for longest, and what was known of its limit is lost.
const mostAccounts = 256

// accounts finds the client that a call works with. That is [Config.Client]; or where
// [Config.TokenOf] is set, each Talkover token has a client of its own, so that accounts
// never share limits or answers.
type accounts struct {
	shared  *talkover.Client
	tokenOf func(context.Context) talkover.Secret           // nil if all calls share a client
	own     *lru.Cache[[sha256.Size]byte, *talkover.Client] // by a hash of the token
}

func newAccounts(shared *talkover.Client, tokenOf func(context.Context) talkover.Secret) *accounts {
	own, _ := lru.New[[sha256.Size]byte, *talkover.Client](mostAccounts) // fails only for a size below 1
	return &accounts{shared: shared, tokenOf: tokenOf, own: own}
}

// client returns the client of the account that a call is about. The error is errNoToken.
func (a *accounts) client(ctx context.Context) (*talkover.Client, error) {
	if a.tokenOf == nil {
		return a.shared, nil
	}
	token := a.tokenOf(ctx)
	if token.IsZero() {
		return nil, errNoToken
	}
	hash := sha256.Sum256([]byte(token.Reveal()))
	if c, ok := a.own.Get(hash); ok {
		return c, nil
	}
	mine := a.shared.As(token)
	if first, ok, _ := a.own.PeekOrAdd(hash, mine); ok {
		return first, nil // a call at the same time made it
	}
	return mine, nil
}

// blame attributes a 401 to the caller, if the caller brought the token.
func (a *accounts) blame(err error) error {
	var api *talkover.Error
	if a.tokenOf != nil && errors.As(err, &api) && api.Status == http.StatusUnauthorized {
		return unknownToken{err}
	}
	return err
}
