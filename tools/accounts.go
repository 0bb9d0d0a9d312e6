package tools

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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

func newAccounts(c Config) *accounts {
	own, _ := lru.New[[sha256.Size]byte, *talkover.Client](mostAccounts) // fails on a size below 1 alone
	return &accounts{client: c.Client, tokenOf: c.TokenOf, own: own}
}

// errNoToken says that a call must bring a Talkover token and did not.
var errNoToken = errors.New("the call brought no Talkover token")

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

// unknownToken says that Talkover does not know the token that a request brought.
type unknownToken struct{ error }

func (e unknownToken) explain() string {
	return fmt.Sprintf("Talkover answered %s: it does not know the token that this request brought in the header X-Talkover-Token. "+
		"Trying again will not help; that header is set where the client is configured.", status(http.StatusUnauthorized))
}

// Unwrap gives the API's own answer, for the log.
func (e unknownToken) Unwrap() error { return e.error }
