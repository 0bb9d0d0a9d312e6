package main

import (
	"context"
	"crypto/sha256"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/transport"
)

// maxTenants is how many accounts have a client at once. The one that was idle
// for longest gives way, and with it what was known of its limit.
const maxTenants = 256

// tenants gives each Talkover token a client of its own, so that limits and
// answers are never shared between accounts.
type tenants struct {
	like    *talkover.Client
	clients *lru.Cache[[sha256.Size]byte, *talkover.Client] // by a hash of the token
}

func newTenants(like *talkover.Client) *tenants {
	clients, _ := lru.New[[sha256.Size]byte, *talkover.Client](maxTenants) // fails on no size alone
	return &tenants{like, clients}
}

// of is the client of the account whose token a request brought.
func (t *tenants) of(ctx context.Context) (*talkover.Client, error) {
	token := transport.TalkoverToken(ctx)
	if token.IsZero() {
		return nil, tools.ErrNoToken
	}
	hash := sha256.Sum256([]byte(token.Reveal()))
	if c, ok := t.clients.Get(hash); ok {
		return c, nil
	}
	mine := t.like.As(token)
	if first, ok, _ := t.clients.PeekOrAdd(hash, mine); ok {
		return first, nil // of a call that came at the same time
	}
	return mine, nil
}
