package query

import (
	"context"
	"errors"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	priceHolds = 24 * time.Hour
	mostPrices = 4096 // agents, of all accounts, whose prices are remembered
)

// Prices remembers the prices of agents for a day, so that an estimate costs a request an agent.
type Prices = *lru.Cache[priceKey, Price]

type priceKey struct {
	account *talkover.Client
	agent   string
}

// Price is the price of an agent, and when it was read.
type Price struct {
	talkover.Price
	ReadAt  time.Time
	Deleted bool // there is no such agent, so that it has no price
}

func newPrices() Prices {
	prices, _ := lru.New[priceKey, Price](mostPrices) // fails only for a size below 1
	return prices
}

// PriceOf returns the price of an agent. The error is that of the API.
func (q *Question) PriceOf(ctx context.Context, agent string) (Price, error) {
	key := priceKey{q.Client, agent}
	if p, ok := q.prices.Get(key); ok && q.Now.Sub(p.ReadAt) < priceHolds {
		return p, nil
	}
	price, err := q.Client.AgentPrice(ctx, agent)
	p := Price{Price: price, ReadAt: q.Now}
	if e := (*talkover.Error)(nil); errors.As(err, &e) && e.Code == talkover.AgentNotFound {
		p.Deleted, err = true, nil
	}
	if err == nil {
		q.prices.Add(key, p)
	}
	return p, err
}
