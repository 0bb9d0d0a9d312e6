package talkover

import (
	"context"
	"math"
)

// PhoneNumber holds one row of the list of rented numbers. Strings are cleaned (see [Clean]).
type PhoneNumber struct {
	ID          string
	Number      string // as the API writes it, mostly E.164
	Country     string // two letters
	Type        string // such as voice or sms
	Status      string // the vendor's current_status
	IsSandbox   bool
	MonthlyCost float64 // in Currency; the vendor's monthly_renewal_cost; NaN where it does not say
	Currency    string  // three letters
	RenewalDate string  // as the API writes it
	AutoRenewal bool
}

// Key returns the id; it is empty for a row without one.
func (n PhoneNumber) Key() string { return n.ID }

// maxRented bounds the rows of a list that has no pages.
const maxRented = 5000

// ListNumbers fetches the numbers that the account rents. The API's list has no pages, so
// that all of them come at once. The error is an [*Error], or that of ctx.
func (c *Client) ListNumbers(ctx context.Context) (Page[PhoneNumber], error) {
	return get(ctx, c, "phone-numbers", nil, listOf(readPhoneNumber, maxRented))
}

// readPhoneNumber reads one row. It reports false, having skipped the value, where no
// object comes.
func readPhoneNumber(d decoder) (PhoneNumber, bool, error) {
	n := PhoneNumber{MonthlyCost: math.NaN()}
	ok, err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "id":
			_, err = d.text(maxID, &n.ID)
		case "number":
			_, err = d.text(maxNumber, &n.Number)
		case "country_code":
			_, err = d.text(maxStatus, &n.Country)
		case "type":
			_, err = d.text(maxStatus, &n.Type)
		case "current_status":
			_, err = d.text(maxStatus, &n.Status)
		case "is_sandbox":
			_, err = d.boolean(&n.IsSandbox)
		case "monthly_renewal_cost":
			err = d.cost(&n.MonthlyCost)
		case "currency":
			_, err = d.text(maxStatus, &n.Currency)
		case "renewal_date":
			_, err = d.text(maxStatus, &n.RenewalDate)
		case "auto_renewal":
			_, err = d.boolean(&n.AutoRenewal)
		default:
			err = d.SkipValue()
		}
		return err
	})
	return n, ok, err
}

// Price is what a minute of an agent costs by Talkover's own estimate of today. It is not the
// price of the day of a call, and not the bill.
type Price struct {
	PerMinute float64 // in Currency; NaN where the API does not say
	Currency  string  // three letters
}

// AgentPrice fetches the price of an agent. The error is an [*Error], or that of ctx; one
// with the code [AgentNotFound] for an agent that is unknown or deleted.
func (c *Client) AgentPrice(ctx context.Context, agentID string) (Price, error) {
	path, err := agentPath(agentID, "pricing/summary")
	if err != nil {
		return Price{}, err
	}
	return getOne(ctx, c, path, readPrice)
}

func readPrice(d decoder) (Price, bool, error) {
	p := Price{PerMinute: math.NaN()}
	ok, err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "estimated_cost_per_minute":
			err = d.cost(&p.PerMinute)
		case "currency":
			_, err = d.text(maxStatus, &p.Currency)
		default:
			err = d.SkipValue()
		}
		return err
	})
	return p, ok, err
}

// cost reads an amount of money; it is NaN where none can be read.
func (d decoder) cost(into *float64) error {
	isNull := d.PeekKind() == 'n'
	ok, err := d.decimal(into)
	if isNull || !ok {
		*into = math.NaN()
	}
	return err
}
