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
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
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
	base      *url.URL
	token     Secret
	renewed   func() Secret // nil if the token stays
	userAgent string
	timeout   time.Duration
	transport http.RoundTripper
	rateLimit int
	replicas  int
	ledger    LedgerOf
	limiter   *limiter
	usage     *usage // shared with every client that As made
	clock     *clock // shared by all that As made
	flights   flights
	log       *slog.Logger
}

// New makes a client. It fails on a base URL that [ParseBaseURL] refuses.
func New(c Config) (*Client, error) {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	base, err := ParseBaseURL(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("talkover: base URL: %w", err)
	}
	if c.UserAgent == "" {
		c.UserAgent = "talkover-mcp"
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Transport == nil {
		c.Transport = NewTransport()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	counts := new(usage)
	client := &Client{
		base:      base,
		token:     c.Token,
		renewed:   c.Renewed,
		userAgent: c.UserAgent,
		timeout:   c.Timeout,
		transport: Timely(c.Transport),
		rateLimit: c.RateLimit,
		replicas:  c.Replicas,
		ledger:    c.Ledger,
		usage:     counts,
		clock:     new(clock),
		log:       c.Log,
	}
	client.limit()
	return client, nil
}

// limit makes the limiter of a new client.
func (c *Client) limit() {
	c.limiter = newLimiter(c.rateLimit, c.replicas, c.timeout, c.usage)
	if c.ledger != nil && c.rateLimit > 0 {
		c.limiter.shared = &sharedCount{Ledger: c.ledger(c.Key), told: Told{Left: -1}}
	}
}

// As returns a client for the account of another token. It reaches the API in the
// same way and over the same connections. It limits requests, and shares equal
// ones, for that account alone.
func (c *Client) As(token Secret) *Client {
	client := &Client{
		base:      c.base,
		token:     token,
		userAgent: c.userAgent,
		timeout:   c.timeout,
		transport: c.transport,
		rateLimit: c.rateLimit,
		replicas:  c.replicas,
		ledger:    c.ledger,
		usage:     c.usage,
		clock:     c.clock,
		log:       c.log,
	}
	client.limit()
	return client
}

// Usage returns the retries and waits so far, of this client and of all that share
// its [Client.As].
func (c *Client) Usage() Usage { return c.usage.read() }

// secret returns the token at this moment.
func (c *Client) secret() Secret {
	if c.renewed != nil {
		return c.renewed()
	}
	return c.token
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
func (c *Client) Ahead() time.Duration { return time.Duration(c.clock.ahead.Load()) }
