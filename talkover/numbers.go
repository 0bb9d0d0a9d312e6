package talkover

import (
	"context"
	"errors"
	"math"
)

// PhoneNumber holds one row of the list of rented numbers. Strings are cleaned (see [Clean]).
type PhoneNumber struct {
	ID          string  `api:"id,64"`
	Number      string  `api:"number,40"`       // as the API writes it, mostly E.164
	Country     string  `api:"country_code,32"` // two letters
	Type        string  `api:"type,32"`         // such as voice or sms
	Status      string  `api:"current_status,32"`
	IsSandbox   bool    `api:"is_sandbox"`
	MonthlyCost float64 `api:"monthly_renewal_cost"` // in Currency; NaN where the API does not say
	Currency    string  `api:"currency,32"`          // three letters
	RenewalDate string  `api:"renewal_date,32"`      // as the API writes it
	AutoRenewal bool    `api:"auto_renewal"`
}

// Key returns the id; it is empty for a row without one.
func (n PhoneNumber) Key() string { return n.ID }

// ListNumbers fetches the numbers that the account rents. The API's list has no pages, so
// that all of them come at once. The error is an [*Error], or that of ctx.
func (c *Client) ListNumbers(ctx context.Context) (Page[PhoneNumber], error) {
	return getList(ctx, c, "phone-numbers", nil, PhoneNumber{MonthlyCost: math.NaN()})
}

// Price is what a minute of an agent costs by Talkover's own estimate of today. It is not the
// price of the day of a call, and not the bill.
type Price struct {
	PerMinute float64 `api:"estimated_cost_per_minute"` // in Currency; NaN where the API does not say
	Currency  string  `api:"currency,32"`               // three letters
}

// AgentPrice fetches the price of an agent. The error is an [*Error], or that of ctx; one
// with the code [AgentNotFound] for an agent that is unknown or deleted.
func (c *Client) AgentPrice(ctx context.Context, agentID string) (Price, error) {
	path, err := agentPath(agentID, "pricing/summary")
	if err != nil {
		return Price{}, err
	}
	return get(ctx, c, path, nil, func(a answer) (Price, error) {
		var got priced
		err := a.read(&got, &got.problem)
		if err == nil && !got.Data.isTold {
			err = a.malformed(errors.New("no object in data"))
		}
		return got.Data.Price, err
	})
}

// priced holds the answer to [Client.AgentPrice].
type priced struct {
	problem
	Data price `api:"data"`
}

type price struct {
	Price
	isTold bool
}

// read implements [reader].
func (p *price) read(d decoder) (ok bool, err error) {
	p.PerMinute = math.NaN()
	_, p.isTold, err = d.fill(&p.Price)
	return p.isTold, err
}
