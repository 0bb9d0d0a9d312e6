package tools

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/talkover"
)

// mostAccounts bounds how many callers' accounts have a client at once. The one that
// was idle for longest gives way, and with it what was known of its limit.
const mostAccounts = 256

// accounts finds the client with which a call works: the one of [Config.Client], or
// with [Config.TokenOf] one for each Talkover token, so that limits and answers are
// never shared between accounts.
type accounts struct {
	client  *talkover.Client
	tokenOf func(context.Context) talkover.Secret           // nil where all calls share client
	own     *lru.Cache[[sha256.Size]byte, *talkover.Client] // by a hash of the token
}

func newAccounts(client *talkover.Client, tokenOf func(context.Context) talkover.Secret) *accounts {
	own, _ := lru.New[[sha256.Size]byte, *talkover.Client](mostAccounts) // fails on a size below 1 alone
	return &accounts{client: client, tokenOf: tokenOf, own: own}
}

// of returns the client of the account that a call is about. The error is errNoToken.
func (a *accounts) of(ctx context.Context) (*talkover.Client, error) {
	if a.tokenOf == nil {
		return a.client, nil
	}
	token := a.tokenOf(ctx)
	if token.IsZero() {
		return nil, errNoToken
	}
	hash := sha256.Sum256([]byte(token.Reveal()))
	if c, ok := a.own.Get(hash); ok {
		return c, nil
	}
	mine := a.client.As(token)
	if first, ok, _ := a.own.PeekOrAdd(hash, mine); ok {
		return first, nil // of a call that came at the same time
	}
	return mine, nil
}

// blame puts a 401 where the mistake is: with the caller, if it brought the token.
func (a *accounts) blame(err error) error {
	var api *talkover.Error
	if a.tokenOf != nil && errors.As(err, &api) && api.Status == http.StatusUnauthorized {
		return unknownToken{err}
	}
	return err
}
