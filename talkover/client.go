// Package talkover is the Talkover API in Go: the calls that an account's AI
// voice agents made and took.
//
//	client, err := talkover.New(talkover.Config{Token: talkover.NewSecret(token)})
//	page, err := client.ListCalls(ctx, talkover.CallQuery{Status: talkover.StatusFailed, PerPage: 50})
//
// A token has full access to its account: it can place calls and delete agents.
// So a [Client] sends only the methods and paths that it has a method for, to
// the one base URL it was made with, and follows no redirect.
package talkover

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// DefaultBaseURL is the address of Talkover's own API.
const DefaultBaseURL = "https://app.talkover.ai/api/v1"

// DefaultTimeout bounds one attempt, from the first byte sent to the last byte
// read.
const DefaultTimeout = 15 * time.Second

// Config says how a [Client] reaches the API. Only Token is needed.
type Config struct {
	Token     Secret
	Renewed   func() Secret     // returns the token at this moment, for the same account; nil if it stays
	BaseURL   string            // DefaultBaseURL if empty; https, or http on a loopback host
	UserAgent string            // "talkover-mcp" if empty
	Timeout   time.Duration     // of one attempt; DefaultTimeout if 0
	RateLimit int               // requests a minute that the plan allows; no limit of ours if 0
	Replicas  int               // replicas of this program that share them; 1 if 0
	Ledger    LedgerOf          // counts the requests of all replicas; nil where each counts its own
	Transport http.RoundTripper // NewTransport() if nil; the demo and tests set another
	Log       *slog.Logger      // gets a line for each request, at debug; no log if nil
}

// Client speaks to one account of the API. Many goroutines may use it at once.
type Client struct {
	config  Config // with its defaults
	base    *url.URL
	limiter *limiter
	usage   *usage        // shared with every client that As made
	ahead   *atomic.Int64 // shared likewise: the clock here before that of the API, in nanoseconds
	flights flights
}

// New makes a client. It fails on a base URL that [ParseBaseURL] refuses.
func New(c Config) (*Client, error) {
	base, err := ParseBaseURL(cmp.Or(c.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, fmt.Errorf("talkover: base URL: %w", err)
	}
	c.UserAgent = cmp.Or(c.UserAgent, "talkover-mcp")
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.Replicas = max(c.Replicas, 1)
	if c.Transport == nil {
		c.Transport = NewTransport()
	}
	c.Transport = Timely(c.Transport)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return (&Client{config: c, base: base, usage: new(usage), ahead: new(atomic.Int64)}).with(c.Token, c.Renewed), nil
}

// As returns a client for the account of another token. It reaches the API in the
// same way and over the same connections. It limits requests, and shares equal
// ones, for that account alone.
func (c *Client) As(token Secret) *Client { return c.with(token, nil) }

func (c *Client) with(token Secret, renewed func() Secret) *Client {
	client := &Client{config: c.config, base: c.base, usage: c.usage, ahead: c.ahead}
	client.config.Token, client.config.Renewed = token, renewed
	client.limiter = newLimiter(client)
	return client
}

// Usage returns the retries and waits so far, of this client and of all that share
// its [Client.As].
func (c *Client) Usage() Usage { return c.usage.read() }

// secret returns the token at this moment.
func (c *Client) secret() Secret {
	if c.config.Renewed != nil {
		return c.config.Renewed()
	}
	return c.config.Token
}

// Key derives a secret from the token of the client at this moment; see [Secret.Key].
func (c *Client) Key(purpose string) []byte { return c.secret().Key(purpose) }

// Limits returns how much of the API's limit this client uses at this moment. Each
// token has a limit of its own.
func (c *Client) Limits() Limits { return c.limiter.limits() }

// Allowance returns how many [Bulk] requests may go within d from now, and the
// requests a minute that the plan allows. Both are 0 where there is no limit.
func (c *Client) Allowance(d time.Duration) (requests, limit int) { return c.limiter.allowance(d) }

// Ahead returns how far the clock here is ahead of the API's, by the date of its latest
// answer, to a second or two; negative where it is behind, and 0 where no answer told.
func (c *Client) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }
